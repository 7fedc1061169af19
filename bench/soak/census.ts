/**
 * Which processes belong to the Sluice under test, and which clients a worker is connected with. Read from its runtime folder
 * and from /proc.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { groupMembers, isAlive, signal, stat, title, type ProcessIdentity } from "../../src/support/process-identity.ts";
import type { Death } from "./excuses.ts";

export type Role = "controller" | "agent" | "master" | "worker";

export interface Member extends ProcessIdentity {
  readonly role: Role;
  /** Whether its master is the one that runs, and it was not told to leave. */
  readonly current: boolean;
}

/** What a worker says of itself that finishes what it has begun. */
const LEAVING = /is shutting down/;

export interface Census {
  /** Every process that lives now: the controller, the agent, nginx's masters and workers, old ones included. */
  members(): Member[];
  master(): ProcessIdentity | undefined;
  agent(): ProcessIdentity | undefined;
  /** Workers that serve: of the master that runs, and not about to leave. */
  workers(): ProcessIdentity[];
}

/** @param controller gives the controller's process id now; undefined: there is none */
export function takeCensus(runtimeDir: string, controller: () => number | undefined): Census {
  const masters = new Map<number, ProcessIdentity>();
  const read = (file: string): ProcessIdentity | undefined => {
    try {
      const found = JSON.parse(readFileSync(join(runtimeDir, file), "utf8")) as ProcessIdentity;
      return isAlive(found) ? found : undefined;
    } catch {
      return undefined;
    }
  };
  const master = (): ProcessIdentity | undefined => {
    const found = read("nginx-master.json");
    if (found) masters.set(found.pid, found);
    return found;
  };
  const agent = (): ProcessIdentity | undefined => read("agent.lock");
  return {
    master, agent,
    workers() {
      const one = master();
      return one === undefined ? [] : groupMembers(one.pid, "nginx").filter((worker) => stat(worker.pid)?.parent === one.pid && !LEAVING.test(title(worker)));
    },
    members() {
      const running = master();
      const found: Member[] = [];
      const pid = controller();
      const own = pid === undefined ? undefined : stat(pid);
      if (pid !== undefined && own) found.push({ pid, started: own.started, role: "controller", current: true });
      const one = agent();
      if (one) found.push({ ...one, role: "agent", current: true });
      for (const group of masters.keys()) {
        for (const member of groupMembers(group, "nginx")) {
          const role = member.pid === group ? "master" : "worker";
          found.push({ ...member, role, current: running?.pid === group && !LEAVING.test(title(member)) });
        }
      }
      return found;
    },
  };
}

/** The ports of the clients that a process is connected with on one of these ports of its own. */
export function clientsOf(pid: number, own: readonly number[]): Set<number> {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // Closed meanwhile.
    }
  }
  const ports = new Set<number>();
  for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1)) {
    const [, local = "", remote = "", , , , , , , inode = ""] = line.trim().split(/\s+/);
    if (inodes.has(inode) && own.includes(portOf(local)) && portOf(remote) !== 0) ports.add(portOf(remote));
  }
  return ports;
}

const portOf = (address: string): number => parseInt(address.slice(address.indexOf(":") + 1), 16);

/**
 * Kills a worker. It is stopped first, so that the list of its clients is exact: what it has not accepted, another worker will.
 */
export async function killWorker(victim: ProcessIdentity, own: readonly number[]): Promise<Death> {
  const from = performance.now();
  signal(victim, "SIGSTOP");
  while (stat(victim.pid)?.state !== "T" && isAlive(victim)) await sleep(1);
  const ports = isAlive(victim) ? clientsOf(victim.pid, own) : new Set<number>();
  const at = await kill(victim);
  return { pid: victim.pid, from, at, ports };
}

/** Kills a process, and gives the time at which it was certainly gone. */
export async function kill(victim: ProcessIdentity): Promise<number> {
  signal(victim, "SIGKILL");
  while (isAlive(victim)) await sleep(1);
  return performance.now();
}
