/**
 * htpasswd and htdigest files: who may pass, and the hash of what they must know.
 *
 * Files are read as nginx reads them: a line is `name:hash` (or `name:realm:hash`), whatever follows another colon is a comment, lines
 * that begin with `#` are too, and the first line of a name counts. Nothing of a line is ever shown: findings name its
 * number.
 */
import { hashCost, isAffordable } from "../../../edge/src/password-cost.ts";
import type { HashCost } from "../../../edge/src/password-cost.ts";
import type { PrivateBytes } from "../../support/private-bytes.ts";
import { UserList } from "../shapes/user-list.ts";

export type UserFileKind = "basic" | "digest";

export interface UserFile {
  /** The hashes of the file, by `name` or `name:realm`. */
  readonly users: UserList;
  /** Lines that are ignored, with the reason as a clause. */
  readonly problems: readonly { readonly line: number; readonly why: string }[];
  /** The first line with a hash that costs too much to verify. */
  readonly costly?: { readonly line: number; readonly cost: HashCost | undefined };
}

/** crypt(3)'s forms: DES, BSDi's, and `$id$…` of the kinds that libcrypt knows. */
const CRYPT = /^(?:[./0-9A-Za-z]{13}|_[./0-9A-Za-z]{19}|\$(?:1|2[abxy]|3|5|6|7|y|gy|sha1|md5)[$,].+)$/;
const SHA1 = /^\{SHA\}[A-Za-z0-9+/]{27}=$/;
const SALTED_SHA1 = /^\{SSHA\}[A-Za-z0-9+/]{27,256}={0,2}$/;
const APR1 = /^\$apr1\$[^$]{0,8}\$[./0-9A-Za-z]{22}$/;

export function parseUserFile(bytes: PrivateBytes, kind: UserFileKind): UserFile {
  return parseLines(textOf(bytes).split("\n"), kind);
}

/** Reads a Secret whose keys are the users' names; a value is what would stand behind the name and its colon in a file. */
export function parseUserMap(data: Readonly<Record<string, PrivateBytes>>, kind: UserFileKind): UserFile {
  return parseLines(Object.keys(data).sort().map((name) => `${name}:${textOf(data[name]).split("\n")[0] ?? ""}`), kind);
}

function textOf(bytes: PrivateBytes | undefined): string {
  return bytes?.reveal().toString("utf8") ?? "";
}

function parseLines(lines: readonly string[], kind: UserFileKind): UserFile {
  const users = new Map<string, string>();
  const realms = new Set<string>();
  const problems: { line: number; why: string }[] = [];
  let costly: UserFile["costly"];
  for (const [index, whole] of lines.entries()) {
    const line = whole.split("\r")[0] ?? "";
    if (line === "" || line.startsWith("#")) continue;
    const read = kind === "basic" ? basicLine(line) : digestLine(line);
    const why = typeof read === "string" ? read : users.has(read.key) ? "repeats a name: the first line of a name counts" : undefined;
    if (why !== undefined) problems.push({ line: index + 1, why });
    else if (typeof read !== "string") {
      users.set(read.key, read.hash);
      if (kind === "basic" && !isAffordable(read.hash)) costly ??= { line: index + 1, cost: hashCost(read.hash, 0) };
      if (read.realm !== undefined) realms.add(read.realm);
    }
  }
  return { users: new UserList(users, realms), problems, ...(costly ? { costly } : {}) };
}

type Read = { readonly key: string; readonly hash: string; readonly realm?: string } | string;

function basicLine(line: string): Read {
  const [name = "", hash = ""] = line.split(":");
  const why = nameProblem(line, name);
  if (why !== undefined) return why;
  const isHash = hash.startsWith("{PLAIN}") || SHA1.test(hash) || SALTED_SHA1.test(hash) || APR1.test(hash) || CRYPT.test(hash);
  return isHash ? { key: name, hash } : "has no hash of a form that htpasswd makes behind the name and its colon: make it with htpasswd";
}

function digestLine(line: string): Read {
  const [name = "", realm, hash = ""] = line.split(":");
  const why = nameProblem(line, name);
  if (why !== undefined) return why;
  if (realm === undefined || !/^[0-9a-fA-F]{32}$/.test(hash)) return "is not name:realm:hash with 32 hexadecimal digits, as htdigest writes it";
  return { key: `${name}:${realm}`, hash: hash.toLowerCase(), realm };
}

function nameProblem(line: string, name: string): string | undefined {
  if (line.includes("\ufffd")) return "is not UTF-8";
  return name === "" || !line.includes(":") ? "is not a name, a colon and a hash: write it so, as htpasswd does, or remove it" : undefined;
}
