/**
 * The ledger: the Program as it was published, generation by generation.
 *
 * It answers one question: what must a subscriber be sent that holds the Program with digest D? Either what changed
 * since (D is remembered) or everything. The digest of a Program does not depend on the order in which its parts
 * arrived, so a worker that was programmed by an earlier controller is recognised when the content is the same.
 */
import type { Frame } from "../../edge/src/program.ts";
import type { Part, PartKey } from "../compile/program.ts";
import { frameLine } from "../compile/program.ts";
import { SetDigest } from "../support/digest.ts";
import { LONGEST_FRAME } from "./protocol.ts";

/**
 * At least so many changed keys are remembered, over all generations, before the oldest generations are forgotten. With
 * more parts than this, as many keys as there are parts: to send more changes than that would be no less than to send
 * everything.
 */
const LEAST_REMEMBERED = 5000;

interface Entry {
  /** Digest of the Program before the change. */
  readonly before: string;
  readonly keys: readonly PartKey[];
}

export class Ledger {
  readonly #parts = new Map<PartKey, Part>();
  readonly #digest = new SetDigest();
  #generation = 0;
  #history: Entry[] = [];
  #remembered = 0;

  get generation(): number {
    return this.#generation;
  }
  get digest(): string {
    return this.#digest.value;
  }
  part(key: PartKey): Part | undefined {
    return this.#parts.get(key);
  }
  parts(): Iterable<Part> {
    return this.#parts.values();
  }
  /** Number of changed keys, and of generations without any, that are remembered for subscribers that were away. */
  get remembered(): number {
    return this.#remembered;
  }

  /** Makes the next generation. A key without a part is dropped. */
  publish(changes: ReadonlyMap<PartKey, Part | undefined>): void {
    const before = this.digest;
    for (const [key, part] of changes) this.#replace(key, part);
    this.#generation++;
    this.#remember({ before, keys: [...changes.keys()] });
  }

  /** Frames that bring a subscriber of the last generation to this one. */
  latest(): Iterable<string> {
    return this.since(this.#generation - 1);
  }

  /** Frames that bring a subscriber of a generation to this one: everything, if that generation is forgotten. */
  since(generation: number): Iterable<string> {
    const keys = this.#keysSince(generation);
    return keys ? this.#difference(keys) : this.#everything();
  }

  /**
   * The endpoints that changed since a generation, for a worker of an older nginx, which may lack the profiles of newer
   * routes; all endpoints, if that generation is forgotten. No pool is dropped, because the worker's routes may still lead to it.
   */
  poolsSince(generation: number): Iterable<string> {
    const pools = [...(this.#keysSince(generation) ?? this.#parts.keys())].filter((key) => key.startsWith("pool "));
    return framesOf(this.#partsOf(pools), frameLine({ op: "commit", generation: this.#generation, digest: "" }));
  }

  /**
   * Frames that bring a subscriber from the Program with `digest` to this one, in any case ending with a commit. They may be
   * taken later: they are what was to be said now.
   */
  catchUp(digest: string): Iterable<string> {
    if (digest === this.digest) return [this.#commit()];
    const from = digest === "" ? -1 : this.#history.findIndex((entry) => entry.before === digest);
    return from < 0 ? this.#everything() : this.#difference(keysOf(this.#history.slice(from)));
  }

  #everything(): Iterable<string> {
    return framesOf([...this.#parts.values()], this.#commit(), frameLine({ op: "reset" }));
  }

  #difference(keys: ReadonlySet<PartKey>): Iterable<string> {
    const changes = Array.from(keys, (key) => this.#parts.get(key) ?? key);
    return framesOf(changes, this.#commit());
  }

  #partsOf(keys: readonly PartKey[]): Part[] {
    return keys.flatMap((key) => this.#parts.get(key) ?? []);
  }

  /** The keys that changed after a generation; undefined: it is forgotten. */
  #keysSince(generation: number): ReadonlySet<PartKey> | undefined {
    const missed = this.#generation - generation;
    return missed <= this.#history.length ? keysOf(this.#history.slice(this.#history.length - missed)) : undefined;
  }

  #replace(key: PartKey, part: Part | undefined): void {
    const old = this.#parts.get(key);
    if (old) this.#digest.delete(old.digest);
    if (part) this.#digest.add(part.digest);
    if (part) this.#parts.set(key, part);
    else this.#parts.delete(key);
  }

  #remember(entry: Entry): void {
    this.#history.push(entry);
    this.#remembered += costOf(entry);
    const most = Math.max(LEAST_REMEMBERED, this.#parts.size);
    while (this.#remembered > most && this.#history.length > 1) {
      const oldest = this.#history.shift();
      if (oldest) this.#remembered -= costOf(oldest);
    }
  }

  #commit(): string {
    return frameLine({ op: "commit", generation: this.#generation, digest: this.digest });
  }
}

function keysOf(entries: readonly Entry[]): ReadonlySet<PartKey> {
  return new Set(entries.flatMap((entry) => entry.keys));
}

/** @param changes parts to set, and keys to drop. */
function* framesOf(changes: Iterable<Part | PartKey>, commit: string, first?: string): Generator<string> {
  if (first !== undefined) yield first;
  for (const change of changes) {
    if (typeof change === "string") yield frameLine(dropped(change));
    else yield* inPieces(change.frame.revealText());
  }
  yield commit;
}

/** What an entry takes of the remembered keys; a generation without any key counts as one. */
function costOf({ keys }: Entry): number {
  return Math.max(1, keys.length);
}

function dropped(key: PartKey): Frame {
  const space = key.indexOf(" ");
  return { op: "drop", kind: key.slice(0, space) as Part["kind"], id: key.slice(space + 1) };
}

function* inPieces(line: string): Generator<string> {
  if (line.length <= LONGEST_FRAME) {
    yield line;
    return;
  }
  // Quotes and backslashes of the text are escaped once more inside a piece: leave room for that, and for the rest.
  const size = LONGEST_FRAME / 2 - 64;
  for (let at = 0; at < line.length; at += size) {
    yield frameLine({ op: "piece", text: line.slice(at, at + size), last: at + size >= line.length });
  }
}
