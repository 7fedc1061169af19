/**
 * Server rewrite phase: decides the request, before nginx looks for a location.
 *
 * The default profile stays in `location /` with its URI untouched, or goes to that location's twin `profile:authority`.
 * Any other profile is reached by setting the URI to `profile:<id>`, a name that no client can send because a request path starts with `/`.
 */
import { LARGE, OVER_LIMIT, READ_FIRST, USUAL, wayOfBody } from "../body.ts";
import type { Decision } from "../match.ts";
import { decide } from "../match.ts";
import { decideAtFront } from "../fronts.ts";
import type { EdgeFilters, EdgePool, EdgeRoute } from "../program.ts";
import { locationOf } from "../redirect.ts";
import type { RequestView } from "../request-view.ts";
import { isUnfiltered } from "../routes.ts";
import type { Tables } from "../tables.ts";
import { unescapeUri, withQuery } from "../rewrite-target.ts";
import { refusalOf } from "./access.ts";
import { NO_READING, TO_READ } from "./body.ts";
import { denyName } from "./client-auth.ts";
import { aimCopies } from "./copies.ts";
import { dressAtGateways } from "./gateway-answers.ts";
import { giveBackHeaders } from "./leftovers.ts";
import { sendHeaders } from "./operator-headers.ts";
import { options } from "./options.ts";
import { findClient } from "./proxies.ts";
import { nameRequest } from "./request-id.ts";
import { request } from "./request.ts";
import { dress } from "./response.ts";
import { closeAfterwards, sayGoodbye } from "./retirement.ts";
import type { InFlight } from "./state.ts";
import { because } from "./reasons.ts";
import { NOBODY, recall, remember, tables } from "./state.ts";
import { beginSpan } from "./trace.ts";
import { prepareRequest } from "./upstream-request.ts";
import { prepareUpstream } from "./upstream.ts";

/** How requests are decided: at the fronts of Gateways as well, where there may be some. */
let decideRequest: typeof decide = decide;
let dressAnswer = dress;

/** To be called before the first request. */
export function routeGateways(): void {
  decideRequest = decideAtGateways;
  dressAnswer = dressAtGateways;
}

/** A request that a backend sent on is decided by what the client sent, and not by what the route before made of it. */
function decideAtGateways(held: Tables, view: RequestView, name: string, path: string, https: boolean | undefined): Decision {
  const state = ngx.req.is_internal() ? recall() : undefined;
  if (state !== undefined) giveBackHeaders(state);
  const decision = decideAtFront(held, view, name, path, https);
  const copies = decision.pool === undefined ? undefined : decision.route?.filters?.copies;
  if (copies !== undefined) aimCopies(copies);
  return decision;
}

export function routeRequest(): void {
  const vars = ngx.var;
  const path = vars.uri as string;
  // A subrequest to a location of Sluice's own comes through here as well; a client's path starts with a slash.
  // A text that starts with a slash sorts before "0", and comparing texts costs less than looking at the character.
  if (path >= "0") return;
  nameRequest();
  const name = vars.host as string;
  const decision = decideRequest(tables, request, name, path, undefined);
  if (options.hideServer) ngx.header.Server = undefined;
  sayGoodbye();
  const { route } = decision;
  let { pool } = decision;
  if (pool !== undefined && route !== undefined && route.plain === true) {
    const plain = remember(route, pool, undefined, 0);
    if (vars.http_host === name) return;
    noteAuthority();
    plain.path = path;
    return keepAuthority(plain);
  }
  const saysMore = vars.http_host !== name;
  if (saysMore) noteAuthority();
  // Where the operator set one of these, it holds for all requests: no route is plain then.
  const { proxies, requestHeaders } = tables.settings;
  if (proxies !== undefined) findClient(proxies);
  let body = USUAL;
  if (route !== undefined && (route.body !== undefined || pool === undefined)) {
    body = bodyOf(route, pool);
    if (body === OVER_LIMIT) pool = refuseBody(decision);
  }
  // Checks are to see what the client sent. Where there are filters, the headers follow after them.
  if (requestHeaders !== undefined && pool !== undefined && route !== undefined && route.filters === undefined) sendHeaders(requestHeaders, route, pool);
  if (route !== undefined && route.filters !== undefined && pool === undefined && decision.status >= 400) {
    // The access phase of the profile raises the error, so that the profile's error pages and headers hold for it; a 404 only after its checks.
    const unrouted = decision.reason === "no-route";
    const refused = remember(route, decision.pool, undefined, unrouted ? 0 : decision.status);
    if (route.trace !== undefined) beginSpan(route);
    refused.path = path;
    if (!unrouted) because(decision.reason);
    prepareRequest(route, route.filters, undefined);
    // Its length was looked at, where the route has a limit of its own: nginx is not to refuse it for another reason.
    return enter(refused, route, route.profile, undefined, route.body === undefined ? USUAL : LARGE);
  }
  if (pool === undefined || route === undefined) return refuse(decision, path);
  const state = remember(route, pool, decision.canary, 0);
  if (route.canaries !== undefined) state.weighed = decision.weighed;
  if (route.trace !== undefined) beginSpan(route);
  if (route.profile !== undefined || body !== USUAL) proxyInProfile(state, route, pool, decision.uri, body, saysMore);
  else if (saysMore) {
    state.path = path;
    keepAuthority(state);
  }
}

