/** Requests that real nginx measures: names, labels and values of the metrics that dashboards read. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { releaseObjects } from "../support/release.ts";
import { matching, parseScrape, scrapeUntil, total, type Sample } from "../support/scrape.ts";
import { familiesOf } from "../support/text-format.ts";
import { freePorts, ROOT, startSluice, type Sluice } from "../support/sluice.ts";

const REQUESTS = "nginx_ingress_controller_requests";
let echo: EchoBackend;
/** A backend that answers after 80 ms, with 50,000 bytes. */
let slow: Server;
/** The folder with the certificate of the admission webhook. */
let folder: string;
let sluice: Sluice;

before(async () => {
  echo = await startEcho("web");
  slow = createServer((_, response) => setTimeout(() => response.end("x".repeat(50_000)), 80));
  await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
  folder = mkdtempSync(join(tmpdir(), "sluice-metrics-"));
  const { chain, key } = selfSigned(["webhook.example"], "webhook.example");
  writeFileSync(join(folder, "crt"), chain);
  writeFileSync(join(folder, "key"), key);
  const [webhook] = await freePorts(1);
  const endpoints = [`127.0.0.1:${echo.port}`];
  sluice = await startSluice({
    files: {
      "settings.yaml": configMap({ "worker-processes": "2" }),
      "web.yaml": site({ name: "web", host: "shop.example", endpoints }),
      "slow.yaml": site({ name: "slow", host: "slow.example", endpoints: [`127.0.0.1:${(slow.address() as AddressInfo).port}`] }),
      "wild.yaml": site({ name: "wild", host: "*.wild.example", endpoints }),
      "empty.yaml": site({ name: "empty", host: "empty.example", endpoints: [] }),
    },
    args: [
      "--configmap=sluice/sluice", "--enable-metrics", `--validating-webhook=127.0.0.1:${webhook}`,
      `--validating-webhook-certificate=${join(folder, "crt")}`, `--validating-webhook-key=${join(folder, "key")}`,
    ],
    env: { POD_NAMESPACE: "ingress", POD_NAME: "sluice-0" },
  });
});
after(async () => {
  await sluice?.stop();
  slow?.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
  slow?.close();
  await echo?.close();
});

test("each request is in the counter and in the histograms of its route, method and status", async () => {
  for (let i = 0; i < 3; i++) await ask({ port: sluice.http, host: "shop.example", path: "/a?b" });
  await ask({ port: sluice.https, tls: true, http2: true, host: "shop.example", method: "POST", body: "x".repeat(50) });
  await ask({ port: sluice.http, host: "shop.example", method: "BREW" });
  const samples = await scrapeUntil(sluice, (now) => total(now, REQUESTS, { ingress: "web" }) === 5);
  const [get] = matching(samples, REQUESTS, { ingress: "web", method: "GET" });
  assert.deepEqual(get, {
    name: REQUESTS,
    labels: {
      controller_class: "k8s.io/ingress-nginx", controller_namespace: "ingress", controller_pod: "sluice-0", status: "200", method: "GET",
      path: "/", namespace: "shop", ingress: "web", service: "web", canary: "", host: "shop.example",
    },
    value: 3,
  });
  assert.equal(total(samples, REQUESTS, { ingress: "web", method: "POST" }), 1);
  assert.equal(total(samples, REQUESTS, { ingress: "web", method: "OTHER" }), 1);
  const histograms = ["request_duration_seconds", "response_duration_seconds", "header_duration_seconds", "connect_duration_seconds", "request_size", "response_size", "bytes_sent"];
  for (const name of histograms.map((one) => `nginx_ingress_controller_${one}`)) {
    const of = { ingress: "web", method: "GET" };
    assert.equal(total(samples, `${name}_count`, of), 3, name);
    assert.equal(total(samples, `${name}_bucket`, { ...of, le: "+Inf" }), 3, name);
    const bounds = matching(samples, `${name}_bucket`, of).map(({ value }) => value);
    assert.deepEqual(bounds, [...bounds].sort((a, b) => a - b), name);
  }
  const sum = (name: string): number => total(samples, `nginx_ingress_controller_${name}_sum`, { ingress: "web", method: "GET" });
  assert.equal(sum("bytes_sent"), sum("response_size"));
  assert.ok(sum("request_size") > 3 * 40 && sum("request_size") < 3 * 200, String(sum("request_size")));
  assert.ok(sum("request_duration_seconds") >= sum("connect_duration_seconds") && sum("request_duration_seconds") < 30);
});

test("a slow answer is in a later bucket, a large one in the bytes", async () => {
  await ask({ port: sluice.http, host: "slow.example" });
  const samples = await scrapeUntil(sluice, (now) => total(now, REQUESTS, { ingress: "slow" }) === 1);
  const of = { ingress: "slow" };
  const below = (name: string, le: string): number => total(samples, `nginx_ingress_controller_${name}_bucket`, { ...of, le });
  assert.deepEqual([below("header_duration_seconds", "0.05"), below("header_duration_seconds", "+Inf")], [0, 1]);
  assert.deepEqual([below("bytes_sent", "10000"), below("bytes_sent", "100000"), below("bytes_sent", "1e+06")], [0, 1, 1]);
});

