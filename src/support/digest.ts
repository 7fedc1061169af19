/** Digests (SHA-256, hex): one to name content by, one to compare content by, and one of a set of contents. */
import { createHash } from "node:crypto";

/** A digest cut to 32 digits (128 bits), to name content by. It may be the same for two contents: the caller must refuse the second. */
export function digestOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest().toString("hex", 0, 16);
}

/** The whole digest (64 digits). Contents with the same one are equal, whoever chose them, so nothing else need be compared. */
export function contentDigest(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Buckets of the tree's lower level. A change costs one hash over its bucket and one over the digests of all buckets. */
const BUCKETS = 256;

/**
 * The digest of a set of content digests, in whatever order they came and went: a hash tree of two levels.
 *
 * Guarantee: to find two sets with the same digest is to find two texts with the same SHA-256. A sum (or exclusive or) of
 * digests would not do: who chooses some of the contents can find a few hundred whose digests add up to any value.
 */
export class SetDigest {
  readonly #buckets: readonly Set<string>[] = Array.from({ length: BUCKETS }, () => new Set());
  /** The digest of each bucket; undefined: to be computed. */
  readonly #digests: (string | undefined)[] = Array.from({ length: BUCKETS }, () => undefined);
  #value: string | undefined;

  /** @param digest hex; all digests of a set have the same length. */
  add(digest: string): void {
    this.#bucketOf(digest).add(digest);
  }

  delete(digest: string): void {
    this.#bucketOf(digest).delete(digest);
  }

  /** The digest of the set: hex, 64 digits. */
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
