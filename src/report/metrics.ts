/** Prometheus metrics: what the engine runs, what people's objects are worth, what the workers served. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import { REASONS } from "../../edge/src/reasons.ts";
import type { EngineCounts, EngineState, NginxMeasures } from "../engine/engine.ts";
import type { Answers, CounterRow } from "../engine/protocol.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Built } from "../model/model.ts";
import type { Settings } from "../settings.ts";
import type { SourceCounts } from "../source/source.ts";
import type { ClusterCounts } from "./cluster/report.ts";
import type { AdmissionFigures } from "../admission/figures.ts";
import { admissionLines } from "./admission-metrics.ts";
import { controllerLabels } from "./controller-labels.ts";
import { addControllerMetrics } from "./controller-metrics.ts";
import { addEngineMetrics } from "./engine-metrics.ts";
import { inPieces } from "./exposition.ts";
import { createNginxMetrics, type NginxMetrics } from "./nginx-metrics.ts";
import { objectLines, type ObjectMetricsInput } from "./object-metrics.ts";
import { createRequestMetrics } from "./request-metrics.ts";

export interface MetricsInput {
  readonly settings: Settings;
  readonly state: () => EngineState;
  readonly counts: () => EngineCounts;
  /** Asks for measures of nginx's processes; false: nobody will answer. */
  readonly measure: () => boolean;
  readonly findings: () => readonly Finding[];
  readonly spans: () => SpanCounts;
  /** What the objects mean now; undefined: nothing was read yet. */
  readonly built: () => Built | undefined;
  /** Whether there is such an Ingress: series of others are dropped. */
  readonly exists: (namespace: string, ingress: string) => boolean;
  /** Undefined: objects come from files. */
  readonly source: () => SourceCounts | undefined;
  readonly cluster: () => ClusterCounts | undefined;
  /** Undefined: nobody asks before writing an Ingress. */
  readonly admission: () => AdmissionFigures | undefined;
}

/** Everything at `/metrics`, made while it is read. */
export interface Scrape {
  readonly type: string;
  readonly pieces: AsyncIterable<string>;
}

export interface Metrics {
  count(rows: readonly CounterRow[], answers: Answers): void;
  measured(measures: NginxMeasures): void;
  turned(parts: number, milliseconds: number): void;
  /** The engine got further. */
  look(): void;
  scrape(): Scrape;
}

export function createMetrics(input: MetricsInput): Metrics {
  const { settings, state, counts, findings, built, exists } = input;
  const registry = new Registry();
  const common = controllerLabels(settings);
  const leading = (): boolean | undefined => input.cluster()?.leading;
  collectDefaultMetrics({ register: registry });
  const engine = addEngineMetrics(registry, state, counts);
  countFindings(registry, findings);
  countSpans(registry, input.spans);
  countEach(registry, "sluice_source_total", "What became of the conversation with the API server.", input.source);
  countEach(registry, "sluice_status_total", "What became of the statuses that were to be written.", () => input.cluster()?.status);
  countEach(registry, "sluice_events_total", "What became of the Events that were to be written.", () => input.cluster()?.events);
  const answered = countAnswers(registry);
  const requests = createRequestMetrics(settings, common);
  countEach(registry, "sluice_metrics_folded_requests_total",
    "Requests that were counted, or measured, without the labels of their route, because --metrics-max-series was reached.", () => requests.folded);
  const nginx = settings.enableMetrics ? createNginxMetrics(registry, common, input.measure) : undefined;
  if (settings.enableMetrics) {
    addControllerMetrics(registry, { common, counts, refused: () => state().refused !== undefined, leading, electionId: settings.electionId });
  }
  const objects: ObjectMetricsInput = {
    common, controllerClass: settings.controllerClass, findings, leading, model: () => built()?.model, ingresses: () => built()?.ingresses ?? new Map(),
  };
  const lines = function* (): Generator<string> {
    const admission = settings.enableMetrics ? input.admission() : undefined;
    if (admission) yield* admissionLines(admission, common);
    if (settings.enableMetrics) yield* objectLines(objects);
    yield* requests.lines(exists);
  };
  return {
    count(rows, answers) {
      requests.count(rows);
      for (const [reason, number] of Object.entries(answers)) answered.inc({ reason }, number);
    },
    measured: (measures) => nginx?.take(measures),
    turned: (parts, milliseconds) => engine.turned(parts, milliseconds),
    look: () => engine.look(),
    scrape: () => ({ type: registry.contentType, pieces: everything(registry, nginx, lines()) }),
  };
}

async function* everything(registry: Registry, nginx: NginxMetrics | undefined, lines: Iterable<string>): AsyncGenerator<string> {
  await nginx?.fresh();
  yield await registry.metrics();
  yield* inPieces(lines);
}

function countAnswers(registry: Registry): Counter<"reason"> {
  const counter = new Counter({
    name: "sluice_answers_total",
    help: "Requests that Sluice answered itself, by why.",
    labelNames: ["reason"],
    registers: [registry],
  });
  for (const reason of REASONS) counter.inc({ reason }, 0);
  return counter;
}

/** Numbers that only ever grow, by name. */
function countEach(registry: Registry, name: string, help: string, counts: () => object | undefined): void {
  new Counter({
    name,
    help,
    labelNames: ["what"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [what, number] of Object.entries(counts() ?? {}) as [string, number][]) this.inc({ what: kebab(what) }, number);
    },
  });
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

interface SpanCounts {
  readonly exported: number;
  readonly dropped: number;
}

function countSpans(registry: Registry, spans: () => SpanCounts): void {
  const counter = (name: string, help: string, value: () => number): void => {
    new Counter({ name, help, registers: [registry], collect() { this.reset(); this.inc(value()); } });
  };
  counter("sluice_spans_exported_total", "Spans that the OpenTelemetry collector took.", () => spans().exported);
  counter("sluice_spans_dropped_total", "Spans that found no room, or that the collector refused.", () => spans().dropped);
}

function countFindings(registry: Registry, findings: () => readonly Finding[]): void {
  new Gauge({
    name: "sluice_findings",
    help: "Findings about objects, by severity and code.",
    labelNames: ["severity", "code"],
    registers: [registry],
    collect() {
      this.reset();
      const counts = new Map<string, { readonly severity: string; readonly code: string; count: number }>();
      for (const { severity, code } of findings()) {
        const known = counts.get(code + severity) ?? { severity, code, count: 0 };
        counts.set(code + severity, { ...known, count: known.count + 1 });
      }
      for (const { severity, code, count } of counts.values()) this.set({ severity, code }, count);
    },
  });
}
