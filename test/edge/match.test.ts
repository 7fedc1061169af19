import assert from "node:assert/strict";
import { test } from "node:test";
import { decide, errorPool } from "../../edge/src/match.ts";
import { findRoute } from "../../edge/src/routes.ts";
import { DEFAULT_BACKEND, type EdgeCanary, type Frame, type EdgeHost, type EdgeRoute } from "../../edge/src/program.ts";
import { newStaging, take } from "../../edge/src/tables.ts";
import { asked, canary, host, route, tablesWith } from "./routes.ts";

const POOLS = ["a", "b", "empty"];

function decided(hosts: readonly EdgeHost[], where: { name?: string; path?: string; https?: boolean; certified?: readonly string[]; pools?: readonly string[] } = {}) {
  const tables = tablesWith(hosts, where.pools ?? POOLS, where.certified);
  const { status, redirect, pool, canary: chosen } = decide(tables, asked(), where.name ?? "x.example", where.path ?? "/", where.https ?? false);
  return { status, redirect, pool: pool?.name, canary: chosen?.name };
}

const proxied = (pool: string, chosen?: string) => ({ status: 0, redirect: undefined, pool, canary: chosen });
const answered = (status: number, redirect?: "slash" | "https") => ({ status, redirect, pool: undefined, canary: undefined });
const only = (one: EdgeRoute): EdgeHost[] => [host("x.example", { "/": one })];

test("exact beats prefix, the longest prefix wins, the root takes the rest", () => {
  const table = host("_", { "=/foo": route("a"), "/foo/": route("b"), "/foo/bar/": route("c"), "/": route("d"), "=/": route("e") });
  const pool = (path: string): string | undefined => table.routes[findRoute(table, path)]?.pool;
  assert.equal(pool("/foo"), "a");
  assert.equal(pool("/foo/"), "b");
  assert.equal(pool("/foo/x"), "b");
  assert.equal(pool("/foo/bar"), "b");
  assert.equal(pool("/foo/bar/"), "c");
  assert.equal(pool("/foobar"), "d");
  assert.equal(pool("/Foo"), "d");
  assert.equal(pool("/"), "e");
  assert.equal(pool(""), "d");
});

test("tables without any host answer 503", () => {
  assert.deepEqual(decided([]), answered(503));
});

test("a pool without endpoints is 503, an unknown one too, the missing default backend 404", () => {
  assert.deepEqual(decided(only(route("a"))), proxied("a"));
  assert.deepEqual(decided(only(route("empty"))), answered(503));
  assert.deepEqual(decided(only(route("nobody"))), answered(503));
  assert.deepEqual(decided(only(route(DEFAULT_BACKEND))), answered(404));
  assert.deepEqual(decided(only(route(DEFAULT_BACKEND)), { pools: [DEFAULT_BACKEND] }), proxied(DEFAULT_BACKEND));
});

test("a status, then a slash redirect come before https; https comes before the canary and the empty pool", () => {
  const always = { https: "always" } as const;
  assert.deepEqual(decided(only(route("", { respond: 200, ...always }))), answered(200));
  assert.deepEqual(decided(only(route("a", { slash: true, ...always }))), answered(301, "slash"));
  assert.deepEqual(decided(only(route("empty", always))), answered(308, "https"));
  assert.deepEqual(decided(only(route("empty", always)), { https: true }), answered(503));
});

test("redirects to https need the name's own certificate or its parent's wildcard, not the default one", () => {
  const hosts = only(route("a", { https: "certificate" }));
  assert.deepEqual(decided(hosts), proxied("a"));
  assert.deepEqual(decided(hosts, { certified: ["_"] }), proxied("a"));
  assert.deepEqual(decided(hosts, { certified: ["y.example", "*.x.example"] }), proxied("a"));
  assert.deepEqual(decided(hosts, { certified: ["x.example"] }), answered(308, "https"));
  assert.deepEqual(decided(hosts, { certified: ["*.example"] }), answered(308, "https"));
});

test("a certificate that comes or goes counts from its commit on; names that clients make up are not kept", () => {
  const tables = tablesWith([...only(route("a", { https: "certificate" })), host("*.wild.example", { "/": route("a", { https: "certificate" }) })], POOLS);
  const staging = newStaging();
  const redirects = (name: string): boolean => decide(tables, asked(), name, "/", false).redirect === "https";
  const after = (...frames: readonly Frame[]): void => {
    for (const frame of [...frames, { op: "commit", generation: 2, digest: "" } as const]) take(tables, staging, frame, () => frame);
  };
  for (const id of ["x.example", "*.example"]) {
    assert.equal(redirects("x.example"), false);
    after({ op: "set", kind: "tls", id, value: "c" });
    assert.equal(redirects("x.example"), true, id);
    assert.equal(redirects("x.example"), true, "asked again");
    after({ op: "drop", kind: "tls", id });
  }
  assert.equal(redirects("x.example"), false);
  assert.equal(redirects("made-up.wild.example"), false);
  assert.deepEqual(Object.keys(tables.covered), ["x.example"]);
});

