/** What the rows about single requests have in common: spans, and the journal. Pure. */

/** A request that has ended. Texts are what the client sent, cut by `clip`. */
export interface RequestRow {
  status: number;
  method: string;
  scheme: string;
  client: string;
  /** Path of the route as its Ingress declares it; this and the next three are "" where no route took the request. */
  route: string;
  namespace: string;
  ingress: string;
  service: string;
  /** Name of the canary; "": none took it. */
  canary: string;
  /** Address of each endpoint that was tried, as nginx lists them; "": none. */
  upstream: string;
}

/** Bytes. */
export const LONGEST_TEXT = 512;

export function clip(text: string): string {
  return text.length > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) : text;
}

export function milliseconds(seconds: number): number {
  return Math.floor(seconds * 1000 + 0.5);
}
