/**
 * Who has room below TOTAL_SIZE_BOUNDS: of each namespace, and then of all, the oldest Ingresses first, each as a whole. What
 * is too large for the room that is left is passed over.
 *
 * Guarantees: the answer depends on what is asked for now, and not on what was before; and nobody walks through the Ingresses
 * of a namespace that fits.
 */
import { byAge } from "./age.ts";
import type { Age } from "./age.ts";
import type { Bounds } from "./bounds.ts";

/** What an Ingress wants. */
export interface Wish {
  readonly age: Age;
  readonly size: number;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Those who share one bound, by key. */
class Room {
  readonly #most: number;
  readonly #wishes = new Map<string, Wish>();
  #sum = 0;
  #beyond: ReadonlySet<string> | undefined = NOBODY;

  constructor(most: number) {
    this.#most = most;
  }

  get empty(): boolean {
    return this.#wishes.size === 0;
  }

  of(key: string): Wish | undefined {
    return this.#wishes.get(key);
  }

  /** @param wish undefined, or of no size: none. */
  set(key: string, wish: Wish | undefined): void {
    const { size } = wish ?? NOTHING;
    this.#sum += size - this.#sizeOf(key);
    if (wish && size > 0) this.#wishes.set(key, wish);
    else this.#wishes.delete(key);
    this.#beyond = undefined;
  }

  /** Those without room. */
  beyond(): ReadonlySet<string> {
    return (this.#beyond ??= this.#sum <= this.#most ? NOBODY : beyond([...this.#wishes], this.#most));
  }

  /** Whether this one would be among them. */
  wouldBeBeyond(key: string, wish: Wish): boolean {
    if (this.#sum - this.#sizeOf(key) + wish.size <= this.#most) return false;
    return beyond([...[...this.#wishes].filter(([other]) => other !== key), [key, wish]], this.#most).has(key);
  }

  #sizeOf(key: string): number {
    return (this.#wishes.get(key) ?? NOTHING).size;
  }
}

const NOTHING = { size: 0 };

function beyond(wishes: (readonly [key: string, wish: Wish])[], most: number): ReadonlySet<string> {
  const left = new Set<string>();
  let sum = 0;
  for (const [key, { size }] of wishes.sort(([, a], [, b]) => byAge(a.age, b.age))) {
    if (sum + size > most) left.add(key);
    else sum += size;
  }
  return left;
}

/** Keys are `namespace/name`. */
export class Sizes {
  readonly #bounds: Bounds;
  readonly #namespaces = new Map<string, Room>();
  /** Of those for whom their namespaces have room. */
  readonly #all: Room;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#all = new Room(bounds.all);
  }

  /** Replaces what these Ingresses want; gives those, of whatever namespace, for whom there may be room now and was none, or the other way round. */
  set(wishes: ReadonlyMap<string, Wish | undefined>): ReadonlySet<string> {
    const moved = new Set<string>();
    const ofAll = this.#all.beyond();
    for (const [namespace, some] of Map.groupBy(wishes, ([key]) => namespaceOf(key))) this.#setIn(namespace, new Map(some), moved);
    addDifference(moved, ofAll, this.#all.beyond());
    return moved;
  }

  #setIn(namespace: string, wishes: ReadonlyMap<string, Wish | undefined>, moved: Set<string>): void {
    const room = this.#namespaces.get(namespace) ?? new Room(this.#bounds.namespace);
    const before = room.beyond();
    for (const [key, wish] of wishes) room.set(key, wish);
    const after = room.beyond();
    const changed = addDifference(new Set(), before, after);
    for (const key of new Set([...wishes.keys(), ...changed])) this.#all.set(key, after.has(key) ? undefined : room.of(key));
    for (const key of changed) moved.add(key);
    if (room.empty) this.#namespaces.delete(namespace);
    else this.#namespaces.set(namespace, room);
  }

  isBeyond(key: string): boolean {
    return this.#namespaces.get(namespaceOf(key))?.beyond().has(key) === true || this.#all.beyond().has(key);
  }

  /** What `isBeyond` would say after `set`. An Ingress that is there keeps its age, so nothing changes for those who are older. */
  wouldBeBeyond(key: string, wish: Wish): boolean {
    const room = this.#namespaces.get(namespaceOf(key)) ?? new Room(this.#bounds.namespace);
    return room.wouldBeBeyond(key, wish) || this.#all.wouldBeBeyond(key, wish);
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

/** Adds to `to` what only one of the two has. */
function addDifference(to: Set<string>, a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  if (a === b) return to;
  for (const key of a) if (!b.has(key)) to.add(key);
  for (const key of b) if (!a.has(key)) to.add(key);
  return to;
}
