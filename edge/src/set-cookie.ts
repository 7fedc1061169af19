/**
 * The Domain and Path of backends' cookies, as nginx's proxy_cookie_domain and proxy_cookie_path rewrite them. Pure.
 *
 * nginx's behaviour: a domain is compared as a whole, without regard to case or to a dot in front, which stays; a path
 * is compared from its beginning, with regard to case. Where nothing is replaced the header stays byte for byte.
 */
import type { PatternTest, Replacement } from "./replacement.ts";
import { replaceStart } from "./replacement.ts";

export interface CookieRewrite {
  /** Domain, in lower case and without a dot in front. */
  domain?: Replacement;
  path?: Replacement;
}

const SPACE = 32;
const DOT = 46;

/** The new value of one Set-Cookie header; undefined: the header stays. */
export function rewriteSetCookie(header: string, by: CookieRewrite, matches: PatternTest): string | undefined {
  let rebuilt = "";
  let changed = false;
  let start = 0;
  for (;;) {
    const semicolon = header.indexOf(";", start);
    const end = semicolon < 0 ? header.length : semicolon;
    const equals = header.indexOf("=", start);
    const bare = equals < 0 || equals >= end;
    // Without a name it is no cookie.
    if (bare && start === 0) return undefined;
    const name = trimmed(header, start, bare ? end : equals);
    let piece = name;
    if (!bare) {
      const value = trimmed(header, equals + 1, end);
      const replaced = start === 0 ? undefined : rewriteAttribute(name.toLowerCase(), value, by, matches);
      if (replaced !== undefined) changed = true;
      piece = name + "=" + (replaced ?? value);
    }
    rebuilt = start === 0 ? piece : rebuilt + "; " + piece;
    if (semicolon < 0) return changed ? rebuilt : undefined;
    start = semicolon + 1;
  }
}

function rewriteAttribute(name: string, value: string, by: CookieRewrite, matches: PatternTest): string | undefined {
  if (name === "domain" && by.domain !== undefined) return rewriteDomain(value, by.domain, matches);
  if (name === "path" && by.path !== undefined) return replaceStart(value, by.path, matches);
  return undefined;
}

function rewriteDomain(value: string, by: Replacement, matches: PatternTest): string | undefined {
  if (by.pattern === true) return replaceStart(value, by, matches);
  const dotted = value.charCodeAt(0) === DOT;
  const bare = dotted ? value.slice(1) : value;
  if (bare.toLowerCase() !== by.from) return undefined;
  return dotted ? "." + by.to : by.to;
}

/** The part from `start` to `end` without spaces around it. */
function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && text.charCodeAt(from) === SPACE) from++;
  while (to > from && text.charCodeAt(to - 1) === SPACE) to--;
  return text.slice(from, to);
}
