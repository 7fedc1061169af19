/** Folders and ports of what is started. */
import { execFileSync, type ChildProcess } from "node:child_process";
import { chownSync, mkdirSync } from "node:fs";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Until a port is open; a configuration of 100,000 hosts takes its time. */
const LIMIT_MS = 120_000;

/** Whether the port is open before the process ends or the time is over. */
export async function opens(port: number, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + LIMIT_MS;
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return true;
    await sleep(20);
  }
  return false;
}

/** Makes a folder that workers under an account of their own can write to. */
export function openFolder(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  if (process.getuid?.() === 0) chownSync(dir, Number(execFileSync("id", ["-u", workersAccount()]).toString()), -1);
}

export function workersAccount(): string {
  return process.getuid?.() === 0 ? "www-data" : "nobody";
}
