/** Copies of requests (RequestMirror), on real nginx: who gets them, with what, and how many. */
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { GATEWAY_CLASS, gatewayOf, httpListener, httpRoute, prefix, ruleTo, serviceAt } from "../support/gateways.ts";
import { documents } from "../support/manifests.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const ADDRESS = "127.9.5.1";

interface Seen {
  readonly by: string;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const seen: Seen[] = [];

/** Notes what it is asked, and fails. */
async function startMirror(by: string): Promise<Server> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push({ by, method: request.method, url: request.url, headers: request.headers, body });
      response.writeHead(500).end("nobody sees this");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const mirror = (name: string, more: object = {}): object => ({ type: "RequestMirror", requestMirror: { backendRef: { name, port: 80 }, ...more } });

const RULES: readonly object[] = [
  ruleTo("web", { matches: [prefix("/two")], filters: [
    mirror("one"), { type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "X-Set", value: "rule" }], remove: ["X-Gone"] } },
    { type: "URLRewrite", urlRewrite: { hostname: "inner.example", path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/new" } } }, mirror("two"),
  ] }),
  ruleTo("web", { matches: [prefix("/none")], filters: [mirror("one", { percent: 0 }), mirror("empty"), mirror("missing")] }),
  ruleTo("web", { matches: [prefix("/half")], filters: [mirror("one", { percent: 50 }), mirror("two", { fraction: { numerator: 1, denominator: 2 } })] }),
  { matches: [prefix("/backend")], backendRefs: [{ name: "web", port: 80, filters: [mirror("one")] }, { name: "other", port: 80 }] },
];

let echoes: EchoBackend[];
let mirrors: Server[];
let sluice: Sluice;
let port: number;

before(async () => {
  echoes = await Promise.all(["web", "other"].map((name) => startEcho(name)));
  mirrors = await Promise.all(["one", "two", "three"].map(startMirror));
  [port] = await freePorts(1);
  const services = mirrors.map((server, index) => serviceAt(["one", "two", "three"][index] ?? "", (server.address() as AddressInfo).port));
  sluice = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.5.0/24"],
    files: {
      "services.yaml": [...services, ...echoes.map(({ name, port: at }) => serviceAt(name, at))].join("---\n"),
      "empty.yaml": documents({ apiVersion: "v1", kind: "Service", metadata: { name: "empty", namespace: "shop" }, spec: { ports: [{ port: 80 }] } }),
      "gateways.yaml": documents(GATEWAY_CLASS, gatewayOf("shop", ADDRESS, [httpListener("all", port)])),
    },
  });
  // After the start, so that a location that nginx does not have would cost a reload.
  await sluice.apply({ "routes.yaml": documents(httpRoute({ name: "mirrors", parents: ["shop"], rules: RULES })) });
});
after(async () => {
  await Promise.all([sluice?.stop(), ...(echoes ?? []).map((one) => one.close())]);
  for (const server of mirrors ?? []) {
    server.closeAllConnections();
    server.close();
  }
});

const get = (path: string, more: Partial<Ask> = {}): Promise<Answer> => ask({ address: ADDRESS, port, host: "shop.example", path, ...more });

/** What the mirrors see of requests, until they have seen `count` of them. */
async function copiesOf(path: string, count: number): Promise<readonly Seen[]> {
  for (let i = 0; i < 200; i++) {
    const found = seen.filter(({ url }) => url?.startsWith(path));
    if (found.length >= count) return found;
    await sleep(25);
  }
  return assert.fail(`${seen.filter(({ url }) => url?.startsWith(path)).length} of ${count} copies of ${path}`);
}

test("every mirror gets what the backend gets, and the client the backend's answer", async () => {
  const { status, echo } = await get("/two/x%20y?z", { method: "POST", body: "content", headers: { "x-gone": "1", "x-kept": "2" } });
  assert.deepEqual([status, echo?.backend, echo?.path], [200, "web", "/new/x%20y?z"]);
  const copies = await copiesOf("/new", 2);
  assert.deepEqual(copies.map(({ by }) => by).sort(), ["one", "two"]);
  for (const { method, url, body, headers: { host, "x-set": set, "x-gone": gone, "x-kept": kept, "x-forwarded-host": forwarded, "content-length": length } } of copies) {
    assert.deepEqual([method, url, body, host, set, gone, kept, forwarded, length], ["POST", "/new/x%20y?z", "content", "inner.example", "rule", undefined, "2", "shop.example", "7"]);
  }
});

test("a mirror of no requests, without endpoints or without Service gets none, and the rule is served", async () => {
  assert.equal((await get("/none")).echo?.backend, "web");
});

test("each mirror is drawn for itself", async () => {
  const asked = 200;
  for (let i = 0; i < asked; i++) await get(`/half?${i}`);
  // Of copies that all went out, the last ones may still be under way.
  await copiesOf("/half", asked / 2);
  const of = (by: string): Set<string | undefined> => new Set(seen.filter((one) => one.by === by && one.url?.startsWith("/half")).map(({ url }) => url));
  const [one, two] = [of("one"), of("two")];
  // Seven standard deviations.
  for (const { size } of [one, two]) assert.ok(size > 50 && size < 150, `${size} of ${asked}`);
  const both = [...one].filter((url) => two.has(url)).length;
  assert.ok(both > 10 && both < 90, `${both} of ${asked} went to both`);
});

test("a mirror of one backend gets the requests of its share", async () => {
  const answered: string[] = [];
  for (let i = 0; i < 30; i++) if ((await get(`/backend/${i}`)).echo?.backend === "web") answered.push(`/backend/${i}`);
  assert.ok(answered.length > 0 && answered.length < 30);
  assert.deepEqual((await copiesOf("/backend", answered.length)).map(({ url }) => url).sort(), answered.sort());
});

test("one mirror and two cost no reload, and more one", async () => {
  assert.equal((await sluice.generation()).reloads, 0);
  const more = [ruleTo("web", { matches: [prefix("/three")], filters: ["one", "two", "three"].map((name) => mirror(name)) })];
  const { reloads } = await sluice.apply({ "more.yaml": documents(httpRoute({ name: "more", parents: ["shop"], rules: more })) });
  assert.equal(reloads, 1);
  assert.equal((await get("/three")).echo?.backend, "web");
  assert.deepEqual((await copiesOf("/three", 3)).map(({ by }) => by).sort(), ["one", "three", "two"]);
});

test("nobody got what was meant for nobody", () => {
  assert.deepEqual(seen.filter(({ url }) => url?.startsWith("/none")), []);
});
