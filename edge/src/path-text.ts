/**
 * Text with groups of the path in it, as in the X-Forwarded-Prefix header of a rewritten request, or the key that a
 * request is hashed by. Pure.
 */

export interface PathText {
  /** PCRE, unanchored, whose groups the pieces name: the path of the route as a regular expression. */
  pattern: string;
  /** Literal text, a group by number or name, or a variable of nginx. */
  pieces: (string | { group: string | number } | { variable: string })[];
}

/** Groups by number or name (false: the group took no part in the match); undefined: the pattern did not match. */
export type Groups = { readonly [group: string | number]: string | false | undefined } | undefined;

/** The text with groups and variables filled in; a missing one is empty, as in nginx. */
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
