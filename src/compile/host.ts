/** One Host of the Model as the edge's host table. */
import type { EdgeCanary, EdgeFilters, EdgeHost, EdgeRoute, SpecialHost, StickyDraw } from "../../edge/src/program.ts";
import { DEFAULT_BACKEND } from "../../edge/src/program.ts";
import type { Config } from "../model/config/config.ts";
import { isGrpc } from "../model/routes/grpc.ts";
import { primaryOf } from "../model/shapes/routing.ts";
import type { Backend, Canary, Host, ProxySettings, Route, Shares, Split } from "../model/shapes/routing.ts";
import { poolName } from "../model/shapes/pool-id.ts";
import { blocksAnybody } from "./blocks.ts";
import { bodyIsData, bodyLimits } from "./body.ts";
import { followsBoth } from "./forwarding.ts";
import { compileTls } from "./host-tls.ts";
import { pathPatterns } from "./path-patterns.ts";
import type { Profile } from "./profiles.ts";
import type { Need, ProfileCap } from "./profile-cap.ts";
import type { PartKey } from "./references.ts";
import { defaultProfile, profileId, profileOf, withoutTuning } from "./profiles.ts";
import { ofRoute, otherOfThatName, partKey } from "./references.ts";
import { siteTable } from "./site-host.ts";
import { standingCopies, standingProfiles } from "./standing-profiles.ts";
import type { TrustById } from "./trust.ts";
import { takesOwnPath } from "./upstreams.ts";

export interface CompiledHost {
  readonly table: EdgeHost;
  /** Profiles that must be live before this table may be. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Authorities that the profiles refer to. */
  readonly trust: TrustById;
  /** Profiles that the routes ask for beside those that nginx always has, whether or not they get them. */
  readonly needs: readonly Need[];
  readonly unsound: readonly Unsound[];
}

/** A path that is closed because it would be served in another way than was meant. */
export interface Unsound {
  readonly namespace: string;
  readonly ingress: string;
  readonly path: string;
  readonly why: string;
}

/** What compiling a host depends on beyond the host. */
export interface Surroundings {
  readonly beyond: ProfileCap["beyond"];
  /** True: the Program will have a part with this key. */
  readonly exists: (key: PartKey) => boolean;
  /** Profiles of all parts, by id. */
  readonly inUse: () => ReadonlyMap<string, Profile>;
  readonly nameOf: (profile: Profile) => string;
}

const ALONE: Surroundings = { beyond: () => false, exists: () => true, inUse: () => new Map(), nameOf: profileId };

/** What the routes of a host are compiled with, and what they turn out to need. */
interface Compiling extends Surroundings {
  readonly config: Config;
  readonly always: AlwaysThere;
  readonly profiles: Map<string, Profile>;
  readonly needs: Need[];
  readonly unsound: Unsound[];
  /** Parts that all routes of the host refer to. */
  readonly wide: readonly PartKey[];
}

