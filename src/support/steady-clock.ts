/**
 * A clock for waits: it runs on while the time of day is set, by a person or by NTP.
 */

/** Milliseconds: at the start of the process since 1970, from then on by a clock that nobody sets. */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}
