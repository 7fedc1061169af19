/**
 * An immutable map that shares what did not change with the map it was made from.
 *
 * Guarantee: `with` costs time in proportion to the changes, not to the size, and the older map stays as it was. So a
 * Model of ten thousand hosts is a value like any other, and keeping the previous one costs nothing.
 * The order of iteration means nothing; callers that print have to sort.
 */
const BUCKETS = 1024;

type Bucket<V> = ReadonlyMap<string, V>;

export class SharedMap<V> implements ReadonlyMap<string, V> {
  readonly #buckets: readonly (Bucket<V> | undefined)[];
  readonly size: number;

  private constructor(buckets: readonly (Bucket<V> | undefined)[], size: number) {
    this.#buckets = buckets;
    this.size = size;
  }

  static empty<V>(): SharedMap<V> {
    return new SharedMap<V>(Array.from({ length: BUCKETS }, () => undefined), 0);
  }

  /** The same map with these keys set, or removed where the value is undefined. */
  with(changes: ReadonlyMap<string, V | undefined>): SharedMap<V> {
    if (changes.size === 0) return this;
    const buckets = [...this.#buckets];
    const own = new Map<number, Map<string, V>>();
    let size = this.size;
    for (const [key, value] of changes) {
      const index = bucketOf(key);
      let bucket = own.get(index);
      if (!bucket) own.set(index, (bucket = new Map(buckets[index])));
      size -= bucket.size;
      if (value === undefined) bucket.delete(key);
      else bucket.set(key, value);
      size += bucket.size;
    }
    for (const [index, bucket] of own) buckets[index] = bucket.size > 0 ? bucket : undefined;
    return new SharedMap(buckets, size);
  }

  get(key: string): V | undefined {
    return this.#buckets[bucketOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.#buckets[bucketOf(key)]?.has(key) ?? false;
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }

  *entries(): MapIterator<[string, V]> {
    for (const bucket of this.#buckets) if (bucket) yield* bucket.entries();
  }

  *keys(): MapIterator<string> {
    for (const bucket of this.#buckets) if (bucket) yield* bucket.keys();
  }

  *values(): MapIterator<V> {
    for (const bucket of this.#buckets) if (bucket) yield* bucket.values();
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }
}

/** FNV-1a: cheap, and even enough for host names. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) & (BUCKETS - 1);
}
