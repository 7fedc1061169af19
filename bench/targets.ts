/** The proxies under measurement: Sluice and its rivals, each started as the workloads need it. */
import { ask } from "../test/support/client.ts";
import { selfSigned, type KeyPair } from "../test/support/openssl.ts";
import type { Sluice } from "../test/support/sluice.ts";
import { poolsOf, startBackend, startWebSocketEcho } from "./backend.ts";
import { CONFIG_MAP, configMap, manifest, type ApiObject } from "./cluster.ts";
import { LOAD_CORE, nginxWorkers, pin, PROXY_CORE, residentMiB } from "./processes.ts";
import type { FoundRival } from "./rivals/find.ts";
import { startRival, type Target } from "./rivals/start.ts";
import { objectsOf } from "./site/objects.ts";
import { SITE_REQUESTS, type SiteRequest } from "./site/requests.ts";
import { CERTIFIED, FEATURES, HOSTS, type Feature, type Site } from "./site/site.ts";
import { beginSluice } from "./sluices.ts";
import { crowdOf, setUpName, type SetUp, type Workload } from "./workloads.ts";

/** What the tables call Sluice; rivals are called by their adapter's name. */
export const SLUICE = "sluice";
/** What they call the backend, asked without a proxy. */
export const NO_PROXY = "none";
/** Sluices that take turns as the target of a case, because LuaJIT compiles better in one process than in another. */
const SLUICES = 3;

/** Resident memory right after the start, in MiB. */
export interface MemoryAt {
  readonly proxy: string;
  readonly hosts: number;
  readonly workerMiB: number;
  /** Sluice's controller; undefined for the others. */
  readonly controllerMiB: number | undefined;
}

export interface Stage {
  /** The backend itself, as a target: what the load measures without a proxy between. */
  readonly backend: Target;
  readonly sluices: readonly Sluice[];
  readonly memory: readonly MemoryAt[];
  /** Rivals that do not answer as the others do: what they cannot do, in a sentence each. They are not measured in it. */
  readonly unlike: readonly string[];
  /** The targets of a proxy for a workload; none: it cannot do it. */
  targetsOf(proxy: string, workload: Workload): readonly Target[];
}

/** Objects in a file: as many as people have in one, and more. */
const OBJECTS = 3000;

interface Ground {
  readonly dir: string;
  readonly certificate: KeyPair;
  readonly site: (crowd: number) => Site;
}

export async function startGround(dir: string): Promise<Ground> {
  const backend = await startBackend(`${dir}/backend`);
  const pools = poolsOf(backend, await startWebSocketEcho(`${dir}/websocket`));
  return { dir, certificate: selfSigned(CERTIFIED, "bench"), site: (crowd) => ({ hosts: HOSTS, crowd, pools, authentication: backend.authentication }) };
}

/** Starts everything that the workloads need. @throws UserError when a rival does not come up. */
export async function startStage(dir: string, workloads: readonly Workload[], rivals: readonly FoundRival[], say: (text: string) => void): Promise<Stage> {
  const ground = await startGround(dir);
  const setUps = new Map(workloads.map(({ setUp }) => [setUpName(setUp), setUp]));
  const targets = new Map<string, Target[]>();
  const cannot = new Map<string, Set<Feature>>();
  const sluices: Sluice[] = [];
  const memory: MemoryAt[] = [];
  const unlike: string[] = [];
  for (const [name, setUp] of setUps) {
    say(`starting the proxies: ${name}`);
    const needed = workloads.filter((one) => setUpName(one.setUp) === name);
    for (const found of rivals) {
      if (!needed.some((one) => canDo(found, one))) continue;
      const site = ground.site(crowdOf(setUp));
      const target = await startRival(found, { dir: `${dir}/${found.name}-${name}`, site, certificate: ground.certificate, accessLog: setUp === "log" });
      targets.set(`${found.name} ${name}`, [target]);
      memory.push(memoryOf(target, setUp));
      const wrong = await wrongAnswers(target, found.rival.can);
      const known = cannot.get(found.name) ?? new Set();
      for (const { needs, sentence } of wrong) {
        if (!known.has(needs)) unlike.push(`${found.rival.title} ${found.version}: ${sentence}; not measured there.`);
        known.add(needs);
      }
      cannot.set(found.name, known);
    }
    const own = await startSluices(ground, setUp);
    sluices.push(...own.map(({ sluice }) => sluice));
    targets.set(`${SLUICE} ${name}`, own.map(({ target }) => target));
    const [one] = own;
    if (one) memory.push({ ...memoryOf(one.target, setUp), controllerMiB: residentMiB(one.sluice.process.pid as number) });
  }
  const [port] = ground.site(0).pools.first;
  return {
    sluices, memory, unlike, backend: { proxy: NO_PROXY, http: port, https: port, workers: [] },
    targetsOf(proxy, workload) {
      const found = rivals.find((one) => one.name === proxy);
      if (found && (!canDo(found, workload) || workload.needs.some((feature) => cannot.get(proxy)?.has(feature)))) return [];
      return targets.get(`${proxy} ${setUpName(workload.setUp)}`) ?? [];
    },
  };
}

