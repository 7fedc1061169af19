/** A token bucket: so many at once, then one each so often. */
export interface Tokens {
  /** Takes one if there is one. */
  take(): boolean;
  /** Milliseconds until there is one. */
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
