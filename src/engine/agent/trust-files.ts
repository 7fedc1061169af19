/**
 * Files beside nginx.conf that it refers to: authorities that backends are verified by, parameters and keys of TLS.
 *
 * A name is a digest of the content, so a file never changes; those that nginx.conf no longer names are removed once
 * nginx runs without them.
 */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isTlsFile } from "../../compile/tls-files.ts";
import { isTrustFile } from "../../compile/trust.ts";

/** Throws for any other name: nothing else is to be written this way. */
export function writeTrust(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, pem] of Object.entries(files)) {
    if (!isOurs(name)) throw new Error(`"${name}" is no file that nginx.conf refers to`);
    const file = join(folder, name);
    if (existsSync(file)) continue;
    // By rename, so that a file that is there is whole.
    writeFileSync(`${file}.new`, pem, { mode: 0o600, encoding: "latin1" });
    renameSync(`${file}.new`, file);
  }
}

/** @param conf nginx.conf as it runs; empty: nothing runs. */
export function sweepTrust(folder: string, conf: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (isOurs(name.replace(/\.new$/, "")) && !conf.includes(name)) rmSync(join(folder, name), { force: true });
  }
}

function isOurs(name: string): boolean {
  return isTrustFile(name) || isTlsFile(name);
}