test("a canary with endpoints wins over a primary without, and the other way round", () => {
  const whole = (pool: string) => [canary(pool, { to: 100 })];
  assert.deepEqual(decided(only(route("empty", { canaries: whole("b"), total: 100 }))), proxied("b", "b"));
  assert.deepEqual(decided(only(route("a", { canaries: whole("empty"), total: 100 }))), proxied("a"));
  assert.deepEqual(decided(only(route("empty", { canaries: whole("empty"), total: 100 }))), answered(503));
});

test("a decision says nothing of the one before it", () => {
  const hosts = [host("x.example", { "/": route("b", { canaries: [canary("a", { to: 100 })], total: 100 }) }), host("_", { "/": route("", { respond: 403 }) })];
  const tables = tablesWith(hosts, POOLS);
  assert.equal(decide(tables, asked(), "x.example", "/", false).canary?.name, "a");
  const { pool, canary: chosen, redirect, status } = decide(tables, asked(), "y", "/", false);
  assert.deepEqual([pool, chosen, redirect, status], [undefined, undefined, undefined, 403]);
});

test("where paths are expressions the first that matches wins; one that cannot be run matches nothing", () => {
  const table: EdgeHost = {
    name: "x.example", exact: { "/healthz": 3 }, prefix: {}, lengths: [], root: 0,
    routes: [route("root"), route("a"), route("b"), route("health"), route("c", { when: [[{ variable: "http_x" }]] })],
    special: { patterns: [{ pattern: "(?i)^/longer(", route: 2 }, { pattern: "(?i)^/fo+", route: 4 }, { pattern: "(?i)^/fo+", route: 1 }, { pattern: "(?i)^/foo/bar", route: 2 }] },
  };
  const tables = tablesWith([table], ["root", "a", "b", "c", "health"]);
  const pool = (path: string, variables = {}): string | undefined => decide(tables, asked(variables), "x.example", path, false).pool?.name;
  assert.equal(pool("/FOO/bar"), "a");
  assert.equal(pool("/foo", { http_x: "1" }), "c");
  assert.equal(pool("/longer"), "root");
  assert.equal(pool("/healthz"), "health");
  assert.equal(pool("/healthz/"), "root");
});

test("an expression that gives up ends the request, whatever comes after it", () => {
  const patterns = [{ pattern: "(?i)^/slow", route: 0 }, { pattern: "(?i)^/", route: 0 }];
  assert.deepEqual(decided([{ ...host("x.example", { "/": route("a") }), special: { patterns } }]), answered(500));
});

test("a redirect of the route comes before https, a rewrite after the backend is chosen", () => {
  const redirect = { status: 302, url: "https://y.example/" };
  const { status, redirect: kind } = decided(only(route("empty", { https: "always", detour: { redirect } })));
  assert.deepEqual([status, kind], [302, "url"]);
  const rewrite = { pattern: "(?i)/(.*)", target: ["/new/", { group: 1 }] };
  assert.deepEqual(decided(only(route("empty", { detour: { rewrite } })), { path: "/.." }), answered(503));
  assert.deepEqual(decided(only(route("a", { detour: { rewrite } })), { path: "/.." }), answered(400));
  const tables = tablesWith(only(route("a", { detour: { rewrite } })), POOLS);
  assert.equal(decide(tables, asked(), "x.example", "/x", false).uri, "/new/x");
});

test("a rewrite to a URL redirects; where its pattern does not match the request goes on", () => {
  const rewrite = { pattern: "(?i)/old/(.*)", target: ["https://y.example/", { group: 1 }] };
  const hosts = only(route("a", { detour: { redirect: { status: 302, rewrite } } }));
  assert.deepEqual(decided(hosts, { path: "/old/x" }), { status: 302, redirect: "url", pool: undefined, canary: undefined });
  assert.deepEqual(decided(hosts, { path: "/x" }), proxied("a"));
});

test("the app root comes before everything else, for / alone", () => {
  const hosts: EdgeHost[] = [{ ...host("x.example", { "/": route("", { respond: 503 }) }), special: { appRoot: "/app" } }];
  assert.deepEqual(decided(hosts), { status: 302, redirect: "root", pool: undefined, canary: undefined });
  assert.deepEqual(decided(hosts, { path: "/x" }), answered(503));
});

