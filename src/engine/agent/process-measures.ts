/** Measures what nginx's processes use of the machine, from proc(5). What cannot be read counts as 0. */
import { readFileSync } from "node:fs";
import type { ProcessIdentity } from "../../support/process-identity.ts";
import type { ProcessMeasures } from "../protocol.ts";

/** USER_HZ: 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE = 4096;

interface Used {
  readonly cpuSeconds: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Answers a function that measures. It adds up processor time and bytes itself, so that these sums do not shrink when a process ends. */
export function measureProcesses(): (processes: readonly ProcessIdentity[]) => ProcessMeasures {
  let last = new Map<string, Used>();
  const total = { cpuSeconds: 0, readBytes: 0, writtenBytes: 0 };
  const bootTime = Number(/^btime (\d+)/m.exec(read("/proc/stat"))?.[1] ?? 0);
  return (processes) => {
    const now = new Map<string, Used>();
    let residentBytes = 0;
    let virtualBytes = 0;
    let oldest = Infinity;
    for (const { pid, started } of processes) {
      const name = `${pid} ${started}`;
      const used = usedBy(pid);
      const before = last.get(name);
      for (const field of ["cpuSeconds", "readBytes", "writtenBytes"] as const) total[field] += Math.max(0, used[field] - (before?.[field] ?? 0));
      now.set(name, used);
      const [virtual = 0, resident = 0] = read(`/proc/${pid}/statm`).split(" ").map(Number);
      virtualBytes += virtual * PAGE;
      residentBytes += resident * PAGE;
      oldest = Math.min(oldest, Number(started));
    }
    last = now;
    const oldestStart = processes.length > 0 ? bootTime + oldest / TICKS_PER_SECOND : 0;
    return { processes: processes.length, ...total, residentBytes, virtualBytes, oldestStart };
  };
}

/** User and system time of a process, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const text = read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) || 0) + (Number(fields[12]) || 0)) / TICKS_PER_SECOND;
}

function usedBy(pid: number): Used {
  const io = read(`/proc/${pid}/io`);
  const field = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, "m").exec(io)?.[1] ?? 0);
  return {
    cpuSeconds: cpuSecondsOf(pid),
    readBytes: field("read_bytes"),
    writtenBytes: field("write_bytes"),
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
