/** What the numbers were measured on, and which of the tools are there. */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { UserError } from "../src/support/user-error.ts";

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Load average of the last minute before the run: other work is noise. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** What cannot be done without, with Debian's packages. */
const NEEDED = [["nginx", "nginx"], ["taskset", "util-linux"], ["openssl", "openssl"], ["wrk", "wrk"]] as const;

/**
 * @param http2 whether something is measured over HTTP/2.
 * @throws UserError when a tool is missing without which that cannot be done.
 */
export function findTools(http2 = false): void {
  for (const [tool, command] of [...NEEDED, ...(http2 ? [["h2load", "nghttp2-client"]] as const : [])]) {
    if (version(tool) === undefined) throw new UserError(`The benchmark needs ${tool}: apt-get install ${command}`);
  }
  if (availableParallelism() < 2) throw new UserError("The benchmark needs two processors: one for the proxy, one for its load.");
}

/** @param versions of what else takes part, by name. */
export function describeMachine(versions: Readonly<Record<string, string>> = {}): Machine {
  const tools = ["nginx", "wrk", "h2load"].flatMap((tool) => {
    const found = version(tool);
    return found === undefined ? [] : [[tool, found] as const];
  });
  return {
    processor: cpus()[0]?.model ?? "unknown",
    processors: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    load: loadavg()[0] ?? 0,
    versions: { node: process.versions.node, ...Object.fromEntries(tools), ...versions },
  };
}

const VERSION_FLAG: Readonly<Record<string, string>> = { openssl: "version", h2load: "--version" };

/** A tool's version; undefined when it is not installed. */
function version(tool: string): string | undefined {
  const { stdout, stderr, error } = spawnSync(tool, [VERSION_FLAG[tool] ?? "-v"], { encoding: "utf8" });
  if (error) return undefined;
  const [found] = /\d+(?:\.\d+)+/.exec(`${stdout}${stderr}`) ?? [];
  return found ?? "present";
}
