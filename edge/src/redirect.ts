/**
 * Where redirects lead. Pure: nginx answers with it, `sluice explain` and the tests print and compare it.
 *
 * `uri` is the raw URI as the client sent it (`$request_uri`), so what a client wrote comes back unchanged.
 */

/** The same path with a slash, as nginx redirects a proxied prefix. `host` is nginx's `$host`. */
export function slashLocation(scheme: string, host: string, uri: string): string {
  const query = uri.indexOf("?");
  const path = query < 0 ? uri : uri.slice(0, query);
  return scheme + "://" + host + path + "/" + (query < 0 ? "" : uri.slice(query));
}

/**
 * The same over https. `authority` is the Host header (a trusted proxy's X-Forwarded-Host before it). ingress-nginx
 * behaviour: its port is dropped, and one trailing slash of the URI, the query included, unless told to keep it.
 */
export function httpsLocation(authority: string, uri: string, keepSlash: boolean): string {
  return "https://" + withoutPort(authority) + (!keepSlash && uri.endsWith("/") ? uri.slice(0, -1) : uri);
}

function withoutPort(authority: string): string {
  const end = authority.charCodeAt(0) === 91 ? authority.indexOf("]") + 1 : authority.indexOf(":");
  return end > 0 ? authority.slice(0, end) : authority;
}