test("OPTIONS from an allowed origin is answered before redirects, refusals and empty pools; any other request is not", () => {
  const cors = { origins: [{ start: "https://a.example" }], headers: [] };
  const asking = (one: EdgeRoute, method: string, origin: string) => {
    const { status, pool } = decide(tablesWith(only(one), POOLS), asked({ request_method: method, http_origin: origin }), "x.example", "/", false);
    return pool?.name ?? status;
  };
  for (const [more, otherwise] of [[{}, "a"], [{ https: "always" }, 308], [{ pool: "empty" }, 503]] as const) {
    const one = route("a", { ...more, filters: { cors } });
    assert.equal(asking(one, "OPTIONS", "https://a.example"), 204);
    assert.equal(asking(one, "OPTIONS", "https://b.example"), otherwise);
    assert.equal(asking(one, "GET", "https://a.example"), otherwise);
  }
  assert.equal(asking(route("a", { slash: true, filters: { cors } }), "OPTIONS", "https://a.example"), 301);
});

test("a route's default backend stands in for its empty pool, and makes its error pages", () => {
  const pages = (backend?: string) => ({ filters: { errors: backend === undefined ? {} : { backend } } });
  assert.deepEqual(decided(only(route("empty", pages("b")))), proxied("b"));
  assert.deepEqual(decided(only(route("a", pages("b")))), proxied("a"));
  assert.deepEqual(decided(only(route("empty", pages("empty")))), answered(503));
  assert.deepEqual(decided(only(route("empty", pages("nobody")))), answered(503));
  assert.deepEqual(decided(only(route("empty", pages()))), answered(503));
  assert.deepEqual(decided(only(route(DEFAULT_BACKEND, pages("b")))), answered(404));
  const tables = tablesWith([], [...POOLS, DEFAULT_BACKEND]);
  assert.equal(errorPool(tables, route("a", pages("b")))?.name, "b");
  assert.equal(errorPool(tables, route("a", pages("empty")))?.name, DEFAULT_BACKEND);
  assert.equal(errorPool(tables, route("a", pages()))?.name, DEFAULT_BACKEND);
  assert.equal(errorPool(tablesWith([], POOLS), route("a", pages())), undefined);
});

test("a session that began with a canary stays there, until its release is taken back", () => {
  const cookie = { name: "s", variable: "cookie_s", path: "/" };
  const balance = { kind: "session", cookie, key: "next" } as const;
  const side = (one: EdgeCanary, asking: Readonly<Record<string, string>> = {}): string | undefined => {
    const tables = tablesWith(only(route("a", { balance: { ...balance, key: "primary" }, canaries: [one], total: 100 })), POOLS);
    return decide(tables, asked({ cookie_s: "key|next", ...asking }, () => 100), "x.example", "/", false).pool?.name;
  };
  assert.equal(side(canary("b", { balance, from: 0, to: 0 })), "b", "without a rollout, as in ingress-nginx");
  assert.equal(side(canary("b", { balance, from: 0, to: 5, rollout: "shop/next" })), "b");
  assert.equal(side(canary("b", { balance, from: 0, to: 0, rollout: "shop/next" })), "a");
  assert.equal(side(canary("b", { balance, from: 0, to: 0, rollout: "shop/next", header: "http_h" }), { http_h: "always" }), "b", "who asks for it still gets it");
});

test("a session holds against every rule of a bound canary, and against the weight of any; not against the header and cookie of an unbound one", () => {
  const cookie = { name: "s", variable: "cookie_s", path: "/" };
  const balance = { kind: "session", cookie, key: "primary" } as const;
  const variables = { cookie_s: "key|primary" };
  const side = (one: EdgeCanary, asking: Readonly<Record<string, string>>): string | undefined => {
    const tables = tablesWith(only(route("a", { balance, canaries: [one], total: 100 })), POOLS);
    return decide(tables, asked({ ...variables, ...asking }, () => 1), "x.example", "/", false).pool?.name;
  };
  const asking: readonly (readonly [rule: Partial<EdgeCanary>, request: Readonly<Record<string, string>>])[] = [
    [{ header: "http_h" }, { http_h: "always" }],
    [{ header: "http_h", value: "v" }, { http_h: "v" }],
    [{ header: "http_h", pattern: "^v" }, { http_h: "v1" }],
    [{ cookie: "cookie_c" }, { cookie_c: "always" }],
  ];
  for (const [rule, request] of asking) {
    assert.equal(side(canary("b", { ...rule, unbound: true }), request), "b", JSON.stringify(rule));
    assert.equal(side(canary("b", rule), request), "a", JSON.stringify(rule));
    assert.equal(side(canary("b", { ...rule, unbound: true, to: 100 }), {}), "a", "a weight moves nobody");
  }
  assert.equal(side(canary("b", { header: "http_h", cookie: "cookie_c", unbound: true }), { http_h: "never", cookie_c: "always" }), "a");
});
