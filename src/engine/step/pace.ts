/**
 * How soon nginx may be reloaded for new profiles.
 *
 * Some reloads come at once, because whoever installs something asks for a few combinations within seconds. Then there is
 * one reload in an interval, for all profiles that were asked for by then. A namespace that keeps asking for
 * profiles that nobody had before gets a few reloads at this pace and then waits longer, while others do not wait for it.
 * Every reload brings the profiles of all namespaces, whichever caused it.
 */

/** Reloads that may come at once. Each interval without one gives one back. */
const AT_ONCE = 4;
/** Reloads that a namespace may cause in a row. */
const IN_A_ROW = 10;
/** Intervals after which the namespace may cause another one. */
const THEN_EVERY = 6;

/** Immutable. Times are in milliseconds. */
export interface Pace {
  readonly interval: number;
  /** Time at which all reloads are forgotten, where each counts for an interval, one after the other. */
  readonly even: number;
  /** Namespace → time at which all its reloads are forgotten: each counts for `THEN_EVERY` intervals, one after the other. */
  readonly forgotten: ReadonlyMap<string, number>;
}

export function newPace(interval: number): Pace {
  return { interval, even: -Infinity, forgotten: new Map() };
}

/** Milliseconds from `now` until a reload for profiles that these namespaces ask for. */
export function paceWait({ interval, even, forgotten }: Pace, namespaces: Iterable<string>, now: number): number {
  const patience = (IN_A_ROW - 1) * THEN_EVERY * interval;
  const waits = [...namespaces].map((name) => (forgotten.get(name) ?? now) - now - patience);
  return Math.max(0, even - (AT_ONCE - 1) * interval - now, waits.length > 0 ? Math.min(...waits) : 0);
}

/** nginx was reloaded, with new profiles that these namespaces had asked for. */
export function paceReloaded({ interval, even, forgotten }: Pace, namespaces: Iterable<string>, now: number): Pace {
  const next = new Map([...forgotten].filter(([, time]) => time > now));
  const each = THEN_EVERY * interval;
  for (const name of namespaces) next.set(name, Math.min((next.get(name) ?? now) + each, now + IN_A_ROW * each));
  return { interval, even: Math.max(even, now) + interval, forgotten: next };
}
