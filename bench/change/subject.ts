/** What is measured: Sluice, or an nginx that is rendered and reloaded. Both read the same kind of API server, the tests' stand-in. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiObject } from "../cluster.ts";
import { childrenOf } from "../processes.ts";

export interface Subject {
  readonly name: "Sluice" | "rendered nginx";
  readonly http: number;
  readonly https: number;
  /** Milliseconds from the start of its process until it served everything that there was. */
  readonly readyMs: number;
  /** Seconds of processor time that what decides had used then. */
  readonly readySeconds: number;
  /** Creates an object; with `change` changes one that is there. */
  apply(object: ApiObject, change?: boolean): Promise<void>;
  /** What decides: the controller (and Sluice's agent), or the process that renders. */
  control(): number[];
  /** nginx, old workers included: the master first. */
  data(): number[];
  /** Reloads since the start. */
  reloads(): Promise<number>;
  stop(): Promise<void>;
}

export interface SubjectInput {
  /** A folder of its own, in memory, that nginx's workers may pass through. */
  readonly dir: string;
  /** What there is before it starts. */
  readonly objects: readonly ApiObject[];
  /** Further flags of Sluice. */
  readonly args?: readonly string[];
}

export type StartSubject = (input: SubjectInput) => Promise<Subject>;

/** nginx's master and all its workers, by the pid file. */
export function nginxProcesses(pidFile: string): number[] {
  try {
    const master = Number(readFileSync(pidFile, "utf8"));
    return [master, ...childrenOf(master)];
  } catch {
    return [];
  }
}

/** Memory in MiB, what is shared counted once (Pss). Processes that have ended count nothing. */
export function memoryOf(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids) {
    try {
      kib += Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      // Ended.
    }
  }
  return kib / 1024;
}

const TICKS_PER_SECOND = 100;

/**
 * Seconds of processor time of these processes, and of children of theirs that have ended: nginx's master has that of old workers, a
 * process that renders that of its tests.
 */
export function processorSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      for (const field of [11, 12, 13, 14]) ticks += Number(fields[field]);
    } catch {
      // Ended: its parent has its time.
    }
  }
  return ticks / TICKS_PER_SECOND;
}

/** The processes below a folder's runtime lock files. */
export function lockedBy(runtimeDir: string, file: string): number[] {
  if (!readdirSync(runtimeDir).includes(file)) return [];
  return [(JSON.parse(readFileSync(join(runtimeDir, file), "utf8")) as { pid: number }).pid];
}
