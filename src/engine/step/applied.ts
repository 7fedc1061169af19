/**
 * Keeps track of how far each applied Program has come. Each Program that the engine is given has a number. Its parts
 * are published as soon as they may be. A number is served when everybody has acknowledged all parts of that Program,
 * or newer versions of them.
 *
 * Guarantee: whoever waits for a number waits for what that Program changed, and for nothing that came later.
 */
import type { Part, PartKey } from "../../compile/program.ts";

/** A part that changed; a version is undefined where there is no such part. */
export interface Change {
  /** The version that was published last. */
  readonly published: Part | undefined;
  readonly newest: Part | undefined;
}

/** A part whose newest version is not published. */
export interface Waiting extends Change {
  /** Number of the oldest Program whose version of it is not published. */
  readonly since: number;
  /** The version that the ordered configuration is for, and the number of its Program. Absent: it was published, or nothing was ordered since it came. */
  readonly ordered?: { readonly part: Part; readonly number: number };
}

/** With the generation `generation`, everything up to the Program `number` was published. */
interface Published {
  readonly number: number;
  readonly generation: number;
}

/** Immutable. */
export interface Applied {
  /** Number of the newest Program. */
  readonly number: number;
  /** The generation that was published last; 0: none was. */
  readonly generation: number;
  readonly waiting: ReadonlyMap<PartKey, Waiting>;
  /** The whole Program, as it was when the first configuration was ordered for it. */
  readonly first: { readonly parts: Parts; readonly number: number } | undefined;
  /** The newest entry that everybody has acknowledged, and those after it, the oldest first. */
  readonly published: readonly Published[];
}

/** Key → part; undefined: the part is gone. */
export type Parts = ReadonlyMap<PartKey, Part | undefined>;
export type MayGo = (part: Part | undefined) => boolean;

/** Entries of `published` that are kept. */
const MOST_REMEMBERED = 100;

export const NOTHING_APPLIED: Applied = { number: 0, generation: 0, waiting: new Map(), first: undefined, published: [] };

/** Takes another Program, in which these parts differ from the last one. */
export function apply(state: Applied, changed: ReadonlyMap<PartKey, Change>): Applied {
  const number = state.number + 1;
  const waiting = new Map(state.waiting);
  for (const [key, { published, newest }] of changed) {
    const before = waiting.get(key);
    waiting.set(key, before ? { ...before, newest } : { published, newest, since: number });
  }
  return { ...state, number, waiting };
}

/** To be called when nothing is published yet, and nginx is about to be loaded with what the newest Program needs. */
export function firstOrdered(state: Applied): Applied {
  return { ...state, first: { parts: newestOf(state.waiting), number: state.number } };
}

/**
 * To be called when nginx is about to be loaded with what the newest Program needs. Once it is, these versions may be published even if
 * newer ones need something else again: else whoever asks for new profiles all the time would keep a host that it shares as it is.
 */
export function waitingOrdered(state: Applied): Applied {
  const noted = ([key, change]: [PartKey, Waiting]): [PartKey, Waiting] =>
    [key, change.newest ? { ...change, ordered: { part: change.newest, number: state.number } } : change];
  return { ...state, waiting: new Map([...state.waiting].map(noted)) };
}

interface Generation {
  readonly state: Applied;
  readonly changes: Parts;
}

/** The next generation, with the parts that may be published now; undefined: none may. */
export function nextGeneration(state: Applied, mayGo: MayGo): Generation | undefined {
  return state.generation === 0 ? firstGeneration(state, mayGo) : generationOf(state, mayGo);
}

/** A generation without changes: once it is acknowledged, what was observed counts as served. */
export function emptyGeneration(state: Applied): Applied {
  return { ...state, generation: state.generation + 1 };
}

/**
 * Publishes the parts that may go, in their newest version or in the one that nginx was configured for; the others wait on. A part that is
 * gone is dropped only when no waiting part refers to it in its published version, or in one that may still be published.
 */
function generationOf(state: Applied, mayGo: MayGo): Generation | undefined {
  const referredTo = new Set<PartKey>();
  for (const { newest, published, ordered } of state.waiting.values()) {
    if (!mayGo(newest)) for (const key of [...(published?.refersTo ?? []), ...(ordered?.part.refersTo ?? [])]) referredTo.add(key);
  }
  const changes = new Map<PartKey, Part | undefined>();
  const waiting = new Map<PartKey, Waiting>();
  for (const [key, change] of state.waiting) {
    const { newest, ordered } = change;
    if (mayGo(newest) && !(newest === undefined && referredTo.has(key))) {
      changes.set(key, newest);
    } else if (newest !== undefined && ordered !== undefined && mayGo(ordered.part)) {
      changes.set(key, ordered.part);
      waiting.set(key, { published: ordered.part, newest, since: ordered.number + 1 });
    } else waiting.set(key, change);
  }
  return changes.size > 0 ? { state: { ...state, waiting, generation: state.generation + 1 }, changes } : undefined;
}

/**
 * The first generation is a whole Program or none, because it replaces everything that an adopted nginx serves: the
 * newest Program, or the one that nginx was loaded for. The second choice keeps a tenant who asks for new profiles all
 * the time from delaying the start.
 */
function firstGeneration(state: Applied, mayGo: MayGo): Generation | undefined {
  const everything = [...state.waiting.values()].every(({ newest }) => mayGo(newest));
  if (everything) return { state: { ...state, waiting: new Map(), first: undefined, generation: 1 }, changes: newestOf(state.waiting) };
  const { first } = state;
  if (!first || ![...first.parts.values()].every(mayGo)) return undefined;
  const waiting = new Map<PartKey, Waiting>();
  for (const [key, { newest }] of state.waiting) {
    const published = first.parts.get(key);
    if (!first.parts.has(key) || published !== newest) waiting.set(key, { since: first.number + 1, published, newest });
  }
  return { state: { ...state, waiting, first: undefined, generation: 1 }, changes: first.parts };
}

function newestOf(waiting: Applied["waiting"]): Parts {
  return new Map([...waiting].map(([key, { newest }]) => [key, newest]));
}

/**
 * Notes which number is published by now. nginx is configured for the Programs up to the number `configured`, and
 * everybody has acknowledged the generation `programmed`; entries before the newest one that is acknowledged are
 * forgotten.
 */
export function noted(state: Applied, configured: number, programmed: number): Applied {
  const { generation } = state;
  const published = state.published.slice(Math.max(0, state.published.findLastIndex((one) => one.generation <= programmed)));
  let number = Math.min(state.number, configured);
  for (const { since } of state.waiting.values()) number = Math.min(number, since - 1);
  const last = published.at(-1);
  if (generation > 0 && !(last && last.number >= number)) {
    if (published.length >= MOST_REMEMBERED) published.pop();
    published.push({ number, generation });
  }
  return { ...state, published };
}

/** The newest number that is served, when everybody has acknowledged the generation `programmed`. */
export function servedNumber({ published }: Applied, programmed: number): number {
  return published.findLast(({ generation }) => generation <= programmed)?.number ?? 0;
}
