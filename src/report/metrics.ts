/** Prometheus metrics: about the engine, about people's objects, and about the requests that the workers served. */
import { REASONS } from "../../edge/src/reasons.ts";
import type { EngineCounts, EngineState, NginxMeasures } from "../engine/engine.ts";
import type { Answers, CounterRow } from "../engine/protocol.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Built } from "../model/model.ts";
import type { Settings } from "../settings.ts";
import type { SourceCounts } from "../source/source.ts";
import type { ClusterCounts } from "./cluster/report.ts";
import type { AdmissionFigures } from "../admission/figures.ts";
import { admissionMetrics } from "./admission-metrics.ts";
import { controllerLabels } from "./controller-labels.ts";
import { controllerMetrics } from "./controller-metrics.ts";
import { createEngineMetrics } from "./engine-metrics.ts";
import { byLabel, CONTENT_TYPE, inPieces, labelText, linesOf, single, type Metric } from "./exposition.ts";
import { createNginxMetrics } from "./nginx-metrics.ts";
import { objectMetrics, type ObjectMetricsInput } from "./object-metrics.ts";
import { measureProcess } from "./process-metrics.ts";
import { createRequestMetrics } from "./request-metrics.ts";
import { rolloutMetrics, type RolloutFigures } from "./rollout-metrics.ts";

export interface MetricsInput {
  readonly settings: Settings;
  readonly state: () => EngineState;
  readonly counts: () => EngineCounts;
  /** Asks the agent for measures of nginx's processes; false: there is no agent to answer. */
  readonly measure: () => boolean;
  readonly findings: () => readonly Finding[];
  readonly spans: () => { readonly exported: number; readonly dropped: number };
  /** What the objects mean now; undefined: nothing was read yet. */
  readonly built: () => Built | undefined;
  /** Whether there is such an Ingress: series of others are dropped. */
  readonly exists: (namespace: string, ingress: string) => boolean;
  /** Undefined: objects come from files. */
  readonly source: () => SourceCounts | undefined;
  readonly cluster: () => ClusterCounts | undefined;
  /** Undefined: the admission webhook is off. */
  readonly admission: () => AdmissionFigures | undefined;
  /** None in a replica that does not decide about releases. */
  readonly rollouts: () => readonly RolloutFigures[];
}

/** The answer of `/metrics`, made while it is read. */
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
  const { settings, state, counts, findings, built } = input;
  const common = controllerLabels(settings);
  const leading = (): boolean | undefined => input.cluster()?.leading;
  const processText = measureProcess();
  const engine = createEngineMetrics(state, counts);
  const answers = new Map<string, number>(REASONS.map((reason) => [reason, 0]));
  const requests = createRequestMetrics(settings, common, input.exists);
  const nginx = settings.enableMetrics ? createNginxMetrics(common, input.measure) : undefined;
  const controller = { common, counts, refused: () => state().refused !== undefined, leading, electionId: settings.electionId };
  const objects: ObjectMetricsInput = {
    common, controllerClass: settings.controllerClass, findings, leading, model: () => built()?.model, own: () => built()?.own ?? new Map(),
  };
  const own: readonly Metric[] = [
    ...engine.metrics,
    { type: "gauge", name: "sluice_findings", help: "Findings about objects, by severity and code.", samples: () => countFindings(findings()) },
    single("counter", "sluice_spans_exported_total", "Spans that the OpenTelemetry collector took.", () => input.spans().exported),
    single("counter", "sluice_spans_dropped_total", "Spans that found no room, or that the collector refused.", () => input.spans().dropped),
    byField("sluice_source_total", "What became of the conversation with the API server.", input.source),
    byField("sluice_status_total", "What became of the statuses that were to be written.", () => input.cluster()?.status),
    byField("sluice_events_total", "What became of the Events that were to be written.", () => input.cluster()?.events),
    byLabel("counter", "sluice_answers_total", "Requests that Sluice answered itself, by why.", "reason", () => answers),
    byField("sluice_metrics_folded_requests_total",
      "Requests that were counted, or measured, without the labels of their route, because --metrics-max-series was reached.", () => requests.folded),
    ...(nginx ? [...nginx.metrics, ...controllerMetrics(controller)] : []),
  ];
  /** Metrics that exist only while there is something to measure: the webhook, the Model. */
  const passing = (): Metric[] => {
    const admission = input.admission();
    return [...(admission ? admissionMetrics(admission, common) : []), ...objectMetrics(objects)];
  };
  const everything = async function* (): AsyncGenerator<string> {
    await nginx?.fresh();
    yield await processText();
    yield* inPieces(linesOf([...own, ...rolloutMetrics(input.rollouts()), ...(settings.enableMetrics ? passing() : []), ...requests.metrics]));
  };
  return {
    count(rows, answered) {
      requests.count(rows);
      for (const [reason, number] of Object.entries(answered)) answers.set(reason, (answers.get(reason) ?? 0) + number);
    },
    measured: (measures) => nginx?.take(measures),
    turned: (parts, milliseconds) => engine.turned(parts, milliseconds),
    look: () => engine.look(),
    scrape: () => ({ type: CONTENT_TYPE, pieces: everything() }),
  };
}

/** A counter with one series for each field of `counts`, labelled `what`. */
function byField(name: string, help: string, counts: () => object | undefined): Metric {
  const kebab = (field: string): string => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return byLabel("counter", name, help, "what", () => (Object.entries(counts() ?? {}) as [string, number][]).map(([field, number]) => [kebab(field), number]));
}

function countFindings(findings: readonly Finding[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { severity, code } of findings) {
    const labels = labelText({ severity, code });
    counts.set(labels, (counts.get(labels) ?? 0) + 1);
  }
  return counts;
}
