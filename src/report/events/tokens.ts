/** A token bucket: `burst` tokens at once, then one each `refillMs` milliseconds. */
export interface Tokens {
  /** Takes a token; false: there is none. */
  take(): boolean;
  /** Milliseconds until there is a token. */
  wait(): number;
}

/** @param now milliseconds that only ever grow. */
export function createTokens(burst: number, refillMs: number, now: () => number = () => performance.now()): Tokens {
  let left = burst;
  let at = now();
  const fill = (): void => {
    const gained = (now() - at) / refillMs;
    left = Math.min(burst, left + gained);
    at = now();
  };
  return {
    take() {
      fill();
      if (left < 1) return false;
      left--;
      return true;
    },
    wait() {
      fill();
      return left >= 1 ? 0 : Math.ceil((1 - left) * refillMs);
    },
  };
}
