/**
 * One start of Sluice with so many hosts, and everything that is then asked of it. A measurement takes the clusters and the
 * changes of the rest of the benchmark (bench/control-plane.ts).
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startApiStandIn, type ApiStandIn } from "../../test/support/api-stand-in.ts";
import { selfSigned } from "../../test/support/openssl.ts";
import { freePorts, writeFiles, type Sluice } from "../../test/support/sluice.ts";
import { AGENT_LOCK, lockHolder } from "../../src/engine/locks.ts";
import { kubeconfigOf, PLURALS } from "../api.ts";
import { reviewOf, webhookClient } from "../ask-webhook.ts";
import { CONFIG_MAP, configMap, host, ingressClass, manifest, slice, type ApiObject } from "../cluster.ts";
import { addOne, AS_BIN_SLUICE, moveOne, repeat, type Hand } from "../control-plane.ts";
import { openProbe } from "../probe.ts";
import { cpuMicros, nginxWorkers, residentMiB } from "../processes.ts";
import type { Backend } from "../backend.ts";
import { beginSluice, stopSluice } from "../sluices.ts";
import { crowdHost } from "./crowd.ts";
import type { LoopFigures } from "./loop-probe.ts";

export type SizeOrigin = "files" | "API server";

export interface Measured {
  readonly origin: SizeOrigin;
  readonly hosts: number;
  readonly readyMillis: number;
  /** Processor time of controller and agent until then, milliseconds. */
  readonly readyCpuMillis: number;
  readonly controller: ProcessFigures;
  readonly agent: ProcessFigures;
  /** Resident MiB of the largest worker. */
  readonly workerMiB: number;
  /** Milliseconds. */
  readonly added: readonly number[];
  readonly moved: readonly number[];
  readonly admission: readonly number[];
  readonly scrapes: readonly number[];
  readonly scrapeMiB: number;
  /** From files: everything read anew (`/api/v1/sync`). From an API server: every kind listed anew, until it is watched again. */
  readonly relistMillis: number;
  /** The longest turn of the controller's event loop in milliseconds, while … */
  readonly turns: Readonly<Record<TurnPhase, number>>;
  readonly reloads: number;
}

export const TURN_PHASES = ["start", "idle", "changes", "admission", "scrape", "relist"] as const;
export type TurnPhase = (typeof TURN_PHASES)[number];

export interface ProcessFigures {
  /** Resident MiB when it was ready, and the most until then. */
  readonly resident: number;
  readonly peak: number;
  /** MiB of V8's heap after everything was collected, and of buffers outside of it. */
  readonly live: number;
  readonly external: number;
}

export interface SizeBench {
  readonly dir: string;
  readonly backend: Backend;
  readonly changes: number;
  readonly say: (text: string) => void;
}

/** The Source of a measurement, filled. */
interface Filled extends Hand {
  readonly args: readonly string[];
  relist(sluice: Sluice): Promise<void>;
  stop(): Promise<void>;
}

const WORKERS = 2;
const WARM_UP = 5;
const READY_MS = 900_000;
const IDLE_MS = 6000;
const QUESTIONS = 200;
const SCRAPES = 5;
/** Hosts that are asked once before the scrapes: what has no requests is in no scrape. */
const MOST_ASKED = 5000;
const LOOP_PROBE = new URL("loop-probe.ts", import.meta.url).href;
const SETTINGS = { "worker-processes": String(WORKERS), "disable-access-log": "true" };

