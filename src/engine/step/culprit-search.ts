/**
 * Finds the snippet to blame when nginx refuses a configuration though each of its snippets has passed its trial alone.
 *
 * Snippets have an order. The one to blame is the first that nginx refuses together with all before it, so an earlier
 * snippet stays. The search takes some log₂ n + 2 tests for n snippets. It blames nobody where the refusal has another
 * reason: where it does not happen again, or happens without any snippet.
 */

/** Immutable. */
export interface CulpritSearch {
  /** The first so many snippets are to be tested together. */
  readonly asks: number;
  /** The first so many snippets are known to pass together, and to fail together; undefined: not known yet. */
  readonly passing: number | undefined;
  readonly failing: number | undefined;
  readonly problem: string;
}

export type Result = { readonly search: CulpritSearch } | { readonly culprit: number; readonly problem: string } | "nobody";

export function searchAmong(snippets: number): CulpritSearch {
  return { asks: snippets, passing: undefined, failing: undefined, problem: "" };
}

/** nginx's answer to what the search asks; "" when it takes that configuration. */
export function searched(before: CulpritSearch, answer: string): Result {
  const search = answer === "" ? { ...before, passing: before.asks } : { ...before, failing: before.asks, problem: answer };
  const { passing, failing, problem } = search;
  if (failing === undefined || failing === 0) return "nobody";
  if (passing === undefined) return { search: { ...search, asks: 0 } };
  if (failing - passing === 1) return { culprit: failing - 1, problem };
  return { search: { ...search, asks: Math.floor((passing + failing) / 2) } };
}
