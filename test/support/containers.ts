/**
 * Containers without a container engine: a process of its own as process 1 of a PID namespace, as an ordinary user
 * without any capability, on a root that cannot be written and has no shell. Network and volumes are shared, as in a
 * pod. Needs root; everything ends with the test process.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { ROOT } from "./sluice.ts";

/** As in ingress-nginx's manifests. */
const UID = 101;
const GID = 82;

const SHELLS = ["/usr/bin/dash", "/usr/bin/bash", "/bin/dash", "/bin/bash"];

/** Runs its arguments as a container's process 1. */
const CONTAIN = `
set -e
mount -o remount,bind,ro /
for shell in ${SHELLS.join(" ")}; do [ ! -e "$shell" ] || mount --bind /dev/null "$shell"; done
exec setpriv --reuid=${UID} --regid=${GID} --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"
`;
const UNSHARE = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"];

/** Why containers cannot be had here, in one loud line. */
export const containersMissing: string | undefined = (() => {
  const { status, stderr } = spawnSync("unshare", [...UNSHARE, "/bin/sh", "-c", CONTAIN, "sh", process.execPath, "--version"], { encoding: "utf8" });
  return status === 0 ? undefined : `SKIPPED, NOTHING PROVEN ABOUT TWO CONTAINERS: needs root and namespaces (${(stderr ?? "no unshare").trim()})`;
})();

export interface Container {
  /** Its main process, as seen from outside. */
  readonly process: ProcessIdentity;
  /** Resolves with the exit code when it has ended, and with it everything in it. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  log(): string;
}

export interface Pod {
  /** A volume in memory that both containers can write, new and open to all as a pod's is. */
  readonly volume: string;
  /** Starts `sluice …` in a container of its own. */
  start(name: string, args: readonly string[]): Promise<Container>;
  /** Ends what still runs and removes the volume. */
  stop(): Promise<void>;
}

export function startPod(): Pod {
  const volume = mkdtempSync("/dev/shm/sluice-pod-");
  chmodSync(volume, 0o777);
  const logs = mkdtempSync("/dev/shm/sluice-pod-logs-");
  const containers: Container[] = [];
  return {
    volume,
    async start(name, args) {
      const file = join(logs, `${name}-${containers.length}.log`);
      const container = await startContainer(args, file);
      containers.push(container);
      return container;
    },
    async stop() {
      for (const container of containers) container.kill("SIGKILL");
      await Promise.all(containers.map(({ ended }) => ended));
      for (const folder of [volume, logs]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

const RUNNING = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of RUNNING) child.kill("SIGKILL");
});

async function startContainer(args: readonly string[], file: string): Promise<Container> {
  const output = openSync(file, "a");
  // As a container's runtime does: nginx opens its standard output by name.
  chownSync(file, UID, GID);
  const child = spawn("unshare", [...UNSHARE, "/bin/sh", "-c", CONTAIN, "sh", process.execPath, join(ROOT, "src/main.ts"), ...args], {
    stdio: ["ignore", output, output],
    env: { PATH: process.env["PATH"] ?? "" },
  });
  RUNNING.add(child);
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      RUNNING.delete(child);
      resolve(code);
    });
  });
  const main = await mainProcess(child, file);
  return {
    process: main,
    ended,
    kill: (signal) => void (isAlive(main) && process.kill(main.pid, signal)),
    log: () => readFileSync(file, "utf8"),
  };
}

/** `unshare` stays outside and waits for the one process that it forked. */
async function mainProcess(child: ChildProcess, file: string): Promise<ProcessIdentity> {
  while (child.exitCode === null) {
    const [first] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
    const found = first ? identify(Number(first)) : undefined;
    if (found) return found;
    await sleep(5);
  }
  throw new Error(`the container did not start: ${readFileSync(file, "utf8")}`);
}
