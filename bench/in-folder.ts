/** What every benchmark that starts proxies needs around it: a folder, and an end that leaves nothing, however it comes. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { UserError } from "../src/support/user-error.ts";
import { endAll } from "./processes.ts";
import { stopSluices } from "./sluices.ts";

/**
 * Runs a benchmark in a folder in memory that nginx's workers, under an account of their own, can pass through. Ends everything that was
 * started, also after Ctrl-C (exit code 130); a UserError becomes its sentence and exit code.
 * @param name of the command, before its sentences
 */
export async function inFolder(name: string, run: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync("/dev/shm/sluice-bench-");
  chmodSync(dir, 0o755);
  process.on("exit", () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  try {
    if ((await Promise.race([run(dir), interrupted()])) === "interrupted") process.exitCode = 130;
  } catch (error) {
    tell(name, error);
  } finally {
    await stopSluices();
    await endAll();
    // An interrupted run fails now in what it was waiting for, which is of no interest.
    if (process.exitCode === 130) process.exit();
  }
}

/** Says a UserError's sentence and notes its exit code; throws any other error again. */
export function tell(name: string, error: unknown): void {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${name}: ${error.message}\n`);
  process.exitCode = error.exitCode;
}

function interrupted(): Promise<"interrupted"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve("interrupted"));
  });
}
