import { Readable } from "node:stream";
import assert from "node:assert/strict";
import { request, type Server } from "node:http";
import { networkInterfaces } from "node:os";
import { after, before, beforeEach, test } from "node:test";
import type { EngineState } from "../../src/engine/engine.ts";
import type { AskObject } from "../../src/report/object-state.ts";
import { serveHealth } from "../../src/report/health.ts";
import { createJournal } from "../../src/report/journal.ts";
import { UserError } from "../../src/support/user-error.ts";
import { SERVING } from "../support/engine-state.ts";

const CALM: EngineState = { ...SERVING, observed: 5, programmed: 5, published: 5, reloads: 1, reloadReasons: new Map([["settings", 1]]) };
let state: EngineState;
let problem: string | undefined;
let sync: () => Promise<EngineState>;
let object: AskObject;
let server: Server;
let port: number;

const health = (host: string, at: number): Promise<Server> =>
  serveHealth({
    host,
    port: at,
    healthCheckPath: "/healthz",
    state: () => state,
    notReady: () => problem,
    findings: () => [],
    sync: () => sync(),
    object: (...asked) => object(...asked),
    list: (kind) => (kind === "routes" ? [{ host: "a.example" }] : undefined),
    journal: createJournal(() => {}), rollouts: { statuses: () => [], act: async () => undefined, hear: async () => undefined, token: "", runtimeDir: "" }, traffic: () => ({ head: { cursor: "", anew: true, routes: 0, answers: {}, total: { requests: 0, clientErrors: 0, serverErrors: 0 } }, rows: [] }), explain: async () => ({}), dashboard: undefined, metrics: () => ({ type: "text/plain", pieces: Readable.from(["a 1\n"]) }),
  });

before(async () => {
  server = await health("", 0);
  port = (server.address() as { port: number }).port;
});
after(() => {
  server?.close();
  server?.closeAllConnections();
});
beforeEach(() => {
  state = CALM;
  problem = undefined;
  sync = async () => state;
});

