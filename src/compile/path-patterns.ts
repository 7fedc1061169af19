/**
 * The paths of a host as regular expressions, in the order in which they are tried.
 *
 * ingress-nginx behaviour: the longest text first, then reverse byte order. A Prefix path whose Ingress did not ask for
 * regular expressions is tried with a slash first, then as it is. Where a Prefix and an Exact path have the same text,
 * the Prefix path with its slash comes first, whichever was declared first.
 */
import type { Host as EdgeHost, PathPattern } from "../../edge/src/program.ts";
import type { Route } from "../model/types.ts";

export function pathPatterns(routes: readonly Route[]): Pick<EdgeHost, "exact" | "root"> & { readonly patterns: PathPattern[] } {
  const exact: Record<string, number> = {};
  const declared: { readonly route: Route; readonly index: number; readonly bytes: Buffer }[] = [];
  for (const [index, route] of routes.entries()) {
    // A path of a flag (the health check) is no regular expression.
    if (route.origin.kind === "Flag" && !route.synthesized) exact[route.path] = index;
    else declared.push({ route, index, bytes: Buffer.from(route.path) });
  }
  declared.sort((a, b) => b.bytes.length - a.bytes.length || Buffer.compare(b.bytes, a.bytes) || order(a.route) - order(b.route) || a.index - b.index);
  const isExact = new Set(declared.flatMap(({ route: { pathType, path, when } }) => (pathType === "exact" && when === undefined ? [path] : [])));
  const patterns = declared.flatMap(({ route, index }) => textsOf(route, isExact).map((text): PathPattern => ({ pattern: `(?i)^${text}`, route: index })));
  const root = routes.findIndex(({ path, pathType, when }) => path === "/" && pathType === "prefix" && when === undefined);
  return { exact, patterns, root: Math.max(0, root) };
}

function order({ pathType }: Route): number {
  return pathType === "prefix" ? 0 : 1;
}

function textsOf({ path, pathType, filters }: Route, isExact: ReadonlySet<string>): readonly string[] {
  if (pathType === "exact" || filters.regex || path.endsWith("/")) return [path];
  return isExact.has(path) ? [`${path}/`] : [`${path}/`, path];
}
