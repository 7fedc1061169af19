/**
 * Waiting before another try: exponential back-off with full jitter, and a pause that an abort ends.
 *
 * Full jitter (each wait is drawn from the whole of 0…limit) spreads the clients of a server that has just come
 * back better than a fixed wait with a little noise.
 */

export interface Backoff {
  /** The next wait in milliseconds: random between 0 and a limit that doubles with each call, up to the cap. */
  next(): number;
  /** Starts again with the base. Call it when something went well. */
  reset(): void;
}

export function createBackoff(baseMs: number, capMs: number, random: () => number = Math.random): Backoff {
  let limit = baseMs;
  return {
    next() {
      const wait = Math.round(random() * limit);
      limit = Math.min(limit * 2, capMs);
      return wait;
    },
    reset() {
      limit = baseMs;
    },
  };
}

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects, so that callers look at the signal themselves. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

/** A wait for humans: "0.4 s", "12 s". */
export function inSeconds(ms: number): string {
  return `${ms < 9_950 ? (ms / 1000).toFixed(1).replace(/\.0$/, "") : Math.round(ms / 1000)} s`;
}
