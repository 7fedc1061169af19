/**
 * The routes of one Host, from the Ingresses that name it: who declares a path first keeps it.
 *
 * ingress-nginx behaviour: the oldest Ingress of a host also answers for its `/` until somebody declares that. Unlike
 * there, a path declared twice never breaks anything: the loser gets a finding, and Prefix `/foo` and `/foo/`, which
 * mean the same requests, count as one.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { balance } from "../annotations/features/balance.ts";
import { proxy } from "../annotations/features/proxy.ts";
import { withoutRedirects } from "../annotations/features/redirects.ts";
import { rewrite, rewriteOf } from "../annotations/features/rewrite.ts";
import { NO_REDIRECT, filtersOf, undeclaredFilters } from "../annotations/filters.ts";
import type { Values } from "../annotations/slot.ts";
import { balanceOf } from "../backends/balance.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import { isCatchAll, rulesFor } from "../ingress/parsed.ts";
import type { ParsedIngress, ServiceRef } from "../ingress/parsed.ts";
import { poolId } from "../shapes/pool-id.ts";
import type { Alternatives, Backend, PathType, ProxySettings } from "../shapes/routing.ts";
import { CLOSED_BACKEND, closedFilters } from "./closed-path.ts";
import type { DraftRoute, RouteKey, RoutingContext } from "./draft.ts";

/** Routes that match the same requests share a key; this one for hosts where paths are regular expressions. */
export function patternKey(path: string, pathType: PathType, when?: Alternatives): string {
  return when === undefined ? `${pathType} ${path}` : `${pathType} ${path} when ${JSON.stringify(when)}`;
}

/** The same for other hosts. */
export function routeKey(path: string, pathType: PathType, when?: Alternatives): string {
  const key = pathType === "exact" || path === "/" ? `${pathType} ${path}` : `prefix ${path.replace(/\/$/, "")}`;
  return when === undefined ? key : `${key} when ${JSON.stringify(when)}`;
}

/** How findings name a route: `shop.example/foo (prefix)`. */
export function describe(host: string, path: string, pathType: PathType): string {
  return `${host === CATCH_ALL ? "*" : host}${path} (${pathType})`;
}

/** @param mains the ordinary Ingresses that name this host, oldest first. Empty for the catch-all at most. */
export function declareRoutes(
  host: string,
  mains: readonly ParsedIngress[],
  context: RoutingContext,
  findings: Finding[],
  keyOf: RouteKey = routeKey,
): Map<string, DraftRoute> {
  const routes = new Map<string, DraftRoute>();
  const root = host === CATCH_ALL ? catchAllRoot(mains, context, findings) : hostRoot(host, mains[0], context);
  routes.set(routeKey("/", "prefix"), root);
  for (const parsed of mains) {
    for (const rule of rulesFor(parsed, host)) {
      for (const path of rule.paths) {
        const { field } = path;
        const route = routeOf(host, parsed, { ...path, field: `${field}.backend` }, context);
        declare(host, routes, keyOf(route.path, route.pathType, route.when), route, `${field}.path`, findings);
      }
    }
  }
  if (host === CATCH_ALL) addHealthRoute(routes, context);
  return routes;
}

function declare(host: string, routes: Map<string, DraftRoute>, key: string, route: DraftRoute, field: string, findings: Finding[]): void {
  const winner = routes.get(key);
  if (winner && !winner.synthesized) addConflict(host, winner, route, field, findings);
  else routes.set(key, route);
}

/** Saying the same thing twice in one Ingress is no conflict. */
export function addConflict(host: string, winner: DraftRoute, loser: DraftRoute, field: string, findings: Finding[]): void {
  if (!loser.ingress) return;
  if (loser.ingress === winner.ingress && poolOf(loser.backend) === poolOf(winner.backend)) return;
  const { namespace, name } = winner.origin;
  const what = describe(host, loser.path, loser.pathType);
  const other = winner.ingress && winner.ingress !== loser.ingress ? { other: winner.ingress } : {};
  findings.push(found.pathConflict({ object: loser.ingress, field, ...other }, { what, winner: `${namespace}/${name}` }));
}

