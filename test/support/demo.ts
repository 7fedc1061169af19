/** `sluice demo` as its user runs it: a process, on ports and in a runtime folder of its own. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts, ROOT } from "./sluice.ts";

const SAID_MS = 30_000;

export interface Demo {
  readonly http: number;
  readonly https: number;
  readonly health: number;
  readonly runtimeDir: string;
  readonly process: ChildProcess;
  /** All that it has printed, on either output. */
  printed(): string;
  /** Waits until it has printed this, after the first `from` characters. */
  said(pattern: RegExp, from?: number): Promise<void>;
  /** Ctrl-C, if it still runs; answers the exit code. */
  interrupt(): Promise<number | null>;
  /** Ends it, whatever it is at, and removes the runtime folder. */
  remove(): Promise<void>;
}

/** @param args the folder, as the user names it, and further flags. */
export async function startDemo(args: readonly string[]): Promise<Demo> {
  const runtimeDir = mkdtempSync("/dev/shm/sluice-demo-");
  // The demo makes the folder itself.
  rmSync(runtimeDir, { recursive: true });
  const [http, https, health] = await freePorts(3);
  const flags = [`--http-port=${http}`, `--https-port=${https}`, `--healthz-port=${health}`, `--runtime-dir=${runtimeDir}`];
  const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "demo", ...args, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  // Waits for "close": the last output is read after the exit.
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (printed += text.toString()));
  return {
    http,
    https,
    health,
    runtimeDir,
    process: child,
    printed: () => printed,
    async said(pattern, from = 0) {
      const deadline = Date.now() + SAID_MS;
      while (!pattern.test(printed.slice(from))) {
        assert.equal(child.exitCode, null, printed);
        assert.ok(Date.now() < deadline, `${pattern} was not said in ${SAID_MS / 1000} s:\n${printed}`);
        await sleep(10);
      }
    },
    async interrupt() {
      child.kill("SIGINT");
      return await ended;
    },
    async remove() {
      const late = sleep(SAID_MS, "late" as const, { ref: false });
      child.kill("SIGINT");
      if ((await Promise.race([ended, late])) === "late") child.kill("SIGKILL");
      rmSync(runtimeDir, { recursive: true, force: true });
    },
  };
}
