/**
 * The control plane: how long a change takes to be served, how long a start takes, and in how much memory.
 *
 * From an API server (the tests' stand-in, in this process): from the moment the watch event is written to the first
 * correct answer of a client. From files: from the moment the file is there, which includes the time Sluice waits
 * for a save to be complete. Nothing is pinned: nginx has a worker for each processor, as it has by default.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startApiStandIn } from "../test/support/api-stand-in.ts";
import { writeFiles, type Sluice } from "../test/support/sluice.ts";
import { fill, kubeconfigOf } from "./api.ts";
import { CONFIG_MAP, configMap, host, ingressClass, manifest, slice, type ApiObject } from "./cluster.ts";
import { makeLoad } from "./load.ts";
import type { BenchOptions } from "./options.ts";
import { openProbe, type Probe } from "./probe.ts";
import { nginxWorkers, residentMiB } from "./processes.ts";
import { startBackend, type Backend } from "./backend.ts";
import { beginSluice, stopSluice } from "./sluices.ts";
import { quantile } from "./statistics.ts";

export type Origin = "watch event" | "file";
export type ChangeKind = "Ingress added" | "endpoint changed";

export interface Changes {
  readonly origin: Origin;
  readonly kind: ChangeKind;
  readonly hosts: number;
  readonly underTraffic: boolean;
  /** Milliseconds from the change to the first correct answer. */
  readonly millis: readonly number[];
  readonly p50: number;
  readonly p99: number;
}

export interface Start {
  readonly origin: "files" | "API server";
  readonly hosts: number;
  /** From the start of the process until it is ready, which is: programmed in every worker. */
  readonly readyMillis: number;
  readonly controllerMiB: number;
  readonly workerMiB: readonly number[];
}

export interface ControlPlane {
  readonly changes: readonly Changes[];
  readonly starts: readonly Start[];
  readonly reloads: number;
  /** Failed requests of the traffic beside the changes, and all requests of it. */
  readonly failed: number;
  readonly requests: number;
}

const WORKERS = 2;
const LIMIT_MS = 30_000;
/** What `bin/sluice` tells Node about its memory. */
export const AS_BIN_SLUICE = { NODE_OPTIONS: "--max-semi-space-size=8" };
/** Changes that are made but not counted after a start: the controller's code is compiled as it becomes warm. */
const WARM_UP = 5;
/** Traffic beside the changes: connections, and the milliseconds that each waits before a request. About 5,000 requests a second. */
const TRAFFIC = { connections: 16, pause: 3 };
const NEVER = 1_000_000;

interface Bench {
  readonly dir: string;
  readonly options: BenchOptions;
  readonly backend: Backend;
  readonly say: (text: string) => void;
  readonly changes: Changes[];
  readonly starts: Start[];
  reloads: number;
  failed: number;
  requests: number;
}

export async function measureControlPlane(dir: string, options: BenchOptions, say: (text: string) => void): Promise<ControlPlane> {
  mkdirSync(dir, { recursive: true });
  const backend = await startBackend(`${dir}/backend`);
  const bench: Bench = { dir, options, backend, say, changes: [], starts: [], reloads: 0, failed: 0, requests: 0 };
  for (const hosts of options.quick ? [1000] : [1, 1000, options.many]) await withApiServer(bench, hosts);
  for (const hosts of options.quick ? [options.many] : [1, 1000, options.many]) await withFiles(bench, hosts);
  return bench;
}

async function withApiServer(bench: Bench, hosts: number): Promise<void> {
  const { options, backend, dir } = bench;
  bench.say(`control plane: ${hosts} hosts from an API server`);
  const api = await startApiStandIn();
  try {
    const spare = 2 * options.changes + WARM_UP;
    await fill(api.server, [
      ingressClass(),
      configMap({ "worker-processes": String(WORKERS), "disable-access-log": "true" }),
      ...Array.from({ length: hosts }, (_, i) => host(i, backend.first)).flat(),
      // Services and EndpointSlices of the hosts that are added later.
      ...Array.from({ length: spare }, (_, i) => host(hosts + i, backend.first).slice(1)).flat(),
    ]);
    const kubeconfig = join(dir, "kubeconfig");
    writeFileSync(kubeconfig, kubeconfigOf(api.server));
    const sluice = await start(bench, "API server", hosts, [`--kubeconfig=${kubeconfig}`]);
    let version = NEVER;
    const send = (plural: string, type: string, object: ApiObject): void => {
      const stamped = { ...object, metadata: { ...object.metadata, uid: object.metadata.name, resourceVersion: String(version++) } };
      api.write(plural, `${JSON.stringify({ type, object: stamped })}\n`);
    };
    await change(bench, sluice, hosts, "watch event", {
      add: (i) => send("ingresses", "ADDED", host(i, backend.first)[0]),
      move: (port) => send("endpointslices", "MODIFIED", slice("host-0", port)),
    });
  } finally {
    await api.stop();
  }
}

