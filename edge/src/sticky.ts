/**
 * The cookie of session affinity, as ingress-nginx writes and reads it: `<upstream key>|<backend key>`.
 *
 * The upstream key leads to an endpoint; the backend key names the pool, so that a session stays with the primary or
 * the canary that it began with. A cookie without `|` (an old one) still leads to its endpoint.
 */

export interface SessionCookie {
  /** Name as the client sees it. */
  name: string;
  /** nginx's variable of it: `cookie_<name>`, lower case. */
  variable: string;
  /** Seconds from now. */
  expires?: number;
  maxAge?: number;
  domain?: string;
  path: string;
  /** The cookie is always Secure; otherwise only where the client's connection is TLS. */
  secure?: boolean;
  sameSite?: "None" | "Lax" | "Strict";
  /** Leave SameSite=None out for browsers that would take it for Strict. */
  conditionalNone?: boolean;
}

/** What the attributes of a cookie depend on in a request. */
export interface CookieView {
  https: boolean;
  userAgent: string | undefined;
  /** The time in this many seconds, as cookies write it. */
  timeIn(seconds: number): string;
}

const BAR = 124;

/** Index of the first `|`; the length, when there is none. */
function barOf(value: string): number {
  let i = 0;
  while (i < value.length && value.charCodeAt(i) !== BAR) i++;
  return i;
}

/** The upstream key of a cookie, which leads to an endpoint; undefined: there is none. */
export function upstreamKeyOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const bar = barOf(value);
  return bar === 0 ? undefined : value.slice(0, bar);
}

/** The backend key of a cookie, which names the pool; undefined in a cookie of the old format. */
export function backendKeyOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const start = barOf(value) + 1;
  if (start > value.length) return undefined;
  const rest = value.slice(start);
  return rest.slice(0, barOf(rest));
}

/** The text of Set-Cookie. */
export function setCookie(cookie: SessionCookie, upstreamKey: string, backendKey: string, view: CookieView): string {
  let text = cookie.name + "=" + upstreamKey + "|" + backendKey;
  if (cookie.expires !== undefined) text = text + "; Expires=" + view.timeIn(cookie.expires);
  if (cookie.maxAge !== undefined) text = text + "; Max-Age=" + cookie.maxAge;
  if (cookie.domain !== undefined) text = text + "; Domain=" + cookie.domain;
  text = text + "; Path=" + cookie.path;
  if (cookie.secure === true || view.https) text = text + "; Secure";
  text = text + "; HttpOnly";
  const { sameSite } = cookie;
  if (sameSite === undefined) return text;
  if (sameSite === "None" && cookie.conditionalNone === true && !understandsNone(view.userAgent)) return text;
  return text + "; SameSite=" + sameSite;
}

/**
 * Browsers from before SameSite=None refuse such a cookie or take it for Strict
 * (https://www.chromium.org/updates/same-site/incompatible-clients): Chrome 51 to 66, iOS 12, Safari on macOS 10.14.
 */
export function understandsNone(userAgent: string | undefined): boolean {
  if (userAgent === undefined) return true;
  if (userAgent.includes("Chrome/4") || userAgent.includes("Chrome/5") || userAgent.includes("Chrome/6")) return false;
  if (userAgent.includes("CPU iPhone OS 12") || userAgent.includes("iPad; CPU OS 12")) return false;
  const mojave = userAgent.includes("Macintosh") && userAgent.includes("Intel Mac OS X 10_14");
  return !(mojave && userAgent.includes("Safari") && !userAgent.includes("Chrome"));
}
