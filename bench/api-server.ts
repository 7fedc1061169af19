/**
 * `npm run bench:cluster`: Sluice on a real kube-apiserver with many Ingresses, Services and EndpointSlices.
 *
 * Measures the time until all Ingresses are programmed, the memory and the requests to the API server that it takes, and
 * what a change costs. Everything runs on loopback and ends with the run.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startEnvtest } from "../test/support/envtest.ts";
import type { Sluice } from "../test/support/sluice.ts";
import { fill, kubeconfigOf, pathOf } from "./api.ts";
import { startApiMeter, type ApiMeter, type Traffic } from "./api-meter.ts";
import { CONFIG_MAP, configMap, host, ingressClass, slice, type ApiObject } from "./cluster.ts";
import { runCommand } from "./command.ts";
import { readFlags, whole } from "./command-line.ts";
import { untilEnd } from "./ending.ts";
import { inFolder } from "./in-folder.ts";
import { describeMachine } from "./machine.ts";
import { openProbe } from "./probe.ts";
import { nginxWorkers, residentMiB } from "./processes.ts";
import { machineLine, table } from "./report.ts";
import { startBackend, type Backend } from "./backend.ts";
import { sayer } from "./say.ts";
import { beginSluice, stopSluice } from "./sluices.ts";
import { quantile } from "./statistics.ts";
import { needApiServer } from "./tools.ts";

const WORKERS = 2;
const LIMIT_MS = 10_000;
const STATUS_LIMIT_MS = 120_000;
const STATUS_ADDRESS = "192.0.2.1";

interface Options {
  readonly hosts: number;
  readonly changes: number;
  readonly idleSeconds: number;
}

const say = sayer("bench:cluster");

async function run({ hosts, changes, idleSeconds }: Options, meter: ApiMeter, dir: string): Promise<string[]> {
  const backend = await startBackend(`${dir}/backend`);
  say(`creating ${hosts} Ingresses, Services and EndpointSlices`);
  await fill(meter.server, cluster(hosts, changes, backend));
  const kubeconfig = join(dir, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigOf(meter.server));

  say("starting Sluice");
  meter.reset();
  const begun = performance.now();
  const sluice = await beginSluice({
    args: [`--kubeconfig=${kubeconfig}`, `--configmap=${CONFIG_MAP}`, `--publish-status-address=${STATUS_ADDRESS}`],
    env: { POD_NAME: "bench", POD_NAMESPACE: "bench", NODE_OPTIONS: "--max-semi-space-size=8" },
  });
  const ready = performance.now() - begun;
  const start = meter.counted();
  const memory = await memoryOf(sluice);
  const rows = [
    row(`start → programmed, ${hosts} Ingresses`, seconds(ready)),
    row("memory of the controller, then", mib(memory.controller)),
    row("memory of a worker, then", mib(memory.worker)),
    ...trafficRows("until then", start),
  ];

  say("waiting until every Ingress has its status");
  await untilStatus(meter.server);
  rows.push(row("start → every status written", seconds(performance.now() - begun)));
  const written = meter.counted();
  rows.push(...trafficRows("until then", new Map([...written].filter(([what]) => !/^(list|watch) /.test(what)))));

  say(`${changes} Ingresses and as many endpoint changes`);
  meter.reset();
  rows.push(...(await change(sluice, meter.server, hosts, changes, backend)));
  rows.push(...trafficRows(`for ${2 * changes} changes`, withoutOurs(meter.counted())));

  say(`nothing for ${idleSeconds} s`);
  meter.reset();
  await sleep(idleSeconds * 1000);
  rows.push(...trafficRows(`in ${idleSeconds} s without a change`, meter.counted()));
  rows.push(row("memory of the controller at the end", mib((await memoryOf(sluice)).controller)));
  rows.push(row("reloads of nginx", String((await sluice.generation()).reloads)));
  await stopSluice(sluice);
  return table([["what", "measured"], ...rows]);
}

function cluster(hosts: number, changes: number, backend: Backend): ApiObject[] {
  return [
    ingressClass(),
    configMap({ "worker-processes": String(WORKERS), "disable-access-log": "true" }),
    ...Array.from({ length: hosts }, (_, i) => host(i, backend.first)).flat(),
    // Services and EndpointSlices of the hosts that are added later.
    ...Array.from({ length: changes }, (_, i) => host(hosts + i, backend.first).slice(1)).flat(),
  ];
}

/** Makes changes, and measures the time from the write to the API server until a client gets the first right answer. */
async function change(sluice: Sluice, server: string, hosts: number, changes: number, backend: Backend): Promise<string[][]> {
  const probe = openProbe(sluice.http);
  const added: number[] = [];
  const moved: number[] = [];
  try {
    for (let i = 0; i < changes; i++) {
      const begun = performance.now();
      await fill(server, [host(hosts + i, backend.first)[0]]);
      added.push((await probe.until(`host-${hosts + i}.bench`, ({ status }) => status === 200, LIMIT_MS)) - begun);
    }
    for (let i = 0; i < changes; i++) {
      const [port, word] = i % 2 === 0 ? [backend.second, "second\n"] : [backend.first, "first\n"];
      const begun = performance.now();
      await patch(server, slice("host-0", port));
      moved.push((await probe.until("host-0.bench", ({ body }) => body === word, LIMIT_MS)) - begun);
    }
  } finally {
    probe.close();
  }
  return [changeRow("Ingress created → live", added), changeRow("EndpointSlice patched → live", moved)];
}

