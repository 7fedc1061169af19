/**
 * nginx's variables of a request on Node, byte for byte: `$http_…`, `$cookie_…`, `$arg_…` and what the request line says.
 *
 * Of a header that is given several times, nginx 1.22 takes the first (`$http_cookie` and `$http_x_forwarded_for` join
 * all), and nginx from 1.23 on joins all with `, `. Here the first is taken.
 */
import { isIP } from "node:net";
import { lower, type ExplainedRequest, type Header } from "./request.ts";

/** Headers that nginx 1.22 joins too, and what it puts between them. */
const JOINED: Readonly<Record<string, string>> = { cookie: "; ", "x-forwarded-for": ", " };

/** Undefined: nginx has no value for it, or Node cannot know it (`$remote_addr`). */
export function explainedVariable(request: ExplainedRequest, name: string): string | undefined {
  if (name.startsWith("cookie_")) return cookieOf(request.headers, name.slice("cookie_".length));
  if (name === "own_http_host" || name === "http_host") return routedHost(request);
  if (name.startsWith("http_")) return headerOf(request.headers, name.slice("http_".length));
  if (name.startsWith("arg_")) return argumentOf(request.uri, name.slice("arg_".length));
  switch (name) {
    case "request_method":
      return request.method;
    case "scheme":
      return request.https ? "https" : "http";
    case "server_addr":
      return request.at?.address;
    case "ssl_server_name":
      return request.https && isIP(request.connectsTo) === 0 ? request.connectsTo : undefined;
    case "server_port":
      return request.at ? String(request.at.port) : /:([0-9]+)$/.exec(request.authority)?.[1] ?? (request.https ? "443" : "80");
    case "https":
      return request.https ? "on" : undefined;
    case "ssl_client_verify":
      return request.https ? "NONE" : undefined;
    case "host":
      return request.host;
    case "uri":
      return request.path;
    case "request_uri":
      return request.uri;
    case "args":
    case "query_string":
      return request.uri.split("?").slice(1).join("?") || undefined;
    default:
      return undefined;
  }
}

/** The Host header where it has nothing but the routed host and perhaps a port, else the routed host, as in src/compile/asked-origin.ts. */
function routedHost({ authority, host }: ExplainedRequest): string {
  const named = lower(authority.slice(0, host.length)) === host && /^\.?(?::[0-9]*)?$/.test(authority.slice(host.length));
  return named ? authority : host;
}

/** ngx_http_arg: the first `name=…` after `?` or `&`, the name without case, its value as it was sent. */
function argumentOf(uri: string, name: string): string | undefined {
  const query = uri.split("?").slice(1).join("?");
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && lower(pair.slice(0, equals)) === lower(name)) return pair.slice(equals + 1);
  }
  return undefined;
}

function headerOf(headers: readonly Header[], wanted: string): string | undefined {
  const found = headers.filter((header) => header.name.replaceAll("-", "_") === wanted);
  const separator = JOINED[found[0]?.name ?? ""];
  return separator === undefined ? found[0]?.value : found.map(({ value }) => value).join(separator);
}

/** The first Cookie header that has the cookie. */
function cookieOf(headers: readonly Header[], name: string): string | undefined {
  for (const header of headers) {
    const value = header.name === "cookie" ? cookie(header.value, name) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

/**
 * ngx_http_parse_multi_header_lines: `name=value`, the name without case, blanks around `=` skipped, the value up to
 * `;`. Cookies are looked for after each `;` or `,`. Where a longer name begins with `name`, one character more is
 * skipped, as nginx does.
 */
function cookie(header: string, name: string): string | undefined {
  let at = 0;
  while (at < header.length) {
    if (lower(header.slice(at, at + name.length)) === lower(name)) {
      at = pastBlanks(header, at + name.length);
      if (header[at] === "=") return header.slice(pastBlanks(header, at + 1)).split(";")[0];
      at++;
    }
    while (at < header.length && header[at] !== ";" && header[at] !== ",") at++;
    at = pastBlanks(header, at + 1);
  }
  return undefined;
}

function pastBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === " ") at++;
  return at;
}