export function compileHost(host: Host, config: Config, surroundings: Surroundings = ALONE): CompiledHost {
  const table: EdgeHost = { name: host.name, routes: [], exact: {}, prefix: {}, lengths: [], root: 0 };
  const profiles = new Map<string, Profile>();
  const needs: Need[] = [];
  const unsound: Unsound[] = [];
  const anchor = host.tls?.clients?.trust;
  const compiling: Compiling = { ...surroundings, config, always: alwaysThere(config), profiles, needs, unsound, wide: anchor ? [partKey("trust", anchor.id)] : [] };
  const trust = new Map(host.routes.flatMap(({ filters: { trust: one } }) => (one ? [[one.id, one.pem] as const] : [])));
  const wide = { ...(host.appRoot === undefined ? {} : { appRoot: host.appRoot }), ...compileTls(host.tls) };
  if (host.site !== undefined) return { table: siteTable(host, (route) => compileRoute(route, compiling)), profiles, trust, needs, unsound };
  if (host.regex) {
    const routes = host.routes.map((route) => compileRoute(route, compiling));
    const { exact, patterns, root } = pathPatterns(host.routes);
    return { table: special({ ...table, routes, exact, root }, { patterns, ...wide }), profiles, trust, needs, unsound };
  }
  const exact = new Map<string, number[]>();
  const prefix = new Map<string, number[]>();
  for (const route of host.routes) {
    const index = table.routes.push(compileRoute(route, compiling)) - 1;
    if (route.pathType === "exact") add(exact, route.path, index);
    else add(prefix, withSlash(route.path), index);
  }
  addTwins(table, host, config, exact, prefix);
  // Prefixes first: where both lead to a route, the chain of the exact path ends with that of the prefix.
  for (const [path, indices] of prefix) table.prefix[path] = link(table, indices);
  for (const [path, indices] of exact) table.exact[path] = link(table, indices);
  const lengths = new Set(Object.keys(table.prefix).map((path) => Buffer.byteLength(path)));
  lengths.delete(1);
  table.lengths = [...lengths].sort((a, b) => b - a);
  table.root = table.prefix["/"] ?? 0;
  const conditional = host.routes.some(({ when }) => when);
  return { table: special(table, { ...(conditional ? { conditional } : {}), ...wide }), profiles, trust, needs, unsound };
}

/** The profiles that nginx always has. */
interface AlwaysThere {
  /** Id of the profile of routes without annotations. */
  readonly usual: string;
  /** Id of the same with the phases of filters. */
  readonly filtered: string;
  readonly all: ReadonlyMap<string, Profile>;
}

/** They follow from the Config alone, and every host asks for them. */
const ALWAYS_THERE = new WeakMap<Config, AlwaysThere>();

function alwaysThere(config: Config): AlwaysThere {
  const known = ALWAYS_THERE.get(config) ?? { usual: profileId(defaultProfile(config)), filtered: profileId({ ...defaultProfile(config), filtered: true }), all: new Map([...standingProfiles(config), ...standingCopies(config)]) };
  ALWAYS_THERE.set(config, known);
  return known;
}

function special(table: EdgeHost, what: SpecialHost): EdgeHost {
  return Object.keys(what).length > 0 ? { ...table, special: what } : table;
}

function add(chains: Map<string, number[]>, path: string, index: number): void {
  const chain = chains.get(path);
  if (chain) chain.push(index);
  else chains.set(path, [index]);
}

function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

/**
 * Chains the routes of one path: those with most conditions first, up to the first without any. A declared `/foo/`
 * comes before the `/foo/` that Prefix `/foo` implies, because routes are sorted by path. Gives the index of the first.
 */
function link({ routes }: EdgeHost, indices: readonly number[]): number {
  const weight = (index: number): number => Math.max(0, ...(routes[index]?.when ?? []).map((conditions) => conditions.length));
  const ordered = [...indices].sort((a, b) => weight(b) - weight(a));
  for (const [place, index] of ordered.entries()) {
    const route = routes[index] as EdgeRoute;
    if (route.when === undefined) break;
    const next = ordered[place + 1];
    if (next !== undefined) route.otherwise = next;
  }
  return ordered[0] ?? 0;
}

/**
 * Prefix `/foo` also answers `/foo` itself, unless an Exact path does. Prefix `/foo/` answers `/foo` with a redirect,
 * as nginx does for a proxied location, or serves it, as the Kubernetes API describes; Exact `/foo/` redirects or does not.
 */
function addTwins(table: EdgeHost, host: Host, config: Config, exact: Map<string, number[]>, prefix: ReadonlyMap<string, number[]>): void {
  for (const [index, route] of host.routes.entries()) {
    if (route.pathType !== "prefix" || route.path.endsWith("/")) continue;
    if (!endsWithoutCondition(table, exact.get(route.path))) add(exact, route.path, index);
  }
  // Where both an Exact and a Prefix path could redirect, the Exact path does, as in nginx.
  for (const [path, indices] of [...exact, ...prefix]) {
    const bare = path.slice(0, -1);
    if (bare === "" || !path.endsWith("/") || endsWithoutCondition(table, exact.get(bare))) continue;
    for (const index of indices) {
      const { path: written, pathType } = host.routes[index] as Route;
      if (!written.endsWith("/")) continue;
      const { plain: _plain, ...declared } = table.routes[index] as EdgeRoute;
      if (config.prefixSlashRedirect && declared.respond === undefined) add(exact, bare, table.routes.push({ ...declared, slash: true }) - 1);
      else if (pathType === "prefix") add(exact, bare, index);
    }
  }
}

