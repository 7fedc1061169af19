/**
 * The routes of one Host, from the claims on it: the oldest claim that declares a path keeps it.
 *
 * ingress-nginx behaviour: the oldest Ingress of a host also answers for `/` until an Ingress declares it. Unlike
 * there, a path declared twice never breaks anything: the loser gets a finding, and Prefix `/foo` and `/foo/`, which
 * mean the same requests, count as one.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { proxy } from "../annotations/features/proxy.ts";
import { NO_REDIRECT, undeclaredFilters } from "../annotations/filters.ts";
import type { Values } from "../annotations/slot.ts";
import { placeOfPath } from "../claims/claim.ts";
import type { DraftRoute, HostClaim } from "../claims/claim.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import type { Alternatives, Backend, PathType } from "../shapes/routing.ts";

/** What a Host depends on beside the claims on it. */
export interface HostContext {
  readonly defaults: Values;
  /** Path of the catch-all's health route; empty: none. */
  readonly healthCheckPath: string;
  /** Flag --enable-ssl-passthrough. */
  readonly passthrough: boolean;
}

export type RouteKey = (path: string, pathType: PathType, when?: Alternatives) => string;

/** Key of a route, where paths are regular expressions. Routes that match the same requests share a key. */
export function patternKey(path: string, pathType: PathType, when?: Alternatives): string {
  return when === undefined ? `${pathType} ${path}` : `${pathType} ${path} when ${JSON.stringify(when)}`;
}

/** Key of a route, on other hosts. */
export function routeKey(path: string, pathType: PathType, when?: Alternatives): string {
  const key = pathType === "exact" || path === "/" ? `${pathType} ${path}` : `prefix ${path.replace(/\/$/, "")}`;
  return when === undefined ? key : `${key} when ${JSON.stringify(when)}`;
}

/** How findings name a route: `shop.example/foo (prefix)`. */
export function describe(host: string, path: string, pathType: PathType): string {
  return `${host === CATCH_ALL ? "*" : host}${path} (${pathType})`;
}

/** The routes that claims declare, by their keys. @param root the route of `/` where nobody declares it. @param claims oldest first. */
export function declareRoutes(
  host: string, root: DraftRoute, claims: readonly HostClaim[], context: HostContext, findings: Finding[], keyOf: RouteKey,
): Map<string, DraftRoute> {
  const routes = new Map([[routeKey("/", "prefix"), root]]);
  for (const { routes: declared } of claims) for (const route of declared) declare(host, routes, keyOf(route.path, route.pathType, route.when), route, findings);
  if (host === CATCH_ALL) addHealthRoute(routes, context);
  return routes;
}

function declare(host: string, routes: Map<string, DraftRoute>, key: string, route: DraftRoute, findings: Finding[]): void {
  const winner = routes.get(key);
  if (winner && !winner.synthesized && !takesMore(route, winner)) addConflict(host, winner, route, findings);
  else routes.set(key, route);
}

/** Whether one object declares a path with and without its last slash, for the same backend: without it, the path itself is served, too, and not redirected. */
function takesMore(route: DraftRoute, winner: DraftRoute): boolean {
  return route.object === winner.object && `${route.path}/` === winner.path && poolOf(route.backend) === poolOf(winner.backend);
}

/** Reports a path that is declared twice. Two paths of one object with the same backend are no conflict. */
export function addConflict(host: string, winner: DraftRoute, loser: DraftRoute, findings: Finding[]): void {
  const place = placeOfPath(loser);
  if (!place) return;
  if (loser.object === winner.object && poolOf(loser.backend) === poolOf(winner.backend)) return;
  const { namespace, name } = winner.origin;
  const what = describe(host, loser.path, loser.pathType);
  const other = winner.object && winner.object !== loser.object ? { other: winner.object } : {};
  findings.push(found.pathConflict({ ...place, ...other }, { what, winner: `${namespace}/${name}` }));
}

/**
 * The `/` of a host where nobody declares it: that of the oldest claim that offers one. On the catch-all the other claims
 * that offer one lose by that, and get a finding. @param claims oldest first; only the catch-all may have none.
 */
export function rootOf(host: string, claims: readonly HostClaim[], context: HostContext, findings: Finding[]): DraftRoute {
  let root: DraftRoute | undefined;
  for (const claim of claims) {
    if (root?.synthesized) break;
    const offered = claim.root?.();
    if (root && offered) addConflict(host, root, offered, findings);
    root ??= offered;
  }
  return root ?? bareRoot(context);
}

function bareRoot({ defaults }: HostContext): DraftRoute {
  const root = flagRoute("--default-backend-service", "/", { kind: "default", proxy: proxy.of(defaults) });
  return { ...root, filters: undeclaredFilters(defaults), pathType: "prefix", synthesized: true };
}

function addHealthRoute(routes: Map<string, DraftRoute>, { healthCheckPath: path, defaults }: HostContext): void {
  if (path === "" || [...routes.values()].some((route) => route.path === path)) return;
  routes.set(routeKey(path, "exact"), flagRoute("--health-check-path", path, { kind: "status", status: 200, proxy: proxy.of(defaults) }));
}

/** A route that comes from a flag. It belongs to no object, so it has no annotations and no redirects. */
function flagRoute(flag: string, path: string, backend: Backend): DraftRoute {
  const origin = { kind: "Flag", namespace: "", name: "", field: flag };
  return { path, pathType: "exact", backend, canaries: [], filters: NO_REDIRECT, synthesized: false, origin };
}

function poolOf(backend: Backend): string {
  return backend.kind === "service" ? backend.pool : backend.kind;
}
