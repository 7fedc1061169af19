/**
 * Requests by route, as ingress-nginx names and labels them: what the workers count and measure, added up.
 *
 * Guarantee: the number of series is bounded. Labels are what is configured (a rule's host, a path as declared), never
 * what a client says; and beyond `--metrics-max-series` requests are counted without the labels of their route, and
 * counted as such. Series of an Ingress that is gone are dropped, and leave room for others.
 */
import { HISTOGRAMS, layoutOf, METHODS, type Histogram } from "../../edge/src/measures.ts";
import { boundsOf } from "../compile/measures.ts";
import type { CounterRow } from "../engine/protocol.ts";
import type { Settings } from "../settings.ts";
import { heading, labelText, numberText } from "./exposition.ts";

export const PREFIX = "nginx_ingress_controller_";

const HELP: Readonly<Record<string, string>> = {
  request_duration_seconds: "Time from the first byte of a request to the last of its answer.",
  connect_duration_seconds: "Time to connect to the backend.",
  header_duration_seconds: "Time until the backend's header had come.",
  response_duration_seconds: "Time until the backend's answer had come.",
  response_size: "Bytes sent to the client, header included.",
  bytes_sent: "Bytes sent to the client, header included. Deprecated: the same as response_size.",
  request_size: "Bytes of the request, header and body.",
};

interface Series {
  readonly labels: string;
  /** What workers say when they mean it. */
  readonly words: string[];
  readonly namespace: string;
  readonly ingress: string;
  requests: number;
  /** Absent: its measurements are with those of all that found no room. */
  cells: Float64Array | undefined;
}

export interface RequestMetrics {
  count(rows: readonly CounterRow[]): void;
  /** Series without place of their own: requests counted, and requests measured, without the labels of their route. */
  readonly folded: { readonly requests: number; readonly histograms: number };
  /** In the text format; drops the series of Ingresses that do not exist any more. */
  lines(exists: (namespace: string, ingress: string) => boolean): Generator<string>;
}

