/**
 * Old generations of workers: those of a configuration that was replaced, or of a master that died. They finish their
 * requests, which may be WebSockets that last for days, and each holds the memory of a whole worker.
 *
 * So there is a bound on how many old generations may be left. A reload that makes one more ends the oldest. But a
 * reload for a tenant's new profile waits until the oldest has had its time, so that nobody can end others' connections
 * by asking for profiles.
 */

/** The bound on old generations, beside the one that serves. */
export const MOST_LEAVING = 8;
/** The time that an old generation has at least before a tenant's change ends it: ingress-nginx's worker-shutdown-timeout. */
export const LEAVING_MS = 240_000;

/** Old workers of one nginx. */
export interface LeavingCounts {
  readonly generations: number;
  readonly workers: number;
  /** Unix time in milliseconds at which the oldest generation was replaced; 0: there is none. */
  readonly since: number;
  /** Generations that were ended, since the agent was started. */
  readonly ended: number;
}

export const NONE_LEAVING: LeavingCounts = { generations: 0, workers: 0, since: 0, ended: 0 };

/**
 * Milliseconds from `now` until a tenant's change may make another generation leave. Never more than a generation has: `since` is
 * the time of day of another process, which may have been set meanwhile.
 */
export function waitToLeave({ generations, since }: LeavingCounts, now: number): number {
  return generations < MOST_LEAVING ? 0 : Math.min(LEAVING_MS, Math.max(0, since + LEAVING_MS - now));
}
