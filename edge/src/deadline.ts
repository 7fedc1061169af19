/**
 * When something is due, by a clock that may be set: nginx's time is that of the wall. A clock that is set back leaves a
 * deadline further ahead than it was ever put, and it counts as over then. Pure.
 */
export interface Deadline {
  /** Seconds of Unix time. */
  at: number;
  /** Seconds from the moment at which the deadline was put. */
  ahead: number;
}

export function newDeadline(now: number, seconds: number): Deadline {
  return { at: now + seconds, ahead: seconds };
}

export function putDeadline(deadline: Deadline, now: number, seconds: number): void {
  deadline.at = now + seconds;
  deadline.ahead = seconds;
}

export function isOver({ at, ahead }: Deadline, now: number): boolean {
  return now >= at || at - now > ahead;
}

/** At most as many as the deadline was put ahead; 0: it is over. */
export function secondsLeft({ at, ahead }: Deadline, now: number): number {
  return Math.min(ahead, Math.max(0, at - now));
}
