/**
 * External authentication: another service is asked about each request before it is proxied. Pure.
 *
 * ingress-nginx behaviour: any 2xx lets the request in, 401 and 403 are passed on, everything else is 500. The service
 * gets the request's headers (claims from trusted proxies alone), headers that say what the request asks for, and no
 * body.
 */
import { canonicalName, isCertificateClaim, isClaim } from "./claims.ts";
import { isClientHeader } from "./client-auth.ts";
import { evaluate } from "./template.ts";
import type { Template, Variable } from "./template.ts";

export interface ExternalAuth {
  /** Pool of the service; 503 where it does not exist or is empty. */
  pool: string;
  tls?: boolean;
  /** The Host header: the URL's host without its port. */
  host: string;
  /** SNI; absent: none, the host is an address. */
  serverName?: string;
  /** Path and query. */
  path: Template;
  /** Absent: GET. */
  method?: string;
  /** X-Auth-Request-Redirect; absent: the URI of the request. */
  redirect?: Template;
  /** Headers of auth-proxy-set-headers. */
  headers?: [string, Template][];
  /** Response headers that the backend gets as request headers. */
  responseHeaders?: string[];
  /** The URL that a 401 redirects the client to, with the URL to come back to in it. */
  signin?: Template;
  /** Set-Cookie of the service goes to the client on every status. */
  alwaysSetCookie?: boolean;
  /** X-Forwarded-For is the whole chain, not the client alone. */
  wholeChain?: boolean;
  cache?: AuthCache;
  keepalive?: Keepalive;
}

export interface AuthCache {
  /** Keeps the answers for this path, and for this way of asking, apart from others. */
  scope: string;
  key: Template;
  /** `[status, seconds]`, the first that fits; status 0 fits all. */
  lifetimes: [number, number][];
}

/** Idle connections per worker, requests per connection, seconds that an idle one is kept. */
export interface Keepalive {
  connections: number;
  requests: number;
  seconds: number;
}

/** What the service said, for the rest of the request. */
export interface AuthAnswer {
  /** 0: it lets the request in; 401, 403 or 500. */
  verdict: number;
  /** Where a 401 sends the client instead. */
  location?: string;
  /** WWW-Authenticate of a 401: all such headers joined into one. */
  challenge?: string;
  /** Request headers for the backend, by the name in `responseHeaders`. */
  headers?: Record<string, string>;
  /** Set-Cookie for the client, where `carriesCookies` says so. */
  cookies?: string[];
}

/** Request headers as nginx gives them: a header that came several times is a list. */
export type RequestHeaders = Record<string, string | string[]>;

/** What of the client decides which of its headers are passed on. */
export interface Asker {
  /** The client is a trusted proxy: what it says about others is believed. */
  trusted: boolean;
  /** Sluice has asked the client for a certificate, and sets the headers about the result itself. */
  certified: boolean;
}

/** Headers of the connection and of the body, and headers that `requestText` sets itself; by canonical name. */
const NOT_PASSED: Record<string, boolean> = {
  host: true,
  connection: true,
  "keep-alive": true,
  te: true,
  upgrade: true,
  expect: true,
  "content-length": true,
  "transfer-encoding": true,
  "x-forwarded-proto": true,
  "x-request-id": true,
  "x-original-url": true,
  "x-original-method": true,
  "x-sent-from": true,
  "x-real-ip": true,
  "x-forwarded-for": true,
  "x-auth-request-redirect": true,
};
/** Not passed on where answers are cached: the answer to one client's conditions (304, 206) must not be another's. nginx's cache does the same. */
const CONDITIONS: Record<string, boolean> = {
  "if-match": true,
  "if-none-match": true,
  "if-modified-since": true,
  "if-unmodified-since": true,
  "if-range": true,
  range: true,
};
const WITH_BODY: Record<string, boolean> = { POST: true, PUT: true, PATCH: true };

export function methodOf(auth: ExternalAuth): string {
  return auth.method ?? "GET";
}

