/**
 * What a scrape costs the controller with ten thousand Ingresses that all had requests: how long it takes, how large it
 * is, and for how long at a time the event loop is kept from other work.
 *
 *     npm run bench:scrape -- --metrics-max-series=1000000
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { layoutOf } from "../edge/src/measures.ts";
import { boundsOf } from "../src/compile/measures.ts";
import type { CounterRow } from "../src/engine/protocol.ts";
import { buildModel } from "../src/model/build/build.ts";
import { DEFAULT_CONFIG } from "../src/model/config/defaults.ts";
import { createMetrics } from "../src/report/metrics.ts";
import { parseSettings } from "../src/settings.ts";
import { Snapshot } from "../src/source/snapshot.ts";
import { SERVING } from "../test/support/engine-state.ts";
import { runCommand } from "./command.ts";

const MANY = 10_000;
type Settings = ReturnType<typeof parseSettings>;

const USAGE = `npm run bench:scrape -- [flags of sluice run]

Measures what a scrape costs the controller with ${MANY} Ingresses that all had requests: how long it takes, how large it is, and how
long at a time everything else in the process had to wait. Nothing is started.

  npm run bench:scrape -- --metrics-max-series=1000000
`;

/** The metrics of a controller with so many Ingresses. */
function metricsOf(settings: Settings): ReturnType<typeof createMetrics> {
  const snapshot = new Snapshot();
  snapshot.put<"IngressClass">({ kind: "IngressClass", metadata: { name: "nginx", namespace: "" }, spec: { controller: "k8s.io/ingress-nginx" } });
  for (let index = 0; index < MANY; index++) {
    const backend = { service: { name: "web", port: { number: 80 } } };
    const paths = [{ path: "/", pathType: "Prefix", backend }];
    snapshot.put<"Ingress">({
      kind: "Ingress", metadata: { name: `i${index}`, namespace: "shop" }, spec: { ingressClassName: "nginx", rules: [{ host: `host-${index}.example`, http: { paths } }] },
    });
  }
  const built = buildModel(snapshot, settings, DEFAULT_CONFIG);
  return createMetrics({
    settings,
    state: () => SERVING,
    counts: () => ({ config: "ab", loads: 1, refusals: 0, loadedAt: 0, deltas: 1, frames: 1, bytes: 1, catchUps: 1, workersEnded: 0 }),
    measure: () => false,
    findings: () => built.findings(),
    spans: () => ({ exported: 0, dropped: 0 }),
    built: () => built,
    exists: (namespace, name) => snapshot.get("Ingress", namespace, name) !== undefined,
    source: () => undefined,
    cluster: () => undefined,
    admission: () => undefined,
    rollouts: () => [],
  });
}

/** A row as a worker sends it, with one request in each histogram. */
function row(settings: Settings, index: number): CounterRow {
  const { starts } = layoutOf(boundsOf(settings));
  return {
    namespace: "shop", ingress: `i${index}`, service: "web", path: "/", canary: "", status: 200, requests: 1, host: `host-${index}.example`, method: "GET",
    cells: starts.flatMap((start) => [start, 5, start + 1, 1]),
  };
}

async function run(settings: Settings): Promise<void> {
  const metrics = metricsOf(settings);
  const begun = performance.now();
  metrics.count(Array.from({ length: MANY }, (_, index) => row(settings, index)), {});
  console.log(`${MANY} rows taken in ${(performance.now() - begun).toFixed(0)} ms`);
  for (let round = 0; round < 5; round++) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const from = performance.now();
    let bytes = 0;
    let lines = 0;
    for await (const piece of metrics.scrape().pieces) {
      bytes += piece.length;
      lines += piece.split("\n").length - 1;
    }
    const took = performance.now() - from;
    delay.disable();
    console.log(`scrape: ${lines} lines, ${(bytes / 2 ** 20).toFixed(1)} MiB in ${took.toFixed(0)} ms; event loop kept for at most ${(delay.max / 1e6).toFixed(0)} ms, median ${(delay.percentile(50) / 1e6).toFixed(1)} ms`);
  }
}

await runCommand({
  name: "bench:scrape", usage: USAGE, needs: () => [],
  parse: (argv) => (argv.includes("--help") || argv.includes("-h") ? "help" : parseSettings(["--enable-metrics", ...argv], "run", {})),
  run,
});
