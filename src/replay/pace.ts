/** How fast requests are sent. */
import { pause } from "../support/backoff.ts";

/** Resolves when the next request may be sent, or when the signal aborts. */
export type SendPace = (signal: AbortSignal) => Promise<void>;

interface PaceClock {
  /** Milliseconds since any moment. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const REAL: PaceClock = { now: () => performance.now(), wait: pause };

/**
 * A token bucket: in any `t` seconds at most `rate * t` calls resolve, and a tenth of a second's more (one at least).
 *
 * @param rate calls a second.
 */
export function sendPace(rate: number, { now, wait }: PaceClock = REAL): SendPace {
  const gap = 1000 / rate;
  const ahead = Math.max(Math.floor(rate / 10) - 1, 0) * gap;
  let due = now() - ahead;
  return async (signal) => {
    due = Math.max(due, now() - ahead);
    const left = due - now();
    due += gap;
    if (left > 0) await wait(left, signal);
  };
}
