/**
 * Finds the snippet to blame when nginx refuses a configuration whose snippets it has all taken alone.
 *
 * Snippets come in an order; the one that is found is the first with which, after all before it, nginx refuses. So who
 * came first stays. It takes some log₂ n + 2 tests for n snippets, and blames nobody where the refusal has another reason:
 * it does not happen again, or it happens without any snippet.
 */

/** The first `count` of the snippets in order, to be tested together. */
export type Question = { readonly count: number };

export type Result = { readonly ask: Question } | { readonly culprit: number; readonly problem: string } | "nobody";

export class CulpritSearch {
  /** So many are known to pass, so many to fail; undefined: not known yet. */
  #passing: number | undefined;
  #failing: number | undefined;
  #problem = "";
  readonly #snippets: number;

  constructor(snippets: number) {
    this.#snippets = snippets;
  }

  /** What to test first. */
  get first(): Question {
    return { count: this.#snippets };
  }

  /** nginx's answer to the last question; "" when it takes that configuration. */
  answered({ count }: Question, problem: string): Result {
    if (problem === "") this.#passing = count;
    else {
      this.#failing = count;
      this.#problem = problem;
    }
    if (this.#failing === undefined || this.#failing === 0) return "nobody";
    if (this.#passing === undefined) return { ask: { count: 0 } };
    if (this.#failing - this.#passing === 1) return { culprit: this.#failing - 1, problem: this.#problem };
    return { ask: { count: Math.floor((this.#passing + this.#failing) / 2) } };
  }
}
