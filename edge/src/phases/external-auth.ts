/**
 * Asks the external authentication service about the request at hand, or the cache of its answers.
 *
 * Guarantee: the request is refused unless the service lets it in. Without an endpoint of the service the status is
 * 503; when it cannot be reached or understood, 500, as in ingress-nginx.
 */
import * as cjson from "cjson.safe";
import { answerLifetime, variant, varies } from "../auth-cache.ts";
import { firstEndpoint, nextEndpoint } from "../balance.ts";
import { canonicalName } from "../claims.ts";
import { methodOf, requestText, signinLocation, verdictOf } from "../external-auth.ts";
import type { Asker, AuthAnswer, AuthCache, ExternalAuth } from "../external-auth.ts";
import type { Variable } from "../template.ts";
import { fieldsOfHead, joined } from "../http-response.ts";
import type { Head } from "../http-response.ts";
import { hostNamed } from "../match.ts";
import type { EdgeFilters, EdgeRoute } from "../program.ts";
import { evaluate } from "../template.ts";
import { ask, isHead } from "./http-client.ts";
import { deny } from "./reasons.ts";
import { request } from "./request.ts";
import type { InFlight } from "./state.ts";
import { tables } from "./state.ts";
import { variable } from "./variables.ts";

/** An answer as the cache keeps it. It has no cookies, because an answer with cookies is not kept. */
interface Kept extends AuthAnswer {
  /** Names of the request headers that the answer depends on, and their values in the request that was answered. */
  vary?: string;
  variant?: string;
}

/** An answer larger than this is not kept. */
const LARGEST_KEPT = 16384;

/**
 * Checks the request at hand: 0 when its route asks no service, 200 when the service lets it in, else the status that refuses
 * it. The service's answer stays in the state, for `refuse` or `passServiceHeaders`. Yields to other requests while the
 * service works.
 */
export function checkExternalAuth(this: void, state: InFlight, { externalAuth: auth }: EdgeFilters): number {
  return auth === undefined ? 0 : checkWith(auth, state);
}

/** Apart, because LuaJIT compiles no function that makes functions. */
function checkWith(auth: ExternalAuth, state: InFlight): number {
  const route = state.route as EdgeRoute;
  const variable = (name: string): string | undefined => variableOf(route, name);
  const answer = askCacheOrService(auth, variable);
  if (typeof answer === "number") return deny(state, answer, "external-auth-unavailable");
  state.auth = answer;
  if (answer.verdict === 401 && auth.signin !== undefined) answer.location = signinLocation(auth.signin, variable);
  if (answer.verdict === 0) return 200;
  if (answer.verdict >= 500) return deny(state, answer.verdict, "external-auth-unavailable");
  return deny(state, answer.verdict, answer.location === undefined ? "denied-by-external-auth" : "redirect-sign-in");
}

/** The service's answer, from the cache or asked for; or a status, when it could not be asked. */
function askCacheOrService(auth: ExternalAuth, variable: Variable): AuthAnswer | number {
  const { cache } = auth;
  // The scope is not hashed with the rest: whatever a client puts into its key, it stays within the scope.
  const key = cache === undefined ? "" : cache.scope + ngx.sha1_bin(evaluate(cache.key, variable));
  if (cache !== undefined) {
    const kept = recallAnswer(key);
    if (kept !== undefined) return kept;
  }
  const head = askService(auth, variable);
  if (typeof head === "number") return head;
  const answer: Kept = { verdict: verdictOf(head.status) };
  if (answer.verdict === 401) answer.challenge = joined(head, "www-authenticate");
  if (answer.verdict === 0) answer.headers = wantedHeaders(auth, head);
  answer.cookies = fieldsOfHead(head, "set-cookie");
  if (cache !== undefined) keep(cache, key, head, answer);
  return answer;
}

