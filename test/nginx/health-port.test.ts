/** The health port beside real nginx: probes, metrics, and the endpoint that scripts wait on. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { runCommand } from "../support/command.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let sluice: Sluice;
let echo: EchoBackend;

before(async () => {
  echo = await startEcho("web");
  const files = {
    "web.yaml": site({ name: "web", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`] }),
    "canary.yaml": site({
      name: "beta", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`], annotations: { canary: "true", "canary-by-header": "beta" },
    }),
    "settings.yaml": configMap({ "worker-processes": "2" }),
  };
  sluice = await startSluice({ files, args: ["--configmap=sluice/sluice"] });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

test("alive and ready", async () => {
  assert.deepEqual(await sluice.ask("/healthz"), { status: 200, text: "ok\n" });
  assert.deepEqual(await sluice.ask("/readyz"), { status: 200, text: "ok\n" });
});

test("sluice get asks it what is served", async () => {
  const get = (...args: readonly string[]) => runCommand(["get", ...args, `--healthz-port=${sluice.health}`]);
  const { code, stdout, stderr } = await get("routes", "-o", "json");
  assert.deepEqual([code, stderr, JSON.parse(stdout)], [0, "", [{
    namespace: "shop", ingress: "web", host: "shop.example", path: "/ (prefix)", target: "shop/web:80", endpoints: 1, canaries: ["shop/beta:80 by header beta"], https: "where a certificate is",
  }]]);
  const kinds = await Promise.all(["hosts", "backends", "certs", "canaries", "findings", "profiles"].map((kind) => get(kind)));
  for (const one of kinds) assert.deepEqual([one.code, one.stderr], [0, ""], one.stdout);
});

test("a change makes a generation, acknowledged by every worker; no change makes none", async () => {
  const before = await sluice.generation();
  assert.deepEqual({ ...before, observed: 0, programmed: 0 }, { observed: 0, programmed: 0, workers: 2, reloads: 0 });
  assert.equal(before.programmed, before.observed);
  const after = await sluice.apply({ "more.yaml": site({ name: "more", host: "more.example", endpoints: [] }) });
  assert.ok(after.observed > before.observed);
  assert.equal(after.programmed, after.observed);
  assert.deepEqual(await sluice.sync(), after);
  assert.deepEqual(await sluice.generation(), after);
});

test("a setting of nginx.conf alone is live when sync answers", async () => {
  const before = await sluice.generation();
  const after = await sluice.apply({ "settings.yaml": configMap({ "worker-processes": "2", "generate-request-id": "false" }) });
  assert.equal(after.reloads, before.reloads + 1);
  assert.equal((await ask({ port: sluice.http, host: "shop.example" })).echo?.headers["x-request-id"], undefined);
});

test("requests are counted by route, canary and status; reloads by reason; findings by code", async () => {
  for (const headers of [{}, {}, { beta: "always" }]) await ask({ port: sluice.http, host: "shop.example", headers });
  await ask({ port: sluice.http, host: "more.example" });
  const requests = (labels: Record<string, string>, value: number): Promise<void> =>
    expectMetric("nginx_ingress_controller_requests", { namespace: "shop", path: "/", ...labels }, value);
  // The third request is that of the test before this one.
  await requests({ ingress: "web", service: "web", canary: "", status: "200" }, 3);
  await requests({ ingress: "web", service: "web", canary: "shop-beta-80", status: "200" }, 1);
  await requests({ ingress: "more", service: "more", canary: "", status: "503" }, 1);
  await expectMetric("sluice_reloads_total", { reason: "settings" }, 1);
  await expectMetric("sluice_reloads_total", { reason: "new-profile" }, 0);
  await expectMetric("sluice_findings", { severity: "error", code: "no-endpoints" }, 1);
});

/** Waits for a sample with this value, because workers hand their counts over about once a second. */
async function expectMetric(name: string, labels: Readonly<Record<string, string>>, value: number): Promise<void> {
  const wanted = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
  const deadline = Date.now() + 10_000;
  for (;;) {
    const lines = (await sluice.ask("/metrics")).text.split("\n").filter((line) => line.startsWith(`${name}{`));
    if (lines.some((line) => wanted.every((label) => line.includes(label)) && line.endsWith(`} ${value}`))) return;
    assert.ok(Date.now() < deadline, `${name} of ${wanted.join()} is not ${value}:\n${lines.join("\n")}`);
    await sleep(50);
  }
}

test("only what is there is found, only with its method", async () => {
  assert.equal((await sluice.ask("/nothing")).status, 404);
  assert.equal((await sluice.ask("/api/v1/sync")).status, 405);
  assert.equal((await sluice.ask("/api/v1/nothing")).status, 404);
});

test("settings that nginx refuses: sync says why, everything serves on and stays ready, and taking them back mends it", async () => {
  const refused = configMap({ "worker-processes": "2", "access-log-path": "/nonexistent/access.log" });
  sluice.write({ "settings.yaml": refused });
  const { status, text } = await sluice.ask("/api/v1/sync", "POST");
  assert.equal(status, 504);
  assert.match((JSON.parse(text) as { reason: string }).reason, /\/nonexistent\/access\.log/);
  assert.equal((await ask({ port: sluice.http, host: "shop.example" })).status, 200);
  assert.equal((await sluice.ask("/readyz")).status, 200);
  assert.match((await sluice.ask("/api/v1/findings")).text, /"engine-refused"/);
  await sluice.apply({ "settings.yaml": configMap({ "worker-processes": "2" }) });
  assert.doesNotMatch((await sluice.ask("/api/v1/findings")).text, /"engine-refused"/);
});
