/**
 * The authorities that nginx verifies backends by, as files beside nginx.conf.
 *
 * A name is a digest of the content, so a file never changes; those that nginx.conf no longer names are removed once
 * nginx runs without them.
 */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isTrustFile } from "../../compile/trust.ts";

/** Throws for any other name: nothing else is to be written this way. */
export function writeTrust(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, pem] of Object.entries(files)) {
    if (!isTrustFile(name)) throw new Error(`"${name}" is no file of authorities`);
    const file = join(folder, name);
    if (existsSync(file)) continue;
    // By rename, so that a file that is there is whole.
    writeFileSync(`${file}.new`, pem, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}

/** @param conf nginx.conf as it runs; empty: nothing runs. */
export function sweepTrust(folder: string, conf: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (isTrustFile(name.replace(/\.new$/, "")) && !conf.includes(name)) rmSync(join(folder, name), { force: true });
  }
}