/** Some route of this path takes whatever comes. */
function endsWithoutCondition({ routes }: EdgeHost, indices: readonly number[] = []): boolean {
  return indices.some((index) => routes[index]?.when === undefined);
}

function compileRoute(route: Route, compiling: Compiling): EdgeRoute {
  const { config } = compiling;
  const profile = compileProfile(route, compiling);
  if (profile === "none") return closed(route);
  if (profile === "another") return refuse(route, "its combination of settings has the name of another one", compiling);
  const primary = primaryOf(route.backend);
  const { httpsRedirect, preserveTrailingSlash, edge, trace, redirect, relative, redirectPort } = route.filters;
  const rewrite = route.filters.rewrite ?? route.filters.pathChange;
  const compiled: EdgeRoute = {
    path: route.path,
    ...(route.backend.kind === "shares" ? compileShares(route.backend) : backendOf(primary)),
    ...(route.when ? { when: route.when.map((conditions) => [...conditions]) } : {}),
    ...(route.backend.kind === "split" ? compileSplit(route.backend) : {}),
    ...profile,
    ...timeouts(primary.proxy, config),
    ...(httpsRedirect === "never" ? {} : { https: httpsRedirect }),
    ...(preserveTrailingSlash ? { keepSlash: true } : {}),
    ...(edge ? { filters: withEarly(edge, profile, compiling) } : {}),
    ...(redirect || rewrite ? { detour: { ...(redirect ? { redirect } : {}), ...(rewrite ? { rewrite } : {}) } } : {}),
    ...(relative ? { relative } : {}),
    ...(redirectPort === undefined ? {} : { redirectPort }),
    ...(primary.kind === "service" && primary.balance ? { balance: primary.balance } : {}),
    ...(trace ? { trace } : {}),
    ...labels(route),
  };
  const missing = [...compiling.wide, ...ofRoute(compiled)].find((key) => !compiling.exists(key));
  if (missing !== undefined) return refuse(route, `it refers to ${missing}, which is not there`, compiling);
  return isPlain(compiled) && !concernsAll(config) ? { ...compiled, plain: true } : compiled;
}

/** Filters that do nothing but look at a request and refuse it. Error pages are the profile's; those of the default profile hold without filters, too. */
const CHECKS: ReadonlySet<keyof EdgeFilters> = new Set(["limits", "addresses", "credentials", "any", "errors"]);

/**
 * Notes filters that can be asked before nginx looks for a location. Digest authentication adds a header to answers, and a Service of error pages takes
 * requests, too. Where the edge finds the client's address, nginx takes it over only afterwards.
 */
function withEarly(filters: EdgeFilters, { profile, ownPath }: Pick<EdgeRoute, "profile" | "ownPath">, { always, config }: Compiling): EdgeFilters {
  if (followsBoth(config)) return filters;
  const onlyChecks = (Object.keys(filters) as (keyof EdgeFilters)[]).every((name) => CHECKS.has(name));
  const more = filters.credentials?.type === "digest" || filters.errors?.backend !== undefined;
  return onlyChecks && !more && profile === always.filtered && ownPath !== true ? { ...filters, early: true } : filters;
}

function refuse(route: Route, why: string, { unsound }: Compiling): EdgeRoute {
  const { namespace, ingress } = labels(route);
  unsound.push({ namespace, ingress, path: route.path, why });
  return closed(route);
}

function labels({ origin }: Route): Pick<EdgeRoute, "namespace" | "ingress"> {
  return { namespace: origin.namespace, ingress: origin.kind === "Ingress" ? origin.name : "" };
}

