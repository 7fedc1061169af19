/**
 * What it costs to verify one password against a stored hash, from the parameters that the hash itself names. Pure.
 *
 * Times are those of one core of a server of 2023 (libxcrypt 4.4), near enough to tell milliseconds from minutes.
 */

export interface HashCost {
  microseconds: number;
  /** Memory in use while the hash is computed. */
  bytes: number;
}

/** Bounds of one verification: a worker serves nobody else while it hashes, and any client of the path can make it hash. */
export const MOST_MICROSECONDS = 300_000;
export const MOST_BYTES = 64 * 1024 * 1024;
/** A longer password costs more. A worker allows twice the bound, so that every hash that the controller accepted works with any usual password. */
const MOST_WITH_PASSWORD = 2 * MOST_MICROSECONDS;
const USUAL_PASSWORD = 12;

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DEFAULT_ROUNDS = 5000;
/** The last digit that is a whole number in yescrypt's notation; a number that begins with a higher digit has several. */
const LAST_SINGLE = 47;
const BLOCK_BYTES = 128;

/** Whether a hash is cheap enough to be verified at all, with a password of usual length. */
export function isAffordable(stored: string): boolean {
  const cost = hashCost(stored, USUAL_PASSWORD);
  return cost !== undefined && cost.microseconds <= MOST_MICROSECONDS && cost.bytes <= MOST_BYTES;
}

/** Whether a hash may be verified against a password of so many bytes. */
export function isWorthHashing(stored: string, passwordBytes: number): boolean {
  const cost = isAffordable(stored) ? hashCost(stored, passwordBytes) : undefined;
  return cost !== undefined && cost.microseconds <= MOST_WITH_PASSWORD;
}

/** What one verification costs; undefined: the hash's parameters cannot be read. A form that libcrypt does not know counts like the cheap ones. */
export function hashCost(stored: string, passwordBytes: number): HashCost | undefined {
  const kind = kindOf(stored);
  if (kind === "6") return rounds(stored, "$6$rounds=", DEFAULT_ROUNDS, 0.22 + 0.00375 * passwordBytes);
  if (kind === "5") return rounds(stored, "$5$rounds=", DEFAULT_ROUNDS, 0.35 + 0.0053 * passwordBytes);
  if (kind === "2a" || kind === "2b" || kind === "2x" || kind === "2y") return bcrypt(stored);
  if (kind === "y" || kind === "gy") return yescrypt(stored, kind.length + 2);
  if (kind === "7") return scrypt(stored);
  if (kind === "sha1") return rounds(stored, "$sha1$", undefined, 0.75);
  if (kind === "md5") return stored.startsWith("$md5$") ? { microseconds: 5300, bytes: 0 } : rounds(stored, "$md5,rounds=", undefined, 1.3);
  if (stored.startsWith("_")) return digits(stored, 1, 4, 0.125);
  // MD5 (a thousand rounds), DES and NT, or none of libcrypt's.
  return { microseconds: 1000 + 4 * passwordBytes, bytes: 0 };
}

/** The text between the first `$` and the next `$` or comma. */
function kindOf(stored: string): string {
  if (!stored.startsWith("$")) return "";
  for (let i = 1; i < stored.length && i < 6; i++) {
    const c = stored.charCodeAt(i);
    if (c === 36 || c === 44) return stored.substring(1, i);
  }
  return "";
}

/** @param otherwise the number of rounds of a hash that does not begin with the prefix. */
function rounds(stored: string, prefix: string, otherwise: number | undefined, each: number): HashCost | undefined {
  const count = stored.startsWith(prefix) ? number(stored, prefix.length) : otherwise;
  return count === undefined ? undefined : { microseconds: count * each, bytes: 0 };
}

/** The decimal number up to the next `$`; undefined: there is something else. */
function number(text: string, from: number): number | undefined {
  let value = 0;
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 36 && i > from) return value;
    if (c < 48 || c > 57) return undefined;
    value = value * 10 + c - 48;
  }
  return undefined;
}

function bcrypt(stored: string): HashCost | undefined {
  const cost = number(stored, 4);
  return cost === undefined ? undefined : { microseconds: 2 ** cost * 52, bytes: 4096 };
}

/** Reads `$y$jNr$`. Undefined, which refuses the hash, for further parameters and for numbers of several digits. */
function yescrypt(stored: string, start: number): HashCost | undefined {
  const logarithm = digit(stored, start + 1);
  const size = digit(stored, start + 2);
  if (stored.charAt(start) !== "j" || stored.charAt(start + 3) !== "$" || !isSingle(logarithm) || !isSingle(size)) return undefined;
  return filling(2 ** (logarithm + 1) * (size + 1), 0.2);
}

function isSingle(value: number): boolean {
  return value >= 0 && value <= LAST_SINGLE;
}

/** `$7$Nrrrrrppppp`. */
function scrypt(stored: string): HashCost | undefined {
  const logarithm = digit(stored, 3);
  const size = fixed(stored, 4, 5);
  const parallel = fixed(stored, 9, 5);
  if (logarithm < 0 || size === undefined || parallel === undefined) return undefined;
  const { microseconds, bytes } = filling(2 ** logarithm * size, 0.25);
  return { microseconds: microseconds * parallel, bytes: Math.max(bytes, BLOCK_BYTES * size * parallel) };
}

function filling(blocks: number, each: number): HashCost {
  return { microseconds: blocks * each, bytes: blocks * BLOCK_BYTES };
}

function digits(stored: string, from: number, count: number, each: number): HashCost | undefined {
  const value = fixed(stored, from, count);
  return value === undefined ? undefined : { microseconds: value * each, bytes: 0 };
}

/** The number in `count` digits of six bits each, the lowest first. */
function fixed(text: string, from: number, count: number): number | undefined {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) {
    const one = digit(text, from + i);
    if (one < 0) return undefined;
    value = value * 64 + one;
  }
  return value;
}

function digit(text: string, at: number): number {
  return at < text.length ? ALPHABET.indexOf(text.charAt(at)) : -1;
}
