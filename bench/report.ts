/** The table: what was measured, what the performance contract asks for, and whether it is met. */
import type { Changes, ControlPlane, Start } from "./control-plane.ts";
import type { DataPlane, Sample } from "./data-plane.ts";
import { ratioOf, samplesOf } from "./data-plane.ts";
import type { Machine } from "./machine.ts";
import { median } from "./statistics.ts";

export interface Row {
  readonly what: string;
  readonly measured: string;
  /** The limit that the contract sets; "" where there is none and the number is for information. */
  readonly contract: string;
  /** The measured value ÷ the limit. */
  readonly ratio: number | undefined;
  readonly within: boolean | undefined;
}

/** One comparison of processor time per request. */
interface Comparison {
  readonly what: string;
  readonly of: string;
  readonly to: string;
  readonly atMost?: number;
}

const COMPARISONS: readonly Comparison[] = [
  { what: "plain route, Sluice ÷ nginx", of: "plain Sluice", to: "plain nginx", atMost: 1.15 },
  { what: "plain route, Sluice ÷ HAProxy", of: "plain Sluice", to: "plain HAProxy", atMost: 1.15 },
  { what: "--enable-metrics ÷ without", of: "measured Sluice", to: "plain Sluice" },
  { what: "10,000 hosts ÷ one, same host asked", of: "crowded Sluice", to: "plain Sluice", atMost: 1.03 },
  { what: "10,000 hosts ÷ one, all asked in turn", of: "spread Sluice", to: "plain Sluice" },
  { what: "twelve paths ÷ one", of: "paths Sluice", to: "plain Sluice" },
  { what: "canary by weight ÷ plain", of: "weight Sluice", to: "plain Sluice", atMost: 1.05 },
  { what: "canary by header ÷ plain, same request", of: "header Sluice", to: "plain, the header Sluice", atMost: 1.05 },
  { what: "canary by cookie ÷ plain, same request", of: "cookie Sluice", to: "plain, the cookie Sluice", atMost: 1.05 },
  { what: "https kept alive, Sluice ÷ nginx", of: "https Sluice", to: "https nginx" },
  { what: "https kept alive, Sluice ÷ HAProxy", of: "https Sluice", to: "https HAProxy" },
  { what: "HTTP/2, Sluice ÷ nginx", of: "h2 Sluice", to: "h2 nginx" },
  { what: "HTTP/2, Sluice ÷ HAProxy", of: "h2 Sluice", to: "h2 HAProxy" },
  { what: "access log written, Sluice ÷ nginx", of: "logging Sluice", to: "logging nginx" },
  { what: "access log written, Sluice ÷ HAProxy", of: "logging Sluice", to: "logging HAProxy" },
];

export function dataRows({ samples, reloads }: DataPlane): Row[] {
  const failed = samples.reduce((sum, sample) => sum + sample.failed, 0);
  return [
    ...COMPARISONS.flatMap((one) => compare(samples, one)),
    mustBeZero("failed requests of the runs above", failed),
    mustBeZero("reloads of nginx during them", reloads),
  ];
}

function compare(samples: readonly Sample[], { what, of, to, atMost }: Comparison): Row[] {
  const ratio = ratioOf(samples, of, to);
  if (ratio === undefined) return [];
  const micros = (id: string): string => median(samplesOf(samples, id).map((sample) => sample.microsPerRequest)).toFixed(1);
  return [{
    what: `CPU per request: ${what}`,
    measured: `${ratio.toFixed(3)} × (${micros(of)} and ${micros(to)} µs)`,
    contract: atMost === undefined ? "" : `≤ ${atMost} ×`,
    ratio: atMost === undefined ? undefined : ratio / atMost,
    within: atMost === undefined ? undefined : ratio <= atMost,
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

/** What the contract asks of a change that comes as a watch event. */
const LIVE = { "Ingress added": { p50: 5, p99: 25 }, "endpoint changed": { p50: undefined, p99: 10 } } as const;

function changeRows({ origin, kind, hosts, underTraffic, p50, p99 }: Changes): Row[] {
  const limit = origin === "watch event" ? LIVE[kind] : undefined;
  const what = `${kind} → live, ${hosts} hosts, from ${origin}, ${underTraffic ? "under traffic" : "idle"}`;
  const within = limit && (limit.p50 === undefined || p50 <= limit.p50) && p99 <= limit.p99;
  return [{
    what,
    measured: `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms`,
    contract: limit ? `${limit.p50 === undefined ? "" : `p50 ≤ ${limit.p50}, `}p99 ≤ ${limit.p99} ms` : "",
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
    contract: limit === undefined ? "" : `≤ ${limit} ${unit}`,
    ratio: limit === undefined ? undefined : value / limit,
    within: limit === undefined ? undefined : value <= limit,
  };
}

function mustBeZero(what: string, count: number): Row {
  return { what, measured: String(count), contract: "0", ratio: undefined, within: count === 0 };
}

/** Every case of the data plane on a line: the numbers from which the ratios come, and how much they vary. */
export function caseLines({ samples }: DataPlane): string[] {
  const ids = [...new Set(samples.map(({ id }) => id))];
  const cells = ids.map((id) => {
    const of = samplesOf(samples, id);
    const micros = of.map(({ microsPerRequest }) => microsPerRequest);
    const p99 = median(of.map(({ p99Micros }) => p99Micros)) / 1000;
    return [
      id, median(micros).toFixed(1), Math.min(...micros).toFixed(1), Math.max(...micros).toFixed(1),
      Math.round(median(of.map(({ perSecond }) => perSecond))).toString(), Number.isNaN(p99) ? "–" : p99.toFixed(1),
      String(of.reduce((sum, { failed }) => sum + failed, 0)),
    ];
  });
  return table([["case", "µs CPU/request", "min", "max", "requests/s", "p99 ms", "failed"], ...cells]);
}

export function rowLines(rows: readonly Row[]): string[] {
  const cells = rows.map(({ what, measured, contract, ratio, within }) => [
    what, measured, contract, ratio === undefined ? "" : ratio.toFixed(3), within === undefined ? "" : within ? "yes" : "NO",
  ]);
  return table([["what", "measured", "contract", "ratio", "within?"], ...cells]);
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
