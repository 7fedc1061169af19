/**
 * Decides where a request goes. There is no other matcher: nginx runs this one compiled, `sluice explain` and the tests
 * run it on Node.
 *
 * Contract: a pure function of the tables, the request and the random draw. It allocates nothing (the Decision is
 * reused by the next call) and never fails.
 */
import { findAlias, findPatternAlias } from "./aliases.ts";
import { isHostName } from "./host-name.ts";
import { moveInto, type WholeRoom } from "./layout.ts";
import { isHttps } from "./asked-origin.ts";
import { isBlocked } from "./blocks.ts";
import { canaryByRule, chooseCanary, chooseRolling, speaksForItself } from "./canary.ts";
import type { Reason } from "./reasons.ts";
import { CERTIFICATE_ERROR, MISDIRECTED } from "./client-auth.ts";
import type { Cors } from "./cors.ts";
import { allowedOrigin } from "./cors.ts";
import type { EdgeAlias, EdgeCanary, ClientAuth, Detour, EdgeHost, EdgePool, Redirect, Rewrite, EdgeRoute } from "./program.ts";
import { CATCH_ALL, DEFAULT_BACKEND } from "./program.ts";
import type { RequestView } from "./request-view.ts";
import { rewritePath, rewriteUrl } from "./rewrite-target.ts";
import { findRoute, findSpecial, GAVE_UP } from "./routes.ts";
import type { Tables } from "./tables.ts";
import { backendKeyOf } from "./sticky.ts";
import { byParent } from "./tables.ts";

export interface Decision {
  host: EdgeHost | undefined;
  route: EdgeRoute | undefined;
  /** Set when the request is proxied. */
  pool: EdgePool | undefined;
  canary: EdgeCanary | undefined;
  /** Means something only for a route with canaries: the weights assigned the request, and it counts for the releases of the route. */
  weighed: boolean;
  /**
   * Means something only for a route that rewrites: the path to ask the backend for, escaped, without query; undefined:
   * the client's URI as it came.
   */
  uri: string | undefined;
  /**
   * 0: proxy to `pool`; else the status to answer. Where `route` is undefined the host has refused the client; a 403
   * without `host` is the operator's.
   */
  status: number;
  /** Why the request is not proxied. */
  reason: Reason;
  /** The kind of a redirect, from which `locationOf` makes the URL; undefined: no redirect. */
  redirect: RedirectKind | undefined;
  /** Where a redirect of the kind `url` leads; the path of one of the kind `origin` that changes it. */
  url: string;
}

/** `slash`: a `/` is appended to the path; `name`: from an alias to the host's own name; `root`: to the app root; `origin`: to another scheme, host or port. */
type RedirectKind = "slash" | "https" | "url" | "name" | "root" | "certificate" | "origin";

const room: WholeRoom<Decision> = {
  host: false, route: false, pool: false, canary: false, weighed: false, uri: false, status: false, reason: false, redirect: false, url: false,
};
const decision = moveInto<Decision>(room, { weighed: false, status: 0, reason: "no-route", url: "" });

/**
 * Decides one request. `name` is the host in lower case without port, `path` the decoded, normalised path (nginx's
 * `$host` and `$uri`), `https` whether the client's connection is TLS (a trusted proxy's X-Forwarded-Proto comes before
 * it). Where `https` is undefined, `request` is asked, if it matters.
 */