export async function measureSize(bench: SizeBench, origin: SizeOrigin, hosts: number): Promise<Measured> {
  const { say, dir } = bench;
  say(`${hosts} hosts: filling the ${origin}`);
  const source = origin === "files" ? filledFolder(bench, hosts) : await filledApi(bench, hosts);
  mkdirSync(join(dir, "compiled"), { recursive: true });
  const answers = mkdtempSync(join(dir, "loop-"));
  try {
    const { chain, key } = selfSigned(["localhost"]);
    const [port] = await freePorts(3);
    writeFileSync(join(answers, "tls.crt"), chain);
    writeFileSync(join(answers, "tls.key"), key, { mode: 0o600 });
    say(`${hosts} hosts: starting Sluice`);
    const begun = performance.now();
    const sluice = await beginSluice({
      args: [
        ...source.args, `--configmap=${CONFIG_MAP}`, `--validating-webhook=127.0.0.1:${port}`,
        `--validating-webhook-certificate=${join(answers, "tls.crt")}`, `--validating-webhook-key=${join(answers, "tls.key")}`,
      ],
      env: { NODE_OPTIONS: `${AS_BIN_SLUICE.NODE_OPTIONS} --import=${LOOP_PROBE}`, SLUICE_LOOP_PROBE: answers, NODE_COMPILE_CACHE: join(dir, "compiled") },
      readyMs: READY_MS,
    });
    const readyMillis = performance.now() - begun;
    try {
      return { origin, hosts, readyMillis, ...(await measureRunning(bench, source, sluice, { answers, hosts, webhook: webhookClient(port, chain) })) };
    } finally {
      await stopSluice(sluice);
    }
  } finally {
    await source.stop();
    rmSync(answers, { recursive: true, force: true });
  }
}

interface Running {
  readonly answers: string;
  readonly hosts: number;
  readonly webhook: ReturnType<typeof webhookClient>;
}

type Outcome = Omit<Measured, "origin" | "hosts" | "readyMillis">;

async function measureRunning(bench: SizeBench, source: Filled, sluice: Sluice, { answers, hosts, webhook }: Running): Promise<Outcome> {
  const controllerPid = sluice.process.pid as number;
  const agentPid = lockHolder(`${sluice.runtimeDir}/${AGENT_LOCK}`)?.pid ?? 0;
  const readyCpuMillis = cpuMicros([controllerPid, agentPid]) / 1000;
  const memory = (pid: number): Pick<ProcessFigures, "resident" | "peak"> => ({ resident: residentMiB(pid), peak: peakMiB(pid) });
  const [ofController, ofAgent] = [memory(controllerPid), memory(agentPid)];
  const workers = await nginxWorkers(`${sluice.runtimeDir}/nginx.pid`, WORKERS);
  const workerMiB = Math.max(...workers.map(residentMiB));
  const turns: Partial<Record<TurnPhase, number>> = {};
  const noted = async (phase: TurnPhase): Promise<LoopFigures> => {
    const figures = await askProbe(answers, controllerPid);
    turns[phase] = figures.longestTurn;
    return figures;
  };
  const live = ({ live: heap, external }: LoopFigures): Pick<ProcessFigures, "live" | "external"> => ({ live: heap, external });
  const controller = { ...ofController, ...live(await noted("start")) };
  const agent = { ...ofAgent, ...live(await askProbe(answers, agentPid)) };
  bench.say(`${hosts} hosts: ready; nothing for ${IDLE_MS / 1000} s, then ${bench.changes} changes of each kind`);
  await sleep(IDLE_MS);
  await noted("idle");
  const { added, moved } = await change(bench, source, sluice, hosts);
  await noted("changes");
  await askEach(sluice, Math.min(hosts, MOST_ASKED));
  bench.say(`${hosts} hosts: ${QUESTIONS} questions to the webhook, ${SCRAPES} scrapes, everything read anew`);
  const question = reviewOf("new.bench", ["/", "/cart"]);
  const admission = await repeat(QUESTIONS, () => webhook.ask(question));
  webhook.close();
  await noted("admission");
  let bytes = 0;
  const scrapes = await repeat(SCRAPES, () => timed(async () => {
    bytes = (await sluice.ask("/metrics")).text.length;
  }));
  await noted("scrape");
  const relistMillis = await timed(() => source.relist(sluice));
  await noted("relist");
  return {
    readyCpuMillis, controller, agent, workerMiB, added, moved, admission, scrapes, scrapeMiB: bytes / 2 ** 20, relistMillis,
    turns: turns as Record<TurnPhase, number>, reloads: (await sluice.generation()).reloads,
  };
}

