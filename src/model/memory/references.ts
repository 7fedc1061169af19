/**
 * Who refers to what, readable in both directions.
 *
 * A reference is kept whether or not its target exists: that is how a Service or Secret that appears later wakes
 * exactly those who wait for it.
 */
import { StringSets } from "../../support/string-sets.ts";

export class References {
  readonly #targets = new StringSets();
  readonly #referrers = new StringSets();
  #all: ReadonlySet<string> | undefined;

  /** Replaces everything that `referrer` refers to. Without targets the referrer is forgotten. */
  set(referrer: string, targets: Iterable<string>): void {
    const before = this.#targets.of(referrer);
    const after = new Set(targets);
    for (const target of before) if (!after.has(target)) this.#drop(target, referrer);
    for (const target of after) if (!before.has(target)) this.#add(target, referrer);
    this.#targets.set(referrer, after);
  }

  /** What `referrer` refers to. */
  from(referrer: string): ReadonlySet<string> {
    return this.#targets.of(referrer);
  }

  /** Who refers to `target`. */
  to(target: string): ReadonlySet<string> {
    return this.#referrers.of(target);
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
    if (!this.#referrers.has(target)) this.#all = undefined;
    this.#referrers.add(target, referrer);
  }

  #drop(target: string, referrer: string): void {
    this.#referrers.delete(target, referrer);
    if (!this.#referrers.has(target)) this.#all = undefined;
  }
}
