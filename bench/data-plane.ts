/**
 * The data plane: processor time per request of Sluice, nginx and HAProxy, in rounds that take turns.
 *
 * Each proxy has one worker on one processor, the load and the backend share another one, so that all see the same
 * neighbours and the same clock. A ratio is the median over the rounds of the ratio within a round: what slows the
 * machine down for a while slows both sides down.
 */
import { mkdirSync } from "node:fs";
import { selfSigned } from "../test/support/openssl.ts";
import type { Sluice } from "../test/support/sluice.ts";
import { CONFIG_MAP, configMap, host, manifest, shop } from "./cluster.ts";
import { makeLoad, type Load } from "./load.ts";
import type { Tools } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { cpuMicros, LOAD_CORE, nginxWorkers, pin, PROXY_CORE } from "./processes.ts";
import { startBackend, startHaproxy, startNginx, type Target } from "./rivals.ts";
import { beginSluice, stopSluices } from "./sluices.ts";
import { median } from "./statistics.ts";

/** Sluices that take turns as the target of one case. */
const SLUICES = 3;

/** What a request says that asks for a canary. A plain route gets it, too: nginx reads and passes on a header at a cost of its own. */
const HEADER = ["test: always"];
const COOKIE = ["Cookie: like_music=always"];

/** One thing that is measured in every round. */
export interface Case {
  readonly id: string;
  /** Proxies of the same kind, one per round in turn, because LuaJIT compiles better in one process than in another. */
  readonly targets: readonly Target[];
  readonly load: Omit<Load, "port">;
}

/** One measurement. */
export interface Sample {
  readonly id: string;
  readonly round: number;
  readonly requests: number;
  readonly microsPerRequest: number;
  readonly perSecond: number;
  readonly p99Micros: number;
  readonly failed: number;
}

export interface DataPlane {
  readonly samples: readonly Sample[];
  /** Reloads of all Sluices of this part: must stay 0. */
  readonly reloads: number;
}

export async function measureDataPlane(dir: string, options: BenchOptions, tools: Tools, say: (text: string) => void): Promise<DataPlane> {
  const sluices: Sluice[] = [];
  try {
    say("starting the proxies");
    const cases = await prepareCases(dir, options, tools, sluices);
    say(`data plane: ${cases.length} cases, ${options.rounds} rounds of ${options.seconds} s each`);
    for (const one of cases) await warmUp(one);
    const samples: Sample[] = [];
    for (let round = 0; round < options.rounds; round++) {
      say(`round ${round + 1} of ${options.rounds}`);
      // In another order each time, so that no case always comes after the same one.
      for (const one of shuffled(cases)) samples.push(await measure(one, round));
    }
    const generations = await Promise.all(sluices.map((sluice) => sluice.generation()));
    return { samples: cases.flatMap(({ id }) => samplesOf(samples, id)), reloads: generations.reduce((sum, { reloads }) => sum + reloads, 0) };
  } finally {
    await stopSluices();
  }
}

function shuffled<T>(all: readonly T[]): T[] {
  const drawn = all.map((one) => ({ one, at: Math.random() }));
  return drawn.sort((a, b) => a.at - b.at).map(({ one }) => one);
}

async function warmUp({ targets, load }: Case): Promise<void> {
  for (const target of targets) await makeLoad({ ...load, port: portOf(target, load), seconds: 1 });
}

function portOf(target: Target, { protocol }: Pick<Load, "protocol">): number {
  return protocol === "http" ? target.http : target.https;
}

async function measure({ id, targets, load }: Case, round: number): Promise<Sample> {
  const target = targets[round % targets.length] as Target;
  const before = cpuMicros(target.workers);
  const { requests, perSecond, p99Micros, failed } = await makeLoad({ ...load, port: portOf(target, load) });
  const used = cpuMicros(target.workers) - before;
  return { id, round, requests, microsPerRequest: used / Math.max(1, requests), perSecond, p99Micros, failed };
}

