/** Prometheus metrics: what the engine runs, what people's objects are worth, what the workers served. */
import { REASONS } from "../../edge/src/reasons.ts";
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { EngineState } from "../engine/engine.ts";
import type { Answers, CounterRow } from "../engine/protocol.ts";
import type { Finding } from "../model/findings.ts";
import type { Settings } from "../settings.ts";
import { controllerLabels } from "./controller-labels.ts";
import { inPieces } from "./exposition.ts";
import { createRequestMetrics } from "./request-metrics.ts";

export interface MetricsInput {
  readonly settings: Settings;
  readonly state: () => EngineState;
  readonly findings: () => readonly Finding[];
  readonly spans: () => SpanCounts;
  /** Whether there is such an Ingress: series of others are dropped. */
  readonly exists: (namespace: string, ingress: string) => boolean;
}

/** Everything at `/metrics`, made while it is read. */
export interface Scrape {
  readonly type: string;
  readonly pieces: AsyncIterable<string>;
}

export interface Metrics {
  count(rows: readonly CounterRow[], answers: Answers): void;
  scrape(): Scrape;
}

export function createMetrics({ settings, state, findings, spans, exists }: MetricsInput): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: (state: EngineState) => number): void => {
    new Gauge({ name, help, registers: [registry], collect() { this.set(value(state())); } });
  };
  gauge("sluice_generation_observed", "Number of the newest Program.", (s) => s.observed);
  gauge("sluice_generation_programmed", "Newest Program that every worker has acknowledged.", (s) => s.programmed);
  gauge("sluice_workers", "Connected workers of the running nginx.", (s) => s.workers);
  countReloads(registry, state);
  countFindings(registry, findings);
  countSpans(registry, spans);
  const requests = createRequestMetrics(settings, controllerLabels(settings));
  countFolded(registry, () => requests.folded);
  const answered = countAnswers(registry);
  return {
    count(rows, answers) {
      requests.count(rows);
      for (const [reason, number] of Object.entries(answers)) answered.inc({ reason }, number);
    },
    scrape: () => ({ type: registry.contentType, pieces: everything(registry, requests.lines(exists)) }),
  };
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

async function* everything(registry: Registry, requests: Iterable<string>): AsyncGenerator<string> {
  yield await registry.metrics();
  yield* inPieces(requests);
}

function countFolded(registry: Registry, folded: () => { readonly requests: number; readonly histograms: number }): void {
  new Counter({
    name: "sluice_metrics_folded_requests_total",
    help: "Requests that were counted, or measured, without the labels of their route, because --metrics-max-series was reached.",
    labelNames: ["of"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [of, requests] of Object.entries(folded())) this.inc({ of }, requests as number);
    },
  });
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

function countReloads(registry: Registry, state: () => EngineState): void {
  new Counter({
    name: "sluice_reloads_total",
    help: "Reloads of nginx since this controller started, by what made them necessary.",
    labelNames: ["reason"],
    registers: [registry],
    collect() {
      this.reset();
      for (const reason of ["new-profile", "settings"]) this.inc({ reason }, state().reloadReasons.get(reason) ?? 0);
      // Of the nginx below http.
      this.inc({ reason: "listeners" }, state().streams.reloads);
    },
  });
}

function countFindings(registry: Registry, findings: () => readonly Finding[]): void {
  new Gauge({
    name: "sluice_findings",
    help: "Findings about objects, by severity and code.",
    labelNames: ["severity", "code"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { severity, code } of findings()) this.inc({ severity, code });
    },
  });
}
