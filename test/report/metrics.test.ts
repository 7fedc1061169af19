/** Everything at /metrics, even with nothing counted yet or odd labels, is valid by the strict rules; what can be counted starts with zeros. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { REASONS } from "../../edge/src/reasons.ts";
import { keepFigures } from "../../src/admission/figures.ts";
import type { Finding, Severity } from "../../src/model/findings/findings.ts";
import { createMetrics, type MetricsInput } from "../../src/report/metrics.ts";
import type { RolloutStatus } from "../../src/rollout/status.ts";
import { parseSettings } from "../../src/settings.ts";
import { SERVING } from "../support/engine-state.ts";
import { matching, parseScrape } from "../support/scrape.ts";
import { familiesOf } from "../support/text-format.ts";

const ODD = 'a"b\\c\nd,e}';

function inputWith(flags: readonly string[], more: Partial<MetricsInput> = {}): MetricsInput {
  return {
    settings: parseSettings([...flags], "run", {}),
    state: () => SERVING,
    counts: () => ({ config: "ab", loads: 1, refusals: 0, loadedAt: 0, deltas: 1, frames: 1, bytes: 1, catchUps: 1, workersEnded: 0 }),
    measure: () => false,
    findings: () => [],
    spans: () => ({ exported: 0, dropped: 0 }),
    built: () => undefined,
    exists: () => true,
    source: () => undefined,
    cluster: () => undefined,
    admission: () => undefined,
    rollouts: () => [],
    ...more,
  };
}

async function scrape(input: MetricsInput, prepare: (metrics: ReturnType<typeof createMetrics>) => void = () => {}): Promise<string> {
  const metrics = createMetrics(input);
  prepare(metrics);
  const { type, pieces } = metrics.scrape();
  assert.equal(type, "text/plain; version=0.0.4; charset=utf-8");
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

test("nothing has happened yet: families are complete, and what can be counted is 0", async () => {
  for (const flags of [[], ["--enable-metrics"]]) {
    const text = await scrape(inputWith(flags));
    const families = familiesOf(text);
    for (const name of ["process_cpu_seconds_total", "nodejs_eventloop_lag_seconds", "sluice_findings", "sluice_source_total", "nginx_ingress_controller_requests"]) {
      assert.ok(families.has(name), name);
    }
    assert.equal(families.has("nginx_ingress_controller_build_info"), flags.length > 0);
    const samples = parseScrape(text);
    const zeros = (name: string, label: string): (string | undefined)[] => matching(samples, name).map(({ labels, value }) => (assert.equal(value, 0, name), labels[label]));
    assert.deepEqual(zeros("sluice_answers_total", "reason"), [...REASONS]);
    assert.deepEqual(zeros("sluice_reloads_total", "reason"), ["new-profile", "new-port", "settings", "listeners"]);
    assert.deepEqual(zeros("sluice_metrics_folded_requests_total", "what"), ["requests", "histograms"]);
    assert.deepEqual(zeros("sluice_old_generations_ended_total", "nginx"), ["http", "stream"]);
    for (const name of ["turn", "acknowledgement", "apply_to_live"]) assert.equal(zeros(`sluice_${name}_seconds_bucket`, "le").length, 16, name);
  }
});

test("whatever text is in labels, what is written is valid", async () => {
  const keeper = keepFigures();
  for (const ingress of [`${ODD}/${ODD}`, `${ODD}/b/1`, `${ODD}/b/2`]) {
    keeper.checked({ ingress, allowed: true, ingresses: 1, seconds: 1e-9, bytes: 3e6, roundtripSeconds: 0.5 });
    keeper.checked({ ingress, allowed: false, ingresses: 1, seconds: 1, bytes: 1, roundtripSeconds: 1 });
  }
  keeper.answered(200);
  const finding = (severity: Severity): Finding => ({ code: ODD, severity, object: { kind: "Ingress", namespace: ODD, name: ODD }, field: "", sentence: "", effect: "" });
  const text = await scrape(inputWith(["--enable-metrics"], {
    findings: () => [finding("error"), finding("warning"), finding("error")],
    admission: () => keeper.figures,
  }), (metrics) => {
    metrics.count([{ namespace: ODD, ingress: ODD, service: ODD, path: ODD, canary: ODD, host: ODD, status: 200, requests: 2, method: "GET", cells: [] }], { "no-route": 2 });
    metrics.measured({ op: "connections", accepted: 1, handled: 1, active: 1, reading: 0, writing: 1, waiting: 0, requests: 4 });
    metrics.turned(0, 3);
  });
  familiesOf(text);
  const samples = parseScrape(text);
  const values = (name: string, labels: Readonly<Record<string, string>>): number[] => matching(samples, name, labels).map(({ value }) => value);
  assert.deepEqual(values("sluice_findings", { code: ODD }), [2, 1]);
  assert.deepEqual(values("sluice_answers_total", { reason: "no-route" }), [2]);
  assert.deepEqual(values("nginx_ingress_controller_requests", { path: ODD, host: ODD }), [2]);
  assert.deepEqual(values("nginx_ingress_controller_nginx_process_connections", {}), [1, 0, 1, 0]);
  assert.deepEqual(values("nginx_ingress_controller_admission_config_size", {}), [3_000_000]);
  assert.deepEqual(values("sluice_turn_seconds_bucket", { le: "0.0025" }).concat(values("sluice_turn_seconds_bucket", { le: "0.005" })), [0, 1]);
});

test("rollouts: how far they are and what they came to; nothing where there are none", async () => {
  assert.doesNotMatch(await scrape(inputWith(["--enable-metrics"])), /sluice_rollout/);
  const arms = { canary: { requests: 40, errors: 1 }, primary: { requests: 160, errors: 0 } };
  const status: RolloutStatus = {
    ingress: "shop/next", status: "paused", weight: 12.5, step: 2, steps: [5, 12.5, 100], lasted: 1, lasts: 60, requests: 40, requestsNeeded: 500, canary: ["shop/next/80"],
    begun: "2026-01-01T00:00:00.000Z", since: "2026-01-01T00:01:00.000Z", arms, last: "",
  };
  const text = await scrape(inputWith([], { rollouts: () => [{ status, totals: { canary: { requests: 540, errors: 3 }, primary: { requests: 9160, errors: 2 }, failures: 1 } }] }));
  familiesOf(text);
  assert.deepEqual(text.split("\n").filter((line) => line.startsWith("sluice_rollout")), [
    'sluice_rollout_weight_ratio{namespace="shop",ingress="next"} 0.125',
    'sluice_rollout_step{namespace="shop",ingress="next"} 2',
    'sluice_rollout_steps{namespace="shop",ingress="next"} 3',
    ...["advancing", "paused", "ready", "failed", "aborted", "promoted"].map((word) => `sluice_rollout_status{namespace="shop",ingress="next",status="${word}"} ${word === "paused" ? 1 : 0}`),
    `sluice_rollout_since_timestamp_seconds{namespace="shop",ingress="next"} ${Date.UTC(2026, 0, 1, 0, 1) / 1000}`,
    'sluice_rollout_requests_total{namespace="shop",ingress="next",arm="canary"} 540',
    'sluice_rollout_requests_total{namespace="shop",ingress="next",arm="primary"} 9160',
    'sluice_rollout_errors_total{namespace="shop",ingress="next",arm="canary"} 3',
    'sluice_rollout_errors_total{namespace="shop",ingress="next",arm="primary"} 2',
    'sluice_rollout_failures_total{namespace="shop",ingress="next"} 1',
  ]);
});
