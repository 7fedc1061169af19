/**
 * `--plot`: pictures and tables of a run, and the numbers behind them. Of the machine they hold processor, kernel
 * and versions, and of the command line no path.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Changes, ControlPlane } from "./control-plane.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Machine } from "./machine.ts";
import { barChart } from "./plot/bar-chart.ts";
import { lineChart, type Series } from "./plot/line-chart.ts";
import { controlRows, dataRows, rowLines, type Row } from "./report.ts";
import { ratioOf, samplesOf, type Sample } from "./samples.ts";
import { median } from "./statistics.ts";
import { requestLines, type Titles } from "./tables.ts";
import { SLUICE, type MemoryAt } from "./targets.ts";
import { WORKLOADS } from "./workloads.ts";

/** Workloads of the first picture, those that cost about as much as a plain request, and what it calls them. */
const PICTURED: ReadonlyMap<string, string> = new Map([
  ["plain", "plain route, kept alive"], ["close", "new connection each"], ["https", "https, kept alive"], ["h2", "HTTP/2"], ["grpc", "gRPC"], ["websocket", "WebSocket message"],
  ["paths", "50 paths"], ["rewrite", "rewritten path"], ["external", "external authentication"], ["log", "access log"],
  ["hosts-1000", "1,000 hosts, in turn"], ["hosts-10000", "10,000 hosts, in turn"], ["hosts-100000", "100,000 hosts, in turn"],
]);
/** Bars are cut at so many times Sluice's longest. */
const CUT = 2.5;

export interface Results {
  readonly machine: Machine;
  readonly titles: Titles;
  readonly data: DataPlane | undefined;
  readonly control: ControlPlane | undefined;
  /** The command line's arguments. */
  readonly argv: readonly string[];
}

/** File name → content. Pure. A half that was not measured leaves its files as they were. */
export function resultFiles(results: Results): Readonly<Record<string, string>> {
  const { data, control } = results;
  return { ...(data ? requestFiles(results, data) : {}), ...(control ? changeFiles(results, control) : {}) };
}

/** Writes them; gives their paths. */
export function writeResults(results: Results, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return Object.entries(resultFiles(results)).map(([name, content]) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  });
}

function requestFiles(results: Results, data: DataPlane): Record<string, string> {
  const { samples, paced, memory } = data;
  const { titles, machine } = results;
  const rows = dataRows(data);
  const costs = WORKLOADS.flatMap(({ id, asks }) => {
    const proxies = [...titles.keys()].flatMap((proxy) => costOf(samples, id, proxy));
    return proxies.length === 0 ? [] : [{ workload: id, asks, proxies }];
  });
  const pictured = WORKLOADS.filter(({ id }) => PICTURED.has(id) && costs.some(({ workload }) => workload === id));
  const micros = (id: string, proxy: string): number | undefined => costs.find(({ workload }) => workload === id)?.proxies.find((one) => one.proxy === proxy)?.microsPerRequest;
  const own = pictured.flatMap(({ id }) => micros(id, SLUICE) ?? []);
  const files: Record<string, string> = {
    "requests.json": json({ ...about(results, rows), workloads: costs, paced, memory }),
    "requests.md": page("Requests", results, rows, [...requestLines(data, titles), ...data.remarks.map((one) => `${one}\n`)]),
  };
  if (own.length > 0) {
    files["requests.svg"] = barChart({
      title: "Processor time per request", unit: "µs of one processor per request, shorter is better", bars: [...titles.values()], most: CUT * Math.max(...own),
      groups: pictured.map(({ id }) => ({ name: PICTURED.get(id) ?? id, values: [...titles.keys()].map((proxy) => micros(id, proxy)) })),
      note: noteOf(machine),
    });
  }
  if (new Set(memory.map(({ hosts }) => hosts)).size > 1) {
    files["memory.svg"] = lineChart({
      title: "Memory against hosts", x: { title: "hosts", logarithmic: true }, y: { title: "MiB resident after the start", logarithmic: true },
      series: [...[...titles].map(([proxy, title]) => memorySeries(`${title}${proxy === SLUICE ? " (worker)" : ""}`, proxy, memory, ({ workerMiB }) => workerMiB)), memorySeries("Sluice's controller", SLUICE, memory, ({ controllerMiB }) => controllerMiB)],
      note: noteOf(machine),
    });
  }
  return files;
}

