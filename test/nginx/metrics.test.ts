/** Requests measured by real nginx: names, labels and values of the metrics that dashboards read. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { matching, scrapeUntil, total } from "../support/scrape.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const REQUESTS = "nginx_ingress_controller_requests";
let echo: EchoBackend;
/** Thinks for 80 ms, then says a lot. */
let slow: Server;
let sluice: Sluice;

before(async () => {
  echo = await startEcho("web");
  slow = createServer((_, response) => setTimeout(() => response.end("x".repeat(50_000)), 80));
  await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
  const endpoints = [`127.0.0.1:${echo.port}`];
  sluice = await startSluice({
    files: {
      "settings.yaml": configMap({ "worker-processes": "2" }),
      "web.yaml": site({ name: "web", host: "shop.example", endpoints }),
      "slow.yaml": site({ name: "slow", host: "slow.example", endpoints: [`127.0.0.1:${(slow.address() as AddressInfo).port}`] }),
      "wild.yaml": site({ name: "wild", host: "*.wild.example", endpoints }),
      "empty.yaml": site({ name: "empty", host: "empty.example", endpoints: [] }),
    },
    args: ["--configmap=sluice/sluice", "--enable-metrics"],
    env: { POD_NAMESPACE: "ingress", POD_NAME: "sluice-0" },
  });
});
after(async () => {
  await sluice.stop();
  slow.closeAllConnections();
  slow.close();
  await echo.close();
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
