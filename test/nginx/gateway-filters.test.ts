/** Filters of HTTPRoutes, on real nginx: what backends are asked for, and what clients get. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { askExplain } from "../support/explain-live.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { GATEWAY_CLASS, gatewayOf, httpListener, httpRoute, prefix, ruleTo, serviceAt } from "../support/gateways.ts";
import { documents } from "../support/manifests.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const ADDRESS = "127.9.3.1";

let echoes: EchoBackend[];
/** Sends every request on to /files/x. */
let sender: Server;
let sluice: Sluice;
let port: number;

const CHANGES = { set: [{ name: "X-Set", value: "new" }, { name: "Content-Type", value: "text/plain" }], add: [{ name: "X-Add", value: "more" }, { name: "Set-Cookie", value: "b=2" }], remove: ["X-Gone"] };
const answering = { type: "ResponseHeaderModifier", responseHeaderModifier: CHANGES };
const rewrite = (urlRewrite: object): object => ({ type: "URLRewrite", urlRewrite });
const redirect = (requestRedirect: object): object => ({ type: "RequestRedirect", requestRedirect });
const asking = (requestHeaderModifier: object): object => ({ type: "RequestHeaderModifier", requestHeaderModifier });
const cors = (given: object): object => ({ type: "CORS", cors: given });

