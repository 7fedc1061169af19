/**
 * What the backend is asked for in place of the client's path (annotation `rewrite-target`). Pure.
 *
 * The pattern runs on the decoded path, as in nginx, so captures may hold any byte: the result is escaped anew and can
 * neither end the request line nor begin a query. A result that would climb (`/../`, made of pieces that are harmless
 * apart, as with `/static(.*)` → `/files/$1` and `/static../x`) is refused, because what the backend makes of it is not
 * what the paths of the Ingress promise.
 */

/** Groups by number (0: the whole match) or name; false or undefined: the group took no part in the match. */
export type Captures = { readonly [group: string | number]: string | false | undefined };

/** Literal text, a group of the pattern, or a variable of nginx. */
export type Piece = string | { group: string | number } | { variable: string };

export interface Rewrite {
  /** PCRE, unanchored, with its `(?i)`. */
  pattern: string;
  target: Piece[];
}

/** The part of a request that a rewrite asks about. */
export interface RewriteView {
  variable(name: string): string | undefined;
  /** Undefined: no match; false: the pattern cannot be run. @param namespace whose pattern it is. */
  capture(text: string, pattern: string, namespace: string): Captures | undefined | false;
}

/**
 * The path to ask the backend for, escaped; or the status to answer: 400 for a path that would climb, 500 for a
 * pattern that cannot be run. Undefined: the pattern does not match, and the path stays.
 * @param namespace the route's.
 */
export function rewritePath(rewrite: Rewrite, path: string, namespace: string, request: RewriteView): string | number | undefined {
  const captures = request.capture(path, rewrite.pattern, namespace);
  if (captures === undefined) return undefined;
  if (captures === false) return 500;
  const text = fill(rewrite.target, captures, request);
  const rewritten = text.charCodeAt(0) === SLASH ? text : "/" + text;
  return climbs(rewritten) ? 400 : escapeUri(rewritten);
}

/** The URL to redirect to; undefined where the pattern does not match or cannot be run. */
export function rewriteUrl(rewrite: Rewrite, path: string, namespace: string, request: RewriteView): string | undefined {
  const captures = request.capture(path, rewrite.pattern, namespace);
  if (captures === undefined || captures === false) return undefined;
  return withQuery(escapeUri(fill(rewrite.target, captures, request)), request.variable("args"));
}

export function withQuery(uri: string, query: string | undefined): string {
  return query === undefined || query === "" ? uri : uri + "?" + query;
}

function fill(target: Piece[], captures: Captures, request: RewriteView): string {
  let text = "";
  for (const piece of target) {
    if (typeof piece === "string") text = text + piece;
    else {
      const value = "group" in piece ? captures[piece.group] : request.variable(piece.variable);
      if (value !== undefined && value !== false) text = text + value;
    }
  }
  return text;
}

const SLASH = 47;
const DOT = 46;

/** Whether a segment of the path is `.` or `..`. */
function climbs(path: string): boolean {
  let at = path.indexOf("/.");
  while (at >= 0) {
    let next = at + 2;
    if (path.charCodeAt(next) === DOT) next++;
    if (next >= path.length || path.charCodeAt(next) === SLASH) return true;
    at = path.indexOf("/.", at + 1);
  }
  return false;
}

const HEX = "0123456789ABCDEF";

/** ngx_escape_uri with NGX_ESCAPE_URI (nginx 1.21.1 and later). Most paths come back as they are. */
export function escapeUri(text: string): string {
  let out = "";
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (ESCAPED[c] === true) {
      const high = (c - (c % 16)) / 16;
      const low = c % 16;
      out = out + text.slice(from, i) + "%" + HEX.slice(high, high + 1) + HEX.slice(low, low + 1);
      from = i + 1;
    }
  }
  return from === 0 ? text : out + text.slice(from);
}

/** The reverse of `escapeUri`. */
export function unescapeUri(text: string): string {
  let out = "";
  let from = 0;
  let at = text.indexOf("%");
  while (at >= 0) {
    out = out + text.slice(from, at) + String.fromCharCode(parseInt(text.slice(at + 1, at + 3), 16));
    from = at + 3;
    at = text.indexOf("%", from);
  }
  return from === 0 ? text : out + text.slice(from);
}

/** By byte: controls, space, DEL and beyond; `" # % < > ? \ ^ \` { | }`. */
const ESCAPED: boolean[] = [];
for (let c = 0; c < 256; c++) {
  ESCAPED.push(c <= 32 || c >= 127 || c === 34 || c === 35 || c === 37 || c === 60 || c === 62 || c === 63 || c === 92 || c === 94 || c === 96 || (c >= 123 && c <= 125));
}

// Not with its declaration: an exported name is looked up in a table each time.
export { climbs };
