/** What the dashboard is told of traffic: intervals over all routes, endpoints of one host, and what the picture makes of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY, reduce, type Feed } from "../../dashboard/src/feed.ts";
import { flowText, withRates } from "../../dashboard/src/way-rates.ts";
import { durationText, percentText, rateText } from "../../dashboard/src/texts.ts";
import { addressOf, placeOf } from "../../dashboard/src/place.ts";
import type { JournalRow } from "../../edge/src/journal.ts";
import { createEndpointRates } from "../../src/dashboard/endpoint-rates.ts";
import { createPulse } from "../../src/dashboard/pulse.ts";
import type { HostRates, Way } from "../../src/dashboard/shapes.ts";
import { createTraffic } from "../../src/report/traffic.ts";
import { layoutOf } from "../../edge/src/measures.ts";
import { boundsOf } from "../../src/compile/measures.ts";
import { parseSettings } from "../../src/settings.ts";

const MEASURED = parseSettings(["--enable-metrics", "--time-buckets=0.01,0.1"], "run", {});

const noted = (more: Partial<JournalRow>): JournalRow => ({
  time: 0, took: 1, host: "shop.example", path: "/", reason: "", answers: "200", id: "", status: 200, method: "GET", scheme: "http", client: "127.0.0.1",
  route: "/", namespace: "shop", ingress: "web", service: "web", canary: "", upstream: "10.0.0.1:80", ...more,
});

test("intervals are compared while somebody looks, and one in five while nobody does", () => {
  const traffic = createTraffic({ settings: MEASURED, routes: () => 2, life: "a" });
  const [durations = 0] = layoutOf(boundsOf(MEASURED)).starts;
  let now = 0;
  const pulse = createPulse((cursor) => traffic.since(cursor), () => now);
  const count = (requests: number, status: number): void => traffic.count([{ namespace: "shop", ingress: "web", service: "web", path: "/", canary: "", status, requests, host: "shop.example", cells: [durations, 5 * requests, durations + 1, requests] }], { "no-route": 1 });
  assert.equal(pulse.beat(true), undefined, "the first answer has nothing to be compared with");
  count(6, 200);
  count(2, 503);
  now = 2000;
  assert.equal(pulse.beat(true)?.interval?.total.requestsPerSecond, 4);
  assert.deepEqual(pulse.history(), [{ time: 2000, requests: 4, clientErrors: 0, serverErrors: 1, p50: 5, p99: 9.9 }]);
  const beats = Array.from({ length: 10 }, () => {
    now += 2000;
    return pulse.beat(false) !== undefined;
  });
  assert.deepEqual(beats, [false, false, false, false, true, false, false, false, false, true]);
  count(8, 200);
  now += 2000;
  assert.deepEqual([pulse.beat(true)?.interval, pulse.history().at(-1)?.requests], [undefined, 4], "routes are known from when somebody looks, all together always");
  count(2, 200);
  now += 2000;
  assert.equal(pulse.beat(true)?.interval?.routes[0]?.requestsPerSecond, 1);
  assert.equal(pulse.history().length, 5);
  for (let times = 0; times < 1000; times++) {
    now += 2000;
    pulse.beat(true);
  }
  const { length } = pulse.history();
  assert.ok(length <= 450, `a quarter of an hour, not ${length} intervals`);
});

test("a clock that is set back leaves no samples ahead of now, which would stand in the way of new ones", () => {
  const traffic = createTraffic({ settings: MEASURED, routes: () => 2, life: "a" });
  let now = 3_600_000;
  const pulse = createPulse((cursor) => traffic.since(cursor), () => now);
  for (const step of [0, 2000, 2000, -3_000_000, 2000]) {
    now += step;
    pulse.beat(true);
  }
  assert.deepEqual(pulse.history().map(({ time }) => time), [604_000, 606_000]);
  const overview = (time: number): { readonly event: string; readonly data: unknown } => ({ event: "overview", data: { sample: { time, requests: 1 } } });
  const feed = [604_000, 606_000, 606_000, 10_000, 12_000].reduce((before, time) => reduce(before, overview(time)), EMPTY);
  assert.deepEqual(feed.samples.map(({ time }) => time), [10_000, 12_000]);
});

test("a change that was on its way in another life of the controller is not so for ever", () => {
  const change = (id: number, more: object): object => ({ id, time: 1000 + id, objects: [], parts: [], more: 0, generation: 1, reloaded: false, ...more });
  const told = (feed: Feed, ...changes: readonly object[]): Feed => reduce(reduce(feed, { event: "history", data: [] }), { event: "changes", data: changes });
  const before = told(EMPTY, change(1, { liveAfter: 5 }), change(2, {}), change(3, {}));
  assert.deepEqual(told(before, change(3, {})).changes.map(({ id }) => id), [3, 1]);
});

test("endpoints of a host count by the requests that were noted, raised by those that found no room", () => {
  let now = 0;
  const rates = createEndpointRates(({ host }) => host === "shop.example", () => now);
  rates.take([noted({}), noted({ upstream: "10.0.0.1:80, 10.0.0.2:80", answers: "502, 200" }), noted({ host: "other.example" }), noted({ upstream: "", answers: "" })], 0);
  now = 2000;
  assert.deepEqual(rates.beat(), { "10.0.0.1:80": { requests: 1, failed: 0.5 }, "10.0.0.2:80": { requests: 0.5, failed: 0 } });
  rates.take([noted({}), noted({})], 6);
  now = 4000;
  assert.deepEqual(rates.beat(), { "10.0.0.1:80": { requests: 4, failed: 0 } });
  now = 6000;
  assert.deepEqual(rates.beat(), {});
});

test("endpoints are bounded, however many addresses rows name", () => {
  const rates = createEndpointRates(() => true, () => 0);
  for (let index = 0; index < 5000; index++) rates.take([noted({ upstream: `10.0.${index >> 8}.${index & 255}:80` })], 0);
  assert.equal(Object.keys(rates.beat()).length, 1000);
});

const WAY: Way = {
  host: "shop.example", aliases: [], tls: "none", more: 0,
  routes: [
    {
      namespace: "shop", ingress: "web", path: "/", text: "/ (prefix)", service: "web", redirect: "",
      arms: [
        { canary: "shop-next-80", ingress: "shop/next", rule: "header X-Next", share: 10, target: "shop/next:80", pool: "shop/next/80" },
        { canary: "", ingress: "", rule: "", share: 90, target: "shop/web:80", pool: "shop/web/80" },
      ],
    },
    { namespace: "shop", ingress: "web", path: "/img", text: "/img (prefix)", service: "web", redirect: "", arms: [{ canary: "", ingress: "", rule: "", share: 100, target: "shop/web:80", pool: "shop/web/80" }] },
    { namespace: "shop", ingress: "old", path: "/old", text: "/old (exact)", service: "web", redirect: "301 to https://new.example", arms: [] },
  ],
  pools: { "shop/web/80": { endpoints: ["10.0.0.1:80"], more: 3 }, "shop/next/80": { endpoints: [], more: 0 } },
};

const row = (more: { readonly requestsPerSecond?: number; readonly [field: string]: unknown }): HostRates["routes"][number] => ({
  namespace: "shop", ingress: "web", host: "shop.example", path: "/", service: "web", canary: "", requests: 2 * (more.requestsPerSecond ?? 0), clientErrors: 0, serverErrors: 0, requestsPerSecond: 0, clientErrorsPerSecond: 0, serverErrorsPerSecond: 0, ...more,
});

test("the picture adds up: arms to routes, routes to the host, arms of one Service to its pool", () => {
  const rates: HostRates = {
    host: "shop.example", requests: 16, failed: 1,
    routes: [row({ requestsPerSecond: 8, p99: 12 }), row({ canary: "shop-next-80", requestsPerSecond: 2, serverErrorsPerSecond: 1 }), row({ path: "/img", requestsPerSecond: 5 }), row({ ingress: "old", path: "/old", requestsPerSecond: 1 })],
    endpoints: { "10.0.0.1:80": { requests: 3, failed: 0 } },
  };
  const { columns, flows } = withRates(WAY, rates);
  const told = columns.map((column) => column.map(({ title, note, rate, failed }) => `${title} | ${note} | ${rate ?? "-"} | ${failed ?? "-"}`));
  assert.deepEqual(told, [
    ["shop.example | http | 16 | 1"],
    ["/ (prefix) | shop/web | 10 | 1", "/img (prefix) | shop/web | 5 | 0", "/old (exact) | shop/old, 301 to https://new.example | 1 | 0"],
    ["canary shop/next | 10 %, lately 20 % of 20, or header X-Next | 2 | 1", "primary | 90 %, lately 80 % of 20, p99 12 ms | 8 | 0", "primary | 100 %, lately 100 % of 10 | 5 | 0"],
    ["shop/next:80 | no ready endpoint: 503 | 2 | 1", "shop/web:80 | 4 endpoints | 13 | 0"],
    ["10.0.0.1:80 |  | 3 | 0", "3 more |  | - | -"],
  ]);
  const keys = new Set(columns.flat().map(({ key }) => key));
  assert.equal(keys.size, columns.flat().length, "each node has a key of its own");
  for (const { from, to } of flows) assert.ok(keys.has(from) && keys.has(to), `${from} → ${to}`);
});

test("what workers count together is told once: a path of two types, and two canaries with one Service", () => {
  const arm = (more: object): Way["routes"][number]["arms"][number] => ({ canary: "", ingress: "", rule: "", share: 100, target: "shop/web:80", pool: "shop/web/80", ...more });
  const route = { namespace: "shop", ingress: "web", path: "/a", service: "web", redirect: "" };
  const next = { target: "shop/next:80", pool: "shop/next/80", canary: "shop-next-80" };
  const way: Way = {
    ...WAY,
    routes: [
      { ...route, text: "/a (exact)", arms: [arm({ ...next, ingress: "shop/one", share: 20 }), arm({ ...next, ingress: "shop/two", share: 0, rule: "header X" }), arm({ share: 80 })] },
      { ...route, text: "/a (prefix)", arms: [arm({})] },
      { ...route, text: "/a (prefix) when b", service: "other", arms: [arm({ target: "shop/other:80", pool: "shop/other/80" })] },
      { ...route, path: "/gone", text: "/gone (exact)", arms: [], redirect: "301 to /" },
      { ...route, path: "/gone", text: "/gone (prefix)", arms: [], redirect: "301 to /" },
    ],
  };
  const routes = [row({ path: "/a", requestsPerSecond: 8 }), row({ path: "/a", canary: "shop-next-80", requestsPerSecond: 2 }), row({ path: "/a", service: "other", requestsPerSecond: 5 }), row({ path: "/gone", requestsPerSecond: 1 })];
  const { columns, flows } = withRates(way, { host: "shop.example", requests: 20, failed: 0, routes, endpoints: {} });
  const told = columns.slice(0, 4).map((column) => column.map(({ title, note, rate }) => `${title} | ${note} | ${rate ?? "-"}`));
  assert.deepEqual(told, [
    ["shop.example | http | 20"],
    [
      "/a (exact) | shop/web | 10", "/a (prefix) | shop/web, counted with /a (exact) | -", "/a (prefix) when b | shop/web | 5",
      "/gone (exact) | shop/web, 301 to / | 1", "/gone (prefix) | shop/web, 301 to /, counted with /gone (exact) | -",
    ],
    [
      "canary shop/one | 20 %, lately 20 % of 20 | 2", "canary shop/two | header X, counted with canary shop/one of /a (exact) | -", "primary | 80 %, lately 80 % of 20 | 8",
      "primary | 100 %, counted with /a (exact) | -", "primary | 100 %, lately 100 % of 10 | 5",
    ],
    ["shop/next:80 | no ready endpoint: 503 | 2", "shop/web:80 | 4 endpoints | 8", "shop/other:80 | no ready endpoint: 503 | 5"],
  ]);
  const keys = columns.flat().map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(flows.filter(({ from }) => from === "host").reduce((sum, { rate }) => sum + rate, 0), 16);
});

test("endpoints that nobody counts have no number, which is not none", () => {
  const { columns } = withRates(WAY, { host: "shop.example", requests: 0, failed: 0, routes: [] });
  assert.equal(columns[4]?.[0]?.rate, undefined);
});

test("without rates the picture is there, and nothing flows", () => {
  assert.ok(withRates(WAY, undefined).flows.every(({ rate }) => rate === 0));
});

test("numbers read as people write them", () => {
  assert.deepEqual([0, 0.01, 0.25, 3, 9.96, 42.4, 999.6, 1234, 56_789].map(rateText), ["0", "<0.1", "0.3", "3", "10", "42", "1000", "1.2k", "57k"]);
  assert.deepEqual([percentText(0, 10), percentText(1, 0), percentText(1, 8), percentText(1, 3000), percentText(7, 10)], ["0 %", "0 %", "13 %", "<0.1 %", "70 %"]);
  assert.deepEqual([undefined, 0.04, 9.94, 12.4, 1490].map(durationText), ["–", "0.0 ms", "9.9 ms", "12 ms", "1.5 s"]);
  assert.equal(flowText({}), "");
  assert.equal(flowText({ rate: 3, failed: 0.5 }), "3/s, 0.5/s failed");
});

test("an address leads to its view and back, whatever a host's name holds; any other leads to the overview", () => {
  for (const [view, name] of [["traffic", "*.shop.example"], ["traffic", "a/b?c#d%"], ["overview", ""]] as const) {
    const place = placeOf(addressOf(view, name));
    assert.deepEqual([place.view, place.name], [view, name]);
  }
  for (const hash of ["", "#", "#/", "#/nothing", "#main", "#/__proto__"]) assert.equal(placeOf(hash).view, "overview", hash);
  assert.equal(placeOf("#/traffic/%zz").name, "%zz");
  assert.equal(placeOf(addressOf("explain", "", { url: "http://a/?b=c&d" })).query.get("url"), "http://a/?b=c&d");
});