/** A route that answers 503, because it cannot be served as it has to be. */
function closed(route: Route): EdgeRoute {
  const { path, when } = route;
  return { path, pool: "", respond: 503, service: "", port: "", ...(when ? { when: when.map((conditions) => [...conditions]) } : {}), ...labels(route) };
}

/** A route without any of these fields is plain: its requests need no further look. */
const UNCOMMON = ["canaries", "profile", "connect", "filters", "respond", "detour", "balance", "trace", "body", "tries"] as const;

function isPlain(route: EdgeRoute): boolean {
  return UNCOMMON.every((field) => route[field] === undefined);
}

/** True: the operator has something done with every request, so no route is plain. */
function concernsAll(config: Config): boolean {
  return blocksAnybody(config) || config.named.requestHeaders.length > 0 || followsBoth(config);
}

function backendOf(backend: Backend): Pick<EdgeRoute, "pool" | "respond" | "service" | "port"> {
  switch (backend.kind) {
    case "service":
      return { pool: backend.pool, service: backend.service, port: backend.port };
    case "default":
      return { pool: DEFAULT_BACKEND, service: "", port: "" };
    case "status":
      return { pool: "", respond: backend.status, service: "", port: "" };
  }
}

/** `none`: the route may not have its profile, and cannot do without. `another`: the profile's name stands for another profile already. */
function compileProfile(route: Route, compiling: Compiling): Pick<EdgeRoute, "profile" | "ownPath" | "bodySize" | "body" | "tries"> | "none" | "another" {
  const { filters } = route;
  const backend = primaryOf(route.backend);
  const { proxy } = backend;
  // A status without filters is answered before nginx looks for a location, so it needs no profile.
  if (backend.kind === "status" && filters.edge === undefined) return ownBodySize(proxy, compiling.config);
  const asked = backend.kind === "service" ? proxy : inPlainHttp(proxy);
  const wanted = profileOf(asked, filters, compiling.config);
  const wantedId = compiling.nameOf(wanted);
  const profile = isBeyond(route, wanted, wantedId, compiling) ? withoutTuning(wanted, compiling.config) : wanted;
  if (!profile) return "none";
  const id = profile === wanted ? wantedId : compiling.nameOf(profile);
  if (otherOfThatName(id, profile, [compiling.always.all, compiling.profiles, compiling.inUse()])) return "another";
  // The default location sends the client's URI: a rewritten URI needs a location that takes it from the edge.
  const limits = { ...tries(proxy, compiling.config), ...bodySizes(asked, profile, compiling.config) };
  if (id === compiling.always.usual && filters.rewrite === undefined && filters.pathChange === undefined) return limits;
  compiling.profiles.set(id, profile);
  return { profile: id, ...(takesOwnPath(profile) ? { ownPath: true } : {}), ...limits };
}

/** Limits of bodies. A profile may have been made without tuning: what is data holds all the same. */
function bodySizes(proxy: ProxySettings, profile: Profile, config: Config): Pick<EdgeRoute, "bodySize" | "body"> {
  const body = bodyLimits(proxy, profile, config);
  return { ...ownBodySize(bodyIsData(profile) ? proxy : profile, config), ...(body === undefined ? {} : { body }) };
}

function ownBodySize({ bodySize }: Pick<Profile, "bodySize">, config: Config): Pick<EdgeRoute, "bodySize"> {
  return bodySize === config.proxyBodySize ? {} : { bodySize };
}

function tries({ nextUpstreamTries }: ProxySettings, config: Config): Pick<EdgeRoute, "tries"> {
  return nextUpstreamTries === config.proxyNextUpstreamTries ? {} : { tries: nextUpstreamTries };
}

/** Notes the profile that the route needs. True: its namespace may have no further profile. */
function isBeyond({ origin, age, backend }: Route, wanted: Profile, id: string, { config, beyond, always, needs }: Compiling): boolean {
  if (always.all.has(id) || age === undefined || primaryOf(backend).kind === "status") return false;
  needs.push({ namespace: origin.namespace, ingress: origin.name, age, profile: id, closes: withoutTuning(wanted, config) === undefined });
  return beyond(origin.namespace, id);
}

