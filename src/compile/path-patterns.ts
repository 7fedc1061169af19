/**
 * The paths of a host as regular expressions, in the order in which they are tried.
 *
 * ingress-nginx behaviour: the longest text first, then reverse byte order. A Prefix path whose Ingress did not ask for
 * regular expressions is tried with a slash first, then as it is. Of several rules with the same text the first one
 * declared wins, whatever its path type: `routes` has that order.
 */
import { pathPattern } from "../../edge/src/pattern-weight.ts";
import type { EdgeHost, PathPattern } from "../../edge/src/program.ts";
import type { Route } from "../model/shapes/routing.ts";

export function pathPatterns(routes: readonly Route[]): Pick<EdgeHost, "exact" | "root"> & { readonly patterns: PathPattern[] } {
  const exact: Record<string, number> = {};
  const declared: { readonly route: Route; readonly index: number; readonly bytes: Buffer }[] = [];
  for (const [index, route] of routes.entries()) {
    if (isExact(route)) exact[route.path] = index;
    else declared.push({ route, index, bytes: Buffer.from(route.path) });
  }
  declared.sort((a, b) => b.bytes.length - a.bytes.length || Buffer.compare(b.bytes, a.bytes) || a.index - b.index);
  const exactTexts = new Set(declared.flatMap(({ route: { pathType, path, when } }) => (pathType === "exact" && when === undefined ? [path] : [])));
  const patterns = declared.flatMap(({ route, index }) => textsOf(route, exactTexts).map((text): PathPattern => ({ pattern: pathPattern(text), route: index })));
  const root = routes.findIndex(({ path, pathType, when }) => path === "/" && pathType === "prefix" && when === undefined);
  return { exact, patterns, root: Math.max(0, root) };
}

/**
 * Whether a path is compared as a text. The path of a flag (the health check) is no regular expression. Neither is
 * Exact `/`: as an expression it would equal the host's own `/`, which every host has and which comes first. So in
 * ingress-nginx it never takes a request; here it does.
 */
function isExact({ origin, synthesized, path, pathType, when }: Route): boolean {
  return (origin.kind === "Flag" && !synthesized) || (path === "/" && pathType === "exact" && when === undefined);
}

function textsOf({ path, pathType, filters }: Route, exactTexts: ReadonlySet<string>): readonly string[] {
  if (pathType === "exact" || filters.regex || path.endsWith("/")) return [path];
  return exactTexts.has(path) ? [`${path}/`] : [`${path}/`, path];
}
