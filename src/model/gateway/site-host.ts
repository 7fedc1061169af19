/** The routes of one host of a Gateway's listener, from all routes that attach to it, the most specific first. */
import type { EdgeFilters, RedirectTo } from "../../../edge/src/program.ts";
import type { PoolReference } from "../backends/pool.ts";
import { NO_REDIRECT } from "../annotations/filters.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import { exact } from "../../support/exact.ts";
import { describe } from "../routes/paths.ts";
import { byGatewayAge } from "../shapes/age.ts";
import { nameOfHost, type HostKey } from "../shapes/host-key.ts";
import { poolId } from "../shapes/pool-id.ts";
import type { Backend, ErrorPages, Filters, Host, ProxySettings, Route } from "../shapes/routing.ts";
import type { ResolvedBackend } from "./backend-refs.ts";
import type { ParsedRoute, RouteRule } from "./route.ts";
import { together, type RuleFilters, type RuleRedirect } from "./http-filters.ts";
import type { RouteMatch } from "./route-match.ts";
import type { GatewayListener } from "./listeners.ts";
import { pathChangeOf } from "./path-changes.ts";

export interface SiteHost {
  readonly host: Host;
  readonly references: readonly PoolReference[];
  readonly findings: readonly Finding[];
}

interface Candidate {
  readonly parsed: ParsedRoute;
  readonly rule: RouteRule;
  readonly match: RouteMatch;
}

/** What the operator has for every route: how backends are spoken to, and error pages. */
export interface UsualOfRoutes {
  readonly proxy: ProxySettings;
  readonly pages?: ErrorPages | undefined;
}

/** @param routes those that attach to the listener and name this host. */
export function buildSiteHost(key: HostKey, listener: GatewayListener, routes: readonly ParsedRoute[], usual: UsualOfRoutes): SiteHost | undefined {
  const candidates = routes.flatMap((parsed) => parsed.rules.flatMap((rule) => rule.matches.map((match): Candidate => ({ parsed, rule, match })))).sort(bySpecificity);
  if (candidates.length === 0) return undefined;
  const name = nameOfHost(key);
  const winners = new Map<string, Candidate>();
  const findings: Finding[] = [];
  for (const one of candidates) {
    const same = JSON.stringify([one.match.pathType, one.match.path, one.match.conditions]);
    const winner = winners.get(same);
    if (winner === undefined) winners.set(same, one);
    else if (winner.parsed !== one.parsed) findings.push(shadowed(one, winner, name));
  }
  const made = [...winners.values()];
  return {
    host: { name, site: listener.key, routes: exact(made.map((one) => routeOf(one, listener, usual))) },
    references: exact(made.flatMap((one) => referencesOf(one, name))),
    findings,
  };
}

/** Gateway API, HTTPRouteRule.matches: after the path, methods, headers, queries, age and order decide. Matches of different paths never meet. */
function bySpecificity(a: Candidate, b: Candidate): number {
  const [x, y] = [a.match, b.match];
  if (x.path !== y.path) return x.path > y.path ? -1 : 1;
  if (x.pathType !== y.pathType) return x.pathType < y.pathType ? -1 : 1;
  for (const [i, value] of x.rank.entries()) if (value !== y.rank[i]) return (y.rank[i] ?? 0) - value;
  return byGatewayAge(a.parsed.age, b.parsed.age);
}

function shadowed({ parsed, match }: Candidate, winner: Candidate, host: string): Finding {
  const { object } = winner.parsed;
  return found.routeShadowed({ object: parsed.object, field: match.field, other: object }, { what: describe(host, match.path, match.pathType), path: match.path, winner: winner.parsed.key });
}

function routeOf({ parsed, rule, match }: Candidate, listener: GatewayListener, { proxy, pages }: UsualOfRoutes): Route {
  const { kind, metadata: { namespace, name } } = parsed.object;
  return {
    path: match.path,
    pathType: match.pathType,
    ...(match.conditions.length > 0 ? { when: [match.conditions] } : {}),
    ...targetOf(rule, proxy, { kind: "status", status: BROKEN[kind], proxy }, (filters) => filtersOf(filters, { listener, match, pages })),
    synthesized: false,
    origin: { kind, namespace, name, field: rule.field },
    age: parsed.age,
  };
}

interface RuleContext extends Pick<UsualOfRoutes, "pages"> {
  readonly listener: GatewayListener;
  readonly match: RouteMatch;
}

function filtersOf(filters: RuleFilters, { listener, match, pages }: RuleContext): Filters {
  const { redirect, rewrite } = filters;
  const edge = edgeFilters(filters);
  return {
    ...NO_REDIRECT,
    ...(redirect ? { redirect: { status: redirect.status, origin: originOf(redirect, listener, match) } } : {}),
    ...(rewrite?.path ? { pathChange: pathChangeOf(rewrite.path, match) } : {}),
    ...(Object.keys(edge).length > 0 ? { edge } : {}),
    // With the operator's pages, the profiles are those that nginx always has.
    ...(pages ? { errorPages: pages } : {}),
  };
}

