/**
 * Containers without a container engine. Each is a process that is process 1 of a PID namespace, runs as an ordinary user
 * with no capability but those that it is given, and has a root that cannot be written and has no shell. Network and volumes
 * are shared, as in a pod. Needs root; everything ends with the test process.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { ROOT } from "./sluice.ts";

/** User and group as in ingress-nginx's manifests. */
const UID = 101;
const GID = 82;

/** A folder that every system has, and nobody needs here. */
const PLACE = "/mnt";
const SHELLS = ["/usr/bin/dash", "/usr/bin/bash", "/bin/dash", "/bin/bash"];

/**
 * Runs `sluice` with its arguments as a container's process 1: the project $2 by the Node $1. Both are seen under ${PLACE},
 * because the folders above the project may be closed to other users, as home folders are. The project's real folder is
 * closed here on every machine, so that tests fail on all of them if something is read from it.
 */
const CONTAIN = `
set -e
node=$1 project=$2
shift 2
cd "$project"
mount -t tmpfs -o mode=755 tmpfs ${PLACE}
mkdir ${PLACE}/sluice
touch ${PLACE}/node
mount --bind . ${PLACE}/sluice
mount --bind "$node" ${PLACE}/node
mount -o remount,ro ${PLACE}
mount -t tmpfs -o mode=700,ro tmpfs "$project"
cd /
mount -o remount,bind,ro /
for shell in ${SHELLS.join(" ")}; do [ ! -e "$shell" ] || mount --bind /dev/null "$shell"; done
exec setpriv --reuid=${UID} --regid=${GID} --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs -- ${PLACE}/node ${PLACE}/sluice/src/main.ts "$@"
`;

/**
 * The same in an image: the folder $1, in which the volume $2 lies at /run/sluice and the files $3 at /mnt. $4 names the
 * capability that the process may have, as a container's runtime gives it: not inherited by what it starts.
 */
const CONTAIN_IMAGE = `
set -e
image=$1 volume=$2 files=$3 capability=$4
shift 4
mount --bind "$image" "$image"
mount -t proc proc "$image/proc"
mount --rbind /dev "$image/dev"
mount --bind "$volume" "$image/run/sluice"
mount --bind "$files" "$image/mnt"
mount -o remount,bind,ro "$image"
program=$1
shift
drop=$(capsh --print | sed -n 's/^Bounding set =//p' | tr , '\\n' | grep -vx "$capability" | paste -sd,)
exec capsh --chroot="$image" --drop="$drop" --keep=1 --gid=${GID} --groups= --uid=${UID} --caps="\${capability:+$capability=ep}" --no-new-privs --shell="$program" -- "$@"
`;
const UNSHARE = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"];

/** Why containers cannot be had here, in one loud line. */
export const containersMissing: string | undefined = (() => {
  const { status, stderr } = spawnSync("unshare", [...UNSHARE, "/bin/sh", "-c", CONTAIN, "sh", process.execPath, ROOT, "--version"], { encoding: "utf8" });
  if (status === 0) return undefined;
  const why = /EACCES|permission denied/i.test(stderr ?? "") && process.getuid?.() === 0
    ? `other users may not read this folder (chmod -R go+rX ${ROOT})`
    : `needs root and namespaces (${(stderr ?? "no unshare").trim()})`;
  return `SKIPPED, NOTHING PROVEN ABOUT TWO CONTAINERS: ${why}`;
})();

export interface Container {
  /** The container's main process, as seen from outside. */
  readonly process: ProcessIdentity;
  /** Resolves with the exit code when the container has ended, with everything in it. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  log(): string;
}

export interface Pod {
  /** A volume in memory that both containers can write, new and open to all as a pod's is. */
  readonly volume: string;
  /**
   * Starts `sluice …` in a container of its own; in an image these are the whole words of a command, and `capability`
   * is one that it gets (`cap_net_bind_service`).
   */
  start(name: string, args: readonly string[], capability?: string): Promise<Container>;
  /** Ends what still runs and removes the volume. */
  stop(): Promise<void>;
}

/** The files that containers run in, in place of this machine's own. */
export interface Image {
  /** The root folder. */
  readonly folder: string;
  /** A folder that containers see at /mnt. */
  readonly files: string;
}

/** @param image absent: this checkout. */
export function startPod(image?: Image): Pod {
  const volume = mkdtempSync("/dev/shm/sluice-pod-");
  chmodSync(volume, 0o777);
  const logs = mkdtempSync("/dev/shm/sluice-pod-logs-");
  const containers: Container[] = [];
  return {
    volume,
    async start(name, args, capability = "") {
      const file = join(logs, `${name}-${containers.length}.log`);
      const container = await startContainer(commandOf(args, volume, image, capability), file);
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

/** The command that `unshare` runs, which becomes process 1. */
function commandOf(args: readonly string[], volume: string, image: Image | undefined, capability: string): readonly string[] {
  if (!image) return ["/bin/sh", "-c", CONTAIN, "sh", process.execPath, ROOT, ...args];
  return ["/bin/sh", "-c", CONTAIN_IMAGE, "sh", image.folder, volume, image.files, capability, ...args];
}

async function startContainer(command: readonly string[], file: string): Promise<Container> {
  const output = openSync(file, "a");
  // A container's runtime does the same, because nginx opens its standard output by name.
  chownSync(file, UID, GID);
  const child = spawn("unshare", [...UNSHARE, ...command], {
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
