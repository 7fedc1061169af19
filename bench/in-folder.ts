/** What every benchmark that starts something needs around it: a folder, and an end that leaves nothing, however it comes. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { interrupted, interruptedOnce, stopStarted } from "./ending.ts";
import { endAll } from "./processes.ts";
import { stopSluices } from "./sluices.ts";

/** In which a signal is noticed that came while this process could not look. */
const NOTICE_MS = 50;

/**
 * Runs a benchmark in a folder in memory that nginx's workers, under an account of their own, can pass through; temporary files of
 * this process and of those that it starts have one beside those of others. Ends everything that was started, also after Ctrl-C (exit code 130).
 */
export async function inFolder(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = makeFolder("/dev/shm");
  process.env["TMPDIR"] = makeFolder(tmpdir());
  // First of all: a run may begin with work that lets nothing else in.
  const interruption = interruptedOnce().then(ignoreErrors);
  try {
    await Promise.race([run(dir), interruption]);
  } catch (error) {
    // Programs that Ctrl-C ended, too, fail at the same moment.
    await sleep(NOTICE_MS);
    if (!interrupted.aborted) throw error;
  } finally {
    await stopSluices();
    await endAll();
    await stopStarted();
    if (interrupted.aborted) process.exit(130);
  }
}

/** An interrupted run fails now in what it was waiting for, which is of no interest. */
function ignoreErrors(): void {
  process.stderr.write("interrupted: ending what was started\n");
  process.on("uncaughtException", () => {});
}

/** A folder that is gone when this process is. */
function makeFolder(where: string): string {
  const folder = mkdtempSync(join(where, "sluice-bench-"));
  chmodSync(folder, 0o755);
  process.on("exit", () => {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    } catch (error) {
      process.stderr.write(`${folder} stays: ${(error as Error).message}\n`);
    }
  });
  return folder;
}
