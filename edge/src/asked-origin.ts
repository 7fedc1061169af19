/**
 * Scheme, host and port that a request is for, as the client sees them. Redirects, cookies and sign-in all ask here;
 * `src/compile/asked-origin.ts` says the same to backends and logs. Pure.
 *
 * What a trusted proxy in front says (ConfigMap `use-forwarded-headers`) comes before what this connection shows.
 */
import type { EdgeSettings } from "./program.ts";

/** Gives nginx's variables, by name without `$`. */
export interface OriginView {
  variable(name: string): string | undefined;
}

/**
 * Whether the client came over TLS. `https` says whether this connection is TLS; undefined: `$scheme` is asked.
 *
 * ingress-nginx behaviour: `http`, in lower case and alone, is the one value of X-Forwarded-Proto that means http; a
 * list of several proxies' values, `HTTPS` and `wss` mean TLS. An empty value says nothing.
 */
export function isHttps(settings: EdgeSettings, request: OriginView, https: boolean | undefined): boolean {
  if (settings.proxyProtocol === true && request.variable("proxy_protocol_server_port") === "443") return true;
  const forwarded = settings.forwardedProto ? request.variable("http_x_forwarded_proto") : undefined;
  if (forwarded !== undefined && forwarded !== "") return forwarded !== "http";
  return https ?? request.variable("scheme") === "https";
}

export function schemeOf(settings: EdgeSettings, request: OriginView): "http" | "https" {
  return isHttps(settings, request, undefined) ? "https" : "http";
}

/** The host, with its port where the client wrote one. */
export function authorityOf(settings: EdgeSettings, request: OriginView): string {
  const forwarded = forwardedHost(settings, request);
  return forwarded === "" ? (request.variable("own_http_host") ?? "") : forwarded;
}

/** The host without its port. */
export function hostOf(settings: EdgeSettings, request: OriginView): string {
  const forwarded = forwardedHost(settings, request);
  return forwarded === "" ? (request.variable("host") ?? "") : withoutPort(forwarded);
}

/** The port that the client connected to; undefined: the default port of the scheme, or unknown. */
export function portOf(settings: EdgeSettings, request: OriginView): string | undefined {
  const forwarded = settings.forwardedProto ? (request.variable("http_x_forwarded_port") ?? "") : "";
  if (isPort(forwarded)) return forwarded;
  // A proxy that tells the client's scheme and not its port hides the port: the one of this connection is not the client's.
  if (settings.forwardedProto && (request.variable("http_x_forwarded_proto") ?? "") !== "") return undefined;
  const named = settings.proxyProtocol === true ? (request.variable("proxy_protocol_server_port") ?? "") : "";
  if (named !== "") return named;
  const own = request.variable("server_port");
  // A connection without TLS comes over a unix socket where it was handed on within nginx (phases/plain-http2.ts).
  return own === "" && request.variable("https") !== "on" ? request.variable("proxy_protocol_server_port") : own;
}

/** `scheme://host`, with the port unless it is the scheme's default or not given. */
export function originText(scheme: "http" | "https", host: string, port: string | undefined): string {
  const own = port === undefined || port === "" || port === (scheme === "https" ? "443" : "80");
  return scheme + "://" + host + (own ? "" : ":" + port);
}

export function withoutPort(authority: string): string {
  const end = authority.charCodeAt(0) === 91 ? authority.indexOf("]") + 1 : authority.indexOf(":");
  return end > 0 ? authority.slice(0, end) : authority;
}

/** The host that a trusted proxy forwards; "": none. */
function forwardedHost(settings: EdgeSettings, request: OriginView): string {
  return settings.forwardedProto ? firstOf(request.variable("http_x_forwarded_host")) : "";
}

/** The first entry of a list, up to a comma or a blank: the one nearest to the client, because each proxy on the way appends. */
function firstOf(list: string | undefined): string {
  if (list === undefined) return "";
  let end = 0;
  while (end < list.length && list.charCodeAt(end) !== 44 && list.charCodeAt(end) !== 32) end++;
  return list.slice(0, end);
}

function isPort(text: string): boolean {
  if (text.length === 0 || text.length > 5) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return true;
}