/** The head of the service's response; or a status, when it could not be asked. */
function askService(auth: ExternalAuth, variable: Variable): Head | number {
  const pool = tables.pools[auth.pool];
  if (pool === undefined || pool.endpoints.length === 0) return 503;
  const call = {
    text: requestText(auth, variable, ngx.req.get_headers(0, true), asker()),
    bodiless: methodOf(auth) === "HEAD",
    tls: auth.tls === true,
    serverName: auth.serverName,
    keepalive: auth.keepalive,
  };
  let index = firstEndpoint(pool, math.random);
  for (let tries = 1; ; tries++) {
    const endpoint = pool.endpoints[index];
    const answer = ask(endpoint[0], endpoint[1], call);
    if (isHead(answer)) return answer;
    ngx.log(ngx.WARN, "external authentication at ", endpoint[0], ":", endpoint[1], " fails: ", answer.problem);
    if (tries > 1 || !answer.unseen) return 500;
    index = nextEndpoint(pool, index);
  }
}

function asker(): Asker {
  const { host, from_trusted_proxy: trusted } = ngx.var;
  const asked = hostNamed(tables, request, host ?? "");
  return { trusted: tables.settings.forwardedProto && trusted === "1", certified: asked?.special?.clients !== undefined };
}

function wantedHeaders(auth: ExternalAuth, head: Head): Record<string, string> | undefined {
  if (auth.responseHeaders === undefined) return undefined;
  const wanted: Record<string, string> = {};
  for (const name of auth.responseHeaders) {
    const value = joined(head, name.toLowerCase());
    if (value !== undefined) wanted[name] = value;
  }
  return wanted;
}

/** Sets the headers that the backend gets from the service. The client's own headers of these names are removed, however they are spelled. */
export function passServiceHeaders(state: InFlight, { externalAuth: auth }: EdgeFilters): void {
  if (auth === undefined || auth.responseHeaders === undefined) return;
  const headers = state.auth?.headers;
  const reserved: Record<string, boolean> = {};
  for (const name of auth.responseHeaders) reserved[canonicalName(name)] = true;
  for (const [name] of pairs(ngx.req.get_headers(0, true))) if (reserved[canonicalName(name)] === true) ngx.req.clear_header(name);
  for (const name of auth.responseHeaders) {
    const value = headers === undefined ? undefined : headers[name];
    if (value === undefined || value === "") ngx.req.clear_header(name);
    else ngx.req.set_header(name, value);
  }
}

/** Ends a request that was refused with this status. */
export function refuse({ auth, challenge }: InFlight, status: number): void {
  if (status === 401) {
    const other = auth?.challenge;
    const all = challenge === undefined ? other : other === undefined ? challenge : challenge + ", " + other;
    if (all !== undefined) ngx.header["WWW-Authenticate"] = all;
    // ingress-nginx behaviour: the redirect keeps the challenge, for clients that answer challenges and follow no redirect.
    if (auth?.location !== undefined) return ngx.redirect(auth.location, 302);
  }
  ngx.exit(status);
}

function recallAnswer(key: string): Kept | undefined {
  const text = ngx.shared.sluice_auth.get(key);
  if (typeof text !== "string") return undefined;
  const [value] = cjson.decode(text);
  const kept = value as Kept | undefined;
  if (kept === undefined || kept.vary === undefined) return kept;
  return variant(kept.vary, variableOfRequest) === kept.variant ? kept : undefined;
}

function keep(cache: AuthCache, key: string, head: Head, answer: Kept): void {
  const seconds = answerLifetime(cache, head, secondsUntil);
  if (seconds <= 0) return;
  const vary = varies(head);
  if (vary !== "") {
    answer.vary = vary;
    answer.variant = variant(vary, variableOfRequest);
  }
  const text = cjson.encode(answer);
  if (text.length <= LARGEST_KEPT) ngx.shared.sluice_auth.set(key, text, seconds);
}

function secondsUntil(date: string): number | undefined {
  const time = ngx.parse_http_time(date);
  return time === undefined ? undefined : time - ngx.time();
}

function variableOfRequest(name: string): string | undefined {
  return ngx.var[name];
}

/** nginx's variables, and those that ingress-nginx adds. */
function variableOf(route: EdgeRoute, name: string): string | undefined {
  switch (name) {
    case "escaped_request_uri":
      return ngx.escape_uri(ngx.var.request_uri ?? "");
    case "namespace":
      return route.namespace;
    case "ingress_name":
      return route.ingress;
    case "service_name":
      return route.service;
    case "service_port":
      return route.port;
    case "location_path":
      return route.path;
    default:
      return variable(name);
  }
}
