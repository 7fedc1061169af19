/**
 * SHA-512 of crypt(3) (`$6$…`), by Ulrich Drepper's specification "Unix crypt using SHA-256 and SHA-512", which libcrypt
 * follows. Node's crypto has SHA-512 alone. Nothing here takes a time that depends on what the password is, but for its
 * length.
 */
import { createHash } from "node:crypto";

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGEST_BYTES = 64;
const LONGEST_SALT = 16;
const DEFAULT_ROUNDS = 5000;
const LEAST_ROUNDS = 1000;
const MOST_ROUNDS = 999_999_999;

/**
 * The hash as a line of a password file has it.
 *
 * @param password bytes, without a NUL.
 * @param salt letters, digits, `.` and `/`; the first 16 count.
 * @param rounds from 1,000 to 999,999,999, to which other numbers are brought; absent: 5,000, which the hash then does not name.
 */
export function sha512Crypt(password: Buffer, salt: string, rounds?: number): string {
  const salted = Buffer.from(salt.slice(0, LONGEST_SALT), "latin1");
  const count = Math.min(Math.max(rounds ?? DEFAULT_ROUNDS, LEAST_ROUNDS), MOST_ROUNDS);
  const first = firstDigest(password, salted);
  const passwordBytes = repeated(sha512(...times(password, password.length)), password.length);
  const saltBytes = repeated(sha512(...times(salted, 16 + (first[0] ?? 0))), salted.length);
  let digest = first;
  for (let round = 0; round < count; round++) {
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? passwordBytes : digest];
    if (round % 3 !== 0) parts.push(saltBytes);
    if (round % 7 !== 0) parts.push(passwordBytes);
    parts.push(isOdd ? digest : passwordBytes);
    digest = sha512(...parts);
  }
  return `$6$${rounds === undefined ? "" : `rounds=${count}$`}${salted.toString("latin1")}$${letters(digest)}`;
}

/** The text that belongs to so many random bytes: a salt of as many characters. */
export function saltOf(random: Buffer): string {
  return Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

/** The digest before the rounds. */
function firstDigest(password: Buffer, salt: Buffer): Buffer {
  const mixed = sha512(password, salt, password);
  const parts = [password, salt, repeated(mixed, password.length)];
  for (let left = password.length; left > 0; left = Math.floor(left / 2)) parts.push(left % 2 === 1 ? mixed : password);
  return sha512(...parts);
}

function sha512(...parts: readonly Buffer[]): Buffer {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function times(bytes: Buffer, count: number): readonly Buffer[] {
  return Array.from({ length: count }, () => bytes);
}

/** The digest over and over, up to so many bytes. */
function repeated(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest);
}

/** The digest as letters, three bytes for four of them. The places of the three begin at 0, 21 and 42; each next three are one further, turned. */
function letters(digest: Buffer): string {
  let text = "";
  let [high, middle, low] = [0, 21, 42];
  for (let three = 0; three < 21; three++) {
    text += digits(((digest[high] ?? 0) << 16) | ((digest[middle] ?? 0) << 8) | (digest[low] ?? 0), 4);
    [high, middle, low] = [middle + 1, low + 1, high + 1];
  }
  return text + digits(digest[DIGEST_BYTES - 1] ?? 0, 2);
}

/** Six bits a letter, the lowest first. */
function digits(value: number, count: number): string {
  return Array.from({ length: count }, (_, place) => ALPHABET[(value >> (6 * place)) & 63]).join("");
}
