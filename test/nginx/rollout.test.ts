/** Canaries that judge themselves, on real nginx, from manifests. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { documents } from "../support/manifests.ts";
import { releaseObjects, rolloutOf, startVersion, startVisitors, untilRollout, type Manners, type ReleaseManifest, type Version } from "../support/release.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const QUICK = "{steps: [20, 50, 100], every: 1s, requests: 100, latency: {within: 3x}}";

interface Running {
  readonly versions: readonly [Version, Version];
  readonly sluice: Sluice;
  readonly files: (more?: Partial<ReleaseManifest>) => Record<string, string>;
  readonly primary: Manners;
  readonly canary: Manners;
}

async function begin(t: TestContext, { rollout = QUICK, canary = {}, primary = {}, args = [], ...more }: Partial<Omit<ReleaseManifest, "primary" | "canary">> & { canary?: Manners; primary?: Manners; args?: readonly string[] } = {}): Promise<Running> {
  const [one, other] = [await startVersion(t, "web", primary), await startVersion(t, "next", canary)];
  const files = (changed: Partial<ReleaseManifest> = {}): Record<string, string> => ({ "shop.yaml": documents(...releaseObjects({ primary: one.port, canary: other.port, rollout, ...more, ...changed })) });
  const sluice = await startSluice({ files: files(), args });
  t.after(() => sluice.stop());
  return { sluice, files, primary, canary, versions: [one, other] };
}

test("a healthy release gets through all steps, is promoted, and no request is lost on the way", { timeout: 120_000 }, async (t) => {
  const { sluice, files } = await begin(t);
  const visitors = startVisitors(t, sluice.http);
  const weights = new Set<number>();
  await untilRollout(sluice, ({ weight, status }) => {
    weights.add(weight);
    return status === "ready";
  }, "ready");
  assert.deepEqual([...weights].filter((weight) => weight > 0), [20, 50, 100]);
  const reloads = (await sluice.generation()).reloads;
  await sluice.apply(files({ points: "next" }));
  const over = await untilRollout(sluice, ({ status }) => status === "promoted", "promoted");
  assert.equal(over.weight, 0);
  await visitors.stop();
  assert.deepEqual(Object.keys(visitors.got).sort(), ["next 200", "web 200"], JSON.stringify(visitors.got));
  assert.equal((await sluice.generation()).reloads, reloads, "nothing of it reloads nginx");
});

/** Beside the API of rollouts: metrics, lists and explanations say it, too. */
async function tellsOfFailure(sluice: Sluice): Promise<void> {
  const { text: metrics } = await sluice.ask("/metrics");
  for (const line of ['status{namespace="shop",ingress="next",status="failed"} 1', 'failures_total{namespace="shop",ingress="next"} 1', 'weight_ratio{namespace="shop",ingress="next"} 0']) {
    assert.ok(metrics.includes(`sluice_rollout_${line}\n`), `${line} in ${metrics.split("\n").filter((one) => one.startsWith("sluice_rollout")).join("\n")}`);
  }
  assert.match((await sluice.ask("/api/v1/list/canaries")).text, /"share": ?"0 % \(rollout: failed\)"/);
  const { text } = await sluice.ask(`/api/v1/explain?request=${encodeURIComponent(JSON.stringify({ url: "http://shop.example/", headers: [], method: "GET" }))}`);
  assert.match(text, /gets nothing by weight: its rollout failed/);
}

const BAD: Readonly<Record<string, { readonly canary: Manners & { readonly refuses?: true }; readonly verdict: RegExp; readonly primary?: Manners; readonly clients?: number; readonly rollout?: string }>> = {
  "5 % errors": { canary: { errors: 0.05 }, verdict: /more errors than the primary/ },
  "all errors": { canary: { errors: 1 }, verdict: /more errors than the primary/ },
  "double latency": { canary: { takes: 200 }, verdict: /slower than the primary/, primary: { takes: 100 }, clients: 40, rollout: "{steps: [20, 50, 100], every: 1m}" },
  "refused connections": { canary: { refuses: true }, verdict: /more errors than the primary/ },
};

