/**
 * Loaded into the processes under measurement (`--import`): tells, when it is asked by SIGUSR2, how long their event loop
 * was kept since it was asked last, and what their heap holds.
 *
 * The answer is a file named by the process id in the folder that SLUICE_LOOP_PROBE names, so nothing is printed and no port is open.
 */
import { renameSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface LoopFigures {
  /** Counts the answers of a process, from 1. */
  readonly answer: number;
  /** Milliseconds of the longest turn of the event loop since the last answer. */
  readonly longestTurn: number;
  /** Turns of more than 50 ms are not counted one by one: the 99.9th percentile says whether they were many. */
  readonly p999: number;
  /** MiB, before anything was collected, and after everything was. */
  readonly heap: number;
  readonly live: number;
  /** MiB outside of V8's heap: buffers. */
  readonly external: number;
}

const RESOLUTION_MS = 2;
const MIB = 2 ** 20;
const folder = process.env["SLUICE_LOOP_PROBE"];

if (folder !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let answer = 0;
  delay.enable();
  process.on("SIGUSR2", () => {
    const longestTurn = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
    const p999 = Math.max(0, delay.percentile(99.9) / 1e6 - RESOLUTION_MS);
    const { heapUsed, external } = process.memoryUsage();
    collect();
    const live = process.memoryUsage().heapUsed;
    const figures: LoopFigures = { answer: ++answer, longestTurn, p999, heap: heapUsed / MIB, live: live / MIB, external: external / MIB };
    writeFileSync(`${folder}/${process.pid}.new`, JSON.stringify(figures));
    renameSync(`${folder}/${process.pid}.new`, `${folder}/${process.pid}`);
    // Not the turn of the collection.
    setTimeout(() => delay.reset(), 2 * RESOLUTION_MS);
  });
}

/** Collects all garbage. Node has no function for it without a flag, which may be set late. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  gc();
}
