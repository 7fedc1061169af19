/**
 * Text with groups of the path: the X-Forwarded-Prefix header of requests whose path is rewritten, the key of those that
 * are hashed. Pure.
 */

export interface PathText {
  /** PCRE, unanchored, whose groups the pieces name: the path of the route as a regular expression. */
  pattern: string;
  /** Literal text, a group by number or name, or a variable of nginx. */
  pieces: (string | { group: string | number } | { variable: string })[];
}

/** Groups by number or name (false: took no part); undefined: the pattern did not match. */
export type Groups = { readonly [group: string | number]: string | false | undefined } | undefined;

/** What is missing is empty, as in nginx. */
export function pathText(prefix: PathText, groups: Groups, variable: (name: string) => string | undefined): string {
  let text = "";
  for (const piece of prefix.pieces) {
    if (typeof piece === "string") text = text + piece;
    else {
      const value = "variable" in piece ? variable(piece.variable) : groups === undefined ? undefined : groups[piece.group];
      if (value !== undefined && value !== false) text = text + value;
    }
  }
  return text;
}
