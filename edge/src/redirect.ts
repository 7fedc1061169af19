/**
 * Where redirects lead. Pure: nginx answers with it, `sluice explain` and the tests print and compare it.
 *
 * `uri` is the raw URI as the client sent it (`$request_uri`), so what a client wrote comes back unchanged.
 */
import type { Decision, RequestView } from "./match.ts";
import type { EdgeSettings } from "./program.ts";

/** Where a decided redirect leads; undefined when the request is not redirected. Asks for nginx's variables. */
export function locationOf(decision: Decision, settings: EdgeSettings, request: Pick<RequestView, "variable">): string | undefined {
  const { redirect, route } = decision;
  const uri = request.variable("request_uri") ?? "/";
  if (redirect === "slash") return withinHost(slashUri(uri), decision, request);
  if (redirect === "https") {
    return httpsLocation(request.variable("best_http_host") ?? "", uri, route?.keepSlash === true, route?.redirectPort);
  }
  if (redirect === "url") return decision.url.charCodeAt(0) === SLASH ? withinHost(decision.url, decision, request) : decision.url;
  if (redirect === "root") {
    return (request.variable("scheme") ?? "http") + "://" + (request.variable("own_http_host") ?? "") + (decision.host?.special?.appRoot ?? "/");
  }
  if (redirect === "certificate") return decision.host?.special?.clients?.errorPage;
  if (redirect === "name") return nameLocation(decision.host?.name ?? "", uri, settings, request);
  return undefined;
}

const SLASH = 47;

/** As nginx completes the path of a redirect: `absolute_redirect` and `port_in_redirect`. */
function withinHost(path: string, { route }: Decision, request: Pick<RequestView, "variable">): string {
  if (route?.relative === true) return path;
  const scheme = request.variable("scheme") ?? "http";
  const port = route?.redirectPort === undefined ? undefined : request.variable("server_port");
  return scheme + "://" + (request.variable("host") ?? "") + portText(scheme, port) + path;
}

/** The same path with a slash, as nginx redirects a proxied prefix. */
export function slashUri(uri: string): string {
  const query = uri.indexOf("?");
  const path = query < 0 ? uri : uri.slice(0, query);
  return path + "/" + (query < 0 ? "" : uri.slice(query));
}

/**
 * The same over https. `authority` is the Host header (a trusted proxy's X-Forwarded-Host before it). ingress-nginx
 * behaviour: its port is dropped, and one trailing slash of the URI, the query included, unless told to keep it.
 */
export function httpsLocation(authority: string, uri: string, keepSlash: boolean, port?: number): string {
  const shown = port === undefined ? "" : ":" + port;
  return "https://" + withoutPort(authority) + shown + (keepSlash ? uri : withoutSlash(uri));
}

/**
 * The same under the host's own name, seen as the trusted proxy in front sees it. ingress-nginx behaviour: one trailing
 * slash is dropped. Unlike there the port is left out where it is the scheme's own, or where the proxy does not say it.
 */
function nameLocation(name: string, uri: string, settings: EdgeSettings, request: Pick<RequestView, "variable">): string {
  const forwarded = settings.forwardedProto ? request.variable("http_x_forwarded_proto") : undefined;
  if (forwarded === "http" || forwarded === "https") {
    const port = request.variable("http_x_forwarded_port") ?? "";
    return forwarded + "://" + name + portText(forwarded, isNumber(port) ? port : undefined) + withoutSlash(uri);
  }
  if (settings.proxyProtocol === true && request.variable("proxy_protocol_server_port") === "443") return "https://" + name + withoutSlash(uri);
  const scheme = request.variable("scheme") ?? "http";
  return scheme + "://" + name + portText(scheme, request.variable("server_port")) + withoutSlash(uri);
}

function portText(scheme: string, port: string | undefined): string {
  return port === undefined || port === (scheme === "https" ? "443" : "80") ? "" : ":" + port;
}

function isNumber(text: string): boolean {
  if (text.length === 0 || text.length > 5) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return true;
}

function withoutSlash(uri: string): string {
  return uri.endsWith("/") ? uri.slice(0, -1) : uri;
}

function withoutPort(authority: string): string {
  const end = authority.charCodeAt(0) === 91 ? authority.indexOf("]") + 1 : authority.indexOf(":");
  return end > 0 ? authority.slice(0, end) : authority;
}
