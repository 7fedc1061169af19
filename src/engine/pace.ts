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

export class Pace {
  readonly #intervalMs: number;
  #last = -Infinity;
  /** Namespace → when all its reloads are forgotten: each counts for `THEN_EVERY` intervals, one after the other. */
  readonly #forgotten = new Map<string, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Milliseconds from `now` until a reload for profiles that these namespaces ask for. */
  wait(namespaces: Iterable<string>, now: number): number {
    const patience = (IN_A_ROW - 1) * this.#eachMs;
    const waits = [...namespaces].map((name) => (this.#forgotten.get(name) ?? now) - now - patience);
    return Math.max(0, this.#last + this.#intervalMs - now, waits.length > 0 ? Math.min(...waits) : 0);
  }

  /** Nginx was reloaded; among what is new are profiles that these namespaces asked for. */
  reloaded(namespaces: Iterable<string>, now: number): void {
    this.#last = now;
    for (const [name, time] of [...this.#forgotten]) if (time <= now) this.#forgotten.delete(name);
    for (const name of namespaces) {
      const time = (this.#forgotten.get(name) ?? now) + this.#eachMs;
      this.#forgotten.set(name, Math.min(time, now + IN_A_ROW * this.#eachMs));
    }
  }

  get #eachMs(): number {
    return THEN_EVERY * this.#intervalMs;
  }
}
