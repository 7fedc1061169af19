/**
 * Server rewrite phase: decides the request, before nginx looks for a location.
 *
 * The default profile stays in `location /` with its URI untouched. Any other profile is reached by setting the URI
 * to `profile:<id>`, a name that no client can send because a request path starts with `/`.
 */
import type { Decision, RequestView } from "../match.ts";
import { decide } from "../match.ts";
import { httpsLocation, slashLocation } from "../redirect.ts";
import type { Pool, Route } from "../program.ts";
import { count } from "./counters.ts";
import { options } from "./options.ts";
import { nameRequest } from "./request-id.ts";
import { allowOrigin } from "./response.ts";
import { sayGoodbye } from "./retirement.ts";
import { remember, tables } from "./state.ts";
import { prepareRequest } from "./upstream-request.ts";

const request: RequestView = {
  variable: (name) => ngx.var[name],
  matches: (text, pattern) => {
    const [from, , problem] = ngx.re.find(text, pattern, "jo");
    if (problem !== undefined) {
      ngx.log(ngx.WARN, "canary header pattern cannot be run: ", problem);
      return undefined;
    }
    return from !== undefined;
  },
  draw: (total) => math.random(total),
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
    prepareRequest(route, route.filters, undefined);
    return enter(route.profile as string);
  }
  if (pool === undefined || route === undefined) return refuse(decision);
  remember(route, pool, decision.canary, 0);
  if (route.profile !== undefined) proxyInProfile(route, pool, route.profile);
}

/** A route with filters always has a profile. */
function proxyInProfile(route: Route, pool: Pool, profile: string): void {
  const { filters } = route;
  if (filters !== undefined) prepareRequest(route, filters, pool);
  enter(profile);
  if (filters !== undefined && filters.logRewrites === true) logRewrite();
}

/** Both are as they travel, so that no byte of a client's can forge a line. */
function logRewrite(): void {
  const vars = ngx.var;
  ngx.log(ngx.NOTICE, "request for ", vars.host as string, " ", vars.request_uri as string, " goes on as ", vars.sluice_uri as string);
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

/** ingress-nginx's headers; nginx leaves out those that a 204 cannot have. */
function answerPreflight({ route }: Decision): void {
  const cors = route?.filters?.cors;
  if (cors === undefined) return;
  allowOrigin(cors);
  ngx.header["Content-Type"] = "text/plain charset=UTF-8";
  ngx.header["Content-Length"] = "0";
}

function refuse(decision: Decision): void {
  const vars = ngx.var;
  const uri = vars.request_uri as string;
  count(decision.route, undefined, decision.status);
  if (decision.redirect === "slash") {
    ngx.redirect(slashLocation(vars.scheme as string, vars.host as string, uri), decision.status);
  } else if (decision.redirect === "https") {
    ngx.redirect(httpsLocation(vars.best_http_host as string, uri, decision.route?.keepSlash === true), decision.status);
  } else {
    if (decision.status === 204) answerPreflight(decision);
    ngx.exit(decision.status);
  }
}
