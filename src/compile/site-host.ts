/** How a host of a Gateway's listener finds its routes: in the Model's order, and no request is redirected to a path with a slash. */
import type { EdgeHost, EdgeRoute } from "../../edge/src/program.ts";
import type { Host } from "../model/shapes/routing.ts";

/** @param routes those of the host, in its order. The chains that they form are written into them. */
export function siteTable({ name, routes: declared }: Host, routes: EdgeRoute[]): EdgeHost {
  const chains = { exact: new Map<string, number[]>(), prefix: new Map<string, number[]>() };
  for (const [index, { path, pathType }] of declared.entries()) {
    const chain = chains[pathType].get(path) ?? [];
    chains[pathType].set(path, [...chain, index]);
  }
  const exact: Record<string, number> = {};
  const prefix: Record<string, number> = {};
  for (const [path, chain] of chains.prefix) {
    const first = linkRoutes(routes, chain);
    prefix[path === "/" ? path : `${path}/`] = first;
    // The path itself is one of those below it.
    if (path !== "/") exact[path] = first;
  }
  for (const [path, chain] of chains.exact) {
    const last = routes[chain.at(-1) ?? 0];
    const below = path === "/" ? prefix[path] : exact[path];
    exact[path] = linkRoutes(routes, chain);
    if (last?.when !== undefined && below !== undefined) last.otherwise = below;
  }
  const lengths = [...new Set(Object.keys(prefix).map((path) => Buffer.byteLength(path)))].filter((length) => length > 1).sort((a, b) => b - a);
  return { name, routes, exact, prefix, lengths, root: prefix["/"] ?? -1 };
}

/** Links each route with conditions to the next one of its path; gives the index of the first. */
function linkRoutes(routes: EdgeRoute[], chain: readonly number[]): number {
  for (const [place, index] of chain.entries()) {
    const next = chain[place + 1];
    const route = routes[index];
    if (route?.when !== undefined && next !== undefined) route.otherwise = next;
  }
  return chain[0] ?? 0;
}
