/** Changes that go on beside a measurement, and what the subject uses meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import { memoryOf, processorSeconds, type Subject } from "./subject.ts";

const WORKLOAD_MS = 2000;
const CONFIG_MS = 1000;

export interface Hands {
  readonly workload: (i: number) => Promise<void>;
  readonly config: (i: number) => Promise<void>;
}

/** One endpoint each two seconds, one route each second. Gives the number of changes when it was aborted. */
export async function churn(signal: AbortSignal, { workload, config }: Hands): Promise<number> {
  let count = 0;
  const loop = async (every: number, one: (i: number) => Promise<void>): Promise<void> => {
    for (let i = 1; !signal.aborted; i++) {
      await one(i);
      count++;
      await sleep(every, undefined, { signal }).catch(() => undefined);
    }
  };
  await Promise.all([loop(WORKLOAD_MS, workload), loop(CONFIG_MS, config)]);
  return count;
}

export interface Use {
  readonly most: number;
  readonly mean: number;
  readonly cores: number;
}

/** Memory and processors of a subject until `stop`. */
export function watchProcesses(subject: Subject): { stop(): { control: Use; data: Use; processes: number } } {
  const sides = { control: subject.control, data: subject.data };
  const begun = performance.now();
  const before = { control: processorSeconds(subject.control()), data: processorSeconds(subject.data()) };
  const memory: { control: number[]; data: number[] } = { control: [], data: [] };
  let processes = 0;
  const timer = setInterval(() => {
    processes = Math.max(processes, subject.data().length);
    for (const side of ["control", "data"] as const) memory[side].push(memoryOf(sides[side]()));
  }, 1000);
  return {
    stop() {
      clearInterval(timer);
      const seconds = (performance.now() - begun) / 1000;
      const use = (side: "control" | "data"): Use => ({
        most: Math.max(...memory[side]), mean: memory[side].reduce((a, b) => a + b, 0) / memory[side].length,
        cores: (processorSeconds(sides[side]()) - before[side]) / seconds,
      });
      return { control: use("control"), data: use("data"), processes };
    },
  };
}