/** The default backend speaks http, whatever the Ingress's own backends do. */
function inPlainHttp(proxy: ProxySettings): ProxySettings {
  const { tls: _tls, ...others } = proxy;
  return { ...others, protocol: "HTTP", fastcgiParams: [] };
}

/** The route's timeouts, only where they differ from nginx.conf's, so that most requests skip the call that sets them. */
function timeouts(proxy: ProxySettings, config: Config): Pick<EdgeRoute, "connect" | "send" | "read"> {
  const same =
    proxy.connectTimeout === config.proxyConnectTimeout &&
    proxy.sendTimeout === config.proxySendTimeout &&
    proxy.readTimeout === config.proxyReadTimeout;
  return same ? {} : { connect: proxy.connectTimeout, send: proxy.sendTimeout, read: proxy.readTimeout };
}

/** The shares as ranges of the draw. The route has no backend beside them. */
function compileShares({ total, parts }: Shares): Pick<EdgeRoute, "pool" | "service" | "port" | "canaries" | "total"> {
  let from = 0;
  const shares = parts.map(({ weight, backend }): EdgeCanary => {
    const range = { from, to: from + weight };
    from = range.to;
    const named = backend.kind === "service" ? { pool: backend.pool, name: poolName(backend.pool) } : { pool: "", name: "", respond: backend.kind === "status" ? backend.status : 500 };
    return { share: true, ...range, ...named };
  });
  return { pool: "", service: "", port: "", canaries: shares, total };
}

/** Each canary's share as a range of the draw. */
function compileSplit({ primary, total, canaries }: Split): Pick<EdgeRoute, "canaries" | "total"> {
  let from = 0;
  const protocol = isGrpc(primary.proxy.protocol) ? "grpc" : "http";
  const rolling = canaries.some(({ rollout }) => rollout) ? { rolling: protocol } as const : {};
  const compiled = canaries.map((canary): EdgeCanary => {
    const { backend: { pool, balance }, weight, unbound, rollout, origin } = canary;
    const range = { from, to: from + weight };
    from = range.to;
    return {
      pool, ...conditions(canary), ...range, ...(balance ? { balance } : {}), ...(unbound ? { unbound: true } : {}),
      ...(rollout ? { rollout: releaseOf(canary) } : {}), ...rolling, name: poolName(pool), namespace: origin.namespace,
    };
  });
  const [first, ...others] = compiled;
  const sticky = stickyDraw(canaries);
  return { canaries: first && sticky ? [{ ...first, sticky }, ...others] : compiled, total };
}

function releaseOf({ origin }: Canary): string {
  return `${origin.namespace}/${origin.name}`;
}

/** By what clients of the route are drawn: as the first says that says so. Undefined: each request is drawn. */
function stickyDraw(canaries: readonly Canary[]): StickyDraw | undefined {
  for (const canary of canaries) {
    const sticky = canary.rollout?.spec.sticky;
    if (!sticky) continue;
    const salt = releaseOf(canary);
    if (sticky.by === "client") return { salt };
    return sticky.by === "header" ? { salt, variable: `http_${variableName(sticky.name)}` } : { salt, variable: `cookie_${sticky.name.toLowerCase()}`, cookie: sticky.name };
  }
  return undefined;
}

function conditions(canary: Canary): Pick<EdgeCanary, "header" | "value" | "pattern" | "cookie"> {
  return {
    ...(canary.header ? { header: `http_${variableName(canary.header)}` } : {}),
    ...(canary.headerValue ? { value: canary.headerValue } : {}),
    ...(canary.headerPattern ? { pattern: canary.headerPattern } : {}),
    ...(canary.cookie ? { cookie: `cookie_${canary.cookie.toLowerCase()}` } : {}),
  };
}

function variableName(header: string): string {
  return header.toLowerCase().replaceAll("-", "_");
}
