/**
 * Writes and removes the files that nginx.conf refers to: authorities that backends are verified by, parameters and keys of TLS,
 * ModSecurity's rules.
 *
 * A file's name is a digest of its content, so a file never changes. Files that nginx.conf no longer names are removed once
 * nginx runs without them.
 */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRulesFile } from "../../compile/modsecurity.ts";
import { isTlsFile } from "../../compile/tls-files.ts";
import { isTrustFile } from "../../compile/trust.ts";

/** Answers the names of the files that were not there before. Throws for a name of another form, because no other file may be written this way. */
export function writeConfFiles(folder: string, files: Readonly<Record<string, string>>): string[] {
  const written: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    if (!isOurs(name)) throw new Error(`"${name}" is no file that nginx.conf refers to`);
    const file = join(folder, name);
    if (existsSync(file)) continue;
    // Put in place by a rename, so that a file of this name is always whole.
    writeFileSync(`${file}.new`, content, { mode: 0o600, encoding: "latin1" });
    renameSync(`${file}.new`, file);
    written.push(name);
  }
  return written;
}

/** Removes the files that nginx.conf does not name. @param conf nginx.conf as it runs; empty: no nginx runs. */
export function sweepConfFiles(folder: string, conf: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (isOurs(name.replace(/\.new$/, "")) && !conf.includes(name)) rmSync(join(folder, name), { force: true });
  }
}

function isOurs(name: string): boolean {
  return isTrustFile(name) || isTlsFile(name) || isRulesFile(name);
}
