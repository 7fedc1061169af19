/**
 * Cross-origin requests (CORS): which origins are allowed, and the headers that say so. Pure.
 *
 * ingress-nginx behaviour: an allowed request gets the headers on every status, in place of the backend's; an allowed
 * OPTIONS is answered 204 without asking the backend; any other request is proxied as if CORS were off. Unlike
 * ingress-nginx, Sluice compares an origin as a whole, not its end alone.
 */

/** `start` alone is the whole origin; with `end`, one label of letters, digits and `-` stands between the two. Lower case. */
export interface AllowedOrigin {
  start: string;
  end?: string;
}

export interface Cors {
  /** Absent: every origin, and requests without one. */
  origins?: AllowedOrigin[];
  /** Name and value of every CORS header but Access-Control-Allow-Origin. */
  headers: [string, string][];
}

/** The value of Access-Control-Allow-Origin for a request with this Origin header; undefined: not allowed. */
export function allowedOrigin(cors: Cors, origin: string | undefined): string | undefined {
  if (cors.origins === undefined) return "*";
  if (origin === undefined) return undefined;
  const lower = origin.toLowerCase();
  for (const allowed of cors.origins) if (isAllowed(allowed, lower)) return origin;
  return undefined;
}

function isAllowed({ start, end }: AllowedOrigin, origin: string): boolean {
  if (end === undefined) return origin === start;
  const until = origin.length - end.length;
  return until > start.length && origin.startsWith(start) && origin.endsWith(end) && isLabel(origin, start.length, until);
}

function isLabel(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (!(c >= 97 && c <= 122) && !(c >= 48 && c <= 57) && c !== 45) return false;
  }
  return true;
}

/** The value of Vary with `Origin` added: caches must not give the answer for one origin to another. */
export function varyByOrigin(vary: string | undefined): string {
  if (vary === undefined || vary === "") return "Origin";
  const names = vary.toLowerCase();
  return names === "*" || ("," + names.replaceAll(" ", "") + ",").includes(",origin,") ? vary : vary + ", Origin";
}
