/** Memory and descriptors of a Sluice's processes, and whether its workers are the same all the time. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { groupMembers, stat, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { residentMiB } from "../processes.ts";

export interface Reading {
  readonly workers: readonly number[];
  /** MiB, of all workers together, and of the controller. */
  readonly workersMiB: number;
  readonly controllerMiB: number;
  /** Of all workers together. */
  readonly descriptors: number;
}

export function readProcesses(runtimeDir: string, controller: number): Reading {
  const { pid } = JSON.parse(readFileSync(join(runtimeDir, "nginx-master.json"), "utf8")) as ProcessIdentity;
  const workers = groupMembers(pid).filter((one) => stat(one.pid)?.parent === pid).map((one) => one.pid).sort((a, b) => a - b);
  const sum = (of: (worker: number) => number): number => workers.reduce((total, worker) => total + of(worker), 0);
  return { workers, workersMiB: sum(residentMiB), controllerMiB: residentMiB(controller), descriptors: sum((worker) => readdirSync(`/proc/${worker}/fd`).length) };
}

/** How much more than after the first round there may be after a later one, when all is quiet. */
const MORE_MIB = 32;
const MORE_SHARE = 1.25;
const MORE_DESCRIPTORS = 100;
/** MiB that attacks may take while they go on. */
const PEAK_MIB = 512;

/** What is wrong with what was read when all was quiet, first reading first; and with the most that was read meanwhile. */
export function growth(start: Reading, quiet: readonly Reading[], peakMiB: number): readonly string[] {
  const [first, ...later] = quiet;
  const last = later.at(-1);
  const wrong: string[] = [];
  if (peakMiB > start.workersMiB + PEAK_MIB) wrong.push(`the workers took ${Math.round(peakMiB)} MiB at most, and ${Math.round(start.workersMiB)} at the start`);
  if (first && last && last.workersMiB > first.workersMiB * MORE_SHARE + MORE_MIB) wrong.push(`the workers grew from ${Math.round(first.workersMiB)} to ${Math.round(last.workersMiB)} MiB`);
  if (first && last && last.controllerMiB > first.controllerMiB * MORE_SHARE + 2 * MORE_MIB) wrong.push(`the controller grew from ${Math.round(first.controllerMiB)} to ${Math.round(last.controllerMiB)} MiB`);
  for (const one of quiet) if (one.descriptors > start.descriptors + MORE_DESCRIPTORS) wrong.push(`the workers hold ${one.descriptors} descriptors when all is quiet, and ${start.descriptors} at the start`);
  if (quiet.some(({ workers }) => workers.join() !== start.workers.join())) wrong.push("a worker died and was replaced");
  return wrong;
}