/** Checks a request before nginx looks for a location. One that passes has no need of the filters any more; one that is refused gets its answer in their profile. */
function checkEarly(state: InFlight, route: EdgeRoute, filters: EdgeFilters, rewritten: string | undefined, body: number, saysMore: boolean): void {
  // The checks may wait. The request's decision, which is in the room of every request's, is not looked at afterwards.
  state.refused = refusalOf(state, filters);
  if (state.refused > 0) return enter(state, route, route.profile, undefined, route.body === undefined ? USUAL : LARGE);
  const { requestHeaders } = tables.settings;
  if (requestHeaders !== undefined) sendHeaders(requestHeaders, route, state.pool);
  if (rewritten !== undefined || body !== USUAL) enter(state, route, undefined, rewritten, body);
  else if (saysMore) keepAuthority(state);
}

/** Makes nginx's `$passed_…` variables tell what the client wrote beside the routed host (src/compile/asked-origin.ts). */
function noteAuthority(): void {
  ngx.var.sluice_authority = ngx.var.own_http_host;
}

/** `location /` tells backends the routed host. Where the Host header says more than that host (a port, capitals), its twin tells what the client wrote. */
function keepAuthority(state: InFlight): void {
  ngx.var.sluice_uri = askedFor(state);
  ngx.req.set_uri("profile:authority", false);
}

/**
 * Bytes of the body; undefined: there is none, or its length is not known. nginx's own reading of the header counts: other headers
 * may be spelled almost like it. It is asked for only where there is such a header, because nginx may keep its answer, and
 * the length of a body without one is asked for again when the body has been read.
 */
function bodyLength(): number | undefined {
  const vars = ngx.var;
  return vars.http_content_length === undefined ? undefined : (tonumber(vars.content_length ?? "") as number | undefined);
}

function own(this: void, name: string): string | undefined {
  return ngx.var[name];
}

/** One of the ways of ../body.ts. @param pool undefined for a request that is not proxied: its body may be too large, and that is all. */
function bodyOf({ bodySize, body }: EdgeRoute, pool: EdgePool | undefined): number {
  if (pool !== undefined) return body === undefined ? USUAL : wayOfBody(body, options.bodySize, bodyLength(), own);
  const most = bodySize ?? tables.settings.bodySize ?? 0;
  const length = bodyLength();
  return most > 0 && length !== undefined && length > most ? OVER_LIMIT : USUAL;
}

/** ingress-nginx behaviour: nginx looks at the length before it redirects or refuses. The edge does so itself, because there is no location yet. */
function refuseBody(decision: Decision): undefined {
  decision.status = 413;
  decision.reason = "body-too-large";
  decision.redirect = undefined;
  return undefined;
}

/**
 * @param target the path to ask the backend for, escaped; used only where the route rewrites
 * @param body one of the ways of ../body.ts
 * @param saysMore the Host header is not just the routed host
 */
