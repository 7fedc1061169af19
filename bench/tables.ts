/** The tables of requests: what each proxy spends, how fast it is, and what it keeps in memory. */
import { PACED, type DataPlane, type Paced } from "./data-plane.ts";
import { table } from "./report.ts";
import { microsOf, ratioOf, samplesOf, type Sample } from "./samples.ts";
import { median } from "./statistics.ts";
import { SLUICE, type MemoryAt } from "./targets.ts";
import { WORKLOADS } from "./workloads.ts";

/** A dash: the proxy cannot do it, or it was not measured. */
const NONE = "–";

/** Proxy → what the tables call it, in the order of their columns. */
export type Titles = ReadonlyMap<string, string>;

/** All of them, each under a sentence. */
export function requestLines(data: DataPlane, titles: Titles): string[] {
  const { paced, memory } = data;
  return [
    "Processor time per request, and Sluice's divided by each other's:", "", ...costLines(data, titles), "",
    ...(paced.length === 0 ? [] : ["Latency from when a request was due:", "", ...pacedLines(paced, titles), ""]),
    "Memory of a worker after its start:", "", ...memoryLines(memory, titles), "",
    "Asked as fast as they answer:", "", ...speedLines(data, titles), "",
  ];
}

/** Each workload on a line: what Sluice spends, and that divided by what each rival spends. */
export function costLines({ samples }: Pick<DataPlane, "samples">, titles: Titles): string[] {
  const rivals = [...titles].filter(([proxy]) => proxy !== SLUICE);
  const measured = WORKLOADS.filter(({ id }) => samples.some(({ workload }) => workload === id));
  const cells = measured.map(({ id, asks }) => [
    id, asks, microsOf(samples, { workload: id, proxy: SLUICE }),
    ...rivals.map(([proxy]) => {
      const ratio = ratioOf(samples, { workload: id, proxy: SLUICE }, { workload: id, proxy });
      return ratio ? `${ratio.median.toFixed(2)} × (${microsOf(samples, { workload: id, proxy })})` : NONE;
    }),
  ]);
  return table([["workload", "asks for", "Sluice, µs", ...rivals.map(([, title]) => `÷ ${title} (µs)`)], ...cells]);
}

/** Each case on a line: how fast it went when asked as fast as it answers, and how much its rounds differ. */
export function speedLines({ samples }: Pick<DataPlane, "samples">, titles: Titles): string[] {
  const cells = WORKLOADS.flatMap(({ id }) => [...titles].flatMap(([proxy, title]) => {
    const of = samplesOf(samples, { workload: id, proxy });
    if (of.length === 0) return [];
    const micros = of.map(({ microsPerRequest }) => microsPerRequest);
    const middle = (pick: (sample: Sample) => number): number => median(of.map(pick));
    return [[
      id, title, median(micros).toFixed(1), Math.min(...micros).toFixed(1), Math.max(...micros).toFixed(1), Math.round(middle(({ perSecond }) => perSecond)).toString(),
      millis(middle(({ p50Micros }) => p50Micros)), millis(middle(({ p99Micros }) => p99Micros)), String(of.reduce((sum, { failed }) => sum + failed, 0)),
    ]];
  }));
  return table([["workload", "proxy", "µs CPU/request", "min", "max", "requests/s", "p50 ms", "p99 ms", "failed"], ...cells]);
}

/** Latency at a fixed rate, from when each request was due. */
export function pacedLines(paced: readonly Paced[], titles: Titles): string[] {
  const cells = paced.map(({ workload, proxy, p50Micros, p99Micros, p999Micros, failed, late }) =>
    [workload, titles.get(proxy) ?? "no proxy", millis(p50Micros), millis(p99Micros), millis(p999Micros), String(failed), `${(late * 100).toFixed(1)} %`]);
  return table([[`at ${PACED.rate} requests/s`, "proxy", "p50 ms", "p99 ms", "p99.9 ms", "failed", "sent late"], ...cells]);
}

export function memoryLines(memory: readonly MemoryAt[], titles: Titles): string[] {
  const sorted = [...memory].sort((a, b) => a.hosts - b.hosts);
  const sizes = [...new Set(sorted.map(({ hosts }) => hosts))];
  const cell = (hosts: number, proxy: string, pick: (one: MemoryAt) => number | undefined): string => {
    const value = sorted.find((one) => one.hosts === hosts && one.proxy === proxy);
    return (value && pick(value)?.toFixed(0)) ?? NONE;
  };
  const cells = sizes.map((hosts) => [
    hosts.toLocaleString("en"), ...[...titles].map(([proxy]) => cell(hosts, proxy, ({ workerMiB }) => workerMiB)), cell(hosts, SLUICE, ({ controllerMiB }) => controllerMiB),
  ]);
  return table([["hosts", ...[...titles].map(([, title]) => `${title}, MiB`), "Sluice's controller, MiB"], ...cells]);
}

function millis(micros: number): string {
  return Number.isNaN(micros) ? NONE : (micros / 1000).toFixed(2);
}
