/** The command line as a user runs it: what it prints, and how it ends. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { ROOT } from "./sluice.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT_MS = 30_000;

/**
 * Runs `sluice …` to its end.
 * @param until when standard error holds this, the command is told to end (SIGTERM).
 * @param input standard input; absent: there is none.
 */
export function runCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}, until?: RegExp, input?: string | Buffer): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), ...args], {
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
    }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
    child.stdin?.end(input);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      const already = until?.test(stderr) === true;
      stderr += text;
      // A second signal would end it at once.
      if (!already && until?.test(stderr)) child.kill("SIGTERM");
    });
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`sluice ${args.join(" ")} did not end in ${LIMIT_MS} ms:\n${stdout}${stderr}`));
    }, LIMIT_MS);
    child.once("close", (code) => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr });
    });
  });
}

/** Command lines of the other processes of this machine that contain this text. */
export function processesThatName(text: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(text));
}
