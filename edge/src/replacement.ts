/**
 * One replacement of text in a response header, as nginx's proxy_redirect, proxy_cookie_path and proxy_cookie_domain
 * define it. Pure; what needs PCRE is asked of the caller.
 */

export interface Replacement {
  /** What is replaced: the beginning of the text, or a PCRE (unanchored) when `pattern` is true. */
  from: string;
  to: string;
  /** `from` is a pattern: where it matches, the whole text is replaced. */
  pattern?: boolean;
}

/** PCRE, unanchored; undefined when the pattern cannot be run. */
export type PatternTest = (this: void, text: string, pattern: string) => boolean | undefined;

/** The text with its beginning replaced; undefined: nothing to replace. */
export function replaceStart(text: string, by: Replacement, matches: PatternTest): string | undefined {
  if (by.pattern === true) return matches(text, by.from) === true ? by.to : undefined;
  return text.startsWith(by.from) ? by.to + text.slice(by.from.length) : undefined;
}
