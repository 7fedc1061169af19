/**
 * Sets of strings by key, for tens of thousands of sets that mostly have one member: a single member is kept without a
 * set around it, which would be five times as large as the string.
 */
const EMPTY: ReadonlySet<string> = new Set();

export class StringSets {
  readonly #sets = new Map<string, string | Set<string>>();

  has(key: string): boolean {
    return this.#sets.has(key);
  }

  /** The members of a set, in the order in which they came. Callers must not keep the result, because it may change. */
  of(key: string): ReadonlySet<string> {
    const kept = this.#sets.get(key);
    if (kept === undefined) return EMPTY;
    return typeof kept === "string" ? new Set([kept]) : kept;
  }

  /** Keys of the sets that have members. */
  keys(): Iterable<string> {
    return this.#sets.keys();
  }

  set(key: string, members: Iterable<string>): void {
    const kept = new Set(members);
    const [first] = kept;
    if (first === undefined) this.#sets.delete(key);
    else this.#sets.set(key, kept.size === 1 ? first : kept);
  }

  add(key: string, member: string): void {
    const kept = this.#sets.get(key);
    if (kept === undefined) this.#sets.set(key, member);
    else if (typeof kept !== "string") kept.add(member);
    else if (kept !== member) this.#sets.set(key, new Set([kept, member]));
  }

  delete(key: string, member: string): void {
    const kept = this.#sets.get(key);
    if (kept === undefined) return;
    if (typeof kept === "string") {
      if (kept === member) this.#sets.delete(key);
    } else {
      kept.delete(member);
      if (kept.size === 0) this.#sets.delete(key);
    }
  }
}
