/**
 * The types of the values about external authentication, with ingress-nginx's character sets.
 */
import { isIP } from "node:net";
import type { ValueType } from "./value-type.ts";

/** ingress-nginx's sets URL and URLVAR (which has variables and blanks too). */
const URL_TEXT = /^[A-Za-z0-9\-._~/:,?&=]+$/;
const URL_WITH_VARIABLES = /^[A-Za-z0-9\-._~/:,?&= $]+$/;

/** ingress-nginx behaviour: blanks around a value do not count. */
function textOf(allowed: RegExp, expects: string): ValueType<string> {
  return { expects, parse: (text) => (allowed.test(text) ? { value: text.trim() } : undefined), format: (value) => value };
}

export const urlText = textOf(URL_TEXT, "letters, digits and - . _ ~ / : , ? & = only");
export const urlWithVariables = textOf(URL_WITH_VARIABLES, "a URL of letters, digits and - . _ ~ / : , ? & = $ only");
/** The key of a cache: variables, and text around them. */
export const keyText = textOf(/^[A-Za-z0-9\-_${}]+$/, "variables ($remote_user, ${http_cookie}), letters, digits, - and _ only");

export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"] as const;

/** Headers of the connection, or of how a body ends: another value could make the receiver see other requests than were sent. */
const FRAMING = new Set(["connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]);

export function isFraming(header: string): boolean {
  return FRAMING.has(header.toLowerCase());
}

const HEADER = /^[A-Za-z0-9_-]{1,256}$/;

export function isHeaderName(text: string): boolean {
  return HEADER.test(text);
}

/** Header names between commas; empty pieces do not count. */
export const responseHeaderNames: ValueType<readonly string[]> = {
  expects: "header names of letters, digits, - and _, separated by commas, without Host and those of the connection (Content-Length, Upgrade, …)",
  parse: (text) => {
    const names = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
    const usable = names.every((name) => HEADER.test(name) && !isFraming(name) && name.toLowerCase() !== "host");
    return usable ? { value: [...new Set(names)] } : undefined;
  },
  format: (names) => names.join(","),
};

/** Seconds that an answer with this status is kept; status 0: any. */
export type Lifetime = readonly [status: number, seconds: number];

const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, M: 2592000, y: 31536000,
};
/** The statuses that a time without statuses holds for, as in nginx. */
const USUAL = [200, 301, 302];

/** `200 202 5m, 401 10s`: nginx's proxy_cache_valid, several between commas. */
export const lifetimes: ValueType<readonly Lifetime[]> = {
  expects: "statuses and a time, such as 200 202 5m, separated by commas",
  parse: (text) => {
    const items = text.split(",").map((item) => item.trim()).filter((item) => item !== "").map(lifetimesOf);
    return items.length > 0 && items.every((item) => item !== undefined) ? { value: items.flatMap((item) => item ?? []) } : undefined;
  },
  format: (all) => all.map(([status, seconds]) => `${status === 0 ? "any" : status} ${timeText(seconds)}`).join(", "),
};

function lifetimesOf(item: string): readonly Lifetime[] | undefined {
  const words = item.split(/\s+/);
  const [, digits, unit = ""] = /^([0-9]{1,9})(ms|[smhdwMy])$/.exec(words.pop() ?? "") ?? [];
  if (digits === undefined) return undefined;
  const seconds = Number(digits) * (SECONDS[unit] ?? 1);
  if (words.length === 0) return USUAL.map((status) => [status, seconds] as const);
  const statuses = words.map((word) => (word === "any" ? 0 : /^[1-5][0-9]{2}$/.test(word) ? Number(word) : -1));
  return statuses.includes(-1) ? undefined : statuses.map((status) => [status, seconds] as const);
}

function timeText(seconds: number): string {
  if (!Number.isInteger(seconds)) return `${Math.round(seconds * 1000)}ms`;
  const unit = seconds === 0 ? "s" : (["h", "m"].find((one) => seconds % (SECONDS[one] ?? 1) === 0) ?? "s");
  return `${seconds / (SECONDS[unit] ?? 1)}${unit}`;
}

export interface AuthUrl {
  readonly tls: boolean;
  /** Lower case; IPv6 without brackets. Absent: the host that the client asks for. */
  readonly host?: string;
  readonly port: number;
  /** Path and query, with variables. */
  readonly path: string;
}

/** nginx's variables that stand for the host which the client asks for, as the whole host of a URL. */
const HOST_VARIABLE = /^\$(?:host|http_host|best_http_host|server_name)$/;

/** Takes a URL apart; or says, as a clause, why it cannot be the URL of an authentication service. */
export function parseAuthUrl(text: string): AuthUrl | string {
  const [, scheme = "", authority = "", rest = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^#]*)/s.exec(text) ?? [];
  if (!/^https?$/i.test(scheme)) return "it must begin with http:// or https://";
  if (/[\p{Cc} ]/u.test(text)) return "it holds a blank";
  const [, bracketed, plain = "", port] = /^(?:\[([^\]]*)\]|([^:@[\]]*))(?::([0-9]{1,5}))?$/.exec(authority) ?? [];
  const asked = HOST_VARIABLE.test(plain);
  if (authority.includes("$") && !asked) return "its host holds a variable: Sluice resolves and checks the host beforehand, so name it ($host, the one that the client asks for, may stand there alone)";
  const host = (bracketed ?? plain).toLowerCase();
  if (host === "" || host.includes("..") || (bracketed !== undefined && isIP(bracketed) !== 6)) return "it has no host";
  const tls = scheme.toLowerCase() === "https";
  const number = port === undefined ? (tls ? 443 : 80) : Number(port);
  if (number < 1 || number > 65535) return `it has no port ${number}`;
  return { tls, ...(asked ? {} : { host }), port: number, path: rest.startsWith("/") ? rest : `/${rest}` };
}