async function ask(path: string, method = "GET", host = "127.0.0.1"): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${host}:${port}${path}`, { method });
  return { status: response.status, text: await response.text() };
}

test("readiness says ok, or why not; being asked is being alive", async () => {
  for (const path of ["/healthz", "/readyz"]) assert.deepEqual(await ask(path), { status: 200, text: "ok\n" });
  problem = "worker 1 is behind";
  assert.deepEqual(await ask("/readyz"), { status: 503, text: "worker 1 is behind\n" });
  assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
  assert.equal((await ask("/healthz/ping")).status, 404);
});

test("what is served is listed by kind", async () => {
  const { status, text } = await ask("/api/v1/list/routes");
  assert.deepEqual([status, JSON.parse(text)], [200, [{ host: "a.example" }]]);
  for (const path of ["/api/v1/list/", "/api/v1/list/nothing", "/api/v1/list"]) assert.equal((await ask(path)).status, 404, path);
  assert.equal((await ask("/api/v1/list/routes", "POST")).status, 404);
});

test("generation and sync answer numbers", async () => {
  const numbers = { observed: 5, programmed: 5, workers: 2, reloads: 1 };
  assert.deepEqual(JSON.parse((await ask("/api/v1/generation")).text), numbers);
  assert.deepEqual(JSON.parse((await ask("/api/v1/sync", "POST")).text), numbers);
  assert.equal((await ask("/api/v1/sync")).status, 405);
  assert.equal((await ask("/api/v2/sync", "POST")).status, 404);
});

test("one object is asked for by kind, namespace and name, and a wait has a limit", async () => {
  const asked: [string, string, string, number][] = [];
  object = async (kind, namespace, name, limit) => {
    asked.push([kind, namespace, name, limit]);
    return { kind, object: `${namespace}/${name}`, state: "programmed", findings: [] };
  };
  assert.equal((JSON.parse((await ask("/api/v1/ingresses/shop/web.1?wait=1.5")).text) as { state: string }).state, "programmed");
  for (const wait of ["?wait=1e9", "?wait=-1", "?wait=x", ""]) await ask(`/api/v1/ingresses/shop/web${wait}`);
  for (const kind of ["gateways", "httproutes"]) await ask(`/api/v1/${kind}/shop/web`);
  assert.deepEqual(asked, [
    ["Ingress", "shop", "web.1", 1500], ["Ingress", "shop", "web", 60_000], ["Ingress", "shop", "web", 0], ["Ingress", "shop", "web", 0], ["Ingress", "shop", "web", 0],
    ["Gateway", "shop", "web", 0], ["HTTPRoute", "shop", "web", 0],
  ]);
  assert.equal((await ask("/api/v1/secrets/shop/web")).status, 404);
  for (const path of ["shop", "shop/..%2fx", "shop/A", "a/b/c"]) assert.equal((await ask(`/api/v1/ingresses/${path}`)).status, 404, path);
  assert.equal((await ask("/api/v1/ingresses/shop/web", "POST")).status, 404);
});

test("a sync that cannot be had is 504 with the reason", async () => {
  sync = async () => Promise.reject(new Error("The operation was aborted due to timeout"));
  const reason = async (): Promise<string> => {
    const { status, text } = await ask("/api/v1/sync", "POST");
    assert.equal(status, 504);
    return (JSON.parse(text) as { reason: string }).reason;
  };
  assert.match(await reason(), /timeout/);
  state = { ...CALM, programmed: 4, behind: ["worker 1 (at generation 4)", "agent (not connected)"] };
  assert.equal(await reason(), "not acknowledged by worker 1 (at generation 4), agent (not connected)");
  state = { ...state, refused: 'unknown directive "x"' };
  assert.equal(await reason(), 'unknown directive "x"');
});

test("the admin API is for this machine, probes and metrics for everybody", async (t) => {
  const other = Object.values(networkInterfaces()).flat().find((one) => one?.family === "IPv4" && !one.internal)?.address;
  if (other === undefined) return t.skip("this machine has no address but loopback");
  for (const path of ["/api/v1/generation", "/api/v1/findings", "/api/v1/sync", "/api/v1/ingresses/a/b", "/api/nothing"]) {
    assert.equal((await ask(path, path.endsWith("sync") ? "POST" : "GET", other)).status, 403, path);
  }
  for (const path of ["/healthz", "/readyz", "/metrics"]) assert.equal((await ask(path, "GET", other)).status, 200, path);
});

test("a port that is taken is one sentence with its flag", async () => {
  await assert.rejects(health("", port), (error) => error instanceof UserError && /in use.*--healthz-port/.test(error.message));
});

test("the admin API is for nobody who calls it by another name, as a web page would", async () => {
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, "127.0.0.1", "localhost"]) assert.equal(await askWith("/api/v1/findings", { host }), 200, host);
  for (const host of ["evil.example", `evil.example:${port}`, "localhost.evil.example", "127.0.0.1.evil.example"]) {
    assert.equal(await askWith("/api/v1/findings", { host }), 403, host);
    assert.equal(await askWith("/healthz", { host }), 200, host);
  }
});

test("the admin API is for no web page, whatever it sends; probes are for everybody", async () => {
  let synced = 0;
  sync = async () => {
    synced++;
    return state;
  };
  const pages: readonly Record<string, string>[] = [
    { origin: "https://evil.example" }, { origin: "null" }, { origin: `http://127.0.0.1:${port}` }, { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" }, { "sec-fetch-site": "same-origin" }, { origin: "https://evil.example", "sec-fetch-site": "none" }, { origin: "" },
  ];
  for (const headers of pages) {
    for (const [method, path] of [["POST", "/api/v1/sync"], ["GET", "/api/v1/findings"], ["GET", "/api/v1/generation"], ["GET", "/api/v1/ingresses/a/b"]] as const) {
      assert.equal(await askWith(path, headers, method), 403, `${method} ${path} ${JSON.stringify(headers)}`);
    }
    assert.equal(await askWith("/readyz", headers), 200);
  }
  assert.equal(synced, 0);
  // Requests as curl and scripts send them, and as a browser does for a typed address.
  for (const headers of [{}, { "sec-fetch-site": "none" }]) assert.equal(await askWith("/api/v1/sync", headers, "POST"), 200);
  assert.equal(synced, 2);
});

test("no request target is an error of ours", async () => {
  for (const target of ["//", "///", "//api/v1/sync", "/\\", "/%", "/%zz", "http://", "*", "/api/v1/ingresses/%/%", "//[", "?wait=1", "/api/v1/ingresses/a/b%0a"]) {
    const status = await askWith(target, {});
    assert.ok(status === 404 || status === 400, `${target}: ${status}`);
  }
  for (const target of ["/healthz?probe=kubelet", "http://10.0.0.1:10254/healthz", "/healthz#x", "/?", "/#", "/", "http://[/"]) assert.equal(await askWith(target, {}), 200, target);
});

/** The status of a request; unlike fetch, it can send any header. */
function askWith(path: string, headers: Readonly<Record<string, string>>, method = "GET"): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ port, path, host: "127.0.0.1", method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on("error", reject).end();
  });
}
