/**
 * Cross-origin requests as a rule of a Gateway's route allows them (Gateway API, HTTPCORSFilter). Pure.
 *
 * Unlike with an Ingress (cors.ts) a preflight is answered whatever its origin is, a `*` in an origin stands for any number of labels, and what the
 * client asks for comes back where everything is allowed.
 */
import type { AllowedOrigin } from "./cors.ts";

export interface CrossOrigin {
  /** In lower case, without the default port; absent: every origin. */
  origins?: AllowedOrigin[];
  credentials?: boolean;
  /** Values of headers: lists of names; `*`: whatever the client asks for. */
  methods?: string;
  headers?: string;
  expose?: string;
  maxAge: string;
}

interface Asking {
  variable(name: string): string | undefined;
}

/** OPTIONS is an ordinary request unless a browser asks by it whether it may send another (Fetch, CORS-preflight request). */
export function isPreflightRequest(request: Asking): boolean {
  return request.variable("request_method") === "OPTIONS" && request.variable("http_origin") !== undefined && request.variable("http_access_control_request_method") !== undefined;
}

/** Whether the answer differs by the origin that asks. */
export function dependsOnOrigin({ origins, credentials }: CrossOrigin): boolean {
  return origins !== undefined || credentials === true;
}

/** The value of Access-Control-Allow-Origin for an Origin header; undefined: not allowed. With credentials browsers do not take `*`. */
export function originAllowed(rule: CrossOrigin, origin: string | undefined): string | undefined {
  if (!dependsOnOrigin(rule)) return "*";
  if (origin === undefined || rule.origins === undefined) return origin;
  const asked = withoutDefaultPort(origin.toLowerCase());
  for (const { start, end } of rule.origins) if (end === undefined ? asked === start : fits(asked, start, end)) return origin;
  return undefined;
}

/** @param origin in lower case */
export function withoutDefaultPort(origin: string): string {
  if (origin.startsWith("https://") && origin.endsWith(":443")) return origin.slice(0, -4);
  return origin.startsWith("http://") && origin.endsWith(":80") ? origin.slice(0, -3) : origin;
}

function fits(origin: string, start: string, end: string): boolean {
  const until = origin.length - end.length;
  return until > start.length && origin.startsWith(start) && origin.endsWith(end) && isOfHost(origin, start.length, until);
}

/** Letters, digits, `-` and `.`. */
function isOfHost(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (!(c >= 97 && c <= 122) && !(c >= 48 && c <= 57) && c !== 45 && c !== 46) return false;
  }
  return true;
}
