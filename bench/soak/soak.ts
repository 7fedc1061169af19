/**
 * `npm run soak`: hours of mixed traffic and churn on a real Sluice, while its parts are killed and starved.
 *
 * Everything runs on loopback and ends with the run. Exit code 1: a verdict fails, or nothing could be run.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startCluster } from "../../test/support/cluster.ts";
import { runCommand } from "../command.ts";
import { interrupted, untilEnd } from "../ending.ts";
import { inFolder } from "../in-folder.ts";
import { describeMachine } from "../machine.ts";
import { machineLine, table } from "../report.ts";
import { needApiServer, needFolder } from "../tools.ts";
import { soakPicture } from "./picture.ts";
import { parseSoakOptions, SOAK_USAGE, type SoakOptions } from "./options.ts";
import { runSoak, type SoakResult } from "./run.ts";

const say = (text: string): void => {
  if (!interrupted.aborted) process.stderr.write(`soak: ${text}\n`);
};
/** Says to the program that it runs in mounts of its own. */
const INSIDE = "SLUICE_SOAK_OWN_MOUNTS";
const PICTURE = new URL("../results/soak.svg", import.meta.url);
/** Room for the logs at their bound (256 MiB) and everything else. */
const DISK = "size=340m,mode=0711";

/** Starts the program again where it may mount a small filesystem that nobody else sees; resolves when that has ended. */
async function runInside(): Promise<void> {
  const child = spawn("unshare", ["--mount", "--propagation", "private", process.execPath, ...process.argv.slice(1)], {
    stdio: "inherit", env: { ...process.env, [INSIDE]: "1" },
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => child.kill(name));
  process.exitCode = await new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? 130)));
}

async function soak(options: SoakOptions, ownDisk: boolean, disk: string): Promise<void> {
  const machine = describeMachine();
  say(`${options.minutes} minutes, seed ${options.seed} (--seed=${options.seed} repeats the schedule)`);
  const cluster = await startCluster();
  try {
    const result = await runSoak({ options, cluster, disk, ownDisk, say, signal: interrupted });
    print(options, result, machineLine(machine));
    process.exitCode = result.rows.some(({ holds }) => holds === false) ? 1 : 0;
  } finally {
    await cluster.stop();
  }
}

async function run(options: SoakOptions): Promise<void> {
  const ownDisk = process.env[INSIDE] === "1";
  if (!ownDisk && process.getuid?.() === 0) return await runInside();
  // libfaketime leaves files of killed processes in /dev/shm: they go with this one.
  if (ownDisk) execFileSync("mount", ["-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/dev/shm"]);
  await inFolder(async (dir) => {
    const disk = join(dir, "disk");
    mkdirSync(disk);
    if (ownDisk) execFileSync("mount", ["-t", "tmpfs", "-o", DISK, "tmpfs", disk]);
    const running = soak(options, ownDisk, disk);
    await untilEnd(Promise.resolve({
      async stop() {
        // It ends by itself, in the order that its parts need.
        await running.catch(() => undefined);
        if (interrupted.aborted) process.stderr.write("soak: interrupted, so there is no verdict\n");
        // Lazily, because this process still has logs open there.
        if (ownDisk) spawnSync("umount", ["--lazy", disk]);
      },
    }));
    await running;
  });
}

function print(options: SoakOptions, result: SoakResult, machine: string): void {
  if (options.record !== undefined) writeFileSync(options.record, `${JSON.stringify({ machine, options, events: result.events, samples: result.samples })}\n`);
  if (options.plot) writeFileSync(PICTURE, soakPicture({ machine, options, events: result.events, samples: result.samples }));
  const { samples: _, ...verdict } = result;
  if (options.output === "json") return void process.stdout.write(`${JSON.stringify({ machine, options, ...verdict }, null, 2)}\n`);
  const cells = result.rows.map(({ what, measured, bound, holds }) => [what, measured, bound, holds === undefined ? "" : holds ? "yes" : "NO"]);
  const lines = table([["what", "measured", "bound", "holds?"], ...cells]);
  const problems = result.problems.length === 0 ? [] : ["", ...result.problems];
  process.stdout.write(`${[...lines, ...problems, "", ...result.leftOut.map((one) => `LEFT OUT: ${one}`), `seed ${options.seed}; ${machine}`].join("\n")}\n`);
}

await runCommand({
  name: "soak", usage: SOAK_USAGE, parse: parseSoakOptions,
  needs({ record, keep }) {
    if (record !== undefined) needFolder("record", dirname(record));
    if (keep !== undefined) needFolder("keep", keep);
    return ["nginx", ...needApiServer(), ...(process.getuid?.() === 0 ? ["unshare", "mount"] as const : [])];
  },
  run,
});
