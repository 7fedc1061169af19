/**
 * The types of the annotations about response headers, origins and error pages.
 *
 * ingress-nginx behaviour: the character sets. Unlike there, values that nginx would refuse are invalid (in ingress-nginx
 * they stop every later change of everybody): a wrong number of words, a regular expression that does not compile.
 */
import type { AllowedOrigin, Replacement } from "../../../edge/src/program.ts";
import type { ValueType } from "./value-type.ts";

/** Two words, what is replaced and by what; or `off`. */
export type Replacing = readonly [from: string, to: string] | "off";

const BASIC_WORD = /^[A-Za-z0-9\-._~/:]+$/;
const URL_WORD = /^[A-Za-z0-9\-._~/:,?&=]+$/;

export const cookieDomain: ValueType<Replacing> = twoWords(BASIC_WORD, '"off", or two domains: of the backend, and for the client');
export const cookiePath: ValueType<Replacing> = twoWords(URL_WORD, '"off", or two paths: of the backend, and for the client');

function twoWords(word: RegExp, expects: string): ValueType<Replacing> {
  return {
    expects,
    parse: (text) => {
      if (text === "off") return { value: text };
      const [from = "", to = "", ...rest] = text.trim().split(/\s+/);
      return word.test(from) && word.test(to) && rest.length === 0 && compiles(from) ? { value: [from, to] } : undefined;
    },
    format: (value) => (value === "off" ? value : value.join(" ")),
  };
}

/** A URL, `off` or `default`. */
export const redirectText: ValueType<string> = {
  expects: '"off", "default", or a URL of letters, digits and - . _ ~ / : , ? & =',
  parse: (text) => (URL_WORD.test(text) && compiles(text) ? { value: text } : undefined),
  format: (value) => value,
};

/** Text with `~` in front is a regular expression, as in nginx. */
function compiles(text: string): boolean {
  if (!text.startsWith("~")) return true;
  try {
    return new RegExp(text.slice(1)).source !== "(?:)";
  } catch {
    return false;
  }
}

/** The two words of a Replacing, in the edge's shape. */
export function replacement(from: string, to: string): Replacement {
  return from.startsWith("~") ? { from: from.slice(1), to, pattern: true } : { from, to };
}

/** nginx's error_page cannot have 499, its own sign for a client that left. */
function isErrorCode(text: string, smallest: number): boolean {
  return /^[3-5][0-9]{2}$/.test(text) && Number(text) >= smallest && text !== "499";
}

/** Each code once, ascending: lists of the same meaning are equal. */
function distinct(codes: readonly string[]): readonly number[] {
  return [...new Set(codes.map(Number))].sort((a, b) => a - b);
}

export const errorCodes: ValueType<readonly number[]> = {
  expects: "status codes from 400 to 599 but for 499, separated by commas",
  parse: (text) => {
    const codes = text.replaceAll(" ", "").split(",");
    return codes.every((code) => isErrorCode(code, 400)) ? { value: distinct(codes) } : undefined;
  },
  format: (codes) => codes.join(","),
};

/** The type of the ConfigMap's list: bad pieces are left out, and redirects may be replaced, too. */
export const configErrorCodes = {
  expects: "status codes from 300 to 599 but for 499, separated by commas",
  parse: (text: string): { readonly value: readonly number[]; readonly dropped?: readonly string[] } => {
    const pieces = text.split(",").map((piece) => piece.trim()).filter((piece) => piece !== "");
    const dropped = pieces.filter((piece) => !isErrorCode(piece, 300));
    const value = distinct(pieces.filter((piece) => isErrorCode(piece, 300)));
    return { value, ...(dropped.length > 0 ? { dropped } : {}) };
  },
};

/** The origins of cors-allow-origin: those that count, and the pieces that do not. */
export interface Origins {
  /** As written. */
  readonly text: string;
  /** Absent: every origin. */
  readonly allowed?: readonly AllowedOrigin[];
  readonly skipped: readonly string[];
}

export const ANY_ORIGIN: Origins = { text: "*", skipped: [] };

const ORIGIN_PIECE = /^(?:(?:[a-z]+:\/\/)?(?:\*\.)?[A-Za-z0-9\-.]*(?::[0-9]+)?|null)$/;
const WHOLE_ORIGIN = /^([a-z]+:\/\/)(\*\.)?([A-Za-z0-9\-.]+(?::[0-9]+)?)$/;

/** ingress-nginx behaviour: an origin without scheme is accepted and has no effect. */
export const origins: ValueType<Origins> = {
  expects: '"*", or origins such as https://shop.example, https://*.shop.example:8443 or null, separated by commas',
  parse: (text) => {
    const spaceless = text.replaceAll(" ", "");
    if (spaceless === "*") return { value: ANY_ORIGIN };
    const pieces = spaceless.split(",");
    if (!pieces.every((piece) => ORIGIN_PIECE.test(piece))) return undefined;
    const given = pieces.filter((piece) => piece !== "");
    const allowed = given.flatMap((piece) => originOf(piece) ?? []);
    return { value: { text, allowed, skipped: given.filter((piece) => !originOf(piece)) } };
  },
  format: ({ text }) => text,
};

function originOf(piece: string): AllowedOrigin | undefined {
  if (piece === "null") return { start: "null" };
  const [, scheme = "", wildcard, host = ""] = WHOLE_ORIGIN.exec(piece.toLowerCase()) ?? [];
  if (scheme === "") return undefined;
  return wildcard === undefined ? { start: scheme + host } : { start: scheme, end: `.${host}` };
}

export const headerList = words(/^[A-Za-z0-9_, -]+$/, "header names of letters, digits, - and _, separated by commas or spaces");
export const methodList = words(/^[A-Za-z]+(?:(?:, ?| )[A-Za-z]+)*(?:, ?| )?$/, "methods, separated by commas or spaces");
export const exposedList = words(/^[A-Za-z0-9_*-]+(?:(?:, ?| )[A-Za-z0-9_*-]+)*(?:, ?| )?$/, "header names or *, separated by commas or spaces");

function words(allowed: RegExp, expects: string): ValueType<string> {
  return { expects, parse: (text) => (allowed.test(text) ? { value: text } : undefined), format: (value) => value };
}

/** A Service's name. */
export const serviceName: ValueType<string> = {
  expects: "the name of a Service: lower-case letters, digits and -",
  parse: (text) => (/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text) ? { value: text } : undefined),
  format: (value) => value,
};
