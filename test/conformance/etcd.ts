/**
 * Where etcd comes from: `SLUICE_ETCD` names the program; else one in the PATH; else the folder with `start.sh` that tests
 * with a real API server use has it, as a file or in its archive `bin.tar.xz`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { inPath, isProgram } from "../../bench/tools.ts";
import { ENVTEST } from "../support/envtest.ts";

/** What is said where there is none. */
export const NO_ETCD = "there is no etcd: set SLUICE_ETCD to the program, or install one into the PATH";

/** The program; undefined: none was found, or it is in an archive that was not opened yet. */
export function findEtcd(cache: string): string | undefined {
  const named = process.env["SLUICE_ETCD"];
  if (named) return isProgram(named) ? named : undefined;
  return inPath("etcd") ?? [join(ENVTEST, "etcd"), join(ENVTEST, "bin/etcd"), unpacked(cache)].find((path) => path !== undefined && isProgram(path));
}

/** Takes etcd out of the archive, where it is there alone. */
export function unpackEtcd(cache: string): void {
  const path = unpacked(cache);
  if (findEtcd(cache) !== undefined || path === undefined) return;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "etcd."));
  try {
    execFileSync("tar", ["-xJf", archive(), "-C", folder, "etcd"], { stdio: "pipe" });
    mkdirSync(dirname(path), { recursive: true });
    renameSync(join(folder, "etcd"), path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function archive(): string {
  return join(ENVTEST, "bin.tar.xz");
}

/** Its place in the cache, by size and time of the archive; undefined: there is no archive. */
function unpacked(cache: string): string | undefined {
  const found = statSync(archive(), { throwIfNoEntry: false });
  return found && join(cache, `etcd-${found.size}-${Math.floor(found.mtimeMs)}`, "etcd");
}
