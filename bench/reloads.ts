/**
 * What a combination of settings costs: one that nginx has or that is data, and one that it has to be reloaded for.
 *
 *     npm run bench:reloads                       # 1,000 and 10,000 hosts; two minutes
 *     npm run bench:reloads -- --hosts 100000 --output json
 *
 * From the moment a manifest is written until every worker serves it. Nobody else uses the proxy, so that no client has to
 * be told of the reload before it; with clients it takes a second more. Memory is what the workers and their successors hold
 * together (Pss of /proc/PID/smaps_rollup: a page that several share counts once).
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../src/support/user-error.ts";
import type { Sluice } from "../test/support/sluice.ts";
import { writeFiles } from "../test/support/sluice.ts";
import { CONFIG_MAP, configMap, host, ingressClass, manifest, type ApiObject } from "./cluster.ts";
import { runCommand } from "./command.ts";
import { choice, readFlags, wholes } from "./command-line.ts";
import { inFolder } from "./in-folder.ts";
import { childrenOf } from "./processes.ts";
import { table } from "./report.ts";
import { sayer } from "./say.ts";
import { beginSluice, stopSluices } from "./sluices.ts";
import { quantile } from "./statistics.ts";

const PREFIX = "nginx.ingress.kubernetes.io";
const WORKERS = 2;
const CHANGES = 12;
const LIMIT_MS = 60_000;

/** Annotations of one change each, by what is measured. */
const KINDS: Readonly<Record<string, (i: number) => Readonly<Record<string, string>>>> = {
  "a limit of bodies, a number of tries": (i) => ({ "proxy-body-size": `${i + 2}m`, "proxy-next-upstream-tries": `${i + 1}` }),
  "buffers that charts ask for": (i) => ({ "proxy-buffer-size": `${8 * 2 ** (i % 6)}k`, "proxy-buffering": i % 2 === 0 ? "on" : "off" }),
  "a protocol": (i) => ({ "backend-protocol": i % 2 === 0 ? "HTTPS" : "GRPC" }),
  "a combination that nobody had": (i) => ({ "proxy-next-upstream-timeout": `${i + 7}` }),
};

interface Cost {
  readonly hosts: number;
  readonly what: string;
  readonly reloads: number;
  readonly millis: readonly number[];
  /** MiB of all workers before, and the most that was seen while old and new ones were there. */
  readonly before: number;
  readonly most: number;
}

async function measure(dir: string, hosts: number): Promise<Cost[]> {
  const folder = mkdtempSync(`${dir}/manifests-`);
  writeFiles(folder, { "config.yaml": manifest(ingressClass(), configMap({ "worker-processes": `${WORKERS}`, "disable-access-log": "true" })) });
  // A thousand hosts a file: as many files as hosts would measure the file system.
  for (let from = 0; from < hosts; from += 1000) {
    const all = Array.from({ length: Math.min(1000, hosts - from) }, (_, i) => host(from + i, 9)).flat();
    writeFiles(folder, { [`hosts-${from}.yaml`]: manifest(...all) });
  }
  const sluice = await beginSluice({ args: [`--manifests=${folder}`, `--configmap=${CONFIG_MAP}`, "--reload-interval=0"] });
  const costs: Cost[] = [];
  for (const [what, annotations] of Object.entries(KINDS)) costs.push(await cost(sluice, folder, { hosts, what }, annotations));
  return costs;
}

async function cost(sluice: Sluice, folder: string, about: Pick<Cost, "hosts" | "what">, annotations: (i: number) => Readonly<Record<string, string>>): Promise<Cost> {
  const before = workersMiB(sluice);
  const { reloads } = await sluice.generation();
  const millis: number[] = [];
  let most = before;
  const watching = setInterval(() => (most = Math.max(most, workersMiB(sluice))), 50);
  try {
    for (let i = 0; i < CHANGES; i++) {
      const { observed } = await sluice.generation();
      const begun = performance.now();
      writeFiles(folder, { "changed.yaml": manifest(...annotated(about.hosts, annotations(i))) });
      await untilProgrammed(sluice, observed);
      millis.push(performance.now() - begun);
    }
  } finally {
    clearInterval(watching);
  }
  return { ...about, reloads: (await sluice.generation()).reloads - reloads, millis, before, most };
}

/** Until every worker runs something newer than this generation, and nothing waits. Asked for every few milliseconds, because `sync` reads all files anew. */
async function untilProgrammed(sluice: Sluice, before: number): Promise<void> {
  for (const until = performance.now() + LIMIT_MS; performance.now() < until; await sleep(2)) {
    const { observed, programmed } = await sluice.generation();
    if (observed > before && programmed >= observed) return;
  }
  throw new UserError(`A change was not live within ${LIMIT_MS / 1000} seconds.`);
}

function annotated(i: number, annotations: Readonly<Record<string, string>>): ApiObject[] {
  const [ingress, ...others] = host(i, 9);
  const named = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`${PREFIX}/${name}`, value]));
  return [{ ...ingress, metadata: { ...ingress.metadata, annotations: named } }, ...others];
}

function workersMiB(sluice: Sluice): number {
  const master = Number(readFileSync(`${sluice.runtimeDir}/nginx.pid`, "utf8"));
  return childrenOf(master).reduce((sum, pid) => sum + pssMiB(pid), 0);
}

function pssMiB(pid: number): number {
  try {
    const [, kib = "0"] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    return Number(kib) / 1024;
  } catch {
    return 0; // The worker has ended.
  }
}

function row({ hosts, what, reloads, millis, before, most }: Cost): string[] {
  const ms = (q: number): string => quantile(millis, q).toFixed(0);
  return [hosts.toLocaleString("en"), what, `${reloads} of ${millis.length}`, ms(0.5), ms(1), before.toFixed(0), most.toFixed(0)];
}

const USAGE = `npm run bench:reloads -- [--hosts 1000,10000] [--output json]

Measures what a combination of settings costs that nginx has or that is data, and one that it has to be reloaded for: how long
until every worker serves it, and the memory of all workers meanwhile. Loopback only; two minutes.

  --hosts LIST     numbers of hosts, one after the other (1000,10000)
  --output json    every measurement, not only the table
`;

interface Options {
  readonly hosts: readonly number[];
  readonly json: boolean;
}

function parse(argv: readonly string[]): Options | "help" {
  const { values } = readFlags("bench:reloads", argv, { hosts: { type: "string" }, output: { type: "string", default: "table" } });
  if (values.help) return "help";
  return { hosts: wholes("hosts", values.hosts, [1000, 10_000], 1_000_000), json: choice("output", values.output, ["table", "json"]) === "json" };
}

const say = sayer("bench:reloads");

async function run({ hosts: sizes, json }: Options, dir: string): Promise<void> {
  const costs: Cost[] = [];
  for (const hosts of sizes) {
    say(`${hosts} hosts`);
    costs.push(...(await measure(dir, hosts)));
    await stopSluices();
  }
  if (json) console.log(JSON.stringify(costs, null, 2));
  else console.log(table([["hosts", "what is new", "reloads", "live, p50 ms", "at most", "workers, MiB", "at most"], ...costs.map(row)]).join("\n"));
}

await runCommand({
  name: "bench:reloads", usage: USAGE, parse, needs: () => ["nginx"],
  run: async (options) => await inFolder(async (dir) => await run(options, dir)),
});
