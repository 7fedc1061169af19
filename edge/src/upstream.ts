/**
 * How requests of a route are sent to their backend, as far as data decides it: the TLS identity, the mirror, FastCGI
 * parameters, the id of a ModSecurity transaction. Pure: no ngx, no Node.
 *
 * Texts with variables (`/stage$request_uri`) were checked by the controller; here they are filled in per request. No
 * text can read what Sluice keeps in variables of its own.
 */
import type { Variable } from "./template.ts";

/** The feature's part of `EdgeRoute.filters`. */
export interface UpstreamFilter {
  tls?: UpstreamIdentity;
  mirror?: Mirror;
  fastcgi?: FastCgi;
  /** Text with variables. */
  transaction?: string;
}

export interface UpstreamIdentity {
  /** The name that the backend's certificate must be for, and that is sent as SNI. */
  name: string;
  /** Id of the client certificate among the tables' certificates. */
  certificate?: string;
}

export interface Mirror {
  pool: string;
  scheme: "http" | "https";
  /** Text with variables: the Host header. */
  host: string;
  /** The host without port: the name for SNI. */
  name: string;
  /** Text with variables. */
  uri: string;
}

export interface FastCgi {
  /** File that a path ending in `/` stands for; absent: none. */
  index?: string;
  /** Text with variables, in the order of the profile's parameter names. */
  params: string[];
}

/** Fills in `$name` and `${name}`; what has no value is empty, a `$` without a name is itself. */
export function expand(text: string, variable: Variable): string {
  let from = text.indexOf("$");
  if (from < 0) return text;
  let out = text.substring(0, from);
  while (from >= 0) {
    const braced = text.charCodeAt(from + 1) === 123;
    const start = braced ? from + 2 : from + 1;
    let end = start;
    while (end < text.length && isWord(text.charCodeAt(end))) end++;
    const whole = end > start && (!braced || text.charCodeAt(end) === 125);
    if (whole) out += valueOf(text.substring(start, end), variable);
    else {
      out += "$";
      end = from + 1;
    }
    const after = whole && braced ? end + 1 : end;
    from = text.indexOf("$", after);
    out += from < 0 ? text.substring(after) : text.substring(after, from);
  }
  return out;
}

/** Variables of Sluice's own hold other people's things, private keys among them. */
function valueOf(name: string, variable: Variable): string {
  return name.startsWith("sluice_") ? "" : (variable(name) ?? "");
}

/** Letters, digits and `_`. */
function isWord(c: number): boolean {
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
}

/**
 * A text as (part of) a request line: spaces, control characters and what is not ASCII are escaped. nginx writes a URI
 * made of variables as it is, and `$uri` is decoded: a line break in it would begin another request. It begins with a
 * slash, because what follows a host without one would be more of the host.
 */
export function requestTarget(text: string): string {
  const escaped = replaceBytes(text, true);
  return escaped.charCodeAt(0) === 47 ? escaped : "/" + escaped;
}

/** A text as a header's value: without control characters. */
export function headerValue(text: string): string {
  return replaceBytes(text, false);
}

function replaceBytes(text: string, escape: boolean): string {
  let out = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (escape ? c > 32 && c < 127 : c >= 32 && c !== 127) continue;
    out += text.substring(from, at) + (escape ? `%${hexDigit(c >> 4)}${hexDigit(c & 15)}` : "");
    from = at + 1;
  }
  return from === 0 ? text : out + text.substring(from);
}

function hexDigit(value: number): string {
  return "0123456789ABCDEF".charAt(value & 15);
}

/** `$fastcgi_script_name` as nginx makes it: the path, with the index where it ends in `/`. */
export function scriptName(path: string, index: string | undefined): string {
  return index !== undefined && path.charCodeAt(path.length - 1) === 47 ? path + index : path;
}