/** @param common labels of every series. */
export function createRequestMetrics(settings: Settings, common: Readonly<Record<string, string>>): RequestMetrics {
  const bounds = boundsOf(settings);
  const { starts, length } = layoutOf(bounds);
  const excluded = new Set(settings.excludeSocketMetrics);
  const histograms = HISTOGRAMS.map((histogram, index) => describe(histogram, starts[index] ?? 0, bounds[histogram.scale]))
    .filter(({ name }) => !excluded.has(name));
  const linesEach = histograms.reduce((sum, { bounds: { length: buckets } }) => sum + buckets + 3, 0);
  const series = new Map<string, Series>();
  /** What found no room, by status and method. */
  const others = new Map<string, Series>();
  let measured = 0;
  const folded = { requests: 0, histograms: 0 };

  const newSeries = (labels: string, { namespace, ingress }: Pick<CounterRow, "namespace" | "ingress">): Series =>
    ({ labels, words: [], namespace, ingress, requests: 0, cells: undefined });

  const other = (row: CounterRow): Series => {
    const labels = labelText({ ...common, ...labelsOf({ ...row, namespace: "", ingress: "", service: "", path: "", canary: "", host: "" }, settings) });
    const known = others.get(labels) ?? newSeries(labels, { namespace: "", ingress: "" });
    others.set(labels, known);
    return known;
  };

  /** What workers say, as it comes, in place of the labels that it takes long to write. No more of it than of series: much may have the same labels. */
  const byWords = new Map<string, Series>();
  const place = (row: CounterRow): Series => {
    const words = [row.status, row.method, row.namespace, row.ingress, row.service, row.path, row.canary, row.host].join("\n");
    const known = byWords.get(words);
    if (known) return known;
    const found = labelled(row);
    if (!others.has(found.labels) && byWords.size < settings.metricsMaxSeries) {
      byWords.set(words, found);
      found.words.push(words);
    }
    return found;
  };

  const labelled = (row: CounterRow): Series => {
    const labels = labelText({ ...common, ...labelsOf(row, settings) });
    const known = series.get(labels);
    if (known) return known;
    if (series.size >= settings.metricsMaxSeries) {
      return other(row);
    }
    const added = newSeries(labels, row);
    series.set(labels, added);
    return added;
  };

  /** The series that takes the measurements of a row. */
  const measuredIn = (one: Series, row: CounterRow): Series => {
    if (one.cells && !others.has(one.labels)) return one;
    const mayGrow = !others.has(one.labels) && (measured + 1) * linesEach <= settings.metricsMaxSeries;
    const taker = mayGrow ? one : other(row);
    if (mayGrow) measured++;
    else folded.histograms += row.requests;
    taker.cells ??= new Float64Array(length);
    return taker;
  };

  const add = (row: CounterRow): void => {
    const one = place(row);
    if (others.has(one.labels)) folded.requests += row.requests;
    one.requests += row.requests;
    if (row.cells === undefined || row.cells.length === 0) return;
    const cells = measuredIn(one, row).cells as Float64Array;
    for (let at = 0; at + 1 < row.cells.length; at += 2) {
      const index = row.cells[at] as number;
      if (Number.isInteger(index) && index < length) cells[index] = (cells[index] ?? 0) + (row.cells[at + 1] as number);
    }
  };

  const forget = (one: Series): void => {
    series.delete(one.labels);
    for (const words of one.words) byWords.delete(words);
    if (one.cells) measured--;
  };

  function* all(): Generator<Series> {
    yield* series.values();
    yield* others.values();
  }

  return {
    folded,
    count(rows) {
      for (const row of rows) add(row);
    },
    *lines(exists) {
      yield heading(`${PREFIX}requests`, "counter", "Requests answered, by the route that took them.");
      for (const one of all()) {
        if (one.ingress !== "" && !exists(one.namespace, one.ingress)) forget(one);
        else if (one.requests > 0 && !excluded.has("requests")) yield `${PREFIX}requests{${one.labels}} ${one.requests}\n`;
      }
      if (!settings.enableMetrics) return;
      for (const histogram of histograms) {
        yield heading(PREFIX + histogram.name, "histogram", HELP[histogram.name] ?? "");
        for (const { labels, cells } of all()) if (cells) yield linesOf(histogram, labels, cells);
      }
    },
  };
}

/** In ingress-nginx's order. Method and host are known where requests are measured. */
function labelsOf(row: CounterRow, settings: Settings): Record<string, string> {
  const status = settings.reportStatusClasses ? `${Math.floor(row.status / 100)}xx` : String(row.status);
  return {
    status,
    ...(row.method === undefined ? {} : { method: METHODS.includes(row.method) ? row.method : "OTHER" }),
    path: settings.metricsPerPath ? row.path : "",
    namespace: row.namespace,
    ingress: row.ingress,
    service: row.service,
    canary: row.canary,
    ...(row.method !== undefined && settings.metricsPerHost ? { host: row.host ?? "" } : {}),
  };
}

interface Described {
  readonly name: string;
  readonly start: number;
  readonly bounds: readonly number[];
  /** Text of each upper bound, the last one included. */
  readonly texts: readonly string[];
  /** What the edge counts in one of the metric's unit. */
  readonly unit: number;
}

function describe({ name, scale }: Histogram, start: number, bounds: readonly number[]): Described {
  const unit = scale === "time" ? 1000 : 1;
  return { name, start, bounds, texts: [...bounds.map((bound) => numberText(bound / unit)), "+Inf"], unit };
}

function linesOf({ name, start, texts, unit }: Described, labels: string, cells: Float64Array): string {
  let total = 0;
  let text = "";
  for (const [bucket, le] of texts.entries()) {
    total += cells[start + 1 + bucket] ?? 0;
    text += `${PREFIX}${name}_bucket{${labels},le="${le}"} ${total}\n`;
  }
  if (total === 0) return "";
  return `${text}${PREFIX}${name}_sum{${labels}} ${(cells[start] ?? 0) / unit}\n${PREFIX}${name}_count{${labels}} ${total}\n`;
}
