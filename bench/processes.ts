/**
 * Processes under measurement: started on one processor, read through /proc, ended with the benchmark.
 *
 * Guarantee: whatever was started here is gone when `endAll` has resolved, and is told to end when this process exits.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";
import { interrupted } from "./ending.ts";

/** The proxy under measurement has one processor, everything that makes its load the other. */
export const PROXY_CORE = 0;
export const LOAD_CORE = 1;

const STARTED = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of STARTED) child.kill("SIGTERM"); // Not SIGKILL: it would orphan nginx's workers.
});

/** Starts a program on one processor; its output goes to `output`. @throws Error when the run is over */
export function startPinned(core: number, command: readonly string[], output: string): ChildProcess {
  interrupted.throwIfAborted();
  const out = openSync(output, "a");
  const child = spawn("taskset", ["-c", String(core), ...command], { stdio: ["ignore", out, out] });
  STARTED.add(child);
  child.once("exit", () => STARTED.delete(child));
  return child;
}

/** Runs a program on one processor to its end and gives what it wrote; rejects when it takes longer than `limitMs`. */
export function runPinned(core: number, command: readonly string[], limitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    interrupted.throwIfAborted();
    const child = spawn("taskset", ["-c", String(core), ...command], { stdio: ["ignore", "pipe", "pipe"] });
    STARTED.add(child);
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      STARTED.delete(child);
      if (code === 0) resolve(text);
      else reject(new Error(`${command[0]} ended with ${signal ?? code}: ${text.slice(-500)}`));
    });
  });
}

export async function endAll(): Promise<void> {
  await Promise.all([...STARTED].map(end));
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
  await ended;
  clearTimeout(timer);
}

/** Moves a running process, with its threads, to one processor. */
export function pin(pid: number, core: number): void {
  execFileSync("taskset", ["-acp", String(core), String(pid)], { stdio: "ignore" });
}

/**
 * Microseconds of processor time that these processes have used, user and system together: what `utime + stime` of
 * proc(5) says in steps of 10 ms, here from the scheduler's own count in nanoseconds.
 */
export function cpuMicros(pids: readonly number[]): number {
  let nanos = 0n;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [used = "0"] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
      nanos += BigInt(used);
    }
  }
  return Number(nanos / 1000n);
}

/** Resident memory in MiB. */
export function residentMiB(pid: number): number {
  const [, kib = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

/** nginx's workers, once there are `count`. */
export async function nginxWorkers(pidFile: string, count: number): Promise<number[]> {
  for (let tries = 0; tries < 200; tries++) {
    const workers = workersOf(pidFile);
    if (workers.length === count) return workers;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nginx with ${pidFile} did not come up with ${count} workers`);
}

function workersOf(pidFile: string): number[] {
  try {
    return childrenOf(Number(readFileSync(pidFile, "utf8")));
  } catch {
    return []; // Not written yet.
  }
}
