/**
 * How far what was applied has come. Each Program that the engine is given has a number, its parts are published when
 * they may be, and a number is served when everything of it, or something newer, is with everybody.
 *
 * Guarantee: whoever waits for a number waits for what that Program changed, and for nothing that came later.
 */
import type { Part, PartKey, Program } from "../compile/program.ts";

/** At this number everything up to `number` was published, by this generation. */
interface Published {
  readonly number: number;
  readonly generation: number;
}

/** Of those that nobody has acknowledged yet. */
const MOST_REMEMBERED = 100;

export class Applied {
  #number = 0;
  /** Parts whose newest version is not published → the number of the oldest version that is not. */
  readonly #waiting = new Map<PartKey, number>();
  /** What a first reload was ordered for: the whole Program, as it was then. */
  #first: { readonly parts: ReadonlyMap<PartKey, Part | undefined>; readonly number: number } | undefined;
  #published: Published[] = [];

  /** Of the newest Program. */
  get number(): number {
    return this.#number;
  }

  get waiting(): ReadonlyMap<PartKey, number> {
    return this.#waiting;
  }

  /** Another Program, in which these parts are others. */
  apply(changed: Iterable<PartKey>): void {
    this.#number++;
    for (const key of changed) if (!this.#waiting.has(key)) this.#waiting.set(key, this.#number);
  }

  /** Nothing is published yet, and nginx is about to be loaded with what this Program needs. */
  orderFirst({ parts }: Program): void {
    this.#first = { parts: new Map([...this.#waiting.keys()].map((key) => [key, parts.get(key)])), number: this.#number };
  }

  /**
   * What may be published now, undefined: nothing; the others go on waiting. What is gone waits as long as the last
   * version of another one that waits refers to it.
   *
   * @param last the version that is published.
   */
  takeWhatMay({ parts }: Program, mayGo: (part: Part | undefined) => boolean, last: (key: PartKey) => Part | undefined = () => undefined): Map<PartKey, Part | undefined> | undefined {
    const may = new Map<PartKey, Part | undefined>();
    const held = new Set<PartKey>();
    for (const key of this.#waiting.keys()) if (!mayGo(parts.get(key))) for (const one of last(key)?.refersTo ?? []) held.add(one);
    for (const key of this.#waiting.keys()) {
      const part = parts.get(key);
      if (!mayGo(part) || (part === undefined && held.has(key))) continue;
      may.set(key, part);
      this.#waiting.delete(key);
    }
    return may.size > 0 ? may : undefined;
  }

  /**
   * The first generation goes out whole or not at all, for it replaces everything that an adopted nginx serves: the newest
   * Program, or the one that nginx was loaded for. So somebody who needs another profile all the time keeps nobody waiting.
   */
  takeFirst(program: Program, mayGo: (part: Part | undefined) => boolean): Map<PartKey, Part | undefined> | undefined {
    if ([...this.#waiting.keys()].every((key) => mayGo(program.parts.get(key)))) return this.takeWhatMay(program, mayGo) ?? new Map();
    const first = this.#first;
    if (!first || ![...first.parts.values()].every(mayGo)) return undefined;
    this.#first = undefined;
    for (const key of [...this.#waiting.keys()]) {
      if (first.parts.has(key) && first.parts.get(key) === program.parts.get(key)) this.#waiting.delete(key);
      else this.#waiting.set(key, first.number + 1);
    }
    return new Map(first.parts);
  }

  /** nginx is configured for what was applied up to `configured`, and `generation` is the newest. */
  note(configured: number, generation: number): void {
    const number = Math.min(this.#number, configured, ...[...this.#waiting.values()].map((since) => since - 1));
    const last = this.#published.at(-1);
    if (generation === 0 || (last && last.number >= number)) return;
    if (this.#published.length >= MOST_REMEMBERED) this.#published.pop();
    this.#published.push({ number, generation });
  }

  /** The newest number that is served, when everybody has acknowledged the generation `programmed`. */
  served(programmed: number): number {
    const at = this.#published.findLastIndex(({ generation }) => generation <= programmed);
    if (at > 0) this.#published = this.#published.slice(at);
    return this.#published.find(({ generation }) => generation <= programmed)?.number ?? 0;
  }
}
