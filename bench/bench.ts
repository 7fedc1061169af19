/**
 * `npm run bench`: Sluice beside nginx written by hand and HAProxy on this machine, held to the performance contract.
 *
 * Everything runs on loopback, is bounded in time and is ended at the end. It exits with 0 whatever the numbers are:
 * they say something about the machine too.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { UserError } from "../src/support/user-error.ts";
import { measureControlPlane } from "./control-plane.ts";
import { measureDataPlane } from "./data-plane.ts";
import { describeMachine, findTools, type Tools } from "./machine.ts";
import { parseOptions, USAGE, type BenchOptions } from "./options.ts";
import { endAll } from "./processes.ts";
import { stopSluices } from "./sluices.ts";
import { caseLines, controlRows, dataRows, machineLine, rowLines } from "./report.ts";

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

async function run(options: BenchOptions, tools: Tools, dir: string): Promise<void> {
  const machine = describeMachine();
  const data = options.parts.has("data") ? await measureDataPlane(`${dir}/data`, options, tools, say) : undefined;
  await endAll();
  const control = options.parts.has("control") ? await measureControlPlane(`${dir}/control`, options, say) : undefined;
  const rows = [...(data ? dataRows(data) : []), ...(control ? controlRows(control) : [])];
  if (options.output === "json") {
    process.stdout.write(`${JSON.stringify({ machine, options: { ...options, parts: [...options.parts] }, rows, data, control }, null, 2)}\n`);
    return;
  }
  const notes = [
    machineLine(machine),
    `A ratio is the median over ${options.rounds} rounds of the ratio within a round; times are medians.`,
    ...missing(tools),
  ];
  process.stdout.write(`${[...rowLines(rows), "", ...(data ? [...caseLines(data), ""] : []), ...notes].join("\n")}\n`);
}

function missing(tools: Tools): string[] {
  return [
    ...(tools.haproxy ? [] : ["Not compared: HAProxy, which is not installed (apt-get install haproxy)."]),
    ...(tools.h2load ? [] : ["Not measured: HTTP/2, for which h2load is not installed (apt-get install nghttp2-client)."]),
  ];
}

/** A folder in memory that nginx's workers, under an account of their own, can pass through. */
function openFolder(): string {
  const dir = mkdtempSync("/dev/shm/sluice-bench-");
  chmodSync(dir, 0o755);
  return dir;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") return void process.stdout.write(USAGE);
  const tools = findTools();
  const dir = openFolder();
  process.on("exit", () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  try {
    if ((await Promise.race([run(options, tools, dir), interrupted()])) === "interrupted") process.exitCode = 130;
  } finally {
    await stopSluices();
    await endAll();
    // An interrupted run fails now in what it was waiting for, which is of no interest.
    if (process.exitCode === 130) process.exit();
  }
}

function interrupted(): Promise<"interrupted"> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve("interrupted"));
  });
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