async function change(bench: SizeBench, hand: Hand, sluice: Sluice, hosts: number): Promise<{ added: number[]; moved: number[] }> {
  const probe = openProbe(sluice.http);
  let next = hosts;
  try {
    await repeat(WARM_UP, async (i) => (await addOne(probe, hand, next++)) + (await moveOne(probe, hand, bench.backend, i + 1)));
    const added = await repeat(bench.changes, () => addOne(probe, hand, next++));
    return { added, moved: await repeat(bench.changes, (i) => moveOne(probe, hand, bench.backend, i)) };
  } finally {
    probe.close();
  }
}

async function askEach(sluice: Sluice, hosts: number): Promise<void> {
  const probe = openProbe(sluice.http);
  try {
    for (let i = 0; i < hosts; i++) await probe.ask(`host-${i}.bench`).catch(() => undefined);
    // Workers report once a second.
    await sleep(1500);
  } finally {
    probe.close();
  }
}

function filledFolder({ dir, backend }: SizeBench, hosts: number): Filled {
  const folder = mkdtempSync(join(dir, "manifests-"));
  const file = (i: number, objects: readonly ApiObject[]): Record<string, string> => ({ [`host-${i}.yaml`]: manifest(...objects) });
  writeFiles(folder, { "config.yaml": manifest(ingressClass(), configMap(SETTINGS)) });
  for (let i = 0; i < hosts; i++) writeFiles(folder, file(i, crowdHost(i, backend.first)));
  return {
    args: [`--manifests=${folder}`],
    add: (i) => writeFiles(folder, file(i, host(i, backend.first))),
    move: (port) => writeFiles(folder, file(0, crowdHost(0, port))),
    relist: async (sluice) => void (await sluice.sync()),
    stop: async () => rmSync(folder, { recursive: true }),
  };
}

async function filledApi({ dir, backend, changes }: SizeBench, hosts: number): Promise<Filled> {
  const api = await startApiStandIn();
  const put = (object: ApiObject): void => api.put(PLURALS[object.kind], { ...object });
  for (const object of [ingressClass(), configMap(SETTINGS)]) put(object);
  for (let i = 0; i < hosts; i++) crowdHost(i, backend.first).forEach(put);
  // Services and EndpointSlices of the hosts that are added later.
  for (let i = hosts; i < hosts + changes + WARM_UP; i++) host(i, backend.first).slice(1).forEach(put);
  const kubeconfig = join(dir, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigOf(api.server));
  return {
    args: [`--kubeconfig=${kubeconfig}`],
    add: (i) => put(host(i, backend.first)[0]),
    move: (port) => put(slice("host-0", port)),
    relist: () => relist(api),
    stop: () => api.stop(),
  };
}

const RELISTED = ["ingresses", "services", "endpointslices", "secrets"];

/** Forgets all history and ends the watches, so that every kind is listed anew; resolves when all are watched again. */
async function relist(api: ApiStandIn): Promise<void> {
  api.goneAs = "status";
  api.compact();
  const before = api.requests.length;
  await api.restart();
  const listed = (plural: string): boolean => {
    const since = api.requests.slice(before).filter((asked) => asked.plural === plural && asked.name === "");
    const list = since.findIndex(({ query }) => !query.has("watch"));
    return list >= 0 && since.slice(list).some(({ query }) => query.has("watch"));
  };
  const deadline = Date.now() + READY_MS;
  while (!RELISTED.every(listed)) {
    if (Date.now() > deadline) throw new Error(`not everything was listed anew within ${READY_MS / 1000} s`);
    await sleep(10);
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Asks the probe in a process for its figures, and gives them when they are there. */
async function askProbe(folder: string, pid: number): Promise<LoopFigures> {
  const file = join(folder, String(pid));
  rmSync(file, { force: true });
  process.kill(pid, "SIGUSR2");
  for (;;) {
    try {
      return JSON.parse(readFileSync(file, "utf8")) as LoopFigures;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      await sleep(20);
    }
  }
}

/** The most that was ever resident, in MiB. */
function peakMiB(pid: number): number {
  const [, kib = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}