/** A redirect asks no backend, so that nobody has the changed request. */
function edgeFilters({ requestHeaders, responseHeaders, redirect, rewrite, crossOrigin, mirrors }: RuleFilters): EdgeFilters {
  const copies = redirect ? [] : mirrors.flatMap(({ backend, taking, of }) => (backend && taking > 0 ? [{ pool: poolOf(backend), taking, of }] : []));
  return {
    ...(requestHeaders.length > 0 && !redirect ? { changes: [...requestHeaders] } : {}),
    ...(rewrite?.host === undefined ? {} : { vhost: { texts: [rewrite.host], names: [] } }),
    ...(crossOrigin ? { crossOrigin } : {}),
    ...(copies.length > 0 ? { copies } : {}),
    ...(responseHeaders.length > 0 ? { answerChanges: [...responseHeaders] } : {}),
  };
}

/** The port of another scheme is that scheme's own; where neither is said it is the listener's (HTTPRequestRedirectFilter.port). */
function originOf({ scheme, host, port, path }: RuleRedirect, listener: GatewayListener, match: RouteMatch): RedirectTo {
  const own = listener.protocol === "HTTPS" ? "https" : "http";
  const known = { http: 80, https: 443 };
  const number = port ?? (scheme === undefined ? listener.port : known[scheme]);
  return { scheme: scheme ?? own, ...(host === undefined ? {} : { host }), port: String(number), ...(path ? { path: pathChangeOf(path, match) } : {}) };
}

/** What is answered in place of a backend that cannot be used. To clients of gRPC 503 is UNAVAILABLE, and 500 is UNKNOWN (GRPCRouteRule.backendRefs). */
const BROKEN: Readonly<Record<ParsedRoute["object"]["kind"], number>> = { HTTPRoute: 500, GRPCRoute: 503 };

/** Where a rule sends requests, and what happens to them. @param broken for a rule that cannot be honoured, has no backends, or weights of 0 alone */
function targetOf({ filters, shares }: RouteRule, proxy: ProxySettings, broken: Backend, compiled: (filters: RuleFilters) => Filters): Pick<Route, "backend" | "filters"> {
  if (filters === undefined) return { backend: broken, filters: NO_REDIRECT };
  // A redirect asks no backend.
  if (filters.redirect) return { backend: { kind: "default", proxy }, filters: compiled(filters) };
  const taking = shares.filter(({ weight }) => weight > 0);
  if (taking.length === 0) return { backend: broken, filters: compiled(filters) };
  const parts = taking.map(({ weight, backend, filters: own }) => {
    const more = own && together(filters, own);
    const all = compiled(more ?? filters);
    const copies = all.edge?.copies?.length;
    return { weight, backend: backendOf(backend, more, copies === undefined ? proxy : { ...proxy, mirror: copies }) ?? broken, ...(more ? { filters: all } : {}) };
  });
  const [only] = parts;
  if (parts.length === 1 && only) return { backend: only.backend, filters: only.filters ?? compiled(filters) };
  return { backend: { kind: "shares", total: parts.reduce((sum, { weight }) => sum + weight, 0), parts }, filters: compiled(filters) };
}

/** Undefined: there is none. */
function backendOf(backend: ResolvedBackend | undefined, filters: RuleFilters | undefined, proxy: ProxySettings): Backend | undefined {
  if (backend === undefined) return undefined;
  if (filters?.redirect) return { kind: "default", proxy };
  const { service, port, protocol } = backend;
  return { kind: "service", pool: poolOf(backend), service, port, proxy: { ...proxy, protocol } };
}

function poolOf({ namespace, service, port }: ResolvedBackend): string {
  return poolId(namespace, service, port);
}

function referencesOf({ parsed, rule, match }: Candidate, host: string): readonly PoolReference[] {
  const { filters, shares } = rule;
  if (filters === undefined || filters.redirect) return [];
  const what = describe(host, match.path, match.pathType);
  const mirrored = (mirrors: RuleFilters["mirrors"]): readonly PoolReference[] =>
    mirrors.flatMap(({ backend, field, taking }) => (backend && taking > 0 ? [{ pool: poolOf(backend), object: parsed.object, field, effect: `requests to ${what} are not mirrored`, severity: "warning" as const }] : []));
  const share = shares.length > 1 ? "their share of " : "";
  return [...mirrored(filters.mirrors), ...shares.flatMap(({ backend, weight, field, filters: own }) => {
    if (backend === undefined || weight === 0 || own?.redirect) return [];
    return [{ pool: poolOf(backend), object: parsed.object, field, effect: `${share}requests to ${what} get 503` }, ...mirrored(own?.mirrors ?? [])];
  })];
}
