/**
 * The Location and Refresh headers of backends, as nginx's proxy_redirect rewrites them. Pure.
 */
import type { PatternTest, Replacement } from "./replacement.ts";
import { replaceStart } from "./replacement.ts";

/** The new value of a `Location` header (a URL); undefined: the header stays. */
export function rewriteLocation(value: string, by: Replacement, matches: PatternTest): string | undefined {
  return replaceStart(value, by, matches);
}

/** The new value of a `Refresh` header (`5; url=http://…`), of which what follows `url=` is rewritten; undefined: the header stays. */
export function rewriteRefresh(value: string, by: Replacement, matches: PatternTest): string | undefined {
  const found = value.toLowerCase().indexOf("url=");
  if (found < 0) return undefined;
  const rewritten = replaceStart(value.slice(found + 4), by, matches);
  return rewritten === undefined ? undefined : value.slice(0, found + 4) + rewritten;
}