test("a wildcard's requests are counted under its rule, undeclared names under _, refusals with their route", async () => {
  await ask({ port: sluice.http, host: "a.wild.example" });
  await ask({ port: sluice.http, host: "b.wild.example" });
  await ask({ port: sluice.http, host: "nobody.example" });
  await ask({ port: sluice.http, host: "empty.example" });
  const samples = await scrapeUntil(sluice, (now) =>
    total(now, REQUESTS, { host: "*.wild.example", status: "200" }) === 2 && total(now, REQUESTS, { host: "_", status: "404", ingress: "" }) === 1 &&
    total(now, REQUESTS, { host: "empty.example", status: "503", ingress: "empty" }) === 1);
  assert.equal(total(samples, "nginx_ingress_controller_request_duration_seconds_count", { ingress: "empty" }), 1);
  assert.equal(matching(samples, "nginx_ingress_controller_connect_duration_seconds_count", { ingress: "empty" }).length, 0);
});

test("the controller, nginx and objects have the metrics that ingress-nginx's have", async () => {
  const common = { controller_class: "k8s.io/ingress-nginx", controller_namespace: "ingress", controller_pod: "sluice-0" };
  const samples = await scrapeUntil(sluice, (now) => total(now, "nginx_ingress_controller_nginx_process_connections_total", { state: "accepted" }) >= 10);
  const one = (name: string, labels: Readonly<Record<string, string>> = {}): number => {
    const found = matching(samples, `nginx_ingress_controller_${name}`, { ...common, ...labels });
    assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}`);
    return found[0]?.value ?? 0;
  };
  assert.equal(one("build_info", { repository: "sluice" }), 1);
  assert.ok(one("config_hash") > 0);
  assert.equal(one("config_last_reload_successful"), 1);
  assert.ok(Math.abs(one("config_last_reload_successful_timestamp_seconds") - Date.now() / 1000) < 600);
  assert.deepEqual([one("success"), one("errors")], [1, 0]);
  assert.ok(one("nginx_process_connections_total", { state: "accepted" }) >= 10);
  assert.equal(one("nginx_process_connections_total", { state: "handled" }), one("nginx_process_connections_total", { state: "accepted" }));
  assert.ok(one("nginx_process_requests_total") >= 10);
  assert.equal(one("nginx_process_num_procs"), 3);
  assert.ok(one("nginx_process_cpu_seconds_total") > 0);
  assert.ok(one("nginx_process_resident_memory_bytes") > 1e6 && one("nginx_process_virtual_memory_bytes") > 1e6);
  assert.ok(Math.abs(one("nginx_process_oldest_start_time_seconds") - Date.now() / 1000) < 600);
  assert.equal(one("orphan_ingress", { namespace: "shop", ingress: "empty", type: "no-endpoint" }), 1);
  assert.equal(one("orphan_ingress", { namespace: "shop", ingress: "empty", type: "no-service" }), 0);
  assert.equal(one("orphan_ingress", { namespace: "shop", ingress: "web", type: "no-endpoint" }), 0);
});

test("certificates tell when they expire, and series of an Ingress leave with it", async () => {
  const pair = selfSigned(["tls.example"], "tls.example");
  const name = "nginx_ingress_controller_ssl_expire_time_seconds";
  await sluice.apply({
    "tls.yaml": tlsSecret("tls", pair) + "---\n" + site({ name: "tls", host: "tls.example", endpoints: [`127.0.0.1:${echo.port}`], tlsSecret: "tls" }),
    "wild.yaml": undefined,
  });
  await ask({ port: sluice.https, tls: true, host: "tls.example" });
  const samples = await scrapeUntil(sluice, (now) => total(now, REQUESTS, { ingress: "tls" }) === 1);
  assert.equal(total(samples, REQUESTS, { ingress: "wild" }), 0);
  const certificate = new X509Certificate(pair.chain);
  const [expiry] = matching(samples, name, { host: "tls.example", namespace: "shop", secret_name: "tls", class: "k8s.io/ingress-nginx" });
  assert.equal(expiry?.value, certificate.validToDate.getTime() / 1000);
  const [info] = matching(samples, "nginx_ingress_controller_ssl_certificate_info", { host: "tls.example" });
  assert.equal(info?.labels["serial_number"], BigInt(`0x${certificate.serialNumber}`).toString());
  assert.equal(info?.labels["identifier"], `-${info?.labels["serial_number"]}`);
  assert.match(info?.labels["public_key_algorithm"] ?? "", /^(ECDSA|RSA)$/);
  assert.ok(matching(samples, "sluice_apply_to_live_seconds_count")[0]?.value);
  assert.ok(total(samples, "sluice_acknowledgement_seconds_count") >= 2 && total(samples, "sluice_turn_seconds_count") >= 2);
  assert.ok(total(samples, "sluice_deltas_total") >= 2 && total(samples, "sluice_frames_sent_total") > 6 && total(samples, "sluice_bytes_sent_total") > 100);
});

test("no request is lost by a reload, those that end during it included", async () => {
  const counted = (): Promise<Sample[]> => scrapeUntil(sluice, (now) => now.length > 0);
  const before = total(await counted(), REQUESTS, { ingress: "web" });
  let asked = 0;
  let reloading = true;
  const asking = async (): Promise<void> => {
    while (reloading) {
      await ask({ port: sluice.http, host: "shop.example" });
      asked++;
    }
  };
  const all = Promise.all([asking(), asking(), asking()]);
  for (const value of ["1k", "2k", "1k"]) await sluice.apply({ "settings.yaml": configMap({ "worker-processes": "2", "client-header-buffer-size": value }) });
  while (asked <= 50) await sleep(5);
  reloading = false;
  await all;
  const after = await scrapeUntil(sluice, (now) => total(now, REQUESTS, { ingress: "web" }) - before >= asked);
  assert.equal(total(after, REQUESTS, { ingress: "web" }) - before, asked);
});

test("what a worker serves last, when it follows the channel no more, is counted too", async () => {
  const socket = connect(sluice.http, "127.0.0.1");
  socket.write("PUT / HTTP/1.1\r\nHost: shop.example\r\n");
  await sluice.apply({ "settings.yaml": configMap({ "worker-processes": "2", "client-header-buffer-size": "3k" }) });
  // Waits until the old worker has left the channel, which it does because it has no request in flight. It has no way to tell when.
  await sleep(2500);
  const old = await scrapeUntil(sluice, (now) => total(now, "sluice_old_generations", { nginx: "http" }) === 1);
  assert.equal(total(old, "sluice_old_workers", { nginx: "http" }), 1);
  socket.write("X-A: b\r\n\r\n");
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  assert.match(text, /^HTTP\/1\.1 200 /);
  await scrapeUntil(sluice, (now) => total(now, REQUESTS, { method: "PUT", status: "200" }) === 1);
});

test("a compressed scrape says the same, and is valid by the strict rules", async () => {
  const response = await fetch(`http://127.0.0.1:${sluice.health}/metrics`, { headers: { "accept-encoding": "gzip" } });
  assert.equal(response.headers.get("content-encoding"), "gzip");
  const text = await response.text();
  assert.ok(parseScrape(text).length > 200);
  assert.ok(familiesOf(text).size > 80);
});