interface Cost {
  readonly proxy: string;
  readonly microsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50Micros: number | null;
  readonly p99Micros: number | null;
  readonly failed: number;
  readonly rounds: number;
  /** Sluice's processor time ÷ this one's: the median of the rounds' ratios; null for Sluice itself. */
  readonly sluiceDividedBy: number | null;
}

function costOf(samples: readonly Sample[], workload: string, proxy: string): Cost[] {
  const of = samplesOf(samples, { workload, proxy });
  if (of.length === 0) return [];
  const middle = (pick: (sample: Sample) => number): number => rounded(median(of.map(pick)));
  const ratio = proxy === SLUICE ? undefined : ratioOf(samples, { workload, proxy: SLUICE }, { workload, proxy });
  return [{
    proxy, microsPerRequest: middle((one) => one.microsPerRequest), requestsPerSecond: Math.round(middle((one) => one.perSecond)),
    p50Micros: orNull(middle((one) => one.p50Micros)), p99Micros: orNull(middle((one) => one.p99Micros)),
    failed: of.reduce((sum, one) => sum + one.failed, 0), rounds: of.length, sluiceDividedBy: ratio ? rounded(ratio.median) : null,
  }];
}

function memorySeries(name: string, proxy: string, memory: readonly MemoryAt[], pick: (one: MemoryAt) => number | undefined): Series {
  const points = memory.filter((one) => one.proxy === proxy).flatMap((one) => {
    const value = pick(one);
    return value === undefined ? [] : [[one.hosts, value] as const];
  });
  // Of the installations of one size the first: those with an access log or metrics are others.
  const first = points.filter(([hosts], i) => points.findIndex(([at]) => at === hosts) === i);
  return { name, points: first.sort(([a], [b]) => a - b) };
}

function changeFiles(results: Results, control: ControlPlane): Record<string, string> {
  const { changes, starts } = control;
  const rows = controlRows(control);
  const summaries = changes.map(({ origin, kind, hosts, underTraffic, p50, p99 }) => ({ origin, kind, hosts, underTraffic, p50Millis: rounded(p50), p99Millis: rounded(p99) }));
  const series = (["idle", "under traffic"] as const).flatMap((when) => (["p50", "p99"] as const).map((quantile) => changeSeries(changes, when, quantile)));
  return {
    "changes.json": json({ ...about(results, rows), changes: summaries, starts }),
    "changes.md": page("Changes", results, rows, []),
    ...(series.some(({ points }) => points.length > 1) ? {
      "changes.svg": lineChart({
        title: "From an Ingress's watch event to the first right answer", x: { title: "hosts before", logarithmic: true }, y: { title: "milliseconds" }, series, note: noteOf(results.machine),
      }),
    } : {}),
  };
}

function changeSeries(changes: readonly Changes[], when: "idle" | "under traffic", quantile: "p50" | "p99"): Series {
  const own = changes.filter(({ origin, kind, underTraffic }) => origin === "watch event" && kind === "Ingress added" && underTraffic === (when === "under traffic"));
  return { name: `${quantile}, ${when}`, points: own.map((one) => [one.hosts, one[quantile]] as const).sort(([a], [b]) => a - b) };
}

function about({ machine, argv }: Results, rows: readonly Row[]): object {
  const { processor, kernel, versions } = machine;
  return { machine: { processor, kernel, versions }, command: commandOf(argv), rows: rows.map((row) => ({ ...row, ratio: row.ratio === undefined ? null : rounded(row.ratio) })) };
}

/** The tables, as a page. */
function page(title: string, { machine, argv }: Results, rows: readonly Row[], more: readonly string[]): string {
  const { processor, kernel, versions } = machine;
  const tools = Object.entries(versions).map(([tool, version]) => `${tool} ${version}`).join(", ");
  return `${[`# ${title}`, "", `Written by \`${commandOf(argv)}\` on ${processor}, Linux ${kernel}; ${tools}.`, "", ...rowLines(rows), "", ...more].join("\n").trimEnd()}\n`;
}

/** The command, with `/…` for each path. */
export function commandOf(argv: readonly string[]): string {
  return ["npm run bench --", ...argv.map((word) => word.replace(/(^|=)\.{0,2}\/.*/, "$1/…"))].join(" ");
}

function noteOf({ processor, kernel, versions }: Machine): string {
  const { node: _node, wrk: _wrk, h2load: _h2load, ...proxies } = versions;
  return `${processor}, Linux ${kernel}; ${Object.entries(proxies).map(([name, version]) => `${name} ${version}`).join(", ")}`;
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
