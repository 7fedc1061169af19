/** The table: what was measured, what the goals are, and whether they are met. */
import type { Changes, ControlPlane, Start } from "./control-plane.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Machine } from "./machine.ts";
import { microsOf, ratioOf, type Sample, type Side } from "./samples.ts";
import { SLUICE } from "./targets.ts";

export interface Row {
  readonly what: string;
  readonly measured: string;
  /** The goal; "" where there is none and the number is for information. */
  readonly goal: string;
  /** The measured value ÷ the goal. */
  readonly ratio: number | undefined;
  readonly within: boolean | undefined;
}

/** One comparison of processor time per request; each side is `workload` of Sluice, or `workload proxy`. */
interface Comparison {
  readonly what: string;
  readonly of: string;
  readonly to: string;
  readonly atMost?: number;
}

const COMPARISONS: readonly Comparison[] = [
  { what: "plain route, Sluice ÷ nginx", of: "plain", to: "plain nginx", atMost: 1.05 },
  { what: "plain route, Sluice ÷ HAProxy", of: "plain", to: "plain haproxy", atMost: 1.15 },
  { what: "plain route with metrics, Sluice ÷ nginx without", of: "metrics", to: "plain nginx", atMost: 1.1 },
  { what: "--enable-metrics ÷ without", of: "metrics", to: "plain" },
  { what: "10,000 hosts ÷ one, same host asked", of: "crowded", to: "plain", atMost: 1.03 },
  { what: "10,000 hosts ÷ one, all asked in turn", of: "hosts-10000", to: "plain" },
  { what: "100,000 hosts ÷ one, all asked in turn", of: "hosts-100000", to: "plain" },
  { what: "fifty paths ÷ one", of: "paths", to: "plain" },
  { what: "canary by weight ÷ plain", of: "weight", to: "plain", atMost: 1.05 },
  { what: "canary by header ÷ plain, same request", of: "header", to: "plain-header", atMost: 1.05 },
  { what: "canary by cookie ÷ plain, same request", of: "cookie", to: "plain-cookie", atMost: 1.05 },
  { what: "sticky cookie ÷ plain, a cookie in both", of: "sticky", to: "plain-cookie", atMost: 1.1 },
  { what: "rewrite ÷ plain", of: "rewrite", to: "plain", atMost: 1.1 },
  { what: "limits ÷ plain", of: "limits", to: "plain", atMost: 1.1 },
  { what: "full TLS handshake, Sluice ÷ nginx", of: "handshake", to: "handshake nginx", atMost: 1.03 },
  { what: "resumed TLS handshake, Sluice ÷ nginx", of: "resumed", to: "resumed nginx", atMost: 1.03 },
  { what: "https kept alive, Sluice ÷ nginx", of: "https", to: "https nginx", atMost: 1.05 },
  { what: "HTTP/2, Sluice ÷ nginx", of: "h2", to: "h2 nginx", atMost: 1.05 },
];

export function dataRows({ samples, paced, reloads }: DataPlane): Row[] {
  const failed = [...samples, ...paced].reduce((sum, one) => sum + (one.proxy === SLUICE ? one.failed : 0), 0);
  return [
    ...COMPARISONS.flatMap((one) => compare(samples, one)),
    mustBeZero("failed requests of Sluice in the runs above", failed),
    mustBeZero("reloads of nginx during them", reloads),
  ];
}

function sideOf(text: string): Side {
  const [workload = "", proxy = SLUICE] = text.split(" ");
  return { workload, proxy };
}

function compare(samples: readonly Sample[], { what, of, to, atMost: limit }: Comparison): Row[] {
  const [a, b] = [sideOf(of), sideOf(to)];
  const ratio = ratioOf(samples, a, b);
  if (ratio === undefined) return [];
  const spread = ratio.rounds < 2 ? "" : `, ${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`;
  return [{
    what: `CPU per request: ${what}`,
    measured: `${ratio.median.toFixed(3)} × (${microsOf(samples, a)} and ${microsOf(samples, b)} µs${spread})`,
    goal: limit === undefined ? "" : `≤ ${limit} ×`,
    ratio: limit === undefined ? undefined : ratio.median / limit,
    within: limit === undefined ? undefined : ratio.median <= limit,
  }];
}

export function controlRows({ changes, starts, reloads, failed, requests }: ControlPlane): Row[] {
  return [
    ...changes.flatMap(changeRows),
    ...starts.flatMap(startRows),
    mustBeZero(`failed requests beside the changes (of ${requests})`, failed),
    mustBeZero("reloads of nginx for them", reloads),
  ];
}

/** The goals for a change that comes as a watch event. */
const LIVE = { "Ingress added": { p50: 5, p99: 10 }, "endpoint changed": { p50: undefined, p99: 10 } } as const;

function changeRows({ origin, kind, hosts, underTraffic, p50, p99 }: Changes): Row[] {
  const limit = origin === "watch event" ? LIVE[kind] : undefined;
  const what = `${kind} → live, ${hosts} hosts, from ${origin}, ${underTraffic ? "under traffic" : "idle"}`;
  const within = limit && (limit.p50 === undefined || p50 <= limit.p50) && p99 <= limit.p99;
  return [{
    what,
    measured: `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms`,
    goal: limit ? `${limit.p50 === undefined ? "" : `p50 ≤ ${limit.p50}, `}p99 ≤ ${limit.p99} ms` : "",
    ratio: limit && Math.max(limit.p50 === undefined ? 0 : p50 / limit.p50, p99 / limit.p99),
    within,
  }];
}

function startRows({ origin, hosts, readyMillis, controllerMiB, workerMiB }: Start): Row[] {
  const full = hosts >= 10_000;
  const worker = Math.max(...workerMiB);
  const seconds = origin === "files" ? 5 : 8;
  return [
    atMost(`start → ready, ${hosts} hosts, from ${origin}`, readyMillis / 1000, full ? seconds : undefined, "s", 2),
    atMost(`memory of a worker, ${hosts} hosts, from ${origin}`, worker, full ? 50 : undefined, "MiB", 0),
    atMost(`memory of the controller, ${hosts} hosts, from ${origin}`, controllerMiB, full ? 350 : undefined, "MiB", 0),
  ];
}

function atMost(what: string, value: number, limit: number | undefined, unit: string, digits: number): Row {
  return {
    what,
    measured: `${value.toFixed(digits)} ${unit}`,
    goal: limit === undefined ? "" : `≤ ${limit} ${unit}`,
    ratio: limit === undefined ? undefined : value / limit,
    within: limit === undefined ? undefined : value <= limit,
  };
}

function mustBeZero(what: string, count: number): Row {
  return { what, measured: String(count), goal: "0", ratio: undefined, within: count === 0 };
}

export function rowLines(rows: readonly Row[]): string[] {
  const cells = rows.map(({ what, measured, goal, ratio, within }) => [
    what, measured, goal, ratio === undefined ? "" : ratio.toFixed(3), within === undefined ? "" : within ? "yes" : "NO",
  ]);
  return table([["what", "measured", "goal", "of the goal", "within?"], ...cells]);
}

export function machineLine({ processor, processors, memoryGiB, kernel, load, versions }: Machine): string {
  const tools = Object.entries(versions).map(([tool, version]) => `${tool} ${version}`).join(", ");
  return `${processors} × ${processor}, ${memoryGiB} GiB, Linux ${kernel}, load before the run ${load.toFixed(2)}; ${tools}`;
}

export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [head = [], ...rest] = rows;
  return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rest.map(line)];
}
