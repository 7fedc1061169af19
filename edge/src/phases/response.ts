/**
 * Sets the headers that the client gets beside, or in place of, the backend's: in the header filter phase of routes
 * with filters, and in the rewrite phase for a request that is answered there.
 */
import { hostOf, originText, schemeOf } from "../asked-origin.ts";
import { carriesCookies } from "../external-auth.ts";
import type { Cors } from "../cors.ts";
import { allowedOrigin, varyByOrigin } from "../cors.ts";
import type { Decision } from "../match.ts";
import type { EdgeFilters, EdgeRoute } from "../program.ts";
import { routeAt } from "../routes.ts";
import { rewriteLocation, rewriteRefresh } from "../redirect-rewrite.ts";
import type { Replacement } from "../replacement.ts";
import { EVERYBODY } from "../search.ts";
import { rewriteSetCookie, type CookieRewrite } from "../set-cookie.ts";
import { addHeaders } from "./operator-headers.ts";
import { matches } from "./pattern.ts";
import { tellSession } from "./policy.ts";
import { request } from "./request.ts";
import { recall, tables } from "./state.ts";

export function respond(): void {
  const state = recall();
  // In place of the backend's header of this name, which could prove nothing: only Sluice knows the password.
  if (state !== undefined && state.proof !== undefined) ngx.header["Authentication-Info"] = state.proof;
  if (tables.settings.responseHeaders !== undefined) addHeaders();
  if (state === undefined || state.route === undefined) return;
  const { filters } = state.route;
  if (filters === undefined || filters.early === true) return;
  if (state.refused === 0) rewriteHeaders(state.route, filters);
  if (filters.setHeaders !== undefined) setHeaders(filters.setHeaders);
  if (filters.cors !== undefined) allowOrigin(filters.cors);
  // nginx adds the snippet's own afterwards.
  if (filters.written !== undefined) for (const name of filters.written) ngx.header[name] = undefined;
  if (filters.externalAuth !== undefined && state.auth?.cookies !== undefined && carriesCookies(filters.externalAuth, ngx.status)) {
    addCookies(state.auth.cookies);
  }
  // Last: the backend's cookies are rewritten, Sluice's own are not.
  if (state.session !== undefined && state.refused === 0) tellSession(state);
}

/**
 * Sets the headers of an answer to a request that enters no location of a profile. Browsers look for the headers of
 * CORS on redirects, too. So a redirect that a host gives before a route is chosen carries the CORS headers of the
 * path's route.
 */
export function dress({ host, route, redirect }: Decision, path: string): void {
  const answering = route ?? (host === undefined || redirect === undefined ? undefined : routeAt(host, path, request));
  const filters = answering?.filters;
  if (filters === undefined) return;
  if (route !== undefined && filters.setHeaders !== undefined) setHeaders(filters.setHeaders);
  if (filters.cors !== undefined) allowOrigin(filters.cors);
}

function setHeaders(headers: [string, string][]): void {
  for (const [name, value] of headers) ngx.header[name] = value;
}

/** Adds cookies to those of the backend. */
function addCookies(cookies: string[]): void {
  const own = ngx.header["Set-Cookie"];
  const all: string[] = [];
  if (typeof own === "string") all.push(own);
  else if (own !== undefined) for (const one of own) all.push(one);
  for (const one of cookies) all.push(one);
  ngx.header["Set-Cookie"] = all;
}

/** Sets the headers of CORS for an allowed origin. */
function allowOrigin(cors: Cors): void {
  const { header } = ngx;
  if (cors.origins !== undefined) header.Vary = varyByOrigin(joinedValues(header.Vary));
  const origin = allowedOrigin(cors, ngx.var.http_origin);
  if (origin === undefined) return;
  header["Access-Control-Allow-Origin"] = origin;
  setHeaders(cors.headers);
}

export function joinedValues(values: string | string[] | undefined): string | undefined {
  return values === undefined || typeof values === "string" ? values : values.join(", ");
}

/** The namespace of the route whose headers are being rewritten. */
let namespace = EVERYBODY;

function matchesOwn(this: void, text: string, pattern: string): boolean | undefined {
  return matches(text, pattern, namespace);
}

function rewriteHeaders(route: EdgeRoute, { cookies, redirects }: EdgeFilters): void {
  namespace = route.namespace;
  if (cookies !== undefined) rewriteCookies(cookies, route.canaries?.[0]?.sticky?.cookie);
  if (redirects !== undefined) rewriteRedirects(route, redirects);
}

/** @param ours name of the cookie by which clients keep a canary: it is not the backend's, and holds for the whole host */
function rewriteCookies(by: CookieRewrite, ours: string | undefined): void {
  const given = ngx.header["Set-Cookie"];
  if (given === undefined) return;
  if (typeof given === "string") {
    const rewritten = rewriteCookie(given, by, ours);
    if (rewritten !== undefined) ngx.header["Set-Cookie"] = rewritten;
    return;
  }
  const all: string[] = [];
  for (const one of given) all.push(rewriteCookie(one, by, ours) ?? one);
  ngx.header["Set-Cookie"] = all;
}

function rewriteCookie(one: string, by: CookieRewrite, ours: string | undefined): string | undefined {
  return ours !== undefined && one.startsWith(`${ours}=`) ? undefined : rewriteSetCookie(one, by, matchesOwn);
}

function rewriteRedirects(route: EdgeRoute, by: Replacement): void {
  const { header } = ngx;
  const { Location: location, Refresh: refresh } = header;
  if (typeof location === "string") {
    const rewritten = rewriteLocation(location, by, matchesOwn);
    if (rewritten !== undefined) header.Location = route.relative === true ? rewritten : absolute(rewritten);
  }
  if (typeof refresh === "string") {
    const rewritten = rewriteRefresh(refresh, by, matchesOwn);
    if (rewritten !== undefined) header.Refresh = rewritten;
  }
}

/** nginx behaviour: a Location that was rewritten to a path is completed with scheme and host of the request. */
function absolute(location: string): string {
  if (location.charCodeAt(0) !== 47) return location;
  return originText(schemeOf(tables.settings, request), hostOf(tables.settings, request), undefined) + location;
}
