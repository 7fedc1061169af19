/**
 * Texts that are kept for each of a hundred thousand objects.
 *
 * V8 keeps a text that was put together as the tree of its pieces, 32 bytes and a piece for each step, until somebody looks
 * into it; for the field path of a backend that is five times the text.
 */

/** The pieces as one text without that tree. */
export function flatText(...pieces: readonly string[]): string {
  return pieces.join("");
}

/** More texts than this are not remembered: they come from what people wrote, who could think of any number. */
const MOST_REMEMBERED = 10_000;
const REMEMBERED = new Map<string, string>();

/** The same text, and the very same one for all equal ones: for texts of which there are few, such as field paths. */
export function oneOfAll(text: string): string {
  const known = REMEMBERED.get(text);
  if (known !== undefined) return known;
  if (REMEMBERED.size < MOST_REMEMBERED) REMEMBERED.set(text, text);
  return text;
}
