/**
 * Which Ingresses have room below TOTAL_SIZE_BOUNDS: in their namespace, and then among all, the oldest first, each as a
 * whole. An Ingress that is too large for the room that is left is passed over. A small share of the room is kept for each
 * namespace, whatever the others have: two large namespaces keep nobody else from writing Ingresses.
 *
 * Guarantees: the answer depends on what is asked for now, and not on what was before; and the Ingresses of a namespace are
 * only walked through where they, or all Ingresses together, do not fit.
 */
import { byAge } from "../shapes/age.ts";
import type { Age } from "../shapes/age.ts";
import type { SharedBounds } from "../shapes/bounds.ts";

/** What an Ingress wants: room for its size, by its age. */
export interface Wish {
  readonly age: Age;
  readonly size: number;
}

type Asking = readonly [key: string, wish: Wish];

const NOBODY: ReadonlySet<string> = new Set();

/** The Ingresses that share one bound, by key. */
class Room {
  readonly #most: number;
  readonly #wishes = new Map<string, Wish>();
  #sum = 0;
  #beyond: ReadonlySet<string> | undefined = NOBODY;

  constructor(most: number) {
    this.#most = most;
  }

  /** The sum of all sizes. */
  get sum(): number {
    return this.#sum;
  }

  get empty(): boolean {
    return this.#wishes.size === 0;
  }

  of(key: string): Wish | undefined {
    return this.#wishes.get(key);
  }

  /** Replaces a wish. @param wish undefined, or of size 0: the Ingress wants no room. */
  set(key: string, wish: Wish | undefined): void {
    const { size } = wish ?? NOTHING;
    this.#sum += size - this.sizeOf(key);
    if (wish && size > 0) this.#wishes.set(key, wish);
    else this.#wishes.delete(key);
    this.#beyond = undefined;
  }

  /** The Ingresses without room. Walks through the wishes if they do not fit, once after each change. */
  beyond(): ReadonlySet<string> {
    return (this.#beyond ??= this.#sum <= this.#most ? NOBODY : beyond([...this.#wishes], this.#most));
  }

  /** Whether `beyond` would hold this Ingress if it had this wish. */
  wouldBeBeyond(key: string, wish: Wish): boolean {
    if (this.#sum - this.sizeOf(key) + wish.size <= this.#most) return false;
    return beyond([...[...this.#wishes].filter(([other]) => other !== key), [key, wish]], this.#most).has(key);
  }

  sizeOf(key: string): number {
    return (this.#wishes.get(key) ?? NOTHING).size;
  }
}

const NOTHING = { size: 0 };

function beyond(wishes: Asking[], most: number): ReadonlySet<string> {
  const left = new Set<string>();
  let sum = 0;
  for (const [key, { size }] of wishes.sort(([, a], [, b]) => byAge(a.age, b.age))) {
    if (sum + size > most) left.add(key);
    else sum += size;
  }
  return left;
}

/** A namespace's share of the whole, and all that it may have. */
interface Rooms {
  readonly share: Room;
  readonly most: Room;
}

/** Keys are `namespace/name`. */
export class Sizes {
  readonly #bounds: SharedBounds;
  readonly #namespaces = new Map<string, Rooms>();
  /** The sum of all sizes, those within the share of their namespace included. */
  #sum = 0;
  #beyondAll: ReadonlySet<string> | undefined = NOBODY;

  constructor(bounds: SharedBounds) {
    this.#bounds = bounds;
  }

  /** Replaces what these Ingresses want. Gives the Ingresses, of whatever namespace, that may have gained room by it, or lost it. */
  set(wishes: ReadonlyMap<string, Wish | undefined>): ReadonlySet<string> {
    const moved = new Set<string>();
    const before = this.#beyond();
    for (const [namespace, some] of Map.groupBy(wishes, ([key]) => namespaceOf(key))) this.#setIn(namespace, new Map(some), moved);
    this.#beyondAll = undefined;
    return addDifference(moved, before, this.#beyond());
  }

  #setIn(namespace: string, wishes: ReadonlyMap<string, Wish | undefined>, moved: Set<string>): void {
    const rooms = this.#roomsOf(namespace);
    const { share, most } = rooms;
    const before = most.beyond();
    this.#sum -= most.sum;
    for (const [key, wish] of wishes) for (const room of [share, most]) room.set(key, wish);
    this.#sum += most.sum;
    addDifference(moved, before, most.beyond());
    if (most.empty) this.#namespaces.delete(namespace);
    else this.#namespaces.set(namespace, rooms);
  }

  #roomsOf(namespace: string): Rooms {
    return this.#namespaces.get(namespace) ?? { share: new Room(this.#bounds.share), most: new Room(this.#bounds.namespace) };
  }

  isBeyond(key: string): boolean {
    return this.#namespaces.get(namespaceOf(key))?.most.beyond().has(key) === true || this.#beyond().has(key);
  }

  /** What `isBeyond` would say after `set`. An Ingress that is there keeps its age, so nothing changes for those who are older. */
  wouldBeBeyond(key: string, wish: Wish): boolean {
    const { share, most } = this.#roomsOf(namespaceOf(key));
    if (most.wouldBeBeyond(key, wish)) return true;
    if (this.#sum - most.sizeOf(key) + wish.size <= this.#bounds.all || !share.wouldBeBeyond(key, wish)) return false;
    return beyond([...this.#asking().filter(([other]) => other !== key), [key, wish]], this.#bounds.all).has(key);
  }

  /** The Ingresses that have no room among all. */
  #beyond(): ReadonlySet<string> {
    return (this.#beyondAll ??= this.#sum <= this.#bounds.all ? NOBODY : beyond(this.#asking(), this.#bounds.all));
  }

  /** The Ingresses that have room in their namespace, but not in the share that is kept for it: they ask for room among all. */
  #asking(): Asking[] {
    return [...this.#namespaces.values()].flatMap(({ share, most }) =>
      [...share.beyond()].flatMap((key): Asking[] => {
        const wish = most.beyond().has(key) ? undefined : most.of(key);
        return wish ? [[key, wish]] : [];
      }));
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