async function withFiles(bench: Bench, hosts: number): Promise<void> {
  const { backend, dir } = bench;
  bench.say(`control plane: ${hosts} hosts from files`);
  const folder = mkdtempSync(join(dir, "manifests-"));
  const file = (i: number, port: number): Record<string, string> => ({ [`host-${i}.yaml`]: manifest(...host(i, port)) });
  writeFiles(folder, { "config.yaml": manifest(ingressClass(), configMap({ "worker-processes": String(WORKERS), "disable-access-log": "true" })) });
  for (let i = 0; i < hosts; i++) writeFiles(folder, file(i, backend.first));
  const sluice = await start(bench, "files", hosts, [`--manifests=${folder}`]);
  await change(bench, sluice, hosts, "file", {
    add: (i) => writeFiles(folder, file(i, backend.first)),
    move: (port) => writeFiles(folder, file(0, port)),
  });
  rmSync(folder, { recursive: true });
}

/** Starts a Sluice, waits until it is ready and notes time and memory. */
async function start(bench: Bench, origin: Start["origin"], hosts: number, args: readonly string[]): Promise<Sluice> {
  const begun = performance.now();
  const sluice = await beginSluice({ args: [...args, `--configmap=${CONFIG_MAP}`], env: AS_BIN_SLUICE });
  const readyMillis = performance.now() - begun;
  const workers = await nginxWorkers(`${sluice.runtimeDir}/nginx.pid`, WORKERS);
  bench.starts.push({
    origin, hosts, readyMillis,
    controllerMiB: residentMiB(sluice.process.pid as number),
    workerMiB: workers.map(residentMiB),
  });
  return sluice;
}

export interface Hand {
  /** Makes `host-<i>.bench` exist. */
  add(i: number): void;
  /** Lets `host-0.bench` lead to this port. */
  move(port: number): void;
}

/** All changes to one running Sluice, idle and under traffic; stops it. */
async function change(bench: Bench, sluice: Sluice, hosts: number, origin: Origin, hand: Hand): Promise<void> {
  const probe = openProbe(sluice.http);
  try {
    let next = hosts;
    await repeat(WARM_UP, async (i) => (await addOne(probe, hand, next++)) + (await moveOne(probe, hand, bench.backend, i + 1)));
    for (const underTraffic of [false, true]) {
      const traffic = underTraffic ? beginTraffic(bench, sluice) : undefined;
      const count = bench.options.changes;
      const added = await repeat(count, async () => addOne(probe, hand, next++));
      const moved = await repeat(count, async (i) => moveOne(probe, hand, bench.backend, i));
      bench.changes.push(summary({ origin, hosts, underTraffic }, "Ingress added", added));
      bench.changes.push(summary({ origin, hosts, underTraffic }, "endpoint changed", moved));
      await traffic;
    }
    bench.reloads += (await sluice.generation()).reloads;
  } finally {
    probe.close();
    await stopSluice(sluice);
  }
}

export async function addOne(probe: Probe, hand: Hand, i: number): Promise<number> {
  const name = `host-${i}.bench`;
  if ((await probe.ask(name)).status !== 404) throw new Error(`${name} is served before it exists`);
  const begun = performance.now();
  hand.add(i);
  return (await probe.until(name, ({ status }) => status === 200, LIMIT_MS)) - begun;
}

export async function moveOne(probe: Probe, hand: Hand, backend: Backend, i: number): Promise<number> {
  const [port, word] = i % 2 === 0 ? [backend.second, "second\n"] : [backend.first, "first\n"];
  const begun = performance.now();
  hand.move(port);
  return (await probe.until("host-0.bench", ({ body }) => body === word, LIMIT_MS)) - begun;
}

/** Load for about as long as the changes take. */
function beginTraffic(bench: Bench, sluice: Sluice): Promise<void> {
  const load = makeLoad({ port: sluice.http, protocol: "http", host: "host-0.bench", ...TRAFFIC, seconds: bench.options.quick ? 2 : 5 });
  return load.then(({ failed, requests }) => {
    bench.failed += failed;
    bench.requests += requests;
  });
}

export async function repeat(count: number, one: (i: number) => Promise<number>): Promise<number[]> {
  const millis: number[] = [];
  for (let i = 0; i < count; i++) millis.push(await one(i));
  return millis;
}

function summary(what: Pick<Changes, "origin" | "hosts" | "underTraffic">, kind: ChangeKind, millis: readonly number[]): Changes {
  return { ...what, kind, millis, p50: quantile(millis, 0.5), p99: quantile(millis, 0.99) };
}
