/** What the benchmarks need beside the project: programs, an API server, folders that can be written to. What is missing is said before anything is started. */
import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { ENVTEST, envtestMissing } from "../test/support/envtest.ts";
import { UserError } from "../src/support/user-error.ts";

/** Debian's packages that have them. */
const PACKAGES = {
  nginx: "nginx", openssl: "openssl", wrk: "wrk", h2load: "nghttp2-client", valgrind: "valgrind", callgrind_control: "valgrind", git: "git", bash: "bash", curl: "curl",
  taskset: "util-linux", unshare: "util-linux", mount: "mount",
} as const;
export type Tool = keyof typeof PACKAGES;

/** nginx and HAProxy are in folders that only root has in its PATH. */
export const SYSTEM_FOLDERS: readonly string[] = ["/usr/sbin", "/usr/local/sbin"];

/** The path of a program; undefined: no folder has it. */
export function inPath(program: string, folders: readonly string[] = (process.env["PATH"] ?? "").split(delimiter)): string | undefined {
  return folders.map((folder) => join(folder, program)).find(isProgram);
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** @throws UserError that names all that are missing, and their packages; and where `taskset` has no second processor to choose. */
export function needTools(tools: readonly Tool[], folders?: readonly string[]): void {
  const missing = tools.filter((tool) => inPath(tool, folders) === undefined);
  if (missing.length > 0) throw new UserError(`This needs ${missing.join(" and ")}: apt-get install ${[...new Set(missing.map((tool) => PACKAGES[tool]))].join(" ")}`);
  if (tools.includes("taskset") && availableParallelism() < 2) throw new UserError("This needs two processors: one for the proxy, one for its load");
}

/** What the API server's `start.sh` calls. @throws UserError where there is none */
export function needApiServer(): readonly Tool[] {
  if (envtestMissing !== undefined) throw new UserError(`This needs a real API server, and there is no start.sh in ${ENVTEST}: set SLUICE_ENVTEST to a folder with one`);
  return ["bash", "openssl", "curl"];
}

/**
 * Makes a folder, and those around it, and tries to write to it: what was measured is not to be lost at the end.
 * @param flag that named it @throws UserError where that cannot be done
 */
export function needFolder(flag: string, folder: string): void {
  const probe = join(folder, `.sluice-bench-${process.pid}`);
  try {
    make(resolve(folder));
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw new UserError(`--${flag}: nothing can be written to the folder ${folder} (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** One after the other, because mkdir with `recursive` tries for ever below /proc. */
function make(folder: string): void {
  if (existsSync(folder)) return;
  make(dirname(folder));
  mkdirSync(folder);
}
