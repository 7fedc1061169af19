/** What routes counted, for `sluice top`: who asks with a cursor hears of what is new, and memory is bounded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { layoutOf } from "../../edge/src/measures.ts";
import { boundsOf } from "../../src/compile/measures.ts";
import type { CounterRow } from "../../src/engine/protocol.ts";
import { createTraffic, trafficLines, type Traffic, type TrafficHead, type TrafficRow } from "../../src/report/traffic.ts";
import { parseSettings } from "../../src/settings.ts";

const COUNTED = parseSettings([], "run", {});
const MEASURED = parseSettings(["--enable-metrics", "--time-buckets=0.01,0.1", "--metrics-per-host=false", "--metrics-max-series=1000", "--exclude-socket-metrics=request_duration_seconds"], "run", {});
const MINUTE = 60_000;

const row = (more: Partial<CounterRow> = {}): CounterRow => ({ namespace: "shop", ingress: "web", service: "web", path: "/", canary: "", status: 200, requests: 1, host: "shop.example", ...more });

/** Cells of requests whose durations are in this bucket. */
function took(bucket: number, requests: number): readonly number[] {
  const [start = 0] = layoutOf(boundsOf(MEASURED)).starts;
  return [start, 17 * requests, start + 1 + bucket, requests, start + 4, 9, start + 5, requests];
}

function told(traffic: Traffic, cursor = ""): { readonly head: TrafficHead; readonly rows: readonly TrafficRow[] } {
  const [head = "", ...rows] = trafficLines(traffic.since(cursor));
  return { head: JSON.parse(head) as TrafficHead, rows: rows.map((line) => JSON.parse(line) as TrafficRow) };
}

test("requests and errors add up by route, canary and host, whatever the metrics leave out", () => {
  const traffic = createTraffic({ settings: MEASURED, routes: () => 7, life: "a" });
  traffic.count([row({ requests: 5, cells: took(0, 5) }), row({ status: 404, requests: 2, cells: took(2, 2) }), row({ status: 499 }), row({ status: 503, requests: 3 })], { "no-endpoints": 3 });
  traffic.count([row({ requests: 1, method: "POST", cells: took(1, 1) }), row({ canary: "shop-next-80" }), row({ host: "b.example", path: "/odd\npath" })], { "no-endpoints": 1, "no-route": 1 });
  traffic.connected(4);
  const { head, rows } = told(traffic);
  assert.deepEqual(head, { cursor: "a.2", anew: true, bounds: [10, 100], connections: 4, routes: 7, answers: { "no-endpoints": 4, "no-route": 1 }, total: { requests: 14, clientErrors: 3, serverErrors: 3, took: [5, 1, 2] } });
  const web = { namespace: "shop", ingress: "web", service: "web", path: "/", canary: "", host: "shop.example" };
  const none = { requests: 1, clientErrors: 0, serverErrors: 0, took: [0, 0, 0] };
  assert.deepEqual(rows, [
    { id: 0, ...web, requests: 12, clientErrors: 3, serverErrors: 3, took: [5, 1, 2] },
    { id: 1, ...web, canary: "shop-next-80", ...none },
    { id: 2, ...web, host: "b.example", path: "/odd\npath", ...none },
  ]);
});

test("a worker that lies about cells changes no other bucket", () => {
  const traffic = createTraffic({ settings: MEASURED, routes: () => 0 });
  traffic.count([row({ cells: [0, 5, 1.5, 5, 1, 5, 900, 5, 5, 7, 2] })], {});
  assert.deepEqual(told(traffic).rows[0]?.took, [0, 0, 0]);
  const counted = createTraffic({ settings: COUNTED, routes: () => 0 });
  counted.count([row({ cells: took(0, 1) })], {});
  const { head, rows } = told(counted);
  assert.deepEqual([head.bounds, head.connections, rows[0]?.took], [undefined, undefined, undefined]);
});

