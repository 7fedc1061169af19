/** Digests of content (SHA-256, hex): to name it by, to compare it by, and of a set of contents. */
import { createHash } from "node:crypto";

/** Cut to 32 digits (128 bits): a name for content, such as a file's. Who names by it refuses two contents of one name. */
export function digestOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest().toString("hex", 0, 16);
}

/** Whole (64 digits): what is compared by it alone is equal, whoever chose the content. */
export function contentDigest(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Two levels: what changes costs a hash over its bucket and one over the buckets' digests. */
const BUCKETS = 256;

/**
 * The digest of a set of content digests, in whatever order they came and went: a hash tree of two levels.
 *
 * Guarantee: two sets with one digest are two texts with one SHA-256. A sum (or exclusive or) of digests would not do:
 * whoever chooses some of the contents finds a few hundred whose digests add up to any value.
 */
export class SetDigest {
  readonly #buckets: readonly Set<string>[] = Array.from({ length: BUCKETS }, () => new Set());
  /** By bucket; undefined: to be made. */
  readonly #digests: (string | undefined)[] = Array.from({ length: BUCKETS }, () => undefined);
  #value: string | undefined;

  /** @param digest hex, of any length that all of the set have. */
  add(digest: string): void {
    this.#bucketOf(digest).add(digest);
  }

  delete(digest: string): void {
    this.#bucketOf(digest).delete(digest);
  }

  /** Hex, 64 digits. */
  get value(): string {
    this.#value ??= contentDigest(this.#buckets.map((bucket, index) => (this.#digests[index] ??= contentDigest([...bucket].sort().join()))).join());
    return this.#value;
  }

  #bucketOf(digest: string): Set<string> {
    const index = Number.parseInt(digest.slice(0, 2), 16);
    this.#digests[index] = undefined;
    this.#value = undefined;
    return this.#buckets[index] as Set<string>;
  }
}