async function patch(server: string, object: ApiObject): Promise<void> {
  const response = await fetch(`${server}${pathOf(object)}/${object.metadata.name}`, {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: JSON.stringify(object),
  });
  if (!response.ok) throw new Error(`the API server answers ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

async function untilStatus(server: string): Promise<void> {
  const deadline = Date.now() + STATUS_LIMIT_MS;
  for (;;) {
    const response = await fetch(`${server}/apis/networking.k8s.io/v1/ingresses`);
    const { items } = (await response.json()) as { items: { status?: { loadBalancer?: { ingress?: unknown[] } } }[] };
    const left = items.filter(({ status }) => status?.loadBalancer?.ingress === undefined).length;
    if (left === 0) return;
    if (Date.now() > deadline) throw new Error(`${left} Ingresses have no status after ${STATUS_LIMIT_MS / 1000} s`);
    await sleep(1000);
  }
}

async function memoryOf(sluice: Sluice): Promise<{ controller: number; worker: number }> {
  const workers = await nginxWorkers(`${sluice.runtimeDir}/nginx.pid`, WORKERS);
  return { controller: residentMiB(sluice.process.pid as number), worker: Math.max(...workers.map(residentMiB)) };
}

/** The traffic without the requests of this program itself. */
function withoutOurs(counted: ReadonlyMap<string, Traffic>): ReadonlyMap<string, Traffic> {
  return new Map([...counted].filter(([what]) => what !== "create ingresses" && what !== "patch endpointslices"));
}

function trafficRows(when: string, counted: ReadonlyMap<string, Traffic>): string[][] {
  return [...counted].map(([what, { requests, bytes }]) => row(`${what}, ${when}`, `${requests} requests, ${(bytes / 1024).toFixed(0)} KiB`));
}

const row = (what: string, measured: string): string[] => [what, measured];
const seconds = (millis: number): string => `${(millis / 1000).toFixed(2)} s`;
const mib = (value: number): string => `${value.toFixed(0)} MiB`;

function changeRow(what: string, millis: readonly number[]): string[] {
  return row(`${what}, ${millis.length} times`, `p50 ${quantile(millis, 0.5).toFixed(1)}, p99 ${quantile(millis, 0.99).toFixed(1)} ms`);
}

const USAGE = `npm run bench:cluster -- [--hosts N] [--changes N] [--idle SECONDS]

Starts Sluice on a real kube-apiserver with N Ingresses, Services and EndpointSlices, and measures the time until all are served, the
memory, the requests to the API server, and what a change costs. Needs the API server of the tests. Loopback only.

  --hosts N        Ingresses (5000)
  --changes N      Ingresses that are added, and changes of endpoints (50)
  --idle SECONDS   how long requests are counted while nothing changes (30)
`;

function parse(argv: readonly string[]): Options | "help" {
  const { values } = readFlags("bench:cluster", argv, { hosts: { type: "string" }, changes: { type: "string" }, idle: { type: "string" } });
  if (values.help) return "help";
  return { hosts: whole("hosts", values.hosts, 5000, 100_000), changes: whole("changes", values.changes, 50, 1000), idleSeconds: whole("idle", values.idle, 30, 3600) };
}

async function runOn(options: Options, dir: string): Promise<void> {
  say("starting an API server");
  const { server, ca, token } = await untilEnd(startEnvtest(["--service-cluster-ip-range=10.96.0.0/12"]));
  const meter = await untilEnd(startApiMeter({ server, ca: readFileSync(ca, "utf8"), token }));
  await fill(meter.server, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "bench" } }]);
  process.stdout.write(`${[...(await run(options, meter, dir)), "", machineLine(describeMachine())].join("\n")}\n`);
}

await runCommand({
  name: "bench:cluster", usage: USAGE, parse, needs: () => ["nginx", "taskset", ...needApiServer()],
  run: async (options) => await inFolder(async (dir) => await runOn(options, dir)),
});