async function prepareCases(dir: string, options: BenchOptions, tools: Tools, sluices: Sluice[]): Promise<Case[]> {
  mkdirSync(dir, { recursive: true });
  const backend = await startBackend(`${dir}/backend`);
  const certificate = selfSigned(["tls.bench"], "tls.bench");
  const objects = shop(backend, certificate);
  const sluice = async (files: Readonly<Record<string, string>>, accessLog: boolean, ...flags: string[]): Promise<Target> => {
    const config = configMap({ "worker-processes": "1", "disable-access-log": String(!accessLog), "keep-alive-requests": "1000000000" });
    const one = await beginSluice({ files: { "config.yaml": manifest(config), ...files }, args: [`--configmap=${CONFIG_MAP}`, ...flags] });
    sluices.push(one);
    return pinned(one);
  };
  const rivals = async (accessLog: boolean): Promise<Target[]> => {
    const name = accessLog ? "logging" : "quiet";
    const input = { backend: backend.first, certificate, accessLog };
    return [
      await startNginx({ ...input, dir: `${dir}/nginx-${name}` }),
      ...(tools.haproxy ? [await startHaproxy({ ...input, dir: `${dir}/haproxy-${name}` })] : []),
    ];
  };
  const shopFiles = { "shop.yaml": manifest(...objects) };
  const quiet: Target[] = [];
  const measured: Target[] = [];
  for (let i = 0; i < SLUICES; i++) quiet.push(await sluice(shopFiles, false));
  for (let i = 0; i < SLUICES && !options.quick; i++) measured.push(await sluice(shopFiles, false, "--enable-metrics"));
  const many = Array.from({ length: options.many }, (_, i) => host(i, backend.first)).flat();
  return cases(options, tools, {
    sluices: quiet,
    measured,
    rivals: await rivals(false),
    logging: options.quick ? [] : [await sluice(shopFiles, true), ...(await rivals(true))],
    crowded: await sluice({ ...shopFiles, "many.yaml": manifest(...many) }, false),
  });
}

interface Targets {
  readonly sluices: readonly Target[];
  /** Sluices with --enable-metrics. */
  readonly measured: readonly Target[];
  readonly rivals: readonly Target[];
  readonly logging: readonly Target[];
  readonly crowded: Target;
}

function cases(options: BenchOptions, tools: Tools, { sluices, measured, rivals, logging, crowded }: Targets): Case[] {
  const one = (id: string, targets: readonly Target[], more: Partial<Load> & { host: string }): Case => ({
    id: `${id} ${targets[0]?.name}`,
    targets,
    load: { protocol: "http", connections: options.connections, seconds: options.seconds, ...more },
  });
  const all = (id: string, more: Partial<Load> & { host: string }): Case[] => [
    one(id, sluices, more),
    ...rivals.map((target) => one(id, [target], more)),
  ];
  const more = (): Case[] => [
    one("measured", measured, { host: "plain.bench" }),
    one("paths", sluices, { host: "paths.bench", path: "/p/nothing-longer" }),
    one("spread", [crowded], { host: "host-%d.bench", hosts: options.many }),
    ...all("https", { host: "tls.bench", protocol: "https" }),
    ...(tools.h2load ? all("h2", { host: "tls.bench", protocol: "h2" }) : []),
    ...logging.map((target) => one("logging", [target], { host: "plain.bench" })),
  ];
  return [
    ...all("plain", { host: "plain.bench" }),
    one("crowded", [crowded], { host: "plain.bench" }),
    one("weight", sluices, { host: "weight.bench" }),
    one("header", sluices, { host: "header.bench", headers: HEADER }),
    one("plain, the header", sluices, { host: "plain.bench", headers: HEADER }),
    one("cookie", sluices, { host: "cookie.bench", headers: COOKIE }),
    one("plain, the cookie", sluices, { host: "plain.bench", headers: COOKIE }),
    ...(options.quick ? [] : more()),
  ];
}

async function pinned(sluice: Sluice): Promise<Target> {
  const workers = await nginxWorkers(`${sluice.runtimeDir}/nginx.pid`, 1);
  for (const worker of workers) pin(worker, PROXY_CORE);
  pin(sluice.process.pid as number, LOAD_CORE);
  return { name: "Sluice", http: sluice.http, https: sluice.https, workers };
}

/** The samples of one case, in order of rounds. */
export function samplesOf(samples: readonly Sample[], id: string): Sample[] {
  return samples.filter((sample) => sample.id === id);
}

/** Median over the rounds of (a ÷ b) within the round; undefined when either was not measured. */
export function ratioOf(samples: readonly Sample[], a: string, b: string): number | undefined {
  const [upper, lower] = [samplesOf(samples, a), samplesOf(samples, b)];
  if (upper.length === 0 || upper.length !== lower.length) return undefined;
  return median(upper.map((sample, i) => sample.microsPerRequest / (lower[i] as Sample).microsPerRequest));
}
