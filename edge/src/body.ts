/**
 * The limits of a request's body, where they are data: which location the request has to enter because of its body.
 *
 * Locations of profiles take what the controller takes (`usual`), their twins (`LARGE`) take any size. A length that is
 * known is looked at here. A body whose length is not known yet is read in a location of its own first (src/compile/body.ts).
 */

/** Limits of a route whose location does not hold them. Sizes are bytes. */
export interface BodyLimits {
  /** Bytes of the largest body; 0: any. */
  most: number;
  /** The location that reads a body whose length is not known; absent: nobody has to know it. */
  reader?: string;
  /** Bodies longer than this are read there, too, because it has a larger buffer. */
  readFrom?: number;
}

/** The location takes the body. */
export const USUAL = 0;
/** The location's twin does. */
export const LARGE = 1;
/** The body is read first; then the twin takes it. */
export const READ_FIRST = 2;
/** The body is too large. */
export const OVER_LIMIT = 3;

/**
 * @param usual bytes of the largest body that locations take; 0: any
 * @param length of the body, from its Content-Length; undefined: it has none
 * @param variable nginx's variables of the request
 */
export function wayOfBody({ most, reader, readFrom }: BodyLimits, usual: number, length: number | undefined, variable: (this: void, name: string) => string | undefined): number {
  if (length !== undefined) {
    if (most > 0 && length > most) return OVER_LIMIT;
    if (readFrom !== undefined && length > readFrom) return READ_FIRST;
    return usual > 0 && length > usual ? LARGE : USUAL;
  }
  // The location is at least as strict as the route, and passing on to its twin is cheap.
  const isHeld = usual > 0 && most >= usual;
  if (!mayHaveBody(isHeld, variable)) return USUAL;
  return reader === undefined ? LARGE : READ_FIRST;
}

/**
 * Whether a request without a Content-Length may have a body. HTTP/1.1 says so in a header. HTTP/2 does not, so that any
 * request may; GET and HEAD hardly ever do, and pass without the detour where the location holds a limit anyway.
 */
function mayHaveBody(isHeld: boolean, variable: (this: void, name: string) => string | undefined): boolean {
  if (variable("http_transfer_encoding") !== undefined) return true;
  if (variable("server_protocol") !== "HTTP/2.0") return false;
  const method = variable("request_method");
  return !isHeld || (method !== "GET" && method !== "HEAD");
}
