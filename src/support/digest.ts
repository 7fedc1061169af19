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

/** A branch has so many buckets, and the tree so many branches: the first three hex digits of a digest choose both. */
const FANOUT = 64;

/** A bucket, and what is known of its digest: undefined, if that is to be computed. */
interface Bucket {
  readonly members: Set<string>;
  digest: string | undefined;
}

interface Branch {
  readonly buckets: readonly Bucket[];
  digest: string | undefined;
}

/**
 * The digest of a set of content digests, in whatever order they came and went: a hash tree of three levels. A change
 * costs one hash over its bucket (of a hundred digests, where there are four hundred thousand) and one over each level's 64.
 *
 * Guarantee: to find two sets with the same digest is to find two texts with the same SHA-256. A sum (or exclusive or) of
 * digests would not do: who chooses some of the contents can find a few hundred whose digests add up to any value.
 */
export class SetDigest {
  readonly #branches: readonly Branch[] = times(() => ({ buckets: times(() => ({ members: new Set(), digest: undefined })), digest: undefined }));
  #value: string | undefined;

  /** @param digest hex; all digests of a set have the same length. */
  add(digest: string): void {
    this.#touched(digest).add(digest);
  }

  delete(digest: string): void {
    this.#touched(digest).delete(digest);
  }

  /** The digest of the set: hex, 64 digits. */
  get value(): string {
    this.#value ??= contentDigest(this.#branches.map(digestOfBranch).join());
    return this.#value;
  }

  #touched(digest: string): Set<string> {
    const place = Number.parseInt(digest.slice(0, 3), 16);
    const branch = this.#branches[Math.floor(place / FANOUT)] as Branch;
    const bucket = branch.buckets[place % FANOUT] as Bucket;
    bucket.digest = undefined;
    branch.digest = undefined;
    this.#value = undefined;
    return bucket.members;
  }
}

function times<T>(make: () => T): readonly T[] {
  return Array.from({ length: FANOUT }, make);
}

function digestOfBranch(branch: Branch): string {
  return (branch.digest ??= contentDigest(branch.buckets.map(digestOfBucket).join()));
}

function digestOfBucket(bucket: Bucket): string {
  return (bucket.digest ??= contentDigest([...bucket.members].sort().join()));
}
