/** Values that units refer to by id: each value is remembered as long as some unit refers to it. */
import { References } from "./references.ts";

export class Shared<V> {
  readonly #references = new References();
  readonly #values = new Map<string, V>();
  #touched = new Set<string>();

  /** Replaces all that `referrer` refers to. All who refer to one id must give the same value for it. */
  set(referrer: string, values: readonly (readonly [id: string, value: V])[]): void {
    const before = this.#references.from(referrer);
    if (before.size === 0 && values.length === 0) return;
    for (const id of before) this.#touched.add(id);
    for (const [id, value] of values) {
      this.#touched.add(id);
      this.#values.set(id, value);
    }
    this.#references.set(referrer, values.map(([id]) => id));
  }

  get(id: string): V | undefined {
    return this.#values.get(id);
  }

  /** The ids that were set or dropped since the last call. Values of ids that nobody refers to any more are forgotten. */
  takeTouched(): ReadonlySet<string> {
    const touched = this.#touched;
    this.#touched = new Set();
    for (const id of touched) if (this.#references.to(id).size === 0) this.#values.delete(id);
    return touched;
  }
}