const RULES: readonly object[] = [
  ruleTo("a", { matches: [prefix("/answers")], filters: [answering] }),
  { matches: [prefix("/answers/moved")], filters: [answering, { type: "RequestRedirect", requestRedirect: { hostname: "new.example" } }] },
  ruleTo("empty", { matches: [prefix("/answers/nobody")], filters: [answering] }),
  ruleTo("dead", { matches: [prefix("/answers/dead")], filters: [answering] }),
  ruleTo("a", { matches: [prefix("/host")], filters: [rewrite({ hostname: "inner.example" })] }),
  ruleTo("a", { matches: [prefix("/full")], filters: [rewrite({ path: { type: "ReplaceFullPath", replaceFullPath: "/one way?" } })] }),
  ruleTo("a", { matches: [prefix("/old/"), { ...prefix("/very/old"), method: "GET" }], filters: [rewrite({ hostname: "new.example", path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/new/" } })] }),
  ruleTo({ a: 1, b: 1 }, { matches: [prefix("/shares")], filters: [rewrite({ path: { type: "ReplacePrefixMatch", replacePrefixMatch: "" } })] }),
  ruleTo({ missing: 1, a: 1 }, { matches: [prefix("/half")], filters: [rewrite({ path: { type: "ReplaceFullPath", replaceFullPath: "/whole" } })] }),
  { matches: [prefix("/moved")], filters: [redirect({ path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/new" }, statusCode: 301 })] },
  { matches: [prefix("/moved/away")], filters: [redirect({ scheme: "https", hostname: "away.example", path: { type: "ReplaceFullPath", replaceFullPath: "/a b" } })] },
  { matches: [prefix("/backends")], filters: [asking({ set: [{ name: "X-From", value: "rule" }], add: [{ name: "X-Way", value: "rule" }] }), rewrite({ hostname: "rule.example" })], backendRefs: [
    { name: "a", port: 80, filters: [asking({ set: [{ name: "X-From", value: "a" }], add: [{ name: "X-Way", value: "a" }] }), rewrite({ path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/for-a" } })] },
    { name: "b", port: 80 },
    { name: "b", port: 80, weight: 0, filters: [{ type: "Unheard" }] },
  ] },
  { matches: [prefix("/backends/one")], filters: [answering], backendRefs: [{ name: "a", port: 80, filters: [{ type: "ResponseHeaderModifier", responseHeaderModifier: { set: [{ name: "X-Set", value: "a" }, { name: "X-Own", value: "a" }] } }] }] },
  { matches: [prefix("/backends/odd")], backendRefs: [
    { name: "missing", port: 80, filters: [answering] }, { name: "a", port: 80, filters: [redirect({ hostname: "a.example" })] }, { name: "a", port: 80, filters: [{ type: "Unheard" }] },
  ] },
  ruleTo("a", { matches: [prefix("/cors")], filters: [cors({
    allowOrigins: ["https://shop.example", "https://*.friend.example"], allowMethods: ["GET", "PUT"], allowHeaders: ["X-One", "x-two"], exposeHeaders: ["X-Shown"], allowCredentials: true, maxAge: 60,
  })] }),
  ruleTo("a", { matches: [prefix("/cors/all")], filters: [cors({ allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"] })] }),
  ruleTo("empty", { matches: [prefix("/cors/nobody")], filters: [cors({ allowOrigins: ["*"] })] }),
  { matches: [prefix("/cors/moved")], filters: [cors({ allowOrigins: ["*"] }), redirect({ hostname: "new.example" })] },
  { matches: [prefix("/down")], filters: [asking({ set: [{ name: "X-Version", value: "1" }], remove: ["X-Kept"] }), answering, rewrite({ hostname: "inner.example" })], backendRefs: [{ name: "sender", port: 80 }] },
  ruleTo("a", { matches: [prefix("/files")] }),
  ruleTo("b", { matches: [{ ...prefix("/files"), headers: [{ name: "x-version", value: "client" }] }], filters: [asking({ add: [{ name: "X-Version", value: "rule" }] })] }),
];

before(async () => {
  echoes = await Promise.all(["a", "b"].map((name) => startEcho(name)));
  const [free, dead] = await freePorts(2);
  sender = createServer((_, response) => response.setHeader("x-accel-redirect", "/files/x").end());
  await new Promise<void>((resolve) => sender.listen(0, "127.0.0.1", resolve));
  port = free;
  sluice = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.3.0/24"],
    files: {
      "services.yaml": [...echoes.map(({ name, port: at }) => serviceAt(name, at)), serviceAt("dead", dead), serviceAt("sender", (sender.address() as AddressInfo).port)].join("---\n"),
      "empty.yaml": documents({ apiVersion: "v1", kind: "Service", metadata: { name: "empty", namespace: "shop" }, spec: { ports: [{ port: 80 }] } }),
      "gateways.yaml": documents(GATEWAY_CLASS, gatewayOf("shop", ADDRESS, [httpListener("all", port)])),
    },
  });
  // After the start, so that a location that nginx does not have would cost a reload.
  await sluice.apply({ "routes.yaml": documents(httpRoute({ name: "filters", parents: ["shop"], hostnames: ["shop.example"], rules: RULES })) });
});
after(async () => {
  await Promise.all([sluice?.stop(), ...(echoes ?? []).map((one) => one.close())]);
  sender?.closeAllConnections();
  sender?.close();
});

const get = (path: string, more: Partial<Ask> = {}): Promise<Answer> => ask({ address: ADDRESS, port, host: "shop.example", path, ...more });

test("headers of answers are set, added to and removed", async () => {
  const wanted = JSON.stringify({ "X-Set": "old", "X-Add": "first", "X-Gone": "1", "X-Kept": "yes", "Set-Cookie": ["a=1", "c=3"] });
  const { status, headers } = await get("/answers", { headers: { "x-want-headers": wanted, "x-want-status": "404" } });
  const { "x-set": set, "x-add": add, "x-gone": gone, "x-kept": kept, "set-cookie": cookies, "content-type": type } = headers;
  assert.deepEqual([status, set, add, gone, kept, cookies, type], [404, "new", "first, more", undefined, "yes", "a=1, c=3, b=2", "text/plain"]);
});

test("a redirect has the changes, and an answer in place of a backend's has not", async () => {
  const moved = await get("/answers/moved");
  assert.deepEqual([moved.status, moved.headers["x-set"], moved.headers["x-add"]], [302, "new", "more"]);
  for (const [path, status] of [["/answers/nobody", 503], ["/answers/dead", 502]] as const) {
    const answer = await get(path);
    assert.deepEqual([answer.status, answer.headers["x-set"]], [status, undefined], path);
  }
});

test("an explanation tells of rewrites, redirects, preflights, and shares with filters of their own", async () => {
  const explained = (path: string, headers: readonly string[] = [], method = "GET"): ReturnType<typeof askExplain> => askExplain(sluice, { url: `http://${ADDRESS}:${port}${path}`, headers: ["Host: shop.example", ...headers], method });
  const step = ({ steps }: Awaited<ReturnType<typeof explained>>, wanted: string): string | undefined => steps.find(({ what }) => what === wanted)?.result;
  const old = await explained("/old/a%20b?x=1");
  assert.deepEqual([step(old, "rewrite"), old.pool], ["/new/a%20b", "shop-a-80"]);
  assert.equal((await explained("/moved/x?y=1")).location, `http://shop.example:${port}/new/x?y=1`);
  const preflight = await explained("/cors/all", ["Origin: https://a.example", "Access-Control-Request-Method: PUT"], "OPTIONS");
  assert.deepEqual([preflight.status, preflight.steps.at(-1)?.why], [204, "a preflight, which the CORS filter answers"]);
  const shared = await explained("/backends/x");
  assert.deepEqual([step(shared, "route"), step(shared, "share"), step(shared, "rewrite"), shared.pool], ["/backends (longest prefix)", "by weight", "/for-a/x", "shop-a-80"]);
  assert.deepEqual((shared.rules ?? []).filter(({ object }) => !object.startsWith("HTTPRoute shop/filters ")), [], "every rule is one that was declared");
  assert.equal((shared.rules ?? []).find(({ outcome }) => outcome === "takes")?.object, "HTTPRoute shop/filters spec.rules[11]");
});

const REWRITTEN: readonly (readonly [path: string, asked: string, host: string])[] = [
  ["/host/x?y=%2F", "/host/x?y=%2F", "inner.example"],
  ["/full/x?y=1", "/one%20way%3F?y=1", "shop.example"],
  ["/old", "/new", "new.example"],
  ["/old/?a=b", "/new/?a=b", "new.example"],
  ["/old/a%20b/%C3%A9%3F", "/new/a%20b/%C3%A9%3F", "new.example"],
  ["/very/old/x", "/new/x", "new.example"],
  ["/shares", "/", "shop.example"],
  ["/shares/x", "/x", "shop.example"],
];

for (const [path, asked, host] of REWRITTEN) {
  test(`a backend is asked for ${asked} in place of ${path}`, async () => {
    const { status, echo } = await get(path);
    assert.deepEqual([status, echo?.path, echo?.headers["host"], echo?.headers["x-forwarded-host"]], [200, asked, host, "shop.example"]);
  });
}

test("a redirect changes the path, and keeps the query", async () => {
  const led = async (path: string): Promise<string | undefined> => (await get(path)).headers["location"];
  assert.equal(await led("/moved/x%20y?z=%2F"), `http://shop.example:${port}/new/x%20y?z=%2F`);
  assert.equal(await led("/moved"), `http://shop.example:${port}/new`);
  assert.equal(await led("/moved/away/far?z"), "https://away.example/a%20b?z");
});

test("a share without backend takes nothing from what the rule does with the others", async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const { status, echo } = await get("/half/x");
    seen.add(`${status} ${echo?.path ?? ""}`);
  }
  assert.deepEqual([...seen].sort(), ["200 /whole", "500 "]);
});

test("filters of a backend come with its share, after those of the rule", async () => {
  const seen = new Map<string | undefined, unknown>();
  for (let i = 0; i < 40; i++) {
    const { echo } = await get("/backends/x", { headers: { "x-way": "client" } });
    const { host, "x-from": from, "x-way": way } = echo?.headers ?? {};
    seen.set(echo?.backend, [echo?.path, host, from, way?.replaceAll(" ", "")]);
  }
  assert.deepEqual(Object.fromEntries(seen), { a: ["/for-a/x", "rule.example", "a", "client,rule,a"], b: ["/backends/x", "rule.example", "rule", "client,rule"] });
});

test("the rule has the last word about an answer", async () => {
  const { headers } = await get("/backends/one");
  assert.deepEqual([headers["x-set"], headers["x-own"], headers["x-add"]], ["new", "a", "more"]);
});

test("each share answers as it is, however odd the others are", async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const { status, headers } = await get("/backends/odd/x");
    seen.add(`${status} ${headers["location"] ?? ""}`);
  }
  assert.deepEqual([...seen].sort(), [`302 http://a.example:${port}/backends/odd/x`, "500 "]);
});

/** The headers of CORS in an answer, by their names after `access-control-`. */
function shared({ headers }: Answer): Readonly<Record<string, string | undefined>> {
  const names = Object.keys(headers).filter((name) => name.startsWith("access-control-"));
  return Object.fromEntries(names.map((name) => [name.slice("access-control-".length), headers[name]]));
}

const preflight = (path: string, origin: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  get(path, { method: "OPTIONS", headers: { origin, "access-control-request-method": "PATCH", ...more } });

test("a preflight is answered, and told what is allowed if its origin is", async () => {
  const answer = await preflight("/cors", "https://a.b.friend.example");
  assert.equal(answer.status, 204);
  assert.deepEqual(shared(answer), {
    "allow-origin": "https://a.b.friend.example", "allow-credentials": "true", "allow-methods": "GET, PUT", "allow-headers": "X-One, x-two", "expose-headers": "X-Shown", "max-age": "60",
  });
  assert.equal(answer.headers["vary"], "Origin");
  const foreign = await preflight("/cors", "https://foreign.example");
  assert.deepEqual([foreign.status, shared(foreign), foreign.headers["vary"]], [204, {}, "Origin"]);
});

test("where everything is allowed, what is asked for comes back", async () => {
  const asked = await preflight("/cors/all", "https://any.example", { "access-control-request-headers": "x-a,x-b" });
  assert.deepEqual(shared(asked), { "allow-origin": "*", "allow-methods": "PATCH", "allow-headers": "x-a,x-b", "max-age": "5" });
  assert.deepEqual(shared(await preflight("/cors/all", "https://any.example")), { "allow-origin": "*", "allow-methods": "PATCH", "max-age": "5" });
});

test("the rule has the word about an answer, whatever the backend says", async () => {
  const said = { "x-want-headers": JSON.stringify({ "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "DELETE", Vary: "Accept" }) };
  const friend = await get("/cors", { headers: { origin: "https://shop.example", ...said } });
  assert.deepEqual(shared(friend), { "allow-origin": "https://shop.example", "allow-credentials": "true", "expose-headers": "X-Shown" });
  assert.equal(friend.headers["vary"], "Accept, Origin");
  assert.deepEqual(shared(await get("/cors", { headers: { origin: "https://foreign.example", ...said } })), {});
});

test("OPTIONS that is no preflight goes to the backend, and every answer is shared", async () => {
  const options = await get("/cors/all", { method: "OPTIONS", headers: { origin: "https://any.example" } });
  assert.deepEqual([options.echo?.method, shared(options)], ["OPTIONS", { "allow-origin": "*" }]);
  for (const [path, status] of [["/cors/nobody", 503], ["/cors/moved", 302]] as const) {
    const answer = await get(path, { headers: { origin: "https://any.example" } });
    assert.deepEqual([answer.status, shared(answer)], [status, { "allow-origin": "*" }], path);
  }
});

test("a backend sends a request on: nothing of the first rule stays with the second, which is found by what the client sent", async () => {
  for (const [version, backend, told] of [["client", "b", "client,rule"], ["other", "a", "other"]] as const) {
    const { status, headers, echo } = await get("/down", { headers: { "x-version": version, "x-kept": "yes" } });
    const { host, "x-version": seen, "x-kept": kept } = echo?.headers ?? {};
    assert.deepEqual([status, echo?.backend, echo?.path, host, seen?.replaceAll(" ", ""), kept, headers["x-set"]], [200, backend, "/files/x", "shop.example", told, "yes", undefined]);
  }
});

test("no filter cost a reload", async () => {
  assert.equal((await sluice.generation()).reloads, 0);
});
