/**
 * Verifies passwords against the hashes of htpasswd files, in every form that nginx's auth_basic knows.
 *
 * Strings are bytes. Hash functions come from outside: nginx's in the workers, Node's in tests.
 */

export interface Hashing {
  /** Digests as bytes: 16 of MD5, 20 of SHA-1. */
  md5(this: void, text: string): string;
  sha1(this: void, text: string): string;
  base64(this: void, bytes: string): string;
  unbase64(this: void, text: string): string | undefined;
  /** crypt(3): bcrypt, SHA-512, … whatever libcrypt knows; undefined: libcrypt does not know the form. */
  crypt(this: void, password: string, setting: string): string | undefined;
}

const APR1 = "$apr1$";
const LONGEST_SALT = 8;
const ROUNDS = 1000;
const SHA1_BYTES = 20;

/** Whether this is the password that was stored as this hash. */
export function verifyPassword(password: string, stored: string, hashing: Hashing): boolean {
  // In C a NUL ends the password, and what comes after it would be ignored.
  if (password.indexOf("\0") >= 0) return false;
  const computed = hashLike(stored, password, hashing);
  return computed !== undefined && sameText(computed, stored);
}

/** The forms in braces take one digest at most; the others take a thousand rounds or more. */
export function isCheap(stored: string): boolean {
  return stored.startsWith("{");
}

function hashLike(stored: string, password: string, hashing: Hashing): string | undefined {
  if (stored.startsWith("{PLAIN}")) return "{PLAIN}" + password;
  if (stored.startsWith("{SHA}")) return "{SHA}" + hashing.base64(hashing.sha1(password));
  if (stored.startsWith("{SSHA}")) return saltedSha(stored, password, hashing);
  if (stored.startsWith(APR1)) return apr1(stored, password, hashing);
  return hashing.crypt(password, stored);
}

function saltedSha(stored: string, password: string, hashing: Hashing): string | undefined {
  const bytes = hashing.unbase64(stored.substring("{SSHA}".length));
  if (bytes === undefined || bytes.length < SHA1_BYTES) return undefined;
  const salt = bytes.substring(SHA1_BYTES);
  return "{SSHA}" + hashing.base64(hashing.sha1(password + salt) + salt);
}

/** Apache's variant of FreeBSD's MD5 hash. */
function apr1(stored: string, password: string, { md5 }: Hashing): string {
  const salt = saltOf(stored);
  let digest = md5(password + salt + password);
  let text = password + APR1 + salt;
  for (let left = password.length; left > 0; left -= 16) text += digest.substring(0, Math.min(16, left));
  for (let left = password.length; left > 0; left = Math.floor(left / 2)) {
    text += left % 2 === 1 ? "\0" : password.substring(0, 1);
  }
  digest = md5(text);
  for (let round = 0; round < ROUNDS; round++) {
    let mixed = round % 2 === 1 ? password : digest;
    if (round % 3 !== 0) mixed += salt;
    if (round % 7 !== 0) mixed += password;
    digest = md5(mixed + (round % 2 === 1 ? digest : password));
  }
  return APR1 + salt + "$" + letters(digest);
}

function saltOf(stored: string): string {
  const rest = stored.substring(APR1.length);
  const end = rest.indexOf("$");
  return rest.substring(0, Math.min(end < 0 ? rest.length : end, LONGEST_SALT));
}

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function letters(digest: string): string {
  return (
    threeBytes(digest, 0, 6, 12) + threeBytes(digest, 1, 7, 13) + threeBytes(digest, 2, 8, 14) +
    threeBytes(digest, 3, 9, 15) + threeBytes(digest, 4, 10, 5) + digits(digest.charCodeAt(11), 2)
  );
}

function threeBytes(digest: string, high: number, middle: number, low: number): string {
  return digits(digest.charCodeAt(high) * 65536 + digest.charCodeAt(middle) * 256 + digest.charCodeAt(low), 4);
}

/** Base 64, the lowest six bits first. */
function digits(value: number, count: number): string {
  let text = "";
  let left = value;
  for (let i = 0; i < count; i++) {
    const digit = left % 64;
    text += ALPHABET.substring(digit, digit + 1);
    left = Math.floor(left / 64);
  }
  return text;
}

/** Compares in a time that depends on the lengths alone. */
export function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let different = 0;
  for (let i = 0; i < a.length; i++) different |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return different === 0;
}

export interface UserPassword {
  user: string;
  password: string;
}

/** Reads `Basic …` as nginx does: any case, blanks, the first colon ends the name, which must not be empty. */
export function parseBasic(header: string | undefined, unbase64: Hashing["unbase64"]): UserPassword | undefined {
  if (header === undefined || header.substring(0, 6).toLowerCase() !== "basic ") return undefined;
  let start = 6;
  while (header.charCodeAt(start) === 32) start++;
  const decoded = unbase64(header.substring(start));
  if (decoded === undefined) return undefined;
  const colon = decoded.indexOf(":");
  return colon > 0 ? { user: decoded.substring(0, colon), password: decoded.substring(colon + 1) } : undefined;
}