export function decide(tables: Tables, request: RequestView, name: string, path: string, https: boolean | undefined): Decision {
  let host = tables.hosts[name] as EdgeHost | undefined;
  decision.route = undefined;
  if (host === undefined) {
    if (!isHostName(name)) {
      decision.host = undefined;
      return endWithReason(400, "bad-request");
    }
    const alias = aliasOf(tables, request, name);
    host = alias === undefined ? byParent(tables.wildcards, name) : hostOf(tables, alias);
    if (host !== undefined && alias !== undefined && alias.redirect === true) {
      decision.host = host;
      return blocked(tables, request) ?? redirect("name", tables.settings.redirectCode);
    }
    host = host ?? tables.hosts[CATCH_ALL];
    if (host === undefined) {
      decision.host = undefined;
      return endWithReason(503, "not-programmed");
    }
  }
  decision.host = host;
  let index: number;
  const { special } = host;
  if (special === undefined) index = findRoute(host, path);
  else {
    const { clients } = special;
    if (clients !== undefined) {
      const status = request.admit(special, clients);
      if (status >= CERTIFICATE_ERROR && clients.errorPage !== undefined) return redirect("certificate", 302);
      if (status !== 0) return endWithReason(status, refusal(clients, status));
    }
    if (special.appRoot !== undefined && path === "/") return blocked(tables, request) ?? redirect("root", 302);
    index = findSpecial(host, special, path, request);
    if (index === GAVE_UP) return endWithReason(500, "path-too-hard");
  }
  const route = host.routes[index] as EdgeRoute;
  decision.route = route;
  if (route.plain !== true) {
    const early = decideEarly(tables, request, route, name, path, https);
    if (early !== undefined) return early;
  }
  if (route.https !== undefined && redirectsToHttps(tables, route, name) && !isHttps(tables.settings, request, https)) {
    return redirect("https", tables.settings.redirectCode);
  }
  return chooseBackend(tables, request, route);
}

function answerOf(status: number): Reason {
  if (status < 400) return "health-check";
  return status === 500 ? "no-backend" : "misconfigured";
}

/** A client that the operator blocks gets 403. While the operator blocks anybody, no route is `plain`, so that every request is checked. */
function blocked({ settings }: Tables, request: RequestView): Decision | undefined {
  if (settings.blocks === undefined || !isBlocked(settings.blocks, request)) return undefined;
  decision.host = undefined;
  decision.route = undefined;
  return endWithReason(403, "denied-by-blocklist");
}

/** The answer that comes before the redirect to https and the choice of a backend; undefined: there is none. */
function decideEarly(
  tables: Tables, request: RequestView, route: EdgeRoute, name: string, path: string, https: boolean | undefined,
): Decision | undefined {
  const refused = blocked(tables, request);
  if (refused !== undefined) return refused;
  if (route.slash === true) return redirect("slash", 301);
  const { filters } = route;
  if (filters !== undefined && filters.cors !== undefined && isPreflight(filters.cors, request)) return endWithReason(204, "preflight");
  if (route.respond !== undefined) return endWithReason(route.respond, answerOf(route.respond));
  return route.detour === undefined ? undefined : takeDetour(tables, request, route, name, path, https);
}

/**
 * The alias of a name; undefined where the name has rules of its own. The order is that of nginx's `server_name` as
 * ingress-nginx uses it: a wildcard of a rule is a regular expression there, and comes before the regular expressions
 * of aliases.
 */
export function aliasOf({ hosts, wildcards, aliases }: Tables, request: RequestView, name: string): EdgeAlias | undefined {
  if (hosts[name] !== undefined) return undefined;
  const found = findAlias(aliases, name);
  if (found !== undefined || aliases.patterns.length === 0 || byParent(wildcards, name) !== undefined) return found;
  return findPatternAlias(aliases, name, request);
}

function hostOf({ hosts, wildcards }: Tables, alias: EdgeAlias): EdgeHost | undefined {
  return alias.host.startsWith("*.") ? wildcards[alias.host.slice(1)] : hosts[alias.host];
}

/** The host that answers for a name in a handshake: the host of that name, the host that the name is an alias of, or the catch-all. */
export function hostNamed(tables: Tables, request: RequestView, name: string): EdgeHost | undefined {
  const host = tables.hosts[name] as EdgeHost | undefined;
  if (host !== undefined) return host;
  const alias = aliasOf(tables, request, name);
  const named = alias === undefined ? byParent(tables.wildcards, name) : hostOf(tables, alias);
  return named ?? tables.hosts[CATCH_ALL];
}

/** True when some rule, wildcard or alias stands for the name. */
export function isDeclared(tables: Tables, request: RequestView, name: string): boolean {
  const { hosts, wildcards } = tables;
  if (name === CATCH_ALL) return false;
  return hosts[name] !== undefined || byParent(wildcards, name) !== undefined || aliasOf(tables, request, name) !== undefined;
}