/** Whether the adapter says that its proxy can do a workload. */
export function canDo({ rival }: Pick<FoundRival, "rival">, { needs, setUp }: Pick<Workload, "needs" | "setUp">): boolean {
  return needs.every((feature) => rival.can.has(feature)) && crowdOf(setUp) <= rival.hosts;
}

function memoryOf({ proxy, workers }: Target, setUp: SetUp): MemoryAt {
  return { proxy, hosts: crowdOf(setUp) || HOSTS.length, workerMiB: Math.max(...workers.map(residentMiB)), controllerMiB: undefined };
}

async function startSluices({ site, certificate }: Ground, setUp: SetUp): Promise<{ sluice: Sluice; target: Target }[]> {
  const crowd = crowdOf(setUp);
  const data = { "worker-processes": "1", "disable-access-log": String(setUp !== "log"), "keep-alive-requests": "1000000000" };
  const files = { "config.yaml": manifest(configMap(data)), ...manifestFiles(objectsOf(site(crowd), certificate)) };
  const args = [`--configmap=${CONFIG_MAP}`, "--allow-local-targets", ...(setUp === "metrics" ? ["--enable-metrics"] : [])];
  const started = [];
  for (let i = 0; i < (setUp === "quiet" || setUp === "metrics" ? SLUICES : 1); i++) {
    const sluice = await beginSluice({ files, args });
    const workers = await nginxWorkers(`${sluice.runtimeDir}/nginx.pid`, 1);
    for (const worker of workers) pin(worker, PROXY_CORE);
    pin(sluice.process.pid as number, LOAD_CORE);
    started.push({ sluice, target: { proxy: SLUICE, http: sluice.http, https: sluice.https, workers } });
  }
  return started;
}

function manifestFiles(objects: readonly ApiObject[]): Record<string, string> {
  const starts = Array.from({ length: Math.ceil(objects.length / OBJECTS) }, (_, i) => i * OBJECTS);
  return Object.fromEntries(starts.map((from, i) => [`site-${i}.yaml`, manifest(...objects.slice(from, from + OBJECTS))]));
}

/** The requests of the Site that a target answers in another way than every proxy should. */
export async function wrongAnswers(target: Target, can: ReadonlySet<Feature> = new Set(FEATURES)): Promise<{ needs: Feature; sentence: string }[]> {
  const wrong = [];
  for (const request of SITE_REQUESTS) {
    const why = can.has(request.needs) ? await wrongAnswer(target, request) : undefined;
    if (why !== undefined) wrong.push({ needs: request.needs, sentence: `${request.method ?? "GET"} ${request.host}${request.path ?? "/"} ${request.headers?.join(", ") ?? ""} ${why}` });
  }
  return wrong;
}

async function wrongAnswer({ http, https }: Target, { host, method = "GET", path = "/", headers = [], https: tls, http2, body = 0, status, text, header }: SiteRequest): Promise<string | undefined> {
  const named = Object.fromEntries(headers.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));
  const given = await ask({ port: tls ? https : http, host, path, method, headers: named, ...(tls ? { tls: true } : {}), ...(http2 ? { http2 } : {}), ...(body > 0 ? { body: "\0".repeat(body) } : {}) });
  if (given.status !== status) return `is answered ${given.status} instead of ${status}`;
  if (text !== undefined && given.text !== text) return `is answered ${JSON.stringify(given.text.slice(0, 40))} instead of ${JSON.stringify(text)}`;
  const [name = "", start = ""] = header ?? [];
  if (header && !(given.headers[name] ?? "").startsWith(start)) return `is answered without ${name}: ${start}…`;
  return undefined;
}
