/**
 * The probes that deploy/ ships, with the kubelet's arithmetic, against the health port of a controller that waits: the
 * kubelet never ends it for waiting, and gives it no traffic. Time is virtual (ten minutes); the health server is the real one.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { parseAllDocuments } from "yaml";
import type { EngineState } from "../../src/engine/engine.ts";
import { serveHealth } from "../../src/report/health.ts";
import { createJournal } from "../../src/report/journal.ts";
import { createReadiness, type Readiness } from "../../src/report/readiness.ts";
import { SERVING } from "../support/engine-state.ts";
import { ROOT } from "../support/sluice.ts";

interface Probe {
  readonly httpGet: { readonly path: string };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

interface Probed {
  readonly name: string;
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

const AWAY: EngineState = { ...SERVING, observed: 0, programmed: 0, published: 0 };
const SECONDS = 600;

let now = 0;
let state: EngineState = AWAY;
let trouble: string | undefined;
let readiness: Readiness;
let server: Server;

before(async () => {
  server = await serveHealth({
    host: "127.0.0.1", port: 0, healthCheckPath: "/healthz", state: () => state, notReady: () => readiness.problem(), findings: () => [],
    sync: async () => state, object: async (kind, namespace, name) => ({ kind, object: `${namespace}/${name}`, state: "pending", findings: [] }),
    list: () => undefined, journal: createJournal(() => {}), rollouts: { statuses: () => [], act: async () => undefined, hear: async () => undefined, token: "", runtimeDir: "" }, traffic: () => ({ head: { cursor: "", anew: true, routes: 0, answers: {}, total: { requests: 0, clientErrors: 0, serverErrors: 0 } }, rows: [] }), explain: async () => ({}), dashboard: undefined, metrics: () => ({ type: "text/plain", pieces: Readable.from([""]) }),
  });
});
after(() => {
  server?.close();
  server?.closeAllConnections();
});

async function ask(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${(server.address() as { port: number }).port}${path}`);
  return { status: response.status, text: await response.text() };
}

function controller(): Probed {
  const [workload] = parseAllDocuments(readFileSync(join(ROOT, "deploy/kustomize/base/workload.yaml"), "utf8"));
  assert.ok(workload);
  const { spec } = workload.toJS() as { spec: { template: { spec: { containers: Probed[] } } } };
  const [found] = spec.template.spec.containers.filter(({ name }) => name === "controller");
  assert.ok(found);
  return found;
}

/** What the kubelet would do to a container that starts at second 0: when it ends the container, and since when it gives it traffic. */
async function watch(probes: Probed, until: number, at: (second: number) => void): Promise<{ ended: string[]; readySince: number | undefined }> {
  const failures = { startupProbe: 0, livenessProbe: 0 };
  const ended: string[] = [];
  let started = false;
  let readySince: number | undefined;
  readiness = createReadiness(() => state, () => now * 1000, () => trouble);
  for (now = 0; now <= until; now++) {
    at(now);
    for (const kind of ["startupProbe", "livenessProbe", "readinessProbe"] as const) {
      const { httpGet, initialDelaySeconds = 0, periodSeconds, failureThreshold } = probes[kind];
      const due = now >= initialDelaySeconds && (now - initialDelaySeconds) % periodSeconds === 0;
      if (!due || started === (kind === "startupProbe")) continue;
      const ok = (await ask(httpGet.path)).status === 200;
      if (kind === "readinessProbe") readySince = ok ? (readySince ?? now) : undefined;
      else if (ok) failures[kind] = 0;
      else if (++failures[kind] >= failureThreshold) ended.push(`${kind} at second ${now}`);
      if (kind === "startupProbe") started ||= ok;
    }
  }
  return { ended, readySince };
}

const TROUBLES: readonly (readonly [what: string, EngineState, string | undefined])[] = [
  ["the API server is away", AWAY, "https://10.0.0.1 cannot be read: connection refused"],
  ["the controller's ConfigMap may not be read", AWAY, "Sluice's account may not list configmaps"],
  ["nginx's container is not there yet", { ...AWAY, observed: 1, behind: ["the agent (not connected)"] }, undefined],
  ["nginx refuses its configuration", { ...AWAY, observed: 1, refused: "unknown directive" }, undefined],
];

for (const [what, waiting, why] of TROUBLES) {
  test(`ten minutes in which ${what}: never ended, never ready, ready when it is over`, async () => {
    const { ended, readySince } = await watch(controller(), SECONDS, () => void ([state, trouble] = [waiting, why]));
    assert.deepEqual({ ended, readySince }, { ended: [], readySince: undefined });
    const { status, text } = await ask("/readyz");
    assert.equal(status, 503);
    assert.match(text, /^nothing is programmed yet; waiting for \S/);
    if (why !== undefined) assert.ok(text.includes(why), text);
    const later = await watch(controller(), SECONDS + 60, (second) => void (state = second < SECONDS ? waiting : SERVING));
    assert.deepEqual(later.ended, []);
    assert.ok(later.readySince !== undefined && later.readySince <= SECONDS + controller().readinessProbe.periodSeconds, `${later.readySince}`);
  });
}

test("every workload that is shipped has these probes", () => {
  const { startupProbe, livenessProbe, readinessProbe } = controller();
  for (const golden of ["base", "host-network", "load-balancer", "node-port"]) {
    const objects = parseAllDocuments(readFileSync(join(ROOT, `test/deploy/golden/${golden}.yaml`), "utf8")).map((one) => one.toJS() as { kind: string; spec: { template: { spec: { containers: Probed[] } } } });
    const [workload] = objects.filter(({ kind }) => kind === "Deployment" || kind === "DaemonSet");
    const shipped = workload?.spec.template.spec.containers.find(({ name }) => name === "controller");
    assert.deepEqual([shipped?.startupProbe, shipped?.livenessProbe, shipped?.readinessProbe], [startupProbe, livenessProbe, readinessProbe], golden);
  }
});
