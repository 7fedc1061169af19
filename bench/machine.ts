/** What the numbers were measured on. */
import { spawnSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Load average of the last minute before the run: other work is noise. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
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

const VERSION_FLAG: Readonly<Record<string, string>> = { h2load: "--version" };

/** A tool's version; undefined when it is not installed. */
function version(tool: string): string | undefined {
  const { stdout, stderr, error } = spawnSync(tool, [VERSION_FLAG[tool] ?? "-v"], { encoding: "utf8" });
  if (error) return undefined;
  const [found] = /\d+(?:\.\d+)+/.exec(`${stdout}${stderr}`) ?? [];
  return found ?? "present";
}
