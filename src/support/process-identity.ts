/**
 * Processes named by pid and start time, so that a reused pid is never taken for the process that had it before.
 */
import { readFileSync, readdirSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot (proc(5), field 22). */
  readonly started: string;
}

interface Stat {
  /** Name of the executable, at most 15 characters. */
  readonly command: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly started: string;
}

export function stat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses and may itself hold any of these characters.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const command = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    return { command, state: fields[0] ?? "", parent: Number(fields[1]), group: Number(fields[2]), started: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

export function identify(pid: number): ProcessIdentity | undefined {
  const found = stat(pid);
  return found && found.state !== "Z" ? { pid, started: found.started } : undefined;
}

export function isAlive(identity: ProcessIdentity): boolean {
  const found = identify(identity.pid);
  return found !== undefined && found.started === identity.started;
}

/** The command line of a process, which it may overwrite to say what it does; empty when the process is gone. */
export function title(identity: ProcessIdentity): string {
  try {
    return isAlive(identity) ? readFileSync(`/proc/${identity.pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() : "";
  } catch {
    return "";
  }
}

/** Signals exactly this process; false when it is gone, or when we may not signal it. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, name);
  } catch {
    return false;
  }
}

export function signalAll(processes: Iterable<ProcessIdentity>, name: NodeJS.Signals): void {
  for (const one of processes) signal(one, name);
}

/** Living members of a process group, the leader included. With `command`: only those that run it, because another group may have got the number. */
export function groupMembers(group: number, command?: string): ProcessIdentity[] {
  const members: ProcessIdentity[] = [];
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const found = stat(pid);
    if (found?.group !== group || found.state === "Z") continue;
    if (command === undefined || found.command === command.slice(0, 15)) members.push({ pid, started: found.started });
  }
  return members;
}
