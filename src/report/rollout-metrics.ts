/** Canaries with a rollout: how far they are, and what both arms came to. */
import type { RolloutStatus, RolloutWord } from "../rollout/status.ts";
import type { RolloutTotals } from "../rollout/counted.ts";
import { labelText, type Labels, type Metric } from "./exposition.ts";

/** A release, and what the canary's Ingress did since this process decides about it. */
export interface RolloutFigures {
  readonly status: RolloutStatus;
  readonly totals: RolloutTotals;
}

const WORDS: readonly RolloutWord[] = ["advancing", "paused", "ready", "failed", "aborted", "promoted"];
const ARMS = ["canary", "primary"] as const;

/** None where there is no rollout. */
export function rolloutMetrics(all: readonly RolloutFigures[]): Metric[] {
  if (all.length === 0) return [];
  const labelsOf = ({ ingress }: RolloutStatus): Labels => ({ namespace: ingress.slice(0, ingress.indexOf("/")), ingress: ingress.slice(ingress.indexOf("/") + 1) });
  const metric = (type: "gauge" | "counter", name: string, help: string, samples: (one: RolloutFigures) => readonly (readonly [more: Labels, value: number])[]): Metric => ({
    type, name: `sluice_rollout_${name}`, help,
    samples: () => all.flatMap((one) => samples(one).map(([more, value]) => [labelText({ ...labelsOf(one.status), ...more }), value] as const)),
  });
  return [
    metric("gauge", "weight_ratio", "Share of the requests that a canary gets by its rollout.", ({ status }) => [[{}, Number((status.weight / 100).toFixed(4))]]),
    metric("gauge", "step", "Step at which the release of a canary is; the first is 1.", ({ status }) => [[{}, status.step]]),
    metric("gauge", "steps", "How many steps the rollout of a canary has.", ({ status }) => [[{}, status.steps.length]]),
    metric("gauge", "status", "1 for what the release of a canary is, and 0 for what it is not.", ({ status }) => WORDS.map((word) => [{ status: word }, Number(word === status.status)] as const)),
    metric("gauge", "since_timestamp_seconds", "When the release of a canary came to the step at which it is, or ended.", ({ status }) => [[{}, Date.parse(status.since) / 1000]]),
    metric("counter", "requests_total", "Requests by which canaries are judged, of the canary and of the primary beside it.", ({ totals }) => ARMS.map((arm) => [{ arm }, totals[arm].requests] as const)),
    metric("counter", "errors_total", "Those of the requests that count as errors.", ({ totals }) => ARMS.map((arm) => [{ arm }, totals[arm].errors] as const)),
    metric("counter", "failures_total", "Releases of a canary that failed by evidence.", ({ totals }) => [[{}, totals.failures]]),
  ];
}
