/**
 * Who refers to what, readable in both directions.
 *
 * A reference is kept whether or not its target exists: that is how a Service or Secret that appears later wakes
 * exactly those who wait for it.
 */
const NOBODY: ReadonlySet<string> = new Set();

export class References {
  readonly #targets = new Map<string, ReadonlySet<string>>();
  readonly #referrers = new Map<string, Set<string>>();
  #all: ReadonlySet<string> | undefined;

  /** Replaces everything that `referrer` refers to; no targets forget the referrer. */
  set(referrer: string, targets: Iterable<string>): void {
    const before = this.#targets.get(referrer) ?? NOBODY;
    const after = new Set(targets);
    for (const target of before) if (!after.has(target)) this.#drop(target, referrer);
    for (const target of after) if (!before.has(target)) this.#add(target, referrer);
    if (after.size > 0) this.#targets.set(referrer, after);
    else this.#targets.delete(referrer);
  }

  /** What `referrer` refers to. */
  from(referrer: string): ReadonlySet<string> {
    return this.#targets.get(referrer) ?? NOBODY;
  }

  /** Who refers to `target`. */
  to(target: string): ReadonlySet<string> {
    return this.#referrers.get(target) ?? NOBODY;
  }

  /** Everybody who refers to something. */
  referrers(): Iterable<string> {
    return this.#targets.keys();
  }

  /** Everything that somebody refers to. The same set as before while that did not change. */
  targets(): ReadonlySet<string> {
    this.#all ??= new Set(this.#referrers.keys());
    return this.#all;
  }

  #add(target: string, referrer: string): void {
    const referrers = this.#referrers.get(target);
    if (referrers) referrers.add(referrer);
    else {
      this.#referrers.set(target, new Set([referrer]));
      this.#all = undefined;
    }
  }

  #drop(target: string, referrer: string): void {
    const referrers = this.#referrers.get(target);
    referrers?.delete(referrer);
    if (referrers?.size === 0) {
      this.#referrers.delete(target);
      this.#all = undefined;
    }
  }
}
