/**
 * Estimates how large a regular expression is once PCRE has compiled it. By this measure the controller refuses
 * expressions, and a worker bounds the compiled ones that it keeps. Pure.
 */

/** A heavier expression is refused: it takes milliseconds and hundreds of kilobytes in every worker. */
export const HEAVIEST_PATTERN = 4096;

/** What PCRE gets for an alias that is a regular expression. @param id its name, with the `~`. */
export function aliasPattern(id: string): string {
  return "(?i)" + id.slice(1);
}

/** What PCRE gets for a path that is a regular expression. */
export function pathPattern(path: string): string {
  return "(?i)^" + path;
}

const CLOSE = 41;
const BRACE = 123;
const COMMA = 44;

/**
 * Characters times how often groups are repeated, because PCRE compiles a copy of a group for each repetition:
 * `(ab){3}x{9}` is 11 × 3. A unit is about 100 bytes of memory.
 */
export function patternWeight(pattern: string): number {
  let copies = 1;
  for (let i = 0; i + 2 < pattern.length; i++) {
    if (pattern.charCodeAt(i) === CLOSE && pattern.charCodeAt(i + 1) === BRACE) copies *= repeats(pattern, i + 2);
  }
  return pattern.length * copies;
}

/** The larger number of `n}`, `n,}` and `n,m}`; 1 for what is no repetition. */
function repeats(pattern: string, start: number): number {
  let most = 1;
  let number = 0;
  for (let i = start; i < pattern.length; i++) {
    const c = pattern.charCodeAt(i);
    if (c >= 48 && c <= 57) number = number * 10 + c - 48;
    else if (c === COMMA) {
      most = Math.max(most, number);
      number = 0;
    } else return Math.max(most, number);
  }
  return most;
}
