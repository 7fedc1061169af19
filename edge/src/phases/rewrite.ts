/**
 * Server rewrite phase: decides the request, before nginx looks for a location.
 *
 * The default profile stays in `location /` with its URI untouched. Any other profile is reached by setting the URI
 * to `profile:<id>`, a name that no client can send because a request path starts with `/`.
 */
import type { Decision, RequestView } from "../match.ts";
import { decide } from "../match.ts";
import { shownStatus } from "../client-auth.ts";
import { httpsLocation, slashLocation } from "../redirect.ts";
import { admit, denyName } from "./client-auth.ts";
import { count } from "./counters.ts";
import { options } from "./options.ts";
import { matches } from "./pattern.ts";
import { nameRequest } from "./request-id.ts";
import { closeAfterwards, sayGoodbye } from "./retirement.ts";
import { remember, tables } from "./state.ts";

const request: RequestView = {
  variable: (name) => ngx.var[name],
  matches: (text, pattern) => matches(text, pattern),
  draw: (total) => math.random(total),
  admit: (host, clients) => admit(host, clients),
};

export function rewrite(): void {
  const vars = ngx.var;
  nameRequest();
  const decision = decide(tables, request, vars.host as string, vars.uri as string, undefined);
  if (options.hideServer) ngx.header.Server = undefined;
  sayGoodbye();
  const { pool, route } = decision;
  if (route !== undefined && route.filters !== undefined && pool === undefined && decision.status >= 400) {
    // Raised in its profile, whose error pages and headers hold for it.
    remember(route, undefined, undefined, decision.status);
    return enter(route.profile as string);
  }
  if (pool === undefined || route === undefined) return refuse(decision);
  remember(route, pool, decision.canary, 0);
  if (route.profile !== undefined) enter(route.profile);
}

/** Leads the request to the location of a profile, and its raw URI past it. */
function enter(profile: string): void {
  const vars = ngx.var;
  vars.sluice_uri = originForm(vars.request_uri as string);
  ngx.req.set_uri("profile:" + profile, false);
}

/** The raw URI as it goes upstream: of `GET http://host?query` (RFC 9112, 3.2.2) nginx keeps `?query` alone. */
function originForm(raw: string): string {
  return raw.charCodeAt(0) === 47 ? raw : "/" + raw;
}

function refuse(decision: Decision): void {
  const vars = ngx.var;
  const uri = vars.request_uri as string;
  count(decision.route, undefined, shownStatus(decision.status));
  if (decision.redirect === "slash") {
    ngx.redirect(slashLocation(vars.scheme as string, vars.host as string, uri), decision.status);
  } else if (decision.redirect === "https") {
    ngx.redirect(httpsLocation(vars.best_http_host as string, uri, decision.route?.keepSlash === true), decision.status);
  } else if (decision.redirect === "certificate") {
    ngx.redirect(decision.host?.clients?.errorPage as string, decision.status);
  } else if (decision.status === 403 && decision.route === undefined && decision.host?.clients?.mode !== "refused") {
    denyName();
  } else {
    // The rules of the host are others than those of this connection's handshake: only a new one can help.
    if (decision.status === 421) closeAfterwards();
    ngx.exit(decision.status);
  }
}
