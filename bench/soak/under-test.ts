/** The Sluice under test, whichever of its processes live: its controller may be killed and started again. */
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ELECTION, HOME, type Cluster } from "../../test/support/cluster.ts";
import { startSluice, type Sluice } from "../../test/support/sluice.ts";
import { takeCensus, type Census } from "./census.ts";
import type { Death, Gap } from "./excuses.ts";
import { CONFIG_MAP, NAMESPACE } from "./site.ts";

export interface UnderTest {
  readonly cluster: Cluster;
  readonly census: Census;
  readonly http: number;
  readonly https: number;
  /** The folder in which `runtimeDir` lies: a filesystem of its own where that can be had. */
  readonly disk: string;
  readonly runtimeDir: string;
  readonly deaths: Death[];
  readonly gaps: Gap[];
  /** Whether the agent has the listening sockets: one that adopted a living nginx has not, and cannot hand them to a new master. */
  agentHasSockets: boolean;
  /** Sets the clock of all its processes to now and this many seconds; undefined: it cannot be done here. */
  readonly stepClock: ((seconds: number) => void) | undefined;
  /** The controller that was started last. */
  sluice(): Sluice;
  /** Whether the controller lives. */
  alive(): boolean;
  startController(): Promise<void>;
  /** Resolves when `/readyz` says 200 and nginx has its workers; rejects after `limitMs`. */
  recovered(limitMs: number): Promise<void>;
  /** Bytes that were live in a controller when it last collected everything; undefined: it has not yet. */
  live(pid: number): number | undefined;
  /** Reloads of nginx so far, by all controllers. */
  reloads(): number;
  /** Asks for the number of reloads now. */
  countReloads(): Promise<void>;
}

const WORKERS = 2;
const LIVE_MEMORY = new URL("live-memory.ts", import.meta.url).href;
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
export const clockMissing: string | undefined = existsSync(FAKETIME)
  ? undefined
  : "the clock cannot be stepped for Sluice alone without libfaketime (apt-get install libfaketime)";

export async function startUnderTest(cluster: Cluster, disk: string, steps: boolean): Promise<UnderTest> {
  const runtimeDir = join(disk, "run");
  mkdirSync(runtimeDir, { mode: 0o711 });
  chmodSync(disk, 0o711);
  const kubeconfig = await cluster.account("sluice");
  // Beside the filesystem that is filled.
  const livesIn = join(dirname(disk), "live");
  mkdirSync(livesIn);
  const clock = steps && clockMissing === undefined ? preloadClock(disk) : undefined;
  const options = {
    args: [
      `--kubeconfig=${kubeconfig}`, `--configmap=${NAMESPACE}/${CONFIG_MAP}`, "--allow-local-targets", "--reload-interval=10",
      "--publish-status-address=192.0.2.1", `--election-id=${ELECTION}`,
    ],
    env: { POD_NAME: "soak", POD_NAMESPACE: HOME, NODE_OPTIONS: `--max-semi-space-size=8 --import=${LIVE_MEMORY}`, SLUICE_SOAK_LIVE: livesIn, ...clock?.env },
  };
  let sluice = await startSluice({ ...options, runtimeDir });
  let reloadsBefore = 0;
  let reloads = 0;
  const alive = (): boolean => sluice.process.exitCode === null && sluice.process.signalCode === null;
  const census = takeCensus(runtimeDir, () => (alive() ? sluice.process.pid : undefined));
  const test: UnderTest = {
    cluster, census, disk, runtimeDir, http: sluice.http, https: sluice.https, deaths: [], gaps: [], agentHasSockets: true,
    stepClock: clock?.step,
    sluice: () => sluice,
    alive,
    async startController() {
      reloadsBefore += reloads;
      reloads = 0;
      sluice = await startSluice({ ...options, successorOf: sluice });
    },
    async recovered(limitMs) {
      const deadline = Date.now() + limitMs;
      for (;;) {
        const state = await sluice.ask("/readyz").catch((error: Error) => ({ status: 0, text: error.message }));
        const workers = census.workers().length;
        if (state.status === 200 && workers === WORKERS) return;
        if (Date.now() > deadline) throw new Error(`not ready again in ${limitMs / 1000} s: ${workers} workers, ${state.text.trim()}`);
        await sleep(50);
      }
    },
    live(pid) {
      try {
        return Number(readFileSync(join(livesIn, String(pid)), "utf8"));
      } catch {
        return undefined;
      }
    },
    reloads: () => reloadsBefore + reloads,
    async countReloads() {
      if (alive()) reloads = (await sluice.generation().catch(() => ({ reloads }))).reloads;
    },
  };
  return test;
}

interface Clock {
  readonly env: Readonly<Record<string, string>>;
  step(seconds: number): void;
}

/**
 * A clock for the processes of one Sluice. libfaketime changes what they are told of the time of day, and leaves the clock
 * that only runs forward (CLOCK_MONOTONIC) alone, as a step of a machine's clock does. The agent gives nginx no environment but
 * PATH, so an `nginx` found there first adds it.
 */
function preloadClock(disk: string): Clock {
  const file = join(disk, "clock");
  const bin = join(disk, "bin");
  const env = {
    LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: "1", DONT_FAKE_MONOTONIC: "1",
  };
  const step = (seconds: number): void => {
    writeFileSync(`${file}.new`, `${seconds < 0 ? "" : "+"}${seconds}s\n`, { mode: 0o644 });
    renameSync(`${file}.new`, file);
  };
  step(0);
  mkdirSync(bin);
  const words = Object.entries(env).map(([name, value]) => `${name}='${value}'`).join(" ");
  writeFileSync(join(bin, "nginx"), `#!/bin/sh\nexec env ${words} /usr/sbin/nginx "$@"\n`, { mode: 0o755 });
  return { step, env: { ...env, PATH: `${bin}:${process.env["PATH"] ?? ""}` } };
}

/** Fills a filesystem to its last byte; gives what makes room again. */
export function fillDisk(disk: string): () => void {
  const file = join(disk, "filler");
  writeFileSync(file, "");
  for (let bytes = 1 << 20; bytes >= 1;) {
    try {
      appendFileSync(file, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      bytes >>= 2;
    }
  }
  return () => rmSync(file);
}
