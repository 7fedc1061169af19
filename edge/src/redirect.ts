/**
 * Where redirects lead. Pure: nginx answers with these URLs, `sluice explain` and the tests print and compare them.
 *
 * `uri` is the raw URI as the client sent it (`$request_uri`), so what a client wrote comes back unchanged.
 */
import { authorityOf, hostOf, originText, portOf, schemeOf, withoutPort } from "./asked-origin.ts";
import type { OriginView } from "./asked-origin.ts";
import type { Decision } from "./match.ts";
import type { EdgeSettings } from "./program.ts";
import { withQuery } from "./rewrite-target.ts";

/** Where a decided redirect leads; undefined when the request is not redirected. Asks for nginx's variables. */
export function locationOf(decision: Decision, settings: EdgeSettings, request: OriginView): string | undefined {
  const { redirect, route, host } = decision;
  const uri = request.variable("request_uri") ?? "/";
  if (redirect === "slash") return withinHost(slashUri(uri), decision, settings, request);
  if (redirect === "https") return httpsLocation(authorityOf(settings, request), uri, route?.keepSlash === true, route?.redirectPort);
  if (redirect === "url") return decision.url.charCodeAt(0) === SLASH ? withinHost(decision.url, decision, settings, request) : decision.url;
  if (redirect === "origin") {
    const to = route?.detour?.redirect?.origin;
    if (to === undefined) return undefined;
    const target = to.path === undefined ? uri : withQuery(decision.url, request.variable("args"));
    return originText(to.scheme, to.host ?? hostOf(settings, request), to.port) + target;
  }
  if (redirect === "root") return schemeOf(settings, request) + "://" + authorityOf(settings, request) + (host?.special?.appRoot ?? "/");
  if (redirect === "certificate") return host?.special?.clients?.errorPage;
  if (redirect === "name") return nameLocation(host?.name ?? "", uri, settings, request);
  return undefined;
}

const SLASH = 47;

/** As nginx completes the path of a redirect (`absolute_redirect`, `port_in_redirect`), but with the client's scheme. */
function withinHost(path: string, { route }: Decision, settings: EdgeSettings, request: OriginView): string {
  if (route?.relative === true) return path;
  const port = route?.redirectPort === undefined ? undefined : portOf(settings, request);
  return originText(schemeOf(settings, request), hostOf(settings, request), port) + path;
}

/** The URI with a slash at the end of its path, as nginx redirects a proxied prefix. */
export function slashUri(uri: string): string {
  const query = uri.indexOf("?");
  const path = query < 0 ? uri : uri.slice(0, query);
  return path + "/" + (query < 0 ? "" : uri.slice(query));
}

/**
 * The URL of the request over https. `authority` is the host that the client asks for, with or without port.
 * ingress-nginx behaviour: its port is dropped, and so is one slash at the end of the URI (of its query, if it has
 * one), unless `keepSlash`.
 */
export function httpsLocation(authority: string, uri: string, keepSlash: boolean, port?: number): string {
  const shown = port === undefined ? "" : ":" + port;
  return "https://" + withoutPort(authority) + shown + (keepSlash ? uri : withoutSlash(uri));
}

/**
 * The URL of the request under the host's own name. ingress-nginx behaviour: one trailing slash is dropped. Unlike
 * there, the port is left out where it is the scheme's default, or where the proxy in front does not say it.
 */
function nameLocation(name: string, uri: string, settings: EdgeSettings, request: OriginView): string {
  return originText(schemeOf(settings, request), name, portOf(settings, request)) + withoutSlash(uri);
}

function withoutSlash(uri: string): string {
  return uri.endsWith("/") ? uri.slice(0, -1) : uri;
}
