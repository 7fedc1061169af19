/** Text for people, whatever went into it. */

/** As a whole sentence: with a full stop, unless it ends with a mark of its own. */
export function ended(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** Control characters as escapes, so that a value can neither break a line nor colour a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
