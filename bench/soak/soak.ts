/**
 * `npm run soak`: hours of mixed traffic and churn on a real Sluice, while its parts are killed and starved.
 *
 * Everything runs on loopback and ends with the run. Exit code 1: a verdict fails; 2: the command line, or nothing could be run.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { startCluster } from "../../test/support/cluster.ts";
import { envtestMissing } from "../../test/support/envtest.ts";
import { UserError } from "../../src/support/user-error.ts";
import { describeMachine } from "../machine.ts";
import { machineLine, table } from "../report.ts";
import { parseSoakOptions, SOAK_USAGE, type SoakOptions } from "./options.ts";
import { runSoak, type SoakResult } from "./run.ts";

const say = (text: string): void => void process.stderr.write(`soak: ${text}\n`);
/** Says to the program that it runs in mounts of its own. */
const INSIDE = "SLUICE_SOAK_OWN_MOUNTS";
/** Room for the logs at their bound (256 MiB) and everything else. */
const DISK = "size=340m,mode=0711";

/** Starts the program again where it may mount a small filesystem that nobody else sees. */
function rerunInside(): never {
  const { status, signal } = spawnSync("unshare", ["--mount", "--propagation", "private", process.execPath, ...process.argv.slice(1)], {
    stdio: "inherit", env: { ...process.env, [INSIDE]: "1" },
  });
  process.exit(status ?? (signal === null ? 2 : 130));
}

async function main(): Promise<void> {
  const options = parseSoakOptions(process.argv.slice(2));
  if (options === "help") return void process.stdout.write(SOAK_USAGE);
  if (envtestMissing !== undefined) throw new UserError(`The soak needs a real API server: no start.sh beside the project in ../shared/envtest; set SLUICE_ENVTEST to a folder with one.`);
  const ownDisk = process.env[INSIDE] === "1";
  if (!ownDisk && process.getuid?.() === 0) rerunInside();
  // libfaketime leaves files of killed processes in /dev/shm: they go with this one.
  if (ownDisk) execFileSync("mount", ["-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/dev/shm"]);
  const disk = mkdtempSync("/dev/shm/sluice-soak-");
  if (ownDisk) execFileSync("mount", ["-t", "tmpfs", "-o", DISK, "tmpfs", disk]);
  const machine = describeMachine();
  say(`${options.minutes} minutes, seed ${options.seed} (--seed=${options.seed} repeats the schedule)`);
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupted.abort());
  const cluster = await startCluster();
  try {
    const result = await runSoak({ options, cluster, disk, ownDisk, say, signal: interrupted.signal });
    print(options, result, machineLine(machine));
    const failed = result.rows.some(({ holds }) => holds === false);
    process.exitCode = interrupted.signal.aborted ? 130 : failed ? 1 : 0;
  } finally {
    await cluster.stop();
    // Lazily, because this process still has logs open there.
    if (ownDisk) spawnSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true, force: true });
  }
}

function print(options: SoakOptions, result: SoakResult, machine: string): void {
  if (options.record !== undefined) writeFileSync(options.record, `${JSON.stringify({ machine, options, events: result.events, samples: result.samples })}\n`);
  const { samples: _, ...verdict } = result;
  if (options.output === "json") return void process.stdout.write(`${JSON.stringify({ machine, options, ...verdict }, null, 2)}\n`);
  const cells = result.rows.map(({ what, measured, bound, holds }) => [what, measured, bound, holds === undefined ? "" : holds ? "yes" : "NO"]);
  const lines = table([["what", "measured", "bound", "holds?"], ...cells]);
  const problems = result.problems.length === 0 ? [] : ["", ...result.problems];
  process.stdout.write(`${[...lines, ...problems, "", ...result.leftOut.map((one) => `LEFT OUT: ${one}`), `seed ${options.seed}; ${machine}`].join("\n")}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`soak: ${error.message}\n`);
  process.exitCode = 2;
}
