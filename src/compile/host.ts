/** One Host of the Model as the edge's host table. */
import type { Canary as EdgeCanary, Host as EdgeHost, Route as EdgeRoute } from "../../edge/src/program.ts";
import { DEFAULT_BACKEND } from "../../edge/src/program.ts";
import type { Config } from "../model/config.ts";
import type { Backend, Canary, Host, ProxySettings, Route } from "../model/types.ts";
import { poolName } from "../model/pool.ts";
import type { Profile } from "./profiles.ts";
import { defaultProfile, profileId, profileOf } from "./profiles.ts";

export interface CompiledHost {
  readonly table: EdgeHost;
  /** Profiles that must be live before this table may be. */
  readonly profiles: ReadonlyMap<string, Profile>;
}

export function compileHost(host: Host, config: Config): CompiledHost {
  const table: EdgeHost = { name: host.name, routes: [], exact: {}, prefix: {}, lengths: [], root: 0 };
  const profiles = new Map<string, Profile>();
  for (const route of host.routes) {
    const index = table.routes.push(compileRoute(route, config, profiles)) - 1;
    if (route.pathType === "exact") table.exact[route.path] = index;
    else addPrefix(table, route.path, index);
  }
  addTwins(table, host, config);
  const lengths = new Set(Object.keys(table.prefix).map((path) => Buffer.byteLength(path)));
  lengths.delete(1);
  table.lengths = [...lengths].sort((a, b) => b - a);
  table.root = table.prefix["/"] ?? 0;
  return { table, profiles };
}

/** A declared `/foo/` comes before the `/foo/` that Prefix `/foo` implies, whichever is met first. */
function addPrefix(table: EdgeHost, path: string, index: number): void {
  if (path.endsWith("/")) table.prefix[path] = index;
  else table.prefix[`${path}/`] ??= index;
}

/**
 * Prefix `/foo` also answers `/foo` itself, unless an Exact path does. Prefix `/foo/` answers `/foo` with a redirect,
 * as nginx does for a proxied location, or serves it, as the Kubernetes API describes.
 */
function addTwins(table: EdgeHost, host: Host, config: Config): void {
  for (const [index, route] of host.routes.entries()) {
    if (route.pathType === "prefix" && !route.path.endsWith("/")) table.exact[route.path] ??= index;
  }
  for (const [index, route] of host.routes.entries()) {
    if (route.pathType === "exact" || !route.path.endsWith("/") || route.path === "/") continue;
    const bare = route.path.slice(0, -1);
    if (table.exact[bare] !== undefined) continue;
    const twin = table.routes[index] as EdgeRoute;
    const redirects = config.prefixSlashRedirect && route.backend.kind !== "status";
    table.exact[bare] = redirects ? table.routes.push({ ...twin, slash: true }) - 1 : index;
  }
}

function compileRoute(route: Route, config: Config, profiles: Map<string, Profile>): EdgeRoute {
  const target = backendOf(route.backend);
  const { httpsRedirect, preserveTrailingSlash, edge } = route.filters;
  return {
    path: route.path,
    ...target,
    ...compileCanaries(route.canaries),
    ...compileProfile(route, config, profiles),
    ...timeouts(route.proxy, config),
    ...(httpsRedirect === "never" ? {} : { https: httpsRedirect }),
    ...(preserveTrailingSlash ? { keepSlash: true } : {}),
    ...(edge ? { filters: edge } : {}),
    ...(route.balance ? { balance: route.balance } : {}),
    namespace: route.origin.namespace,
    ingress: route.origin.kind === "Ingress" ? route.origin.name : "",
  };
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

function compileProfile(
  { proxy, filters }: Route,
  config: Config,
  profiles: Map<string, Profile>,
): Pick<EdgeRoute, "profile"> | Record<string, never> {
  const profile = profileOf(proxy, filters);
  const id = profileId(profile);
  if (id === profileId(defaultProfile(config))) return {};
  profiles.set(id, profile);
  return { profile: id };
}

/** Only where they differ from nginx.conf's, so that most requests skip the call. */
function timeouts(proxy: ProxySettings, config: Config): Pick<EdgeRoute, "connect" | "send" | "read"> {
  const same =
    proxy.connectTimeout === config.proxyConnectTimeout &&
    proxy.sendTimeout === config.proxySendTimeout &&
    proxy.readTimeout === config.proxyReadTimeout;
  return same ? {} : { connect: proxy.connectTimeout, send: proxy.sendTimeout, read: proxy.readTimeout };
}

/**
 * Canaries with their shares as ranges of one draw. With different totals the draw is made over the largest and the
 * shares are scaled to it; shares beyond it are cut, the older canary first in line.
 */
function compileCanaries(canaries: readonly Canary[]): Pick<EdgeRoute, "canaries" | "total"> {
  if (canaries.length === 0) return {};
  const total = Math.max(...canaries.map((canary) => canary.weightTotal));
  let from = 0;
  const compiled = canaries.map((canary): EdgeCanary => {
    const share = Math.round((canary.weight * total) / canary.weightTotal);
    const to = Math.min(total, from + share);
    const range = { from, to };
    from = to;
    return { pool: canary.pool, ...conditions(canary), ...range, ...(canary.balance ? { balance: canary.balance } : {}), name: poolName(canary.pool) };
  });
  return { canaries: compiled, total };
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
