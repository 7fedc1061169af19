/**
 * The Location and Refresh headers of backends, as nginx's proxy_redirect rewrites them. Pure.
 */
import type { PatternTest, Replacement } from "./replacement.ts";
import { replaceStart } from "./replacement.ts";

/** `Location` (a URL); undefined: it stays. */
export function rewriteLocation(value: string, by: Replacement, matches: PatternTest): string | undefined {
  return replaceStart(value, by, matches);
}

/** `Refresh` (`5; url=http://…`): what follows `url=`; undefined: it stays. */
export function rewriteRefresh(value: string, by: Replacement, matches: PatternTest): string | undefined {
  const found = value.toLowerCase().indexOf("url=");
  if (found < 0) return undefined;
  const rewritten = replaceStart(value.slice(found + 4), by, matches);
  return rewritten === undefined ? undefined : value.slice(0, found + 4) + rewritten;
}
