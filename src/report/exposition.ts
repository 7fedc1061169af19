/**
 * Prometheus' text format. A metric is data: its name, its meaning, and its samples at the time of a scrape. There may
 * be thousands of series: they are written piece by piece, so that a scrape never keeps the controller from its work.
 */

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;

/** One series: its labels as `labelText` writes them, and its value now. */
export type Sample<Value = number> = readonly [labels: string, value: Value];

/** The value of a histogram. */
export interface Distribution {
  readonly sum: number;
  /** Observations by bucket, each counted once; the last bucket has no bound. */
  readonly buckets: ArrayLike<number>;
}

interface Family<Type extends string, Value> {
  readonly type: Type;
  readonly name: string;
  /** One line. */
  readonly help: string;
  readonly samples: () => Iterable<Sample<Value>>;
}

export interface HistogramMetric extends Family<"histogram", Distribution> {
  /** Text of each upper bound, `+Inf` for the last one included. */
  readonly bounds: readonly string[];
}

export type Metric = Family<"counter" | "gauge", number> | HistogramMetric;

/** A metric with one series; with none while there is no value. */
export function single(type: "counter" | "gauge", name: string, help: string, value: () => number | undefined, labels: Labels = {}): Metric {
  const text = labelText(labels);
  const samples = (now: number | undefined): Sample[] => (now === undefined ? [] : [[text, now]]);
  return { type, name, help, samples: () => samples(value()) };
}

/** A metric whose series differ in one label; the labels of `common` stand before it. */
export function byLabel(
  type: "counter" | "gauge", name: string, help: string, label: string, values: () => Iterable<readonly [value: string, number: number]>, common: Labels = {},
): Metric {
  return { type, name, help, samples: () => Array.from(values(), ([value, number]) => [labelText({ ...common, [label]: value }), number]) };
}

/** A histogram without labels, of what this process observes. */
export interface Observed extends HistogramMetric {
  observe(value: number): void;
}

/** @param bounds upper bounds of the buckets, ascending. */
export function histogram(name: string, help: string, bounds: readonly number[]): Observed {
  const buckets = Array.from({ length: bounds.length + 1 }, () => 0);
  let sum = 0;
  return {
    type: "histogram", name, help, bounds: boundTexts(bounds),
    samples: () => [["", { sum, buckets }]],
    observe(value) {
      const bucket = bounds.findIndex((bound) => value <= bound);
      const index = bucket === -1 ? bounds.length : bucket;
      buckets[index] = (buckets[index] ?? 0) + 1;
      sum += value;
    },
  };
}

/** The bounds as text, written as Go and so ingress-nginx write them: `0.005`, `100000`, `1e+06`. */
export function boundTexts(bounds: readonly number[]): string[] {
  return [...bounds.map((bound) => (bound < 1e6 ? String(bound) : bound.toExponential().replace(/\+(\d)$/, "+0$1"))), "+Inf"];
}

/** `a="1",b="2"`, in the order given; values may be any text. */
export function labelText(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`).join(",");
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n") : value;
}

/** The metrics as text: each family once, its samples together. */
export function* linesOf(metrics: Iterable<Metric>): Generator<string> {
  for (const metric of metrics) {
    const { type, name, help } = metric;
    yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    if (metric.type === "histogram") for (const [labels, value] of metric.samples()) yield distributionLines(metric, labels, value);
    else for (const [labels, value] of metric.samples()) yield `${name}${labels === "" ? "" : `{${labels}}`} ${value}\n`;
  }
}

/** All lines of a series, made at once so that they agree whatever is counted meanwhile. */
function distributionLines({ name, bounds }: HistogramMetric, labels: string, { sum, buckets }: Distribution): string {
  const before = labels === "" ? "" : `${labels},`;
  const braces = labels === "" ? "" : `{${labels}}`;
  let total = 0;
  let text = "";
  for (const [bucket, bound] of bounds.entries()) {
    total += buckets[bucket] ?? 0;
    text += `${name}_bucket{${before}le="${bound}"} ${total}\n`;
  }
  return `${text}${name}_sum${braces} ${sum}\n${name}_count${braces} ${total}\n`;
}

/** Characters, and milliseconds, after which other work gets a turn. */
const PIECE = 64 * 1024;
const TURN_MS = 5;

/** Joins lines to pieces, and lets the event loop turn between two of them. */
export async function* inPieces(lines: Iterable<string>): AsyncGenerator<string> {
  let piece = "";
  let begun = performance.now();
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE && performance.now() - begun < TURN_MS) continue;
    yield piece;
    piece = "";
    await new Promise(setImmediate);
    begun = performance.now();
  }
  if (piece !== "") yield piece;
}