test("with a cursor only what counted since is told, and without one of this life everything", () => {
  const traffic = createTraffic({ settings: COUNTED, routes: () => 0, life: "this" });
  const names = (cursor: string): readonly string[] => told(traffic, cursor).rows.map(({ ingress }) => ingress);
  const empty = told(traffic).head;
  assert.deepEqual([empty.cursor, empty.anew, names("")], ["this.0", true, []]);
  traffic.count([row({ ingress: "a" }), row({ ingress: "b" })], {});
  const { cursor } = told(traffic).head;
  assert.deepEqual(names(empty.cursor), ["a", "b"]);
  assert.deepEqual(names(cursor), []);
  traffic.count([row({ ingress: "b", requests: 4 })], {});
  assert.deepEqual(told(traffic, cursor).rows.map(({ ingress, requests }) => [ingress, requests]), [["b", 5]]);
  assert.equal(told(traffic, cursor).head.anew, false);
  for (const strange of ["", "other.1", "this", "this.", "this.x", "this.-1", "this.99", "thisx1"]) {
    assert.deepEqual([told(traffic, strange).head.anew, names(strange)], [true, ["a", "b"]], strange);
  }
  const next = createTraffic({ settings: COUNTED, routes: () => 0 });
  assert.equal(next.since(cursor).head.anew, true);
  assert.notEqual(createTraffic({ settings: COUNTED, routes: () => 0 }).since("").head.cursor, next.since("").head.cursor);
});

test("a row that counts nothing for fifteen minutes goes, and comes back as another", () => {
  let now = 0;
  const traffic = createTraffic({ settings: COUNTED, routes: () => 0, now: () => now });
  const rows = (): unknown => told(traffic).rows.map(({ id, ingress, requests }) => [id, ingress, requests]);
  traffic.count([row({ ingress: "a", requests: 9 }), row({ ingress: "b" })], {});
  now = 14 * MINUTE;
  traffic.count([row({ ingress: "b" })], {});
  assert.deepEqual(rows(), [[0, "a", 9], [1, "b", 2]]);
  now = 17 * MINUTE;
  assert.deepEqual(rows(), [[1, "b", 2]], "whether something is counted meanwhile or not");
  traffic.count([row({ ingress: "a" })], {});
  assert.deepEqual(rows(), [[1, "b", 2], [2, "a", 1]]);
});

test("beyond 20,000 routes requests are added up in one row, until others have gone", () => {
  let now = 0;
  const traffic = createTraffic({ settings: COUNTED, routes: () => 0, now: () => now });
  traffic.count(Array.from({ length: 20_000 }, (_, index) => row({ path: `/${index}` })), {});
  traffic.count([row({ path: "/late", requests: 2 }), row({ path: "/later", requests: 3, status: 500 }), row({ path: "/7" })], {});
  const { rows } = told(traffic);
  assert.equal(rows.length, 20_001);
  assert.deepEqual(rows.at(-1), { id: 20_000, namespace: "", ingress: "", service: "", path: "", canary: "", host: "", others: true, requests: 5, clientErrors: 0, serverErrors: 3 });
  assert.equal(rows.find(({ path }) => path === "/7")?.requests, 2);
  const { cursor } = told(traffic).head;
  traffic.count([row({ path: "/late" })], {});
  assert.deepEqual(told(traffic, cursor).rows.map(({ others, requests }) => [others, requests]), [[true, 6]]);
  now = 16 * MINUTE;
  traffic.count([row({ path: "/late" })], {});
  assert.deepEqual(told(traffic, cursor).rows.map(({ path, others }) => [path, others]), [["/late", undefined], ["", true]]);
});

test("long labels take room for fewer routes", () => {
  let now = 0;
  const traffic = createTraffic({ settings: COUNTED, routes: () => 0, now: () => now });
  const long = (name: string): readonly CounterRow[] => Array.from({ length: 3000 }, (_, index) => row({ path: `/${name}-${index}-${"x".repeat(2000)}` }));
  const apart = (): number => told(traffic).rows.filter(({ others }) => !others).length;
  traffic.count(long("a"), {});
  assert.ok(apart() > 1900 && apart() < 2000, String(apart()));
  assert.equal(told(traffic).rows.reduce((sum, { requests }) => sum + requests, 0), 3000);
  now = 16 * MINUTE;
  traffic.count(long("b"), {});
  assert.ok(apart() > 1900 && apart() < 2000, "rows that have gone leave their room");
});

test("ten thousand routes with measurements take less than 10 MB", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const traffic = createTraffic({ settings: parseSettings(["--enable-metrics"], "run", {}), routes: () => 0 });
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 10_000; index++) {
    // As workers' messages are read: each row has texts of its own.
    const text = JSON.stringify(row({ namespace: `team-${index % 100}`, ingress: `web-${index}`, service: `web-${index}`, path: `/api/v1/things/${index}`, host: `shop-${index}.tenants.example`, cells: [1, 30, 5, 1] }));
    for (const status of [200, 404]) traffic.count([{ ...(JSON.parse(text) as CounterRow), status }], {});
  }
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  assert.ok(bytes < 10_000_000, `${bytes} bytes`);
  assert.equal(told(traffic).rows.length, 10_000);
});
