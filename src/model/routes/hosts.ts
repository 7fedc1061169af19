/**
 * One Host: its routes with their canaries, and which pools they lead to.
 *
 * Guarantee: depends on nothing but the Ingresses that name the host, the flags and the Config. Whether a Service
 * exists is the pool's affair, so that endpoints coming and going never touch a Host.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { exact } from "../../support/exact.ts";
import { withGroups, withSides } from "../backends/balance.ts";
import type { PoolReference } from "../backends/pool.ts";
import type { Finding } from "../findings/findings.ts";
import type { ParsedIngress, PlaceOf } from "../ingress/parsed.ts";
import type { Canary, Host, Route } from "../shapes/routing.ts";
import { passthroughOf } from "../streams/passthrough.ts";
import type { AliasClaim } from "./aliases.ts";
import { attachCanaries } from "./canary.ts";
import type { DraftRoute, RoutingContext } from "./draft.ts";
import { hostTlsOf } from "./host-tls.ts";
import { appRootOf, checkCatchAll, claimsOf, declareHost } from "./host-wide.ts";
import { describe, routeKey } from "./paths.ts";

export interface BuiltHost {
  /** Undefined when no ordinary Ingress names the host. */
  readonly host: Host | undefined;
  readonly references: readonly PoolReference[];
  /** Further names that it wants. */
  readonly claims: readonly AliasClaim[];
  readonly findings: readonly Finding[];
}

/** @param ingresses all that name this host, oldest first. */
export function buildHost(name: string, ingresses: readonly ParsedIngress[], context: RoutingContext): BuiltHost {
  const findings: Finding[] = [];
  const mains = ingresses.filter((parsed) => !parsed.canary);
  const canaries = ingresses.filter((parsed) => parsed.canary);
  const exists = mains.length > 0 || name === CATCH_ALL;
  const { drafts, regex, keyOf, sizes } = exists
    ? declareHost(name, mains, context, findings)
    : { drafts: new Map<string, DraftRoute>(), regex: false, keyOf: routeKey, sizes: () => true };
  attachCanaries(name, { routes: drafts, keyOf, sizes }, canaries, findings);
  if (!exists) return { host: undefined, references: [], claims: [], findings };
  const routes = [...drafts.values()].sort(regex ? byText : byPath);
  const placeOf: PlaceOf = ({ ingress }, annotation) => ({ object: ingress, field: `metadata.annotations[${context.annotationsPrefix}/${annotation}]` });
  const appRoot = appRootOf(mains, findings, placeOf);
  const tls = hostTlsOf(name, mains, context.annotationsPrefix, findings);
  const finished = routes.map((route) => finish(route, regex));
  const claims = claimsOf(name, mains, findings, placeOf);
  const passthrough = context.passthrough ? passthroughOf({ host: name, mains, routes: finished, names: claims.map(({ name: other }) => other) }, placeOf, findings) : undefined;
  if (name === CATCH_ALL) checkCatchAll(mains, context, findings, placeOf);
  return {
    host: {
      name, routes: finished, ...(regex ? { regex } : {}), ...(appRoot === undefined ? {} : { appRoot }), ...(tls ? { tls } : {}),
      ...(passthrough === undefined ? {} : { passthrough }),
    },
    references: exact(routes.flatMap((route) => referencesOf(name, route))),
    claims,
    findings,
  };
}

/** Path descending, Exact before Prefix; of one path the route with most conditions first, then as they were declared. */
function byPath(a: DraftRoute, b: DraftRoute): number {
  if (a.path !== b.path) return a.path > b.path ? -1 : 1;
  if (a.pathType !== b.pathType) return a.pathType < b.pathType ? -1 : 1;
  return conditionsOf(b) - conditionsOf(a);
}

/** Where paths are regular expressions the path type means little: of one text the route with most conditions first, then as they were declared. */
function byText(a: DraftRoute, b: DraftRoute): number {
  return a.path === b.path ? conditionsOf(b) - conditionsOf(a) : a.path > b.path ? -1 : 1;
}

function conditionsOf({ when = [] }: DraftRoute): number {
  return Math.max(0, ...when.map((conditions) => conditions.length));
}

/** @param regex paths of the host are regular expressions. */
function finish(draft: DraftRoute, regex: boolean): Route {
  const { path, pathType, when, backend, canaries, filters, proxy, synthesized, origin, age } = draft;
  const balance = regex ? withGroups(draft.balance, path) : draft.balance;
  const sided = withSides(balance, canaries.map(({ canary }) => (regex ? groupedCanary(canary, path) : canary)));
  return { path, pathType, ...(when ? { when } : {}), backend, ...sided, filters, proxy, synthesized, origin, ...(age ? { age } : {}) };
}

function groupedCanary(canary: Canary, path: string): Canary {
  const balance = withGroups(canary.balance, path);
  return balance === canary.balance ? canary : { ...canary, ...(balance ? { balance } : {}) };
}

/** What becomes of a route's requests while its pool has no endpoint. Redirects are answered before it is asked for one. */
function whenEmpty({ filters }: DraftRoute, what: string): Pick<PoolReference, "effect" | "severity"> {
  if (filters.redirect) return { effect: `none: requests to ${what} are redirected`, severity: "info" };
  return { effect: `requests to ${what} ${filters.edge?.errors?.backend === undefined ? "get 503" : "go to its default-backend"}` };
}

function referencesOf(host: string, route: DraftRoute): readonly PoolReference[] {
  const what = describe(host, route.path, route.pathType);
  const references: PoolReference[] = route.canaries.map(({ canary, ingress, field }) => ({
    pool: canary.pool,
    object: ingress,
    field: `${field}.service`,
    effect: `requests to ${what} never take this canary`,
  }));
  if (route.ingress) {
    const { ingress: object } = route;
    for (const one of route.filters.pools ?? []) references.push({ ...one, object });
  }
  if (route.backend.kind === "service" && route.ingress) {
    const { origin, ingress: object } = route;
    references.push({ pool: route.backend.pool, object, field: `${origin.field}.service`, ...whenEmpty(route, what) });
  }
  return references;
}
