/**
 * How long one request may look for what it matches among patterns of tenants. Pure.
 *
 * The controller bounds the number of patterns, and PCRE the steps of each. What is bounded here is the time of a whole
 * search, because each of many patterns may stay just below its own bound.
 */

/** How a search runs patterns, and knows how long it has taken. */
export interface PatternView {
  /**
   * PCRE, unanchored, case-sensitive; undefined when the pattern cannot be run.
   * @param namespace whose pattern it is: it is kept at the expense of others of the same namespace. EVERYBODY: of those
   * that requests to any namespace are matched against.
   */
  matches(text: string, pattern: string, namespace: string): boolean | undefined;
  /** After `matches` gave undefined: the pattern is fine, but took too long on this text. */
  gaveUp(pattern: string, namespace: string): boolean;
  /** The time of this processor at which a search that begins now has to end. */
  searchUntil(): number;
  isPast(time: number): boolean;
}

/** In place of a namespace: bounded in number and weight, or the operator's. */
export const EVERYBODY = "";

/** The clock is read once in so many patterns: reading it costs as much as two patterns of the usual kind. Among fewer it is never read. */
export const PATTERNS_BETWEEN_LOOKS = 8;

/** @param tried how many patterns, or lists of a few, were tried before. */
export function isLate(tried: number, until: number, view: PatternView): boolean {
  return tried % PATTERNS_BETWEEN_LOOKS === PATTERNS_BETWEEN_LOOKS - 1 && view.isPast(until);
}
