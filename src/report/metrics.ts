/** Prometheus metrics: what the engine runs, what people's objects are worth, what the workers served. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { EngineState } from "../engine/engine.ts";
import type { CounterRow } from "../engine/protocol.ts";
import type { Finding } from "../model/findings.ts";

export interface Metrics {
  count(rows: readonly CounterRow[]): void;
  render(): Promise<{ type: string; text: string }>;
}

export function createMetrics(state: () => EngineState, findings: () => readonly Finding[], spans: () => SpanCounts): Metrics {
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
  const requests = new Counter({
    name: "nginx_ingress_controller_requests",
    help: "Requests answered, by the route that took them.",
    labelNames: ["namespace", "ingress", "service", "path", "canary", "status"],
    registers: [registry],
  });
  return {
    count(rows) {
      for (const { requests: number, status, ...labels } of rows) requests.inc({ ...labels, status: String(status) }, number);
    },
    render: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
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