test("every metric and label that the dashboard and the guide ask for exists", async () => {
  // Those of rollouts are there with one.
  await sluice.apply({ "rollout.yaml": documents(...releaseObjects({ host: "rollout.example", primary: 9, canary: 9, rollout: "{}", namespace: "rollout" })) });
  await scrapeUntil(sluice, (now) => now.some(({ name }) => name === "sluice_rollout_status"));
  const { text } = await sluice.ask("/metrics");
  const samples = parseScrape(text);
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
  const dashboard = JSON.parse(readFileSync(join(ROOT, "deploy/grafana/sluice.json"), "utf8")) as { panels: { targets?: { expr: string }[] }[] };
  const guide = readFileSync(join(ROOT, "docs/guide/monitoring.md"), "utf8");
  const queries = [...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)), ...[...guide.matchAll(/^ +expr: (.+)$/gm)].map(([, expr = ""]) => expr)];
  assert.ok(queries.length > 35, String(queries.length));
  for (const query of [...queries, ...[...guide.matchAll(/`([a-z_]+)/g)].map(([, word = ""]) => word)]) {
    for (const [name] of query.matchAll(/\b(?:nginx_ingress_controller|sluice|process)_[a-z_]+/g)) {
      const family = types.get(name) ?? types.get(name.replace(/_(?:bucket|sum|count)$/, ""));
      assert.ok(family !== undefined, `there is no ${name} in ${query}`);
      assert.ok(types.has(name) ? family !== "histogram" || !query.includes("(") : family === "histogram", `${name} is asked for as what it is in ${query}`);
      const known = new Set(samples.filter((one) => one.name === name).flatMap(({ labels }) => Object.keys(labels)));
      if (known.size === 0) continue;
      const asked = [...query.matchAll(new RegExp(`${name}\\{([^}]*)\\}`, "g"))].flatMap(([, matchers = ""]) => [...matchers.matchAll(/(\w+)[=!]/g)].map(([, label = ""]) => label));
      for (const label of asked) assert.ok(known.has(label), `${name} has no label ${label}: ${query}`);
    }
  }
});
