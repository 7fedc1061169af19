/**
 * Files beside nginx.conf that it refers to: authorities that backends are verified by, parameters and keys of TLS, ModSecurity's rules.
 *
 * A name is a digest of the content, so a file never changes; those that nginx.conf no longer names are removed once
 * nginx runs without them.
 */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRulesFile } from "../../compile/modsecurity.ts";
import { isTlsFile } from "../../compile/tls-files.ts";
import { isTrustFile } from "../../compile/trust.ts";

/** Gives the names of those that were not there. Throws for a name of anything else: nothing else is to be written this way. */
export function writeConfFiles(folder: string, files: Readonly<Record<string, string>>): string[] {
  const written: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    if (!isOurs(name)) throw new Error(`"${name}" is no file that nginx.conf refers to`);
    const file = join(folder, name);
    if (existsSync(file)) continue;
    // By rename, so that a file that is there is whole.
    writeFileSync(`${file}.new`, content, { mode: 0o600, encoding: "latin1" });
    renameSync(`${file}.new`, file);
    written.push(name);
  }
  return written;
}

/** @param conf nginx.conf as it runs; empty: nothing runs. */
export function sweepConfFiles(folder: string, conf: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (isOurs(name.replace(/\.new$/, "")) && !conf.includes(name)) rmSync(join(folder, name), { force: true });
  }
}

function isOurs(name: string): boolean {
  return isTrustFile(name) || isTlsFile(name) || isRulesFile(name);
}