function proxyInProfile(state: InFlight, route: EdgeRoute, pool: EdgePool, target: string | undefined, body: number, saysMore: boolean): void {
  const path = ngx.var.uri as string;
  const rewritten = route.detour?.rewrite === undefined ? undefined : target;
  const { filters } = route;
  state.path = path;
  if (route.ownPath === true) ngx.var.sluice_path = rewritten === undefined ? path : unescapeUri(rewritten);
  if (filters !== undefined) {
    if (filters.early === true) return checkEarly(state, route, filters, rewritten, body, saysMore);
    prepareRequest(route, filters, pool);
    if (filters.upstream !== undefined) prepareUpstream(filters.upstream);
  }
  enter(state, route, route.profile, rewritten, body);
  if (filters !== undefined && filters.logRewrites === true) logRewrite();
}

/** Both URIs are logged escaped, as they travel, so that no byte of a client's can forge a line. */
function logRewrite(): void {
  const vars = ngx.var;
  ngx.log(ngx.NOTICE, "request for ", vars.host as string, " ", vars.request_uri as string, " goes on as ", vars.sluice_uri as string);
}

/**
 * Leads the request to the location of a profile. The URI for the backend (the raw one, or the path in its place) goes into a variable.
 * @param id of the profile; undefined: the default profile
 */
function enter(state: InFlight, route: EdgeRoute, id: string | undefined, path: string | undefined, body: number): void {
  const vars = ngx.var;
  state.auth = undefined;
  state.proof = undefined;
  state.reading = body === READ_FIRST ? TO_READ : NO_READING;
  vars.sluice_uri = path === undefined ? askedFor(state) : withQuery(path, vars.args);
  if (route.filters !== undefined && route.filters.snippet === true) vars.sluice_path = vars.uri;
  const profile = "profile:" + (id ?? "authority");
  if (body === USUAL) return ngx.req.set_uri(profile, false);
  state.after = profile + ":large";
  // Where nobody can be turned away any more, the body can be read at once.
  const reader = body === READ_FIRST && isUnfiltered(route) ? route.body?.reader : undefined;
  ngx.req.set_uri(reader ?? state.after, false);
}

/** What the backend is asked for where the route does not say it: what the client wrote, or the URI that another backend sent the request on to. */
function askedFor(state: InFlight): string {
  const vars = ngx.var;
  if (!state.sentOn) return originForm(vars.request_uri as string);
  state.sentOn = false;
  return withQuery(ngx.escape_uri(vars.uri as string, 0), vars.args);
}

/** The raw URI as it goes upstream: of `GET http://host?query` (RFC 9112, 3.2.2) nginx keeps `?query` alone. */
function originForm(raw: string): string {
  return raw.charCodeAt(0) === 47 ? raw : "/" + raw;
}

/** ingress-nginx's headers; nginx leaves out those that a 204 cannot have. */
function answerPreflight(): void {
  ngx.header["Content-Type"] = "text/plain charset=UTF-8";
  ngx.header["Content-Length"] = "0";
}

function refuse(decision: Decision, path: string): void {
  const { route } = decision;
  because(decision.reason);
  // Remembered so that the log phase counts the request and ends its span.
  remember(route ?? NOBODY, decision.pool, undefined, decision.status);
  if (route !== undefined && route.trace !== undefined) beginSpan(route);
  dressAnswer(decision, path);
  const location = locationOf(decision, tables.settings, request);
  if (location !== undefined) return ngx.redirect(location, decision.status);
  const clients = route === undefined ? decision.host?.special?.clients : undefined;
  if (clients !== undefined && decision.status === 403 && clients.mode !== "refused") return denyName();
  // Load balancers ask all the time, so a location of its own answers, which writes no access log.
  if (decision.reason === "health-check") return ngx.req.set_uri("answer:health", false);
  if (decision.reason === "body-too-large") return ngx.req.set_uri("answer:too-large", false);
  if (decision.status === 204) answerPreflight();
  // The handshake of this connection ran under other rules than the host's: only a new connection can help.
  if (decision.status === 421) closeAfterwards();
  ngx.exit(decision.status);
}
