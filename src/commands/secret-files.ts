/** What the commands that make Secrets read: files with keys, certificates and users, and passwords. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { printable } from "../support/log.ts";
import { PrivateBytes } from "../support/private-bytes.ts";
import { sayInputIsRead } from "../support/progress.ts";
import { UserError } from "../support/user-error.ts";

const WRONG = 2;
/** As shells have it for a command that Ctrl-C ended. */
const INTERRUPTED = 130;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The bytes of a file, or of standard input (`-`). Throws a UserError (exit code 2). */
export function readPrivateFile(path: string): PrivateBytes {
  if (path === "-") sayInputIsRead();
  try {
    return new PrivateBytes(readFileSync(path === "-" ? 0 : path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = path === "-" ? "Standard input" : `The file "${printable(path)}"`;
    throw new UserError(code === "ENOENT" ? `There is no file "${printable(path)}": correct its name` : `${what} cannot be read (${code ?? String(error)}): name a file that may be read`, WRONG);
  }
}

/**
 * A password for each user, in their order: from a terminal, where nobody sees them and each is asked for twice, or from
 * the lines of standard input. Throws a UserError when there are not as many lines as users.
 */
export async function readPasswords(users: readonly string[]): Promise<readonly PrivateBytes[]> {
  return process.stdin.isTTY ? await promptPasswords(users) : passwordLines(readPrivateFile("-").reveal(), users.length);
}

/** @param count how many lines there must be. */
function passwordLines(bytes: Buffer, count: number): readonly PrivateBytes[] {
  const lines: PrivateBytes[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    lines.push(new PrivateBytes(bytes.subarray(start, end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end)));
    start = end + 1;
  }
  if (lines.length === count) return lines;
  throw new UserError(`Passwords on standard input: ${lines.length}, users: ${count}: write a line with a password for each user, in their order`);
}

async function promptPasswords(users: readonly string[]): Promise<readonly PrivateBytes[]> {
  // A terminal that readline owns echoes nothing by itself, and what readline would show goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  reader.once("SIGINT", () => reader.close());
  const lines = reader[Symbol.asyncIterator]();
  const ask = async (prompt: string): Promise<PrivateBytes> => {
    process.stderr.write(prompt);
    const line = await lines.next();
    process.stderr.write("\n");
    if (line.done === true) throw new UserError("No password was given, and nothing is made: start again, or write the passwords to standard input", INTERRUPTED);
    return new PrivateBytes(line.value);
  };
  try {
    const passwords: PrivateBytes[] = [];
    for (const user of users) {
      const password = await ask(`Password of ${printable(user)}: `);
      const again = await ask("The same again: ");
      if (password.digest() !== again.digest()) throw new UserError(`The two passwords of ${printable(user)} differ, and nothing is made: start again`);
      passwords.push(password);
    }
    return passwords;
  } finally {
    reader.close();
  }
}
