/** How a host of a Gateway's listener finds its routes: in the Model's order, and no request is redirected to a path with a slash. */
import type { EdgeHost, EdgeRoute } from "../../edge/src/program.ts";
import type { Host, Route } from "../model/shapes/routing.ts";

export function siteTable({ name, routes: declared }: Host, compile: (route: Route) => EdgeRoute): EdgeHost {
  const routes = compileRoutes(declared, compile);
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

/** The routes in their order; behind them those of shares with filters of their own, which no path leads to. */
function compileRoutes(declared: readonly Route[], compile: (route: Route) => EdgeRoute): EdgeRoute[] {
  const routes = declared.map(compile);
  for (const [index, { backend, when: _when, ...route }] of declared.entries()) {
    if (backend.kind !== "shares") continue;
    for (const [place, share] of (routes[index]?.canaries ?? []).entries()) {
      const part = backend.parts[place];
      if (part?.filters) share.route = routes.push(compile({ ...route, backend: part.backend, filters: part.filters })) - 1;
    }
  }
  return routes;
}
