/**
 * Digest authentication (RFC 7616, MD5 and qop "auth") as nginx's auth_digest module does it.
 *
 * The numbers are that module's defaults: a challenge may be answered for 60 s; from its first answer on the nonce
 * serves for 10 s and 19 requests, each with a count (`nc`) of its own. A nonce is made of the time and a keyed digest
 * of it, so that challenges, which anybody can ask for, take no memory. The caller remembers which nonces and counts
 * were used.
 */
import { sameText } from "./password.ts";

/** Seconds. */
export const CHALLENGE_LIFE = 60;
export const NONCE_LIFE = 10;
/** Counts below this are accepted. */
const COUNTS = 20;

/** What a client answers. */
export interface DigestAnswer {
  username: string;
  realm: string;
  nonce: string;
  uri: string;
  qop: string;
  nc: string;
  cnonce: string;
  response: string;
}

/** Keyed digest of a text, hexadecimal. */
export type Seal = (this: void, text: string) => string;

const SEAL_DIGITS = 32;
const TIME_DIGITS = 8;
const DRAWN_DIGITS = 8;

/** @param drawn eight hexadecimal digits that nobody else draws in this second. */
export function makeNonce(seconds: number, drawn: string, seal: Seal): string {
  const head = hexadecimal(seconds) + drawn;
  return head + seal(head).substring(0, SEAL_DIGITS);
}

/** The time (seconds) at which we made this nonce; undefined: we did not. */
export function issued(nonce: string, seal: Seal): number | undefined {
  if (nonce.length !== TIME_DIGITS + DRAWN_DIGITS + SEAL_DIGITS) return undefined;
  const head = nonce.substring(0, TIME_DIGITS + DRAWN_DIGITS);
  if (!sameText(head + seal(head).substring(0, SEAL_DIGITS), nonce)) return undefined;
  return fromHexadecimal(nonce.substring(0, TIME_DIGITS));
}

/** Whether a nonce may still be used. `firstUse`: when it was answered first, if it was. Times in seconds. */
export function isFresh(made: number, firstUse: number | undefined, now: number): boolean {
  return firstUse === undefined ? now < made + CHALLENGE_LIFE : now < firstUse + NONCE_LIFE;
}

/** The request's count; undefined: out of range, a new challenge is due. */
export function countOf(nc: string): number | undefined {
  const count = fromHexadecimal(nc);
  return count !== undefined && count >= 1 && count < COUNTS ? count : undefined;
}

export function challenge(realm: string, nonce: string, stale: boolean): string {
  return 'Digest algorithm="MD5", qop="auth", realm="' + realm + '", nonce="' + nonce + '"' + (stale ? ', stale="true"' : "");
}

/** True when the answer proves the password. `ha1`: MD5 of `user:realm:password`, as the user file has it. */
export function isRight(answer: DigestAnswer, ha1: string, method: string, md5: Seal): boolean {
  return sameText(digestOf(answer, ha1, method, md5), answer.response);
}

/** The header Authentication-Info, by which the server proves itself. */
export function authenticationInfo(answer: DigestAnswer, ha1: string, md5: Seal): string {
  const proof = digestOf(answer, ha1, "", md5);
  return 'qop="auth", rspauth="' + proof + '", cnonce="' + answer.cnonce + '", nc=' + answer.nc;
}

function digestOf({ nonce, nc, cnonce, qop, uri }: DigestAnswer, ha1: string, method: string, md5: Seal): string {
  return md5(ha1 + ":" + nonce + ":" + nc + ":" + cnonce + ":" + qop + ":" + md5(method + ":" + uri));
}

/** Whether the answer is for the URI of this request; some clients leave the query out. */
export function isFor(uri: string, requestUri: string): boolean {
  if (uri === requestUri) return true;
  return requestUri.startsWith(uri) && requestUri.charCodeAt(uri.length) === 63;
}

/** Reads `Digest name=value, name="value", …`; undefined: no such header, or something of it is missing. */
export function parseDigest(header: string | undefined): DigestAnswer | undefined {
  if (header === undefined || header.substring(0, 7).toLowerCase() !== "digest ") return undefined;
  const answer: DigestAnswer = { username: "", realm: "", nonce: "", uri: "", qop: "", nc: "", cnonce: "", response: "" };
  let at = skip(header, 7);
  while (at < header.length) {
    const equals = header.indexOf("=", at);
    if (equals < 0) return undefined;
    const name = header.substring(at, equals).toLowerCase();
    const quoted = header.charCodeAt(equals + 1) === QUOTE;
    const end = quoted ? closingQuote(header, equals + 2) : endOfToken(header, equals + 1);
    if (end < 0) return undefined;
    setField(answer, name, quoted ? unescaped(header.substring(equals + 2, end)) : header.substring(equals + 1, end));
    at = skip(header, quoted ? end + 1 : end);
  }
  const { username, nonce, uri, qop, nc, cnonce, response } = answer;
  const complete = username !== "" && nonce !== "" && uri !== "" && qop === "auth" && nc !== "" && cnonce !== "" && response !== "";
  // The cnonce goes back to the client in quotes, so it may hold none.
  return complete && cnonce.indexOf('"') < 0 ? answer : undefined;
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Past blanks and commas. */
function skip(text: string, from: number): number {
  let at = from;
  for (;;) {
    const c = text.charCodeAt(at);
    if (c !== 32 && c !== 9 && c !== 44) return at;
    at++;
  }
}

function endOfToken(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const c = text.charCodeAt(at);
    if (c === 32 || c === 9 || c === 44) break;
    at++;
  }
  return at;
}

function closingQuote(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const c = text.charCodeAt(at);
    if (c === QUOTE) return at;
    at += c === BACKSLASH ? 2 : 1;
  }
  return -1;
}

function unescaped(text: string): string {
  if (text.indexOf("\\") < 0) return text;
  let plain = "";
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) === BACKSLASH) at++;
    plain += text.substring(at, at + 1);
  }
  return plain;
}

function setField(answer: DigestAnswer, name: string, value: string): void {
  if (name === "username") answer.username = value;
  else if (name === "realm") answer.realm = value;
  else if (name === "nonce") answer.nonce = value;
  else if (name === "uri") answer.uri = value;
  else if (name === "qop") answer.qop = value;
  else if (name === "nc") answer.nc = value;
  else if (name === "cnonce") answer.cnonce = value;
  else if (name === "response") answer.response = value;
}

function hexadecimal(value: number): string {
  let text = "";
  let left = value;
  for (let i = 0; i < TIME_DIGITS; i++) {
    const digit = left % 16;
    text = "0123456789abcdef".substring(digit, digit + 1) + text;
    left = Math.floor(left / 16);
  }
  return text;
}

function fromHexadecimal(text: string): number | undefined {
  if (text.length === 0 || text.length > TIME_DIGITS) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const digit = c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : -1;
    if (digit < 0) return undefined;
    value = value * 16 + digit;
  }
  return value;
}
