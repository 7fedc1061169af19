/** Makes text for people safe and readable, whatever somebody wrote into it. */

/** The text with a full stop at its end, unless it ends with `.`, `?` or `!`. */
export function asSentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** The first few of a list, and how many more there are: `a, b and 3 more`. */
export function listed(items: readonly string[], most: number): string {
  const shown = items.slice(0, most).join(", ");
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}

/** Control and format characters (zero-width ones, changes of direction, byte order marks), and every blank but the common one. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** The text with invisible characters as escapes, so that it can neither break a line, nor colour a terminal, nor pass for another text. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (c) => {
    const code = (c.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
}

/** Like `printable`, for a value within a sentence: blanks at its ends, which nobody would see, are shown too. */
export function visible(text: string): string {
  return printable(text).replace(/^ +| +$/g, (blanks) => "\u2423".repeat(blanks.length));
}

/** A copy of an object with all its texts, and those of lists in it, made `visible`. */
export function visibleTexts<T>(params: T): T {
  const shown = (value: unknown): unknown => (typeof value === "string" ? visible(value) : Array.isArray(value) ? value.map(shown) : value);
  if (typeof params !== "object" || params === null) return params;
  return Object.fromEntries(Object.entries(params).map(([key, value]) => [key, shown(value)])) as T;
}

/** The text, made printable, in lines of at most so many characters, each after the indent; a longer word has a line of its own. */
export function wrapped(text: string, width: number, indent: string): string[] {
  if (width === Infinity) return [indent + printable(text)];
  const lines: string[] = [];
  for (const word of printable(text).split(" ").filter((one) => one !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}${word}`);
  }
  return lines;
}

/** The text as one word of a shell's. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./][\w@%+=:,./-]*$/.test(text) ? text : `'${printable(text).replaceAll("'", "'\\''")}'`;
}
