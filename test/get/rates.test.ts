/** Rates of routes: differences of two answers in the time between them, sorted and chosen; quantiles; the table. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRateMeter, quantileOf, ratesOf, type Interval, type IntervalOptions, type RateMeter } from "../../src/get/rates.ts";
import { topLines } from "../../src/get/top.ts";
import { coloured, plain } from "../../src/support/terminal.ts";
import type { TrafficHead, TrafficRow } from "../../src/report/traffic.ts";

const ALL: IntervalOptions = { selection: { namespace: "", hosts: [], ingresses: [] }, sort: "requests" };
const head = (more: Partial<TrafficHead> = {}): TrafficHead => ({ cursor: "", anew: false, routes: 10, answers: {}, total: { requests: 0, clientErrors: 0, serverErrors: 0 }, ...more });
const row = (id: number, requests: number, more: Partial<TrafficRow> = {}): TrafficRow => ({
  id, namespace: "shop", ingress: `i${id}`, service: "web", path: "/", canary: "", host: `h${id}.example`, requests, clientErrors: 0, serverErrors: 0, ...more,
});

/** What a meter gives for the second of two answers, two seconds later. */
function between(first: readonly TrafficRow[], second: readonly TrafficRow[], options: IntervalOptions = ALL, more: Partial<TrafficHead> = {}): Interval {
  const meter = createRateMeter(options);
  assert.equal(meter.take(head({ anew: true }), first, 1000), undefined);
  return meter.take(head(more), second, 3000) ?? assert.fail();
}

test("rates are differences by the time that really passed", () => {
  const { seconds, total, routes } = between(
    [row(1, 100, { clientErrors: 10, serverErrors: 4 }), row(2, 50)],
    [row(1, 108, { clientErrors: 12, serverErrors: 5 }), row(3, 3)],
    ALL, { connections: 5, answers: { "no-route": 2, "no-endpoints": 3 } },
  );
  assert.deepEqual([seconds, total], [2, {
    requests: 11, clientErrors: 2, serverErrors: 1, requestsPerSecond: 5.5, clientErrorsPerSecond: 1, serverErrorsPerSecond: 0.5,
    active: 2, quiet: 8, connections: 5, ownAnswers: { "no-endpoints": 3, "no-route": 2 },
  }]);
  assert.deepEqual(routes.map(({ ingress, requests, requestsPerSecond }) => [ingress, requests, requestsPerSecond]), [["i1", 8, 4], ["i3", 3, 1.5]]);
  assert.equal(ratesOf({ requests: 1, clientErrors: 0, serverErrors: 0 }, 0).requestsPerSecond, 0);
});

test("rows that were not told for a while are still compared with what they were; a new row counts whole", () => {
  const meter = createRateMeter(ALL);
  const requests = (rows: readonly TrafficRow[], at: number, more: Partial<TrafficHead> = {}): unknown => meter.take(head(more), rows, at)?.routes.map((one) => [one.ingress, one.requests]);
  assert.equal(requests([row(1, 7), row(2, 1)], 0, { anew: true }), undefined);
  assert.deepEqual(requests([row(2, 2)], 2000), [["i2", 1]]);
  assert.deepEqual(requests([row(1, 9)], 14 * 60_000), [["i1", 2]]);
  // The same route under another id: its row was dropped meanwhile.
  assert.deepEqual(requests([row(8, 3, { ingress: "i2" })], 40 * 60_000), [["i2", 3]]);
});

test("another life of the controller starts anew", () => {
  const meter: RateMeter = createRateMeter(ALL);
  meter.take(head({ anew: true, answers: { "no-route": 9 } }), [row(1, 7)], 0);
  assert.equal(meter.take(head({ anew: true, answers: { "no-route": 1 } }), [row(1, 2)], 2000), undefined);
  const { total } = meter.take(head({ answers: { "no-route": 2 } }), [row(1, 5)], 4000) ?? assert.fail();
  assert.deepEqual([total.requests, total.ownAnswers], [3, { "no-route": 1 }]);
});

test("only some routes, in an order", () => {
  const rows = [
    row(1, 9, { clientErrors: 3, took: [0, 9, 0] }), row(2, 5, { serverErrors: 1, took: [0, 0, 5] }), row(3, 7, { namespace: "other", took: [7, 0, 0] }),
    row(4, 5, { host: "_", ingress: "", path: "" }), row(5, 2, { host: "*.wild.example", canary: "next" }),
  ];
  const ids = (options: Partial<IntervalOptions["selection"]>, sort: IntervalOptions["sort"] = "requests"): string =>
    between([], rows, { selection: { ...ALL.selection, ...options }, sort }, { bounds: [10, 100] }).routes.map(({ host }) => host.slice(0, 2)).join(" ");
  assert.equal(ids({}), "h1 h3 * h2 *.");
  assert.equal(ids({}, "errors"), "h2 h1 h3 * *.");
  assert.equal(ids({}, "latency"), "h2 h1 h3 * *.");
  assert.equal(ids({ namespace: "other" }), "h3");
  assert.equal(ids({ hosts: ["h2.example", "*.wild.example"] }), "h2 *.");
  assert.equal(ids({ ingresses: ["shop/i1", "i3"] }), "h1 h3");
  const { total } = between([], rows, { selection: { ...ALL.selection, namespace: "other" }, sort: "errors" });
  assert.deepEqual([total.requests, total.active, total.quiet], [7, 1, undefined]);
  assert.equal(between([], rows).total.active, 4, "requests that no route took are no route");
});

