/**
 * Runs tenants' regular expressions on Node in bounded time: V8 knows no limit of steps, and an expression that is made
 * for it takes minutes. A running controller explains requests too, and must not stand still for it.
 */
import type { Context, Script } from "node:vm";

/** Milliseconds for one search, and for all that are searched with one budget. */
const ONE_MS = 50;
const ALL_MS = 300;

/**
 * With few alternatives, few repetitions, and none of a group, a search of a short text is over at once: there are at most
 * eight ways for each two places. Others are watched, which takes a third of a millisecond.
 */
const SHORT = 256;
const REPEATED_GROUP = /\)[*+?{]/;
const REPETITIONS = /[*+?{]/g;
const MOST_REPETITIONS = 2;
const ALTERNATIVES = /\|/g;
const MOST_ALTERNATIVES = 3;

export type Found = RegExpExecArray | null | undefined;

/** Searches a text: the match, null for none, undefined when the time is over. */
export type Search = (expression: RegExp, text: string) => Found;

/**
 * The budget of one explanation: whoever takes part in it searches with this function.
 *
 * V8 stops a search by the clock, which runs on while the search waits for a busy machine's CPU. A search that did not
 * use its time itself begins again while the budget lasts, so that other processes do not decide what is known.
 */
export function boundedSearch(): Search {
  let left = ALL_MS;
  return (expression, text) => {
    if (isQuick(expression.source, text)) return expression.exec(text);
    const usedBefore = processorMs();
    let found: Found;
    while (found === undefined && left > 0 && processorMs() - usedBefore < ONE_MS / 2) {
      const begun = performance.now();
      found = watched(expression, text, Math.max(1, Math.min(ONE_MS, Math.ceil(left))));
      left -= performance.now() - begun;
    }
    return found;
  };
}

/** The CPU time of this thread. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function isQuick(source: string, text: string): boolean {
  const count = (of: RegExp): number => source.match(of)?.length ?? 0;
  return text.length <= SHORT && !REPEATED_GROUP.test(source) && count(REPETITIONS) <= MOST_REPETITIONS && count(ALTERNATIVES) <= MOST_ALTERNATIVES;
}

/** Made when they are first needed. */
let watch: { readonly search: Script; readonly held: Context } | undefined;

function watched(expression: RegExp, text: string, timeout: number): Found {
  watch ??= newWatch();
  const { search, held } = watch;
  held["expression"] = expression;
  held["text"] = text;
  try {
    return search.runInContext(held, { timeout }) as RegExpExecArray | null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
    throw error;
  }
}

function newWatch(): NonNullable<typeof watch> {
  const { createContext, Script } = process.getBuiltinModule("node:vm");
  return { search: new Script("expression.exec(text)"), held: createContext() };
}
