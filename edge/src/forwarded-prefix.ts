/**
 * The X-Forwarded-Prefix header of requests whose path is rewritten: text with groups of the path. Pure.
 */

export interface ForwardedPrefix {
  /** PCRE, unanchored, whose groups the pieces name: the one that the path is rewritten with. */
  pattern: string;
  /** Literal text, a group by number or name, or a variable of nginx. */
  pieces: (string | { group: string | number } | { variable: string })[];
}

/** Groups by number or name (false: took no part); undefined: the pattern did not match. */
export type Groups = { readonly [group: string | number]: string | false | undefined } | undefined;

/** What is missing is empty, as in nginx. */
export function prefixText(prefix: ForwardedPrefix, groups: Groups, variable: (name: string) => string | undefined): string {
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
