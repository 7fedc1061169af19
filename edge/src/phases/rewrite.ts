/**
 * Server rewrite phase: decides the request, before nginx looks for a location.
 *
 * The default profile stays in `location /` with its URI untouched. Any other profile is reached by setting the URI
 * to `profile:<id>`, a name that no client can send because a request path starts with `/`.
 */
import type { Decision } from "../match.ts";
import { decide } from "../match.ts";
import { locationOf } from "../redirect.ts";
import { withQuery } from "../rewrite-target.ts";
import { count } from "./counters.ts";
import { options } from "./options.ts";
import { nameRequest } from "./request-id.ts";
import { request } from "./request.ts";
import { sayGoodbye } from "./retirement.ts";
import type { InFlight } from "./state.ts";
import { remember, tables } from "./state.ts";

export function rewrite(): void {
  const vars = ngx.var;
  nameRequest();
  const decision = decide(tables, request, vars.host as string, vars.uri as string, undefined);
  if (options.hideServer) ngx.header.Server = undefined;
  sayGoodbye();
  const { pool, route } = decision;
  if (route !== undefined && route.filters !== undefined && pool === undefined && decision.status >= 400) {
    // Raised in its profile, whose error pages and headers hold for it.
    return enter(remember(route, undefined, undefined, decision.status), route.profile as string, undefined);
  }
  if (pool === undefined || route === undefined) return refuse(decision);
  const state = remember(route, pool, decision.canary, 0);
  if (route.profile !== undefined) enter(state, route.profile, route.detour?.rewrite === undefined ? undefined : decision.uri);
}

/** Leads the request to the location of a profile, and its raw URI, or the path in its place, past it. */
function enter(state: InFlight, profile: string, path: string | undefined): void {
  const vars = ngx.var;
  state.path = vars.uri as string;
  vars.sluice_uri = path === undefined ? originForm(vars.request_uri as string) : withQuery(path, vars.args);
  ngx.req.set_uri("profile:" + profile, false);
}

/** The raw URI as it goes upstream: of `GET http://host?query` (RFC 9112, 3.2.2) nginx keeps `?query` alone. */
function originForm(raw: string): string {
  return raw.charCodeAt(0) === 47 ? raw : "/" + raw;
}

function refuse(decision: Decision): void {
  count(decision.route, undefined, decision.status);
  const location = locationOf(decision, tables.settings, request);
  if (location === undefined) ngx.exit(decision.status);
  else ngx.redirect(location, decision.status);
}