/** The request for the service, as bytes. */
export function requestText(auth: ExternalAuth, variable: Variable, headers: RequestHeaders, asker: Asker): string {
  const lines = [methodOf(auth) + " " + escapeBlanks(evaluate(auth.path, variable)) + " HTTP/1.1"];
  const said: Record<string, boolean> = {};
  // Headers of auth-proxy-set-headers come first, because only the first header of a name is sent.
  if (auth.headers !== undefined) {
    for (const [name, value] of auth.headers) add(lines, said, name, evaluate(value, variable));
  }
  add(lines, said, "Host", auth.host);
  if (auth.keepalive === undefined) lines.push("Connection: close");
  if (WITH_BODY[methodOf(auth)] === true) lines.push("Content-Length: 0");
  add(lines, said, "X-Request-ID", variable("req_id"));
  if (auth.method !== undefined) {
    add(lines, said, "X-Original-URI", variable("request_uri"));
    add(lines, said, "X-Scheme", variable("pass_access_scheme"));
  }
  const url = (variable("scheme") ?? "") + "://" + (variable("http_host") ?? "") + (variable("request_uri") ?? "");
  add(lines, said, "X-Original-URL", url);
  add(lines, said, "X-Original-Method", variable("request_method"));
  add(lines, said, "X-Sent-From", "nginx-ingress-controller");
  add(lines, said, "X-Real-IP", variable("remote_addr"));
  add(lines, said, "X-Forwarded-For", variable(auth.wholeChain === true ? "full_x_forwarded_for" : "remote_addr"));
  add(lines, said, "X-Auth-Request-Redirect", auth.redirect === undefined ? variable("request_uri") : evaluate(auth.redirect, variable));
  passOn(lines, said, headers, asker, auth.cache !== undefined);
  return lines.join("\r\n") + "\r\n\r\n";
}

/** Adds a header unless one of its name was added before. As in nginx, an empty header is not sent, nor the client's header of that name. */
function add(lines: string[], said: Record<string, boolean>, name: string, value: string | undefined): void {
  const key = canonicalName(name);
  if (said[key] === true) return;
  said[key] = true;
  if (value !== undefined && value !== "") lines.push(name + ": " + escapeControls(value));
}

/**
 * Passes the client's headers on. The service believes headers that tell where a request came from and who sent it, so
 * these are passed on from trusted proxies alone.
 */
function passOn(lines: string[], said: Record<string, boolean>, headers: RequestHeaders, { trusted, certified }: Asker, cached: boolean): void {
  for (const name in headers) {
    const key = canonicalName(name);
    if (!trusted && isClaim(key)) continue;
    if (isCertificateClaim(key) && !(certified && isClientHeader(key))) continue;
    if (NOT_PASSED[key] === true || said[key] === true || (cached && CONDITIONS[key] === true)) continue;
    const value = headers[name];
    if (value === undefined) continue;
    if (typeof value === "string") lines.push(name + ": " + escapeControls(value));
    else for (const one of value) lines.push(name + ": " + escapeControls(one));
  }
}

/** What the service's status means: 0 lets the request in, anything else is what the client gets. */
export function verdictOf(status: number): number {
  if (status >= 200 && status < 300) return 0;
  return status === 401 || status === 403 ? status : 500;
}

/** Statuses on which nginx's `add_header` without `always` takes effect. */
const ORDINARY: Record<number, boolean> = {
  200: true, 201: true, 204: true, 206: true, 301: true, 302: true, 303: true, 304: true, 307: true, 308: true,
};

/** Whether a response with this status carries the service's cookies. */
export function carriesCookies(auth: ExternalAuth, status: number): boolean {
  return auth.alwaysSetCookie === true || ORDINARY[status] === true;
}

/** Where a client without credentials is sent. */
export function signinLocation(signin: Template, variable: Variable): string {
  return escapeBlanks(evaluate(signin, variable));
}

/** Blanks and control characters, which would end a request line, as `%XX`. */
export function escapeBlanks(text: string): string {
  return escapeUpTo(text, 32);
}

/** Control characters, which would end a header, as `%XX`; tabs are none. */
function escapeControls(text: string): string {
  return escapeUpTo(text, 31);
}

const HEX = "0123456789ABCDEF";

function escapeUpTo(text: string, last: number): string {
  let clean = 0;
  let escaped = "";
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code > last && code !== 127) || (code === 9 && last < 32)) continue;
    escaped += text.slice(clean, at) + "%" + HEX.charAt(code >> 4) + HEX.charAt(code & 15);
    clean = at + 1;
  }
  return clean === 0 ? text : escaped + text.slice(clean);
}
