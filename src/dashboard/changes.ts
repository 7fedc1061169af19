/**
 * The newest changes of what is served: what changed, and when every worker had it.
 *
 * Guarantee: bounded. Changes of endpoints alone come all day, so only few of them are kept, and they never push out
 * another change.
 */
import { isNews, partName } from "../report/part-names.ts";
import type { EngineState } from "../engine/engine.ts";
import type { ServedChange } from "./shapes.ts";

const KEPT = 300;
const KEPT_OF_ENDPOINTS = 100;
/** While no worker answers, nothing goes live: from so many on, only changes that are kept are waited for. */
const MOST_WAITING = 1000;
const NAMED = 8;

/** The first turn takes in everything. */
const FIRST = { names: ["what was there at the start"], more: 0 } as const;

export interface ChangeLog {
  /**
   * To be called right after a turn that changed something.
   *
   * @param parts keys of the parts that changed.
   * @param objects keys of the Ingresses that were written or deleted.
   * @param milliseconds how long the turn took.
   */
  turned(parts: ReadonlySet<string>, objects: ReadonlySet<string>, milliseconds: number): void;
  /** The engine got further. */
  look(): void;
  /** Oldest first. */
  newest(): readonly ServedChange[];
  /** Calls `told` with each change, and again when it is live, until the caller calls the result. */
  listen(told: (changes: readonly ServedChange[]) => void): () => void;
}

interface Kept {
  change: ServedChange;
  readonly news: boolean;
  /** When it began, by the clock that is never set. */
  readonly since: number;
  /** Number of the Program that holds it, and reloads before it. */
  readonly applied: number;
  readonly reloads: number;
}

/**
 * @param now milliseconds of a clock that is never set.
 * @param clock milliseconds of Unix time. The other clock cannot tell it: it stands while a machine sleeps.
 */
export function createChangeLog(state: () => Pick<EngineState, "applied" | "served" | "observed" | "reloads">, now = (): number => performance.now(), clock = (): number => Date.now()): ChangeLog {
  let kept: Kept[] = [];
  let waiting: Kept[] = [];
  let ids = 0;
  const listeners = new Set<(changes: readonly ServedChange[]) => void>();
  const tell = (changes: readonly ServedChange[]): void => {
    for (const told of [...listeners]) told(changes);
  };

  const look = (): void => {
    if (waiting.length === 0) return;
    const { served, reloads } = state();
    const live = waiting.filter((one) => one.applied <= served);
    if (live.length === 0) return;
    waiting = waiting.filter((one) => one.applied > served);
    for (const one of live) {
      one.change = { ...one.change, liveAfter: now() - one.since, reloaded: reloads > one.reloads };
    }
    tell(live.map(({ change }) => change));
  };

  return {
    look,
    turned(parts, objects, milliseconds) {
      const { applied, observed, reloads } = state();
      const [ofObjects, ofParts] = ids === 0 ? [FIRST, named(new Set(), partName)] : [named(objects, (key) => key), named(parts, partName)];
      const one: Kept = {
        change: {
          id: ids++, time: clock() - milliseconds, objects: ofObjects.names, parts: ofParts.names, more: ofObjects.more + ofParts.more, generation: observed, reloaded: false,
        },
        news: isNews(parts) || objects.size > 0, since: now() - milliseconds, applied, reloads,
      };
      kept = trimmed([...kept, one]);
      waiting.push(one);
      if (waiting.length > MOST_WAITING) waiting = waiting.filter((each) => kept.includes(each));
      tell([one.change]);
      look();
    },
    newest: () => kept.map(({ change }) => change),
    listen(told) {
      listeners.add(told);
      return () => void listeners.delete(told);
    },
  };
}

function named(keys: ReadonlySet<string>, nameOf: (key: string) => string | undefined): { readonly names: readonly string[]; readonly more: number } {
  const names = [...new Set([...keys].flatMap((key) => nameOf(key) ?? []))].sort();
  return { names: names.slice(0, NAMED), more: Math.max(0, names.length - NAMED) };
}

/** Without the oldest, of the kind that has too many. */
function trimmed(kept: Kept[]): Kept[] {
  const most = (news: boolean): number => (news ? KEPT : KEPT_OF_ENDPOINTS);
  const newest = kept.at(-1);
  if (newest === undefined || kept.filter(({ news }) => news === newest.news).length <= most(newest.news)) return kept;
  const oldest = kept.findIndex(({ news }) => news === newest.news);
  return kept.toSpliced(oldest, 1);
}
