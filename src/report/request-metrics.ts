/**
 * Metrics of requests by route, with ingress-nginx's names and labels: what the workers count and measure, added up.
 *
 * Guarantee: the number of series is bounded. Labels are what is configured (a rule's host, a path as declared), never
 * what a client says. Beyond `--metrics-max-series` requests are counted without the labels of their route (folded), and
 * `folded` says how many. Series of an Ingress that is gone are dropped, and leave room for others.
 */
import { HISTOGRAMS, layoutOf, TALLIED_METHODS, type Histogram } from "../../edge/src/measures.ts";
import { boundsOf } from "../compile/measures.ts";
import type { CounterRow } from "../engine/protocol.ts";
import type { Settings } from "../settings.ts";
import { boundTexts, labelText, type Distribution, type HistogramMetric, type Labels, type Metric, type Sample } from "./exposition.ts";

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
  /** Keys of this series in `byWords`. */
  readonly words: string[];
  readonly namespace: string;
  readonly ingress: string;
  requests: number;
  /** Measurements; absent: there are none, or they are in a series of `others`. */
  cells: Float64Array | undefined;
}

export interface RequestMetrics {
  count(rows: readonly CounterRow[]): void;
  /** Requests for whose series there was no room: counted, and measured, without the labels of their route. */
  readonly folded: { readonly requests: number; readonly histograms: number };
  readonly metrics: readonly Metric[];
}

/**
 * @param common labels of every series.
 * @param exists whether there is such an Ingress: a scrape drops the series of others.
 */
export function createRequestMetrics(settings: Settings, common: Labels, exists: (namespace: string, ingress: string) => boolean): RequestMetrics {
  const bounds = boundsOf(settings);
  const { starts, length } = layoutOf(bounds);
  const excluded = new Set(settings.excludeSocketMetrics);
  const series = new Map<string, Series>();
  /** Series of the requests for which there was no room, by status and method. */
  const others = new Map<string, Series>();
  function* all(): Generator<Series> {
    yield* series.values();
    yield* others.values();
  }
  const histograms = HISTOGRAMS.flatMap((histogram, index) =>
    excluded.has(histogram.name) ? [] : [histogramMetric(histogram, starts[index] ?? 0, bounds[histogram.scale], all)]);
  /** Lines of a series that is measured: those of its buckets, and the sum and the count of each histogram. */
  const linesEach = histograms.reduce((sum, { bounds: { length: buckets } }) => sum + buckets + 2, 0);
  let measured = 0;
  const folded = { requests: 0, histograms: 0 };

  const newSeries = (labels: string, { namespace, ingress }: Pick<CounterRow, "namespace" | "ingress">): Series =>
    ({ labels, words: [], namespace, ingress, requests: 0, cells: undefined });

  const other = (row: CounterRow): Series => {
    const labels = labelText({ ...common, ...labelsOf({ ...row, namespace: "", ingress: "", service: "", path: "", canary: "", host: "" }, settings) });
    // Requests that no route took may have these labels already: there must not be two series of the same labels.
    const known = others.get(labels) ?? series.get(labels) ?? newSeries(labels, { namespace: "", ingress: "" });
    series.delete(labels);
    others.set(labels, known);
    return known;
  };

  /**
   * Series by the values of a row as workers send them, because writing labels takes long. Bounded like the series: many
   * different values may have the same labels.
   */
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
    const known = series.get(labels) ?? others.get(labels);
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

  const requests: Metric = {
    type: "counter", name: `${PREFIX}requests`, help: "Requests answered, by the route that took them.",
    *samples() {
      for (const one of all()) {
        if (one.ingress !== "" && !exists(one.namespace, one.ingress)) forget(one);
        else if (one.requests > 0 && !excluded.has("requests")) yield [one.labels, one.requests];
      }
    },
  };

  return {
    folded,
    metrics: [requests, ...(settings.enableMetrics ? histograms : [])],
    count(rows) {
      for (const row of rows) add(row);
    },
  };
}

/** The labels of a row, in ingress-nginx's order. Method and host are only known where requests are measured. */
function labelsOf(row: CounterRow, settings: Settings): Record<string, string> {
  const status = settings.reportStatusClasses ? `${Math.floor(row.status / 100)}xx` : String(row.status);
  return {
    status,
    ...(row.method === undefined ? {} : { method: TALLIED_METHODS.includes(row.method) ? row.method : "OTHER" }),
    path: settings.metricsPerPath ? row.path : "",
    namespace: row.namespace,
    ingress: row.ingress,
    service: row.service,
    canary: row.canary,
    ...(row.method !== undefined && settings.metricsPerHost ? { host: row.host ?? "" } : {}),
  };
}

/** @param start where the histogram begins in the cells of a series. */
function histogramMetric({ name, scale }: Histogram, start: number, bounds: readonly number[], all: () => Iterable<Series>): HistogramMetric {
  // The edge counts milliseconds.
  const unit = scale === "time" ? 1000 : 1;
  return {
    type: "histogram", name: PREFIX + name, help: HELP[name] ?? "", bounds: boundTexts(bounds.map((bound) => bound / unit)),
    *samples(): Generator<Sample<Distribution>> {
      for (const { labels, cells } of all()) {
        const buckets = cells?.subarray(start + 1, start + 2 + bounds.length);
        if (cells && buckets?.some((observations) => observations > 0)) yield [labels, { sum: (cells[start] ?? 0) / unit, buckets }];
      }
    },
  };
}