for (const [name, { canary, verdict, primary = { takes: 2 }, clients = 6, rollout = QUICK }] of Object.entries(BAD)) {
  test(`a canary with ${name} is taken back`, { timeout: 120_000 }, async (t) => {
    const { sluice, versions } = await begin(t, { canary, primary, rollout });
    if (canary.refuses) await versions[1].close();
    const visitors = startVisitors(t, sluice.http, { clients });
    const failed = await untilRollout(sluice, ({ status }) => status === "failed", "failed");
    assert.match(failed.last, verdict);
    assert.equal(failed.weight, 0);
    await tellsOfFailure(sluice);
    await sleep(500);
    const late = ofPrimary(visitors.got);
    await sleep(1000);
    assert.deepEqual(difference(visitors.got, late), {}, "who has taken it back asks it no more");
  });
}

/** Answers that did not come from the primary with 200. */
function ofPrimary(got: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(got).filter(([what]) => what !== "web 200"));
}

function difference(got: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(ofPrimary(got)).map(([what, count]) => [what, count - (before[what] ?? 0)] as const).filter(([, count]) => count > 0));
}

test("a burst of errors in both versions takes nobody back", { timeout: 120_000 }, async (t) => {
  const { sluice, primary, canary } = await begin(t, { rollout: "{steps: [50, 100], every: 4s, requests: 100, latency: off}" });
  startVisitors(t, sluice.http);
  await untilRollout(sluice, ({ arms }) => arms.canary.requests > 300, "under way");
  primary.errors = canary.errors = 0.5;
  await sleep(2000);
  primary.errors = canary.errors = 0;
  const { last } = await untilRollout(sluice, ({ status }) => status !== "advancing", "at its end");
  assert.match(last, /^Ready to promote/);
});

test("what a header or a cookie sends to the canary on purpose does not decide, nor what Sluice answers itself", { timeout: 120_000 }, async (t) => {
  const { sluice } = await begin(t, {
    canary: { errors: 1 }, rollout: "{steps: [50, 100], every: 2s, requests: 100, latency: off}",
    annotations: { "nginx.ingress.kubernetes.io/canary-by-header": "x-canary" },
  });
  const visitors = startVisitors(t, sluice.http, { headers: { "x-canary": "always" } });
  await untilRollout(sluice, ({ status }) => status === "advancing", "begun");
  await sleep(3000);
  await visitors.stop();
  assert.deepEqual(Object.keys(visitors.got), ["next 503"]);
  const now = await rolloutOf(sluice);
  assert.deepEqual([now?.status, now?.step, now?.requests, now?.arms.canary.requests], ["advancing", 1, 0, 0]);
  assert.match(now?.waitingFor ?? "", /neither version/);
});

test("a client keeps its version by the cookie that it gets", { timeout: 120_000 }, async (t) => {
  const { sluice } = await begin(t, { rollout: "{steps: [50, 100], every: 1h, sticky: {cookie: version}}" });
  await untilRollout(sluice, ({ weight }) => weight === 50, "begun");
  const seen = new Set<string>();
  for (let i = 0; i < 30; i++) {
    const first = await ask({ port: sluice.http, host: "shop.example" });
    const [cookie = ""] = [first.headers["set-cookie"] ?? []].flat();
    assert.match(cookie, /^version=[0-9]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/);
    const again = await ask({ port: sluice.http, host: "shop.example", headers: { cookie: cookie.split(";")[0] ?? "" } });
    assert.equal(again.headers["x-version"], first.headers["x-version"]);
    assert.equal(again.headers["set-cookie"], undefined);
    seen.add(String(first.headers["x-version"]));
  }
  assert.deepEqual([...seen].sort(), ["next", "web"]);
});

test("the cookie that clients keep a version by is no cookie of the backend: its path stays", { timeout: 120_000 }, async (t) => {
  const [one, other] = [await startVersion(t, "web"), await startVersion(t, "next")];
  const [web, ...others] = releaseObjects({ primary: one.port, canary: other.port, rollout: "{steps: [50, 100], every: 1h, sticky: {cookie: version}}" });
  const rewrites = { ...web, metadata: { name: "web", namespace: "shop", annotations: { "nginx.ingress.kubernetes.io/proxy-cookie-path": "/ /app" } } };
  const sluice = await startSluice({ files: { "shop.yaml": documents(rewrites, ...others) } });
  t.after(() => sluice.stop());
  await untilRollout(sluice, ({ weight }) => weight === 50, "begun");
  const { headers } = await ask({ port: sluice.http, host: "shop.example" });
  assert.match(String(headers["set-cookie"]), /^version=[0-9]+; Max-Age=604800; Path=\/; /);
});

