/** Metrics of the way of changes from the source to every worker: how many there are, and how long they take. */
import type { EngineCounts, EngineState } from "../engine/engine.ts";
import { byLabel, histogram, single, type Metric, type Observed } from "./exposition.ts";

export interface EngineMetrics {
  readonly metrics: readonly Metric[];
  /** A turn of the controller ended: parts that it changed, and how long it took. */
  turned(parts: number, milliseconds: number): void;
  /** The engine got further. */
  look(): void;
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Most generations, or changes, that are measured at a time. There are fewer as long as somebody acknowledges. */
const MOST_FOLLOWED = 1000;

export function createEngineMetrics(state: () => EngineState, counts: () => EngineCounts): EngineMetrics {
  const gauge = (name: string, help: string, value: (state: EngineState) => number): Metric => single("gauge", name, help, () => value(state()));
  const counter = (name: string, help: string, value: (counts: EngineCounts) => number): Metric => single("counter", name, help, () => value(counts()));
  const ofEach = (type: "counter" | "gauge", name: string, help: string, field: "generations" | "workers" | "ended"): Metric =>
    byLabel(type, name, help, "nginx", () => (["http", "stream"] as const).map((nginx) => [nginx, state().leaving[nginx][field]]));
  const turn = histogram("sluice_turn_seconds", "How long the controller works at what changed, until it is published.", BUCKETS);
  const acknowledgement = histogram("sluice_acknowledgement_seconds", "From publishing a generation until every worker has acknowledged it.", BUCKETS);
  const applyToLive = histogram("sluice_apply_to_live_seconds", "From the first look at a change until every worker runs it, a reload that it needs included.", BUCKETS);
  const metrics = [
    gauge("sluice_generation_observed", "Number of the newest Program.", (s) => s.observed),
    gauge("sluice_generation_programmed", "Newest Program that every worker has acknowledged.", (s) => s.programmed),
    gauge("sluice_workers", "Connected workers of the running nginx.", (s) => s.workers),
    gauge("sluice_workers_expected", "Workers that the running nginx should have.", (s) => s.slots),
    ofEach("gauge", "sluice_old_generations", "Generations of nginx's workers that were replaced and still finish what they have.", "generations"),
    ofEach("gauge", "sluice_old_workers", "Workers in them.", "workers"),
    ofEach("counter", "sluice_old_generations_ended_total", "Those of them that were ended, because there were too many later ones.", "ended"),
    counter("sluice_deltas_total", "Generations that were published.", (c) => c.deltas),
    counter("sluice_frames_sent_total", "Frames that were sent to workers and the agent.", (c) => c.frames),
    counter("sluice_bytes_sent_total", "Bytes that were sent to workers and the agent.", (c) => c.bytes),
    counter("sluice_catch_ups_total", "Workers and agents that were brought up to date after they had been away.", (c) => c.catchUps),
    counter("sluice_workers_ended_total", "Workers that were ended because they did not answer.", (c) => c.workersEnded),
    byLabel("counter", "sluice_reloads_total", "Reloads of nginx since this controller started, by what made them necessary.", "reason", () => {
      const { reloadReasons, streams } = state();
      // "listeners" is of the nginx below http.
      return [["new-profile", reloadReasons.get("new-profile") ?? 0], ["new-port", reloadReasons.get("new-port") ?? 0], ["settings", reloadReasons.get("settings") ?? 0], ["listeners", streams.reloads]];
    }),
    turn, acknowledgement, applyToLive,
  ];
  const acknowledged = follow(acknowledgement);
  const live = follow(applyToLive);
  let published = 0;

  const look = (): void => {
    const now = state();
    if (now.published > published) acknowledged.expect(now.published, performance.now());
    published = now.published;
    acknowledged.reached(now.programmed);
    live.reached(now.programmed);
  };

  return {
    metrics,
    look,
    turned(parts, milliseconds) {
      turn.observe(milliseconds / 1000);
      if (parts > 0) live.expect(state().observed, performance.now() - milliseconds);
      look();
    },
  };
}

/** Measures how long generations take to be programmed. */
function follow(measured: Observed): { expect(generation: number, since: number): void; reached(generation: number): void } {
  let open: { readonly generation: number; readonly since: number }[] = [];
  return {
    expect(generation, since) {
      if (open.length < MOST_FOLLOWED) open.push({ generation, since });
    },
    reached(generation) {
      if (open.length === 0) return;
      const now = performance.now();
      for (const one of open) if (one.generation <= generation) measured.observe((now - one.since) / 1000);
      open = open.filter((one) => one.generation > generation);
    },
  };
}
