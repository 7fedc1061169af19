/** What the numbers were measured on, and which of the tools are there. */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { UserError } from "../src/support/user-error.ts";

export interface Tools {
  readonly haproxy: boolean;
  readonly h2load: boolean;
}

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Load average of the last minute before the run: other work is noise. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** @throws UserError when a tool is missing without which nothing can be measured. */
export function findTools(): Tools {
  for (const [tool, command] of [["nginx", "nginx"], ["wrk", "wrk"], ["taskset", "util-linux"], ["openssl", "openssl"]] as const) {
    if (version(tool) === undefined) throw new UserError(`The benchmark needs ${tool}: apt-get install ${command}`);
  }
  if (availableParallelism() < 2) throw new UserError("The benchmark needs two processors: one for the proxy, one for its load.");
  return { haproxy: version("haproxy") !== undefined, h2load: version("h2load") !== undefined };
}

export function describeMachine(): Machine {
  const tools = ["nginx", "haproxy", "wrk", "h2load"].flatMap((tool) => {
    const found = version(tool);
    return found === undefined ? [] : [[tool, found] as const];
  });
  return {
    processor: cpus()[0]?.model ?? "unknown",
    processors: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    load: loadavg()[0] ?? 0,
    versions: { node: process.versions.node, ...Object.fromEntries(tools) },
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