test("a restart in the middle goes on where the release was", { timeout: 120_000 }, async (t) => {
  const state = mkdtempSync("/dev/shm/sluice-test-state-");
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const { sluice } = await begin(t, { rollout: "{steps: [20, 50, 100], every: 2s, requests: 100, latency: off}", args: [`--state-dir=${state}`] });
  startVisitors(t, sluice.http);
  // It is told a moment before it is written.
  await untilRollout(sluice, ({ step }) => step === 2 && readFileSync(`${state}/rollouts.json`, "utf8").includes('"step":1'), "at its second step");
  process.kill(sluice.process.pid as number, "SIGKILL");
  const again = await startSluice({ successorOf: sluice, args: [`--state-dir=${state}`] });
  t.after(() => again.stop());
  const now = await rolloutOf(again);
  assert.ok(now && now.step >= 2, JSON.stringify(now));
  await untilRollout(again, ({ status }) => status === "ready", "ready");
});

test("where nothing is kept a finding says so, and a restart begins at the first step", { timeout: 120_000 }, async (t) => {
  const { sluice } = await begin(t, { rollout: "{steps: [20, 50, 100], every: 2s, requests: 100, latency: off}" });
  const visitors = startVisitors(t, sluice.http);
  await untilRollout(sluice, ({ step }) => step === 2, "at its second step");
  assert.match((await sluice.ask("/api/v1/findings")).text, /"rollouts-in-memory"/);
  await visitors.stop();
  process.kill(sluice.process.pid as number, "SIGKILL");
  const again = await startSluice({ successorOf: sluice });
  t.after(() => again.stop());
  const { step, weight } = await untilRollout(again, () => true, "known");
  assert.deepEqual([step, weight], [1, 20]);
});

test("a Service in the place of one that had all requests gets none before its own release begins", { timeout: 120_000 }, async (t) => {
  const { sluice, files } = await begin(t, { rollout: "{steps: [5, 100], every: 1s, requests: 100, latency: off}" });
  const third = await startVersion(t, "third", { errors: 1 });
  const visitors = startVisitors(t, sluice.http);
  await untilRollout(sluice, ({ status }) => status === "ready", "ready");
  const [other, slice] = releaseObjects({ primary: 1, canary: third.port, rollout: undefined }).slice(-2);
  const more = documents(...[other, slice].map((one) => JSON.parse(JSON.stringify(one).replaceAll('"next', '"third')) as object));
  const before = files()["shop.yaml"] ?? "";
  const moved = before.replaceAll('"service":{"name":"next"', '"service":{"name":"third"');
  assert.notEqual(moved, before);
  const earlier = { ...visitors.got };
  await sluice.apply({ "shop.yaml": moved, "third.yaml": more });
  await untilRollout(sluice, ({ status }) => status === "failed", "failed");
  await visitors.stop();
  const { "third 503": ofThird = 0, "web 200": ofPrimary = 0 } = Object.fromEntries(Object.entries(visitors.got).map(([what, count]) => [what, count - (earlier[what] ?? 0)]));
  assert.ok(ofThird < ofPrimary / 5, `third ${ofThird}, primary ${ofPrimary}`);
});

test("a canary that has its answers sent on by Sluice (X-Accel-Redirect) is judged by all of them", { timeout: 120_000 }, async (t) => {
  const sender = createServer((asked, answer) => {
    const isBad = asked.url !== "/files/x" && Math.random() < 0.02;
    answer.writeHead(isBad ? 503 : 200, { "x-version": "next", ...(isBad || asked.url === "/files/x" ? {} : { "x-accel-redirect": "/files/x" }) }).end();
  });
  await new Promise<void>((resolve) => sender.listen(0, "127.0.0.1", resolve));
  t.after(() => (sender.closeAllConnections(), sender.close()));
  const web = await startVersion(t, "web", { errors: 0.02 });
  const objects = documents(...releaseObjects({ primary: web.port, canary: (sender.address() as AddressInfo).port, rollout: "{steps: [20, 100], every: 4s, requests: 100, latency: off}" }), {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "files", namespace: "shop" },
    spec: { ingressClassName: "nginx", rules: [{ host: "shop.example", http: { paths: [{ path: "/files", pathType: "Prefix", backend: { service: { name: "next", port: { number: 80 } } } }] } }] },
  });
  const sluice = await startSluice({ files: { "shop.yaml": objects } });
  t.after(() => sluice.stop());
  startVisitors(t, sluice.http);
  const { last } = await untilRollout(sluice, ({ status }) => status !== "advancing", "at its end");
  assert.match(last, /^Ready to promote/);
});
