/** Tallies of requests as metrics: which labels they get, and how many series there can be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { layoutOf } from "../../edge/src/measures.ts";
import { boundsOf } from "../../src/compile/measures.ts";
import type { CounterRow } from "../../src/engine/protocol.ts";
import { linesOf } from "../../src/report/exposition.ts";
import { createRequestMetrics, type RequestMetrics } from "../../src/report/request-metrics.ts";
import { parseSettings, type Settings } from "../../src/settings.ts";
import { matching, parseScrape, total, type Sample } from "../support/scrape.ts";
import { familiesOf } from "../support/text-format.ts";

const settingsWith = (...flags: string[]): Settings => parseSettings(["--enable-metrics", ...flags], "run", {});
const row = (more: Partial<CounterRow> = {}): CounterRow => ({
  namespace: "shop", ingress: "web", service: "web", path: "/", canary: "", status: 200, requests: 1, host: "shop.example", method: "GET", cells: [], ...more,
});
/** The tally of one request that took `milliseconds`, which are in this bucket of the request duration. */
const took = (milliseconds: number, bucket: number, more: Partial<CounterRow> = {}): CounterRow => {
  const [start = 0] = layoutOf(boundsOf(settingsWith())).starts;
  return row({ cells: [start, milliseconds, start + 1 + bucket, 1], ...more });
};
const samples = ({ metrics }: RequestMetrics): Sample[] => parseScrape([...linesOf(metrics)].join(""));
const always = (): boolean => true;
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const REQUESTS = "nginx_ingress_controller_requests";
const DURATION = "nginx_ingress_controller_request_duration_seconds";

test("buckets add up, in seconds", () => {
  const metrics = createRequestMetrics(settingsWith(), { controller_class: "c" }, always);
  metrics.count([took(4, 0), took(30, 3), took(20_000, 11)]);
  const all = samples(metrics);
  assert.deepEqual(matching(all, `${DURATION}_bucket`).map(({ labels: { le }, value }) => [le, value]), [
    ["0.005", 1], ["0.01", 1], ["0.025", 1], ["0.05", 2], ["0.1", 2], ["0.25", 2], ["0.5", 2], ["1", 2], ["2.5", 2], ["5", 2], ["10", 2], ["+Inf", 3],
  ]);
  assert.equal(total(all, `${DURATION}_sum`), 20.034);
  assert.equal(total(all, `${DURATION}_count`), 3);
  assert.equal(total(all, REQUESTS), 3);
});

test("labels may be any text, and options take some away", () => {
  const odd = row({ path: '/a"b\\c\nd', host: "*.x" });
  const plain = createRequestMetrics(settingsWith(), {}, always);
  plain.count([odd]);
  assert.deepEqual(samples(plain)[0]?.labels, {
    status: "200", method: "GET", path: '/a"b\\c\nd', namespace: "shop", ingress: "web", service: "web", canary: "", host: "*.x",
  });
  const less = createRequestMetrics(settingsWith("--metrics-per-host=false", "--metrics-per-path=false", "--report-status-classes"), {}, always);
  less.count([odd, row({ status: 204, path: "/other" }), row({ method: "ANYTHING" })]);
  assert.deepEqual(samples(less).map(({ labels, value }) => [labels["status"], labels["method"], labels["path"], "host" in labels, value]), [
    ["2xx", "GET", "", false, 2], ["2xx", "OTHER", "", false, 1],
  ]);
});

test("beyond the limit requests are counted without the labels of their route, and nothing is lost", () => {
  const metrics = createRequestMetrics(settingsWith("--metrics-max-series=1000"), {}, always);
  for (let index = 0; index < 1500; index++) metrics.count([took(1, 0, { ingress: `i${index}` })]);
  const all = samples(metrics);
  assert.equal(total(all, REQUESTS), 1500);
  assert.equal(total(all, `${DURATION}_count`), 1500);
  assert.equal(matching(all, REQUESTS).length, 1001);
  assert.equal(total(all, REQUESTS, { ingress: "", status: "200", method: "GET" }), 500);
  assert.ok(all.length < 2 * 1000 + 200, String(all.length));
  assert.equal(metrics.folded.requests, 500);
  assert.equal(metrics.folded.histograms, 1500 - matching(all, `${DURATION}_count`).length + 1);
});

test("requests that no route took, and those beyond the limit, are one series where their labels are the same", () => {
  const nobody = took(1, 0, { namespace: "", ingress: "", service: "", path: "", host: "" });
  for (const early of [true, false]) {
    let exists = true;
    const metrics = createRequestMetrics(settingsWith("--metrics-max-series=1000"), {}, () => exists);
    if (early) metrics.count([nobody]);
    for (let index = 0; index < 1500; index++) metrics.count([took(1, 0, { ingress: `i${index}` })]);
    assert.equal(total(samples(metrics), REQUESTS), 1500 + Number(early));
    exists = false;
    const folded = total(samples(metrics), REQUESTS);
    metrics.count([nobody]);
    const families = familiesOf([...linesOf(metrics.metrics)].join(""));
    assert.deepEqual([...families.get(REQUESTS)?.samples.values() ?? []].map(({ value }) => value), [folded + 1]);
  }
});

test("series of an Ingress that is gone leave, and make room", () => {
  let exists = false;
  const metrics = createRequestMetrics(settingsWith("--metrics-max-series=1000"), {}, () => exists);
  for (let index = 0; index < 1000; index++) metrics.count([took(1, 0, { ingress: `i${index}` })]);
  assert.equal(matching(samples(metrics), REQUESTS).length, 0);
  exists = true;
  metrics.count([took(1, 0, { ingress: "new" })]);
  assert.equal(total(samples(metrics), REQUESTS, { ingress: "new" }), 1);
  assert.equal(total(samples(metrics), `${DURATION}_count`, { ingress: "new" }), 1);
});

test("without --enable-metrics there are requests and no histograms; excluded ones are missing", () => {
  const off = createRequestMetrics(parseSettings([], "run", {}), {}, always);
  const { host: _host, method: _method, cells: _cells, ...counted } = row();
  off.count([counted]);
  assert.deepEqual(samples(off).map(({ name }) => name), [REQUESTS]);
  const some = createRequestMetrics(settingsWith("--exclude-socket-metrics=nginx_ingress_controller_request_duration_seconds,requests"), {}, always);
  some.count([took(1, 0)]);
  assert.deepEqual(samples(some), []);
});

test("what workers make up and no label shows is not kept", () => {
  const metrics = createRequestMetrics(settingsWith("--metrics-max-series=1000"), {}, always);
  const long = "X".repeat(2000);
  const heap = (): number => (collect(), process.memoryUsage().heapUsed);
  const before = heap();
  for (let index = 0; index < 20_000; index++) metrics.count([row({ method: `${long}${index}` })]);
  assert.equal(total(samples(metrics), REQUESTS, { method: "OTHER" }), 20_000);
  assert.ok(heap() - before < 20 * 1024 ** 2, `${heap() - before} bytes are kept`);
});