/** The `/` of a named host before anybody declares it. Takes all annotations of the host's oldest Ingress. */
function hostRoot(host: string, oldest: ParsedIngress | undefined, context: RoutingContext): DraftRoute {
  if (!oldest) return bareRoot(context);
  const { defaultBackend: backend } = oldest;
  return { ...routeOf(host, oldest, { path: "/", pathType: "prefix", backend, field: backend?.field ?? "spec" }, context), synthesized: true };
}

/**
 * The oldest Ingress with a default backend and no rules takes the catch-all's `/`; rules without host do not get it.
 * ingress-nginx behaviour: with its annotations, but for those about redirects and rewrites.
 */
function catchAllRoot(mains: readonly ParsedIngress[], context: RoutingContext, findings: Finding[]): DraftRoute {
  let root: DraftRoute | undefined;
  for (const parsed of mains) {
    const { defaultBackend: backend } = parsed;
    if (!backend || !isCatchAll(parsed.ingress)) continue;
    const plain = rewrite.put(withoutRedirects(parsed.values), rewrite.of(context.defaults));
    const route = routeOf(CATCH_ALL, parsed, { path: "/", pathType: "prefix", backend, field: backend.field, values: plain }, context);
    if (root) addConflict(CATCH_ALL, root, route, "spec.defaultBackend", findings);
    else root = route;
  }
  return root ?? bareRoot(context);
}

function bareRoot({ defaults }: RoutingContext): DraftRoute {
  const root = flagRoute("--default-backend-service", "/", proxy.of(defaults));
  return { ...root, filters: undeclaredFilters(defaults), pathType: "prefix", synthesized: true };
}

function addHealthRoute(routes: Map<string, DraftRoute>, { healthCheckPath: path, defaults }: RoutingContext): void {
  if (path === "" || [...routes.values()].some((route) => route.path === path)) return;
  const backend = { kind: "status", status: 200 } as const;
  routes.set(routeKey(path, "exact"), { ...flagRoute("--health-check-path", path, proxy.of(defaults)), backend });
}

/** A route that comes from a flag; of no Ingress, so without its annotations and redirects. */
function flagRoute(flag: string, path: string, settings: ProxySettings): DraftRoute {
  const origin = { kind: "Flag", namespace: "", name: "", field: flag };
  const backend = { kind: "default" } as const;
  return { path, pathType: "exact", backend, canaries: [], filters: NO_REDIRECT, proxy: settings, synthesized: false, origin };
}

interface Declared {
  readonly path: string;
  readonly pathType: PathType;
  readonly backend: ServiceRef | undefined;
  /** Where it is declared. */
  readonly field: string;
  /** In place of the Ingress's. */
  readonly values?: Values;
  readonly closed?: boolean;
  readonly when?: Alternatives;
}

function routeOf(host: string, parsed: ParsedIngress, declared: Declared, context: RoutingContext): DraftRoute {
  const { ingress } = parsed;
  const { path, pathType, backend, field, when } = declared;
  const { values = parsed.values } = declared;
  const closed = parsed.closed || declared.closed === true;
  const { namespace, name, uid } = ingress.metadata;
  const { config, httpsPort } = context;
  const target: Backend = closed ? CLOSED_BACKEND : backendOf(namespace, backend, values);
  const policy = target.kind === "service" ? balanceOf(values, target.pool, path) : undefined;
  const contextOf = {
    host, path, pathType, namespace, ingress: name, ...(uid === undefined ? {} : { uid }), shared: parsed.values, ...(backend ? { service: backend.service } : {}), config, httpsPort,
  };
  return {
    path,
    pathType,
    ...(when ? { when } : {}),
    backend: target,
    canaries: [],
    filters: closed ? closedFilters(rewriteOf(rewrite.of(values), path).regex === true) : filtersOf(values, contextOf),
    ...(policy ? { balance: policy } : {}),
    proxy: proxy.of(values),
    synthesized: false,
    origin: { kind: "Ingress", namespace, name, field },
    ingress,
    age: parsed.age,
    characters: parsed.extent.characters,
  };
}

function backendOf(namespace: string, ref: ServiceRef | undefined, values: Values): Backend {
  if (!ref) return { kind: "default" };
  return { kind: "service", pool: poolId(namespace, ref.service, ref.port, balance.of(values).serviceUpstream), service: ref.service, port: ref.port };
}

function poolOf(backend: Backend): string {
  return backend.kind === "service" ? backend.pool : backend.kind;
}
