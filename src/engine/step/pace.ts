/**
 * How soon nginx may be reloaded for new profiles.
 *
 * One reload in an interval, for all that have come up by then. A namespace that keeps asking for profiles that nobody
 * had before has a few such reloads at this pace and then waits longer, while others do not wait for it. Whoever's turn it
 * is takes everybody along.
 */

/** Reloads that a namespace may cause in a row. */
const IN_A_ROW = 10;
/** Intervals after which it may cause another one. */
const THEN_EVERY = 6;

/** Immutable. Times are in milliseconds. */
export interface Pace {
  readonly interval: number;
  /** Of the last reload. */
  readonly last: number;
  /** Namespace → when all its reloads are forgotten: each counts for `THEN_EVERY` intervals, one after the other. */
  readonly forgotten: ReadonlyMap<string, number>;
}

export function newPace(interval: number): Pace {
  return { interval, last: -Infinity, forgotten: new Map() };
}

/** Milliseconds from `now` until a reload for profiles that these namespaces ask for. */
export function paceWait({ interval, last, forgotten }: Pace, namespaces: Iterable<string>, now: number): number {
  const patience = (IN_A_ROW - 1) * THEN_EVERY * interval;
  const waits = [...namespaces].map((name) => (forgotten.get(name) ?? now) - now - patience);
  return Math.max(0, last + interval - now, waits.length > 0 ? Math.min(...waits) : 0);
}

/** Nginx was reloaded; among what is new are profiles that these namespaces asked for. */
export function paceReloaded({ interval, forgotten }: Pace, namespaces: Iterable<string>, now: number): Pace {
  const next = new Map([...forgotten].filter(([, time]) => time > now));
  const each = THEN_EVERY * interval;
  for (const name of namespaces) next.set(name, Math.min((next.get(name) ?? now) + each, now + IN_A_ROW * each));
  return { interval, last: now, forgotten: next };
}
