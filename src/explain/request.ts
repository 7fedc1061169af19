/**
 * A request as people write one (a URL and headers), read the way nginx reads it from the wire.
 *
 * All text is bytes in latin-1, as in the edge's tables. What nginx itself answers with 400 is a UserError that says so.
 */
import { isIP } from "node:net";
import { printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";

export interface Header {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
}

/** A request as people write it. */
export interface AskedRequest {
  /** With its scheme. */
  readonly url: string;
  /** `name: value`. */
  readonly headers: readonly string[];
  readonly method: string;
  readonly client?: string;
  /** `namespace/name` of the Gateway that is asked; absent: whoever has the name. */
  readonly gateway?: string;
}

/** A port that Gateways listen on. */
export interface Entrance {
  /** As nginx's `$server_addr`; empty: one that Gateways share. */
  readonly address: string;
  readonly port: number;
  /** No Ingress is served there. */
  readonly alone: boolean;
}

export interface ExplainedRequest {
  readonly url: string;
  readonly method: string;
  readonly https: boolean;
  /** Lower case, without port and trailing dot: nginx's `$host`. */
  readonly host: string;
  /** Of the URL, lower case: where the client connects, and for https the name that it asks TLS for. */
  readonly connectsTo: string;
  readonly port: number;
  /** The Host header. */
  readonly authority: string;
  /** Decoded and normalised: nginx's `$uri`. */
  readonly path: string;
  /** As sent, with its query: nginx's `$request_uri`. */
  readonly uri: string;
  /** In the order given; those that nginx drops are left out. */
  readonly headers: readonly Header[];
  /** Address that the connection comes from; absent: not given. */
  readonly client?: string;
  /** Absent: the request comes in where Ingresses are served. */
  readonly at?: Entrance;
}

/** Blanks and control characters of ASCII. Bytes above ASCII do not count, because they are parts of UTF-8 characters. */
const CONTROL = /(?![\x80-\x9f])[\p{Cc} ]/u;

/** Throws a UserError for what is no URL of http or of a WebSocket or no header, or what nginx refuses before anything is matched. */
export function parseRequest(url: string, headers: readonly string[], method = "GET", client?: string): ExplainedRequest {
  if (!/^[A-Z_-]+$/.test(method)) throw new UserError(`"${printable(method)}" is no method: write it like GET or POST.`, 2);
  if (client !== undefined && isIP(client) === 0) throw new UserError(`"${printable(client)}" is no IP address: write it like --client-ip=203.0.113.7.`, 2);
  return { ...readRequest(bytesOf(url), headers.map(bytesOf), method), ...(client === undefined ? {} : { client }) };
}

/** Like `parseRequest`, for text that is bytes in latin-1 already. */
export function readRequest(url: string, headers: readonly string[], method = "GET"): ExplainedRequest {
  const parts = /^(https?|wss?):\/\/(?:[^/?#@]*@)?([^/?#]+)([^#]*)/is.exec(url);
  if (!parts) throw new UserError(`"${utf8Text(url)}" is no URL of a request: write it like http://shop.example/cart.`, 2);
  const [, scheme = "", urlHost = "", rest = ""] = parts;
  const fields = headers.map(readHeader);
  const authority = fields.find(({ name }) => name === "host")?.value ?? urlHost;
  const uri = rest.startsWith("/") ? rest : `/${rest}`;
  if (CONTROL.test(uri)) throw refused(url, "a URL holds no blanks and no control characters");
  const host = hostOfAuthority(authority);
  const https = /^(?:https|wss)$/i.test(scheme);
  const path = normalisePath(uri.split("?")[0] ?? "/");
  if (host === undefined) throw refused(url, `"${utf8Text(authority)}" is no host`);
  if (path === undefined) throw refused(url, "its path leaves the root, or holds a % that no two hex digits follow");
  const kept = fields.filter(({ name }) => isHeaderName(name) && name !== "host");
  return {
    url: utf8Text(url),
    method,
    https,
    host,
    connectsTo: hostOfAuthority(urlHost) ?? "",
    port: Number(/:([0-9]{1,5})$/.exec(urlHost)?.[1] ?? (https ? 443 : 80)),
    authority,
    path,
    uri,
    headers: [{ name: "host", value: authority }, ...kept],
  };
}

function refused(url: string, why: string): UserError {
  return new UserError(`nginx answers 400 to ${utf8Text(url)} before anything is matched: ${why}.`, 2);
}

function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Bytes as text for people; bytes that are no UTF-8 become U+FFFD. */
export function utf8Text(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** Blanks around the value are dropped, as in nginx; tabs are part of the value. */
function readHeader(text: string): Header {
  const [, name, value = ""] = /^([^:\s]+):\x20*(.*?)\x20*$/s.exec(text) ?? [];
  if (name === undefined || /[\0\r\n]/.test(value)) throw new UserError(`"${utf8Text(text)}" is no header: write it like -H 'name: value'.`, 2);
  return { name: lower(name), value };
}

/**
 * Whether nginx keeps a header of this name by default. It drops headers with other characters in their names,
 * underscores among them, unless the ConfigMap says otherwise.
 */
function isHeaderName(name: string): boolean {
  return /^[a-z0-9-]+$/.test(name);
}

/**
 * ngx_http_validate_host: lower case (ASCII only), no port, no trailing dot. Undefined for what nginx refuses.
 */
export function hostOfAuthority(authority: string): string | undefined {
  if (/\.\.|\//.test(authority) || CONTROL.test(authority)) return undefined;
  const host = /^(?:\[[^\]]*\]?|[^:]*)/.exec(authority)?.[0].replace(/\.$/, "") ?? "";
  return host === "" ? undefined : lower(host);
}

/** Changes ASCII letters only, as nginx does. */
export function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * nginx's reading of a path (ngx_http_parse_complex_uri with merge_slashes): percent-decoding, `//` as `/`, `.` and
 * `..` resolved, encoded ones too. Undefined for what nginx refuses: a `%` without two hex digits, an encoded NUL,
 * `..` above the root.
 */
function normalisePath(raw: string): string | undefined {
  if (/%(?![0-9a-f]{2})|%00/i.test(raw)) return undefined;
  const decoded = raw.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const out: string[] = [];
  const segments = decoded.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === ".." && out.pop() === undefined) return undefined;
    if (segment === "" || segment === "." || segment === "..") {
      if (last) out.push("");
    } else out.push(segment);
  }
  return `/${out.join("/")}`;
}

/** As people read it: `https://shop.example/cart?x=1`, with the host that is asked for. */
export function askedUrl({ https, host, uri }: ExplainedRequest): string {
  return `${https ? "https" : "http"}://${utf8Text(host + uri)}`;
}
