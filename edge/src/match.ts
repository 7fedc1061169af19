/**
 * Where a request goes. The one matcher: nginx runs it compiled, `sluice explain` and the tests run it on Node.
 *
 * Contract: a pure function of the tables, the request and the random draw. It allocates nothing (the Decision is
 * reused by the next call) and never fails.
 */
import { chooseCanary } from "./canary.ts";
import { holds } from "./conditions.ts";
import type { Cors } from "./cors.ts";
import { allowedOrigin } from "./cors.ts";
import type { Canary, Host, Pool, Route } from "./program.ts";
import { DEFAULT_BACKEND } from "./program.ts";
import type { Tables } from "./tables.ts";
import { byName } from "./tables.ts";

/** How the matcher asks about the request at hand. Names are nginx variables: `http_x_test`, `cookie_like`. */
export interface RequestView {
  variable(name: string): string | undefined;
  /** PCRE, unanchored, case-sensitive; undefined when the pattern cannot be run. */
  matches(text: string, pattern: string): boolean | undefined;
  /** A whole number in `1..total`. */
  draw(total: number): number;
}

export interface Decision {
  host: Host | undefined;
  route: Route | undefined;
  /** Set when the request is proxied. */
  pool: Pool | undefined;
  canary: Canary | undefined;
  /** 0: proxy to `pool`; else answer this status. */
  status: number;
  /** For 30x: `slash` (append one to the path) or `https`. */
  redirect: "slash" | "https" | undefined;
}

const decision: Decision = {
  host: undefined,
  route: undefined,
  pool: undefined,
  canary: undefined,
  status: 0,
  redirect: undefined,
};

/**
 * Decides one request. `name` is the host in lower case without port, `path` the decoded, normalised path (nginx's
 * `$host` and `$uri`), `https` whether the client's connection is (a trusted proxy's X-Forwarded-Proto comes before
 * it); undefined: `request` is asked, should it matter.
 */
export function decide(tables: Tables, request: RequestView, name: string, path: string, https: boolean | undefined): Decision {
  const host = byName(tables.hosts, tables.wildcards, name);
  decision.host = host;
  decision.route = undefined;
  decision.pool = undefined;
  decision.canary = undefined;
  decision.redirect = undefined;
  if (host === undefined) {
    decision.status = 503;
    return decision;
  }
  const index = host.conditional === true ? findConditional(host, path, request) : findRoute(host, path);
  const route = host.routes[index] as Route;
  decision.route = route;
  if (route.slash === true) return redirect("slash", 301);
  const filters = route.filters;
  if (filters !== undefined && filters.cors !== undefined && isPreflight(filters.cors, request)) return answer(204);
  if (route.respond !== undefined) return answer(route.respond);
  if (route.https !== undefined && redirectsToHttps(tables, route, name) && !isHttps(tables, request, https)) {
    return redirect("https", tables.settings.redirectCode);
  }
  return chooseBackend(tables, request, route);
}

/** Index of the route of a path: exact first, then the longest prefix, then `/`. */
export function findRoute(host: Host, path: string): number {
  const exact = host.exact[path];
  if (exact !== undefined) return exact;
  for (const length of host.lengths) {
    if (length <= path.length) {
      const prefix = host.prefix[path.substring(0, length)];
      if (prefix !== undefined) return prefix;
    }
  }
  return host.root;
}

/** The same for a host where routes have conditions: one whose do not hold is as if nobody had declared it. */
export function findConditional(host: Host, path: string, request: RequestView): number {
  const exact = firstThatHolds(host, host.exact[path], request);
  if (exact !== undefined) return exact;
  for (const length of host.lengths) {
    if (length <= path.length) {
      const prefix = firstThatHolds(host, host.prefix[path.substring(0, length)], request);
      if (prefix !== undefined) return prefix;
    }
  }
  return firstThatHolds(host, host.root, request) ?? host.root;
}

function firstThatHolds(host: Host, first: number | undefined, request: RequestView): number | undefined {
  let index = first;
  while (index !== undefined) {
    const route = host.routes[index] as Route;
    if (route.when === undefined || holds(route.when, request)) return index;
    index = route.otherwise;
  }
  return undefined;
}

/** OPTIONS from an origin that is allowed: answered whatever the path would do. */
function isPreflight(cors: Cors, request: RequestView): boolean {
  return request.variable("request_method") === "OPTIONS" && allowedOrigin(cors, request.variable("http_origin")) !== undefined;
}

/** The client's scheme, or the one that a trusted proxy in front says it was. */
function isHttps(tables: Tables, request: RequestView, https: boolean | undefined): boolean {
  const forwarded = tables.settings.forwardedProto ? request.variable("http_x_forwarded_proto") : undefined;
  if (forwarded !== undefined) return forwarded === "https";
  return https ?? request.variable("scheme") === "https";
}

function redirectsToHttps(tables: Tables, route: Route, name: string): boolean {
  if (route.https === "always") return true;
  const names = tables.names;
  return names[name] !== undefined || hasWildcardCertificate(tables, name);
}

/** A host without certificate of its own is covered by its parent's wildcard, but not by the default certificate. */
function hasWildcardCertificate(tables: Tables, name: string): boolean {
  const dot = name.indexOf(".");
  return dot > 0 && tables.wildcardNames[name.slice(dot)] !== undefined;
}

/**
 * A canary that matches and has endpoints wins, whatever the primary's state; one without endpoints leaves the
 * request to the primary. Nothing left: 503, or 404 where the controller's default backend is missing.
 */
function chooseBackend(tables: Tables, request: RequestView, route: Route): Decision {
  if (route.canaries !== undefined) {
    const canary = chooseCanary(route.canaries, route.total ?? 100, request);
    if (canary !== undefined) {
      const pool = tables.pools[canary.pool];
      if (pool !== undefined && pool.endpoints.length > 0) {
        decision.canary = canary;
        return proxy(pool);
      }
    }
  }
  const pool = tables.pools[route.pool];
  if (pool !== undefined && pool.endpoints.length > 0) return proxy(pool);
  if (route.pool === DEFAULT_BACKEND) return answer(404);
  const substitute = route.filters === undefined ? undefined : ownDefaultBackend(tables, route);
  return substitute === undefined ? answer(503) : proxy(substitute);
}

/** The default backend that a route has for itself, when it has endpoints. */
function ownDefaultBackend(tables: Tables, { filters }: Route): Pool | undefined {
  const id = filters?.errors?.backend;
  const pool = id === undefined ? undefined : tables.pools[id];
  return pool !== undefined && pool.endpoints.length > 0 ? pool : undefined;
}

/** The route's own pool is empty, and its default backend takes the request. No route has both in one pool. */
export function isSubstitute(tables: Tables, { filters }: Route, pool: Pool | undefined): boolean {
  const id = filters?.errors?.backend;
  return id !== undefined && pool !== undefined && pool === tables.pools[id];
}

/** Who makes the page of an error: the route's own default backend, else the controller's; undefined: nobody can. */
export function errorPool(tables: Tables, route: Route): Pool | undefined {
  const own = ownDefaultBackend(tables, route);
  if (own !== undefined) return own;
  const pool = tables.pools[DEFAULT_BACKEND];
  return pool !== undefined && pool.endpoints.length > 0 ? pool : undefined;
}

function proxy(pool: Pool): Decision {
  decision.pool = pool;
  decision.status = 0;
  return decision;
}

function answer(status: number): Decision {
  decision.status = status;
  return decision;
}

function redirect(kind: "slash" | "https", status: number): Decision {
  decision.redirect = kind;
  decision.status = status;
  return decision;
}