/** Decides for a route with a detour: a redirect of its own, or another path for its backend. */
function takeDetour(tables: Tables, request: RequestView, route: EdgeRoute, name: string, path: string, https: boolean | undefined): Decision {
  const { redirect: to, rewrite: how } = route.detour as Detour;
  if (to !== undefined && redirectToUrl(to, path, route.namespace, request)) return decision;
  if (route.https !== undefined && redirectsToHttps(tables, route, name) && !isHttps(tables.settings, request, https)) {
    return redirect("https", tables.settings.redirectCode);
  }
  chooseBackend(tables, request, route);
  return how === undefined || decision.pool === undefined ? decision : rewrite(how as Rewrite, path, route.namespace, request);
}

/** False: the pattern of the redirect does not match, and the request goes on. */
function redirectToUrl(to: Redirect, path: string, namespace: string, request: RequestView): boolean {
  const url = to.rewrite === undefined ? to.url : rewriteUrl(to.rewrite, path, namespace, request);
  if (url === undefined) return false;
  decision.url = url;
  redirect("url", to.status);
  return true;
}

function rewrite(how: Rewrite, path: string, namespace: string, request: RequestView): Decision {
  const uri = rewritePath(how, path, namespace, request);
  if (typeof uri === "number") return endWithReason(uri, "rewrite-unsafe");
  decision.uri = uri;
  return decision;
}

/** OPTIONS from an allowed origin is answered here, whatever the route would do with it. */
function isPreflight(cors: Cors, request: RequestView): boolean {
  return request.variable("request_method") === "OPTIONS" && allowedOrigin(cors, request.variable("http_origin")) !== undefined;
}

function redirectsToHttps(tables: Tables, route: EdgeRoute, name: string): boolean {
  return route.https === "always" || isCovered(tables, name);
}

/** Whether a name has a certificate: its own or its parent's wildcard, but not the default certificate. */
function isCovered(tables: Tables, name: string): boolean {
  const known = tables.covered[name] as boolean | undefined;
  return known === undefined ? lookForCertificate(tables, name) : known;
}

function lookForCertificate({ hosts, names, wildcardNames, covered }: Tables, name: string): boolean {
  const dot = name.indexOf(".");
  const found = names[name] !== undefined || (dot > 0 && wildcardNames[name.slice(dot)] !== undefined);
  // Only names of hosts are remembered: of names under a wildcard, clients can make up any number.
  if (hosts[name] !== undefined) covered[name] = found;
  return found;
}

/**
 * A canary that matches and has endpoints wins, whatever the primary's state; one without endpoints leaves the
 * request to the primary. If the primary has none either, the route's own default backend takes the request; without
 * one the answer is 503, or 404 where the primary is the controller's default backend. A session stays with the primary
 * or the canary that its cookie names, whatever the rules of the canaries say, but for `unbound` canaries.
 */
function chooseBackend(tables: Tables, request: RequestView, route: EdgeRoute): Decision {
  if (route.canaries !== undefined) {
    const { canaries } = route;
    const session = sessionOf(route, request);
    let canary: EdgeCanary | undefined;
    if (session !== undefined) canary = bySession(tables, request, route, session);
    else if ((canaries[0] as EdgeCanary).rolling === undefined) canary = chooseCanary(canaries, route.total ?? 100, request);
    else canary = chooseRolling(canaries, route.total ?? 100, request);
    // A branch of its own: what requests of other routes do is recorded without it.
    decision.weighed = (canaries[0] as EdgeCanary).rolling === undefined ? false : !speaksForItself(canaries, request);
    if (canary !== undefined) {
      const pool = tables.pools[canary.pool];
      if (pool !== undefined && pool.endpoints.length > 0) return proxy(pool, canary);
    }
  }
  const pool = tables.pools[route.pool];
  if (pool !== undefined && pool.endpoints.length > 0) return proxy(pool, undefined);
  if (route.pool === DEFAULT_BACKEND) return endWithReason(404, "no-route");
  decision.weighed = false;
  const substitute = route.filters === undefined ? undefined : ownDefaultBackend(tables, route);
  return substitute === undefined ? endWithReason(503, "no-endpoints") : proxy(substitute, undefined);
}