test("quantiles by linear interpolation", () => {
  const bounds = [10, 20, 50];
  for (const [share, buckets, value] of [
    [0.5, [0, 0, 0, 0], undefined],
    [0.5, [4, 0, 0, 0], 5],
    [0.99, [100, 0, 0, 0], 9.9],
    [0.5, [1, 0, 1, 0], 10],
    [0.5, [2, 4, 2, 0], 15],
    [0.75, [0, 0, 4, 0], 42.5],
    [0.99, [0, 0, 98, 2], 50],
    [0.5, [0, 0, 0, 3], 50],
  ] as const) {
    assert.equal(quantileOf(share, buckets, bounds), value, `${share} of ${buckets.join(" ")}`);
  }
  const { routes } = between([row(1, 10, { took: [10, 0, 0, 0] })], [row(1, 20, { took: [10, 10, 0, 0] })], ALL, { bounds });
  assert.deepEqual([routes[0]?.p50, routes[0]?.p99], [15, 19.9], "of this interval alone");
});

const PICTURE = { paint: plain, lines: 0 };

test("a table, with a line for the whole", () => {
  const interval = between([], [
    row(1, 9, { clientErrors: 3, took: [5, 4, 0] }), row(2, 3, { serverErrors: 2, took: [0, 0, 3], canary: "shop-next-80", host: "_" }),
    row(3, 2, { namespace: "", ingress: "", service: "", path: "", host: "" }), row(4, 1, { namespace: "", ingress: "", service: "", path: "", host: "", others: true }),
  ], ALL, { bounds: [10, 100], connections: 1, answers: { "no-route": 2 } });
  assert.deepEqual(topLines(interval, PICTURE), [
    "7.5 requests/s   1.5 4xx/s   1.0 5xx/s   1 connection   2 active routes, 8 quiet   in 2.0 s",
    "answered by Sluice itself: no-route 1.0/s",
    "",
    "REQ/S  4XX/S  5XX/S  P50 MS  P99 MS  NAMESPACE  INGRESS  HOST        PATH            SERVICE",
    "  4.5    1.5      0     9.0      98  shop       i1       h1.example  /               web",
    "  1.5      0    1.0    ≥100    ≥100  shop       i2       *           / (canary)      shop-next-80",
    "  1.0      0      0       -       -  -          -        -           (no route)      -",
    "  0.5      0      0       -       -  -          -        -           (other routes)  -",
  ]);
  const inColours = topLines(interval, { ...PICTURE, paint: coloured });
  assert.ok(inColours[4]?.includes("\u001b[33m  1.5\u001b[39m"));
  assert.ok(inColours[5]?.includes("\u001b[31m  1.0\u001b[39m"));
});

test("whatever the terminal's size, lines fit; tenants cannot draw on it", () => {
  const many = between([], Array.from({ length: 40 }, (_, index) => row(index, 1000 - index, {
    namespace: "a-long-namespace", host: `${"h".repeat(60)}.example`, path: `/${"p".repeat(index * 4)}\u001b[2J`, serverErrors: index, took: [1, 1],
  })), ALL, { bounds: [10], answers: { "no-endpoints": 4 } });
  for (let width = 1; width < 260; width++) {
    for (const height of [1, 6, 24, 80]) {
      const lines = topLines(many, { ...PICTURE, width, height });
      assert.ok(lines.length <= Math.max(height, 6), `${lines.length} lines of ${height}`);
      for (const line of lines.slice(width < 5 ? 4 : 0)) assert.ok(line.length <= Math.max(width, 5), `${width}: ${line}`);
      assert.ok(!lines.join("").includes("\u001b"));
    }
  }
  const narrow = topLines(many, { ...PICTURE, width: 80, height: 24 });
  assert.match(narrow[3] ?? "", /^REQ\/S {2}4XX\/S {2}5XX\/S {2}P50 MS {2}P99 MS {2}INGRESS {2}HOST {10,}PATH$/);
  assert.deepEqual([narrow.length, narrow.at(-1)], [24, "… and 21 more"]);
  assert.equal(topLines(many, { ...PICTURE, lines: 3 }).at(-1), "… and 37 more");
  assert.equal(topLines(between([], []), PICTURE).at(-1), "No requests in this time.");
});
