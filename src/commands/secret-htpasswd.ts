/** `sluice secret htpasswd`: users and their hashes, from a file or made here. */
import { randomBytes } from "node:crypto";
import { parseUserFile } from "../model/secrets/user-file.ts";
import { printable } from "../support/log.ts";
import { PrivateBytes } from "../support/private-bytes.ts";
import { saltOf, sha512Crypt } from "../support/sha512-crypt.ts";
import { listed } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import { readPasswords, readPrivateFile } from "./secret-files.ts";
import type { MadeSecret } from "./secret-tls.ts";

/** A try takes about 30 ms of a worker, less than bcrypt of cost 10, which htpasswd and most others make. */
const PASSWORD_ROUNDS = 100_000;
const SALT_BYTES = 16;
/** The longest that workers verify, which is libcrypt's bound, in bytes. */
const LONGEST_PASSWORD_BYTES = 512;
const MOST_TOLD = 3;
/** What browsers cannot send, or a file of users cannot hold. */
const NOT_IN_NAMES = /[:\p{Cc}]/u;

/** @param file path of a file of users, or `-`. @param users those to make lines for; one of the two is given. */
export async function htpasswdSecret(file: string | undefined, users: readonly string[]): Promise<MadeSecret> {
  if (file !== undefined && users.length > 0) throw new UserError("A file and --user are given: users are taken from a file, or made; give one of the two", 2);
  if (file === undefined && users.length === 0) throw new UserError('Which users? Name a file that htpasswd made (- for standard input), or users to make lines for: --user=NAME.', 2);
  return file === undefined ? madeFrom(await userLines(users), "the lines") : madeFrom(readPrivateFile(file), file === "-" ? "standard input" : `"${printable(file)}"`);
}

/** Refuses what the edge could not verify. @param where what the lines are called. */
function madeFrom(auth: PrivateBytes, where: string): MadeSecret {
  const { users, problems, costly } = parseUserFile(auth, "basic");
  if (problems.length > 0) {
    const told = listed(problems.map(({ line, why }) => `line ${line} ${why}`), MOST_TOLD);
    throw new UserError(`In ${where} ${told}: correct it, or make it with "sluice secret htpasswd NAME --user=USER"`);
  }
  if (costly) throw new UserError(`In ${where} line ${costly.line} has a hash that takes too long to verify: make it with bcrypt of a cost up to 12, or with "sluice secret htpasswd NAME --user=USER"`);
  if (users.size === 0) throw new UserError(`There is no user in ${where}: nobody could log in`);
  const hashes = Object.values(users.reveal());
  const count = (start: string): number => hashes.filter((hash) => hash.startsWith(start)).length;
  const [plain, unsalted] = [count("{PLAIN}"), count("{SHA}")];
  return {
    type: "Opaque",
    data: { auth },
    notes: [
      `${users.size === 1 ? "One user" : `${users.size} users`}, for the annotations auth-type: basic and auth-secret`,
      ...(plain > 0 ? [`Warning: ${plain} of the passwords can be read by everybody who may read the Secret ({PLAIN}): hash them`] : []),
      ...(unsalted > 0 ? [`Warning: ${unsalted} of the hashes are unsalted SHA-1 ({SHA}), from which passwords are guessed fast: make them anew`] : []),
    ],
  };
}

async function userLines(users: readonly string[]): Promise<PrivateBytes> {
  for (const [index, user] of users.entries()) requireUser(user, users.indexOf(user) !== index);
  const passwords = await readPasswords(users);
  return new PrivateBytes(users.map((user, index) => `${user}:${hashOf(user, passwords[index])}\n`).join(""));
}

/** A name that has a colon is not shown: what follows may be a password. */
function requireUser(user: string, isSecond: boolean): void {
  if (isSecond) throw new UserError(`--user=${printable(user)} is given twice: leave one of them out`, 2);
  if (user.includes(":")) throw new UserError("--user takes a name, in which there is no colon: passwords are asked for, or read from standard input, where no list of processes shows them", 2);
  if (user === "" || user.startsWith("#") || NOT_IN_NAMES.test(user)) throw new UserError(`--user must be a name without control characters that does not begin with #, not "${printable(user)}"`, 2);
}

function hashOf(user: string, password: PrivateBytes | undefined): string {
  const bytes = password?.reveal() ?? Buffer.alloc(0);
  if (bytes.length === 0) throw new UserError(`The password of ${printable(user)} is empty: give one that has characters`);
  if (bytes.length > LONGEST_PASSWORD_BYTES) throw new UserError(`The password of ${printable(user)} has ${bytes.length} bytes, and ${LONGEST_PASSWORD_BYTES} are verified at most: give a shorter one`);
  if (bytes.includes(0)) throw new UserError(`The password of ${printable(user)} has a NUL character, which no client can send: leave it out`);
  return sha512Crypt(bytes, saltOf(randomBytes(SALT_BYTES)), PASSWORD_ROUNDS);
}
