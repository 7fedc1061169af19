/** Text for people, whatever went into it. */

/** As a whole sentence: with a full stop, unless it ends with a mark of its own. */
export function asSentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** The first few of a list, and how many more there are: `a, b and 3 more`. */
export function listed(items: readonly string[], most: number): string {
  const shown = items.slice(0, most).join(", ");
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}

/** Controls, formats (zero-width ones, changes of direction, byte order marks), and every blank but the common one. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** What cannot be seen as escapes, so that a value can neither break a line, nor colour a terminal, nor pass for another. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (c) => {
    const code = (c.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
}

/** The same for a value within a sentence: blanks at its ends, which nobody sees there, are shown too. */
export function visible(text: string): string {
  return printable(text).replace(/^ +| +$/g, (blanks) => "\u2423".repeat(blanks.length));
}

/** All texts of an object, and of lists in it, made visible. */
export function visibleTexts<T>(params: T): T {
  const shown = (value: unknown): unknown => (typeof value === "string" ? visible(value) : Array.isArray(value) ? value.map(shown) : value);
  if (typeof params !== "object" || params === null) return params;
  return Object.fromEntries(Object.entries(params).map(([key, value]) => [key, shown(value)])) as T;
}