/** The default backend that a route has for itself, when it has endpoints. */
function ownDefaultBackend(tables: Tables, { filters }: EdgeRoute): EdgePool | undefined {
  const id = filters?.errors?.backend;
  const pool = id === undefined ? undefined : tables.pools[id];
  return pool !== undefined && pool.endpoints.length > 0 ? pool : undefined;
}

/** Whether `pool` is the route's own default backend, which takes requests while the route's pool is empty. No route has one pool for both. */
export function isSubstitute(tables: Tables, { filters }: EdgeRoute, pool: EdgePool | undefined): boolean {
  const id = filters?.errors?.backend;
  return id !== undefined && pool !== undefined && pool === tables.pools[id];
}

/** Who makes the page of an error: the route's own default backend, else the controller's; undefined: nobody can. */
export function errorPool(tables: Tables, route: EdgeRoute): EdgePool | undefined {
  const own = ownDefaultBackend(tables, route);
  if (own !== undefined) return own;
  const pool = tables.pools[DEFAULT_BACKEND];
  return pool !== undefined && pool.endpoints.length > 0 ? pool : undefined;
}

/** The key of the pool that the request's session began with; undefined: the request has no session. */
export function sessionOf({ balance }: EdgeRoute, request: RequestView): string | undefined {
  if (balance === undefined || balance.kind !== "session") return undefined;
  return backendKeyOf(request.variable(balance.cookie.variable));
}

/**
 * The canary that a session stays with; undefined: the primary. A session that names no canary of the route, and no
 * primary with endpoints, is decided like a request without session.
 */
function bySession(tables: Tables, request: RequestView, route: EdgeRoute, key: string): EdgeCanary | undefined {
  const canaries = route.canaries as EdgeCanary[];
  const asked = canaryByRule(canaries, request, true);
  if (asked !== undefined) return asked;
  if (route.balance?.kind === "session" && route.balance.key === key) {
    const primary = tables.pools[route.pool];
    if (primary !== undefined && primary.endpoints.length > 0) return undefined;
  }
  for (const canary of canaries) {
    if (canary.balance === undefined || canary.balance.kind !== "session" || canary.balance.key !== key) continue;
    // A canary that its release gives nothing has been taken back: its sessions go to the primary, too, unless they ask for it.
    return canary.rollout !== undefined && canary.to === canary.from ? canaryByRule(canaries, request, false) : canary;
  }
  return chooseCanary(canaries, route.total ?? 100, request);
}

// Each function below sets all fields that are read of its outcome, so `decide` need not reset them at its start.

function proxy(pool: EdgePool, canary: EdgeCanary | undefined): Decision {
  const made = decision;
  made.pool = pool;
  made.canary = canary;
  made.redirect = undefined;
  made.status = 0;
  return made;
}

function endWithReason(status: number, reason: Reason): Decision {
  return end(status, undefined, reason);
}

function refusal({ mode }: ClientAuth, status: number): Reason {
  if (mode === "refused") return "misconfigured";
  return status === MISDIRECTED ? "misdirected" : "denied-by-certificate";
}

const REDIRECTS: Record<RedirectKind, Reason> = {
  slash: "redirect-slash", https: "redirect-https", url: "redirect-annotation", name: "redirect-name", root: "redirect-app-root",
  certificate: "redirect-certificate", origin: "redirect-rule",
};

function redirect(kind: RedirectKind, status: number): Decision {
  return end(status, kind, REDIRECTS[kind]);
}

function end(status: number, kind: RedirectKind | undefined, reason: Reason): Decision {
  const made = decision;
  made.pool = undefined;
  made.canary = undefined;
  made.redirect = kind;
  made.status = status;
  made.reason = reason;
  return made;
}

// Not with their declarations: an exported name is looked up in a table each time.
export { answerOf as reasonOfStatus, blocked, decision, endWithReason, proxy as proxyTo, redirect as redirectBy };
