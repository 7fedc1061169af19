/** GRPCRoutes of Gateways, on real nginx: matches, weights, headers, hosts that HTTPRoutes have as well. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { GATEWAY_CLASS, gatewayOf, grpcRoute, httpRoute, prefix, ruleTo, serviceAt } from "../support/gateways.ts";
import { documents, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { startGrpc, type GrpcBackend } from "../support/protocol-backends.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const ADDRESS = "127.9.4.1";
const NAMES = ["a", "b", "c"] as const;

let backends: GrpcBackend[];
let echo: EchoBackend;
let sluice: Sluice;
let port: number;

before(async () => {
  [backends, echo, [port = 0]] = await Promise.all([Promise.all(NAMES.map(() => startGrpc())), startEcho("web"), freePorts(1)]);
  sluice = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.4.0/24"],
    files: {
      "services.yaml": [...NAMES.map((name, index) => serviceAt(name, backends[index]?.port ?? 0)), serviceAt("web", echo.port), serviceAt("h2c", backends[2]?.port ?? 0, "shop", "kubernetes.io/h2c"), serviceAt("ws", echo.port, "shop", "kubernetes.io/ws")].join("---\n"),
      "tls.yaml": tlsSecret("tls", selfSigned(["*.example"], "*.example")),
      "gateway.yaml": documents(GATEWAY_CLASS, gatewayOf("shop", ADDRESS, [{ name: "tls", port, protocol: "HTTPS", tls: { certificateRefs: [{ name: "tls" }] } }])),
      "routes.yaml": documents(
        grpcRoute({
          name: "calls", parents: ["shop"], hostnames: ["shop.example"],
          rules: [
            ruleTo("a", { matches: [{ method: { service: "shop.Carts", method: "Get" } }, { method: { service: "shop.Carts" }, headers: [{ name: "X-Version", value: "2" }] }] }),
            ruleTo("b", { matches: [{ method: { service: "shop.Carts" } }, { method: { method: "Watch" } }] }),
            ruleTo("c", { matches: [{ method: { type: "RegularExpression", service: "blog\\..+", method: "(?:Get|List)" } }] }),
            ruleTo({ a: 3, b: 1 }, { matches: [{ method: { service: "weights" } }] }),
            ruleTo({ missing: 1, a: 1 }, { matches: [{ method: { service: "half" } }] }),
            ruleTo("a", { matches: [{ method: { service: "changed" } }], filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "X-Set", value: "new" }], remove: ["X-Gone"] } }] }),
          ],
        }),
        httpRoute({ name: "pages", parents: ["shop"], hostnames: ["shop.example"], rules: [ruleTo("web", { matches: [prefix("/pages")] }), ruleTo("h2c", { matches: [prefix("/h2c")] }), ruleTo("ws", { matches: [prefix("/ws")] })] }),
      ),
    },
  });
});
after(async () => {
  await Promise.all([sluice?.stop(), echo?.close(), ...(backends ?? []).map((one) => one.close())]);
});

const call = (path: string, headers: Readonly<Record<string, string>> = {}, more: Partial<Ask> = {}): Promise<Answer> =>
  ask({ address: ADDRESS, port, tls: true, http2: true, host: "shop.example", method: "POST", path, body: "hello", headers: { "content-type": "application/grpc", te: "trailers", ...headers }, ...more });

/** The backend that answered, or the status. */
async function whoTakes(path: string, headers?: Readonly<Record<string, string>>): Promise<string | number> {
  const before = backends.map((one) => one.calls());
  const { status } = await call(path, headers);
  const taken = backends.findIndex((one, index) => one.calls() > (before[index] ?? 0));
  return NAMES[taken] ?? status;
}

test("a call goes to its backend and comes back with its trailers", async () => {
  const { status, text, headers } = await call("/shop.Carts/Get");
  assert.deepEqual([status, text, headers["content-type"]], [200, "hello", "application/grpc"]);
  const { ":path": path, host, te } = JSON.parse(headers["x-seen"] ?? "{}") as Record<string, string>;
  assert.deepEqual([path, host, te], ["/shop.Carts/Get", "shop.example", "trailers"]);
});

const MATCHES: readonly (readonly [what: string, path: string, headers: Readonly<Record<string, string>>, taker: string | number])[] = [
  ["a service and a method", "/shop.Carts/Get", {}, "a"],
  ["another method of the service", "/shop.Carts/Put", {}, "b"],
  ["a service with a header", "/shop.Carts/Put", { "x-version": "2" }, "a"],
  ["a service with another header", "/shop.Carts/Put", { "x-version": "3" }, "b"],
  ["a service is no prefix of another one's name", "/shop.CartsOld/Put", {}, 404],
  ["a method of any service", "/any.Thing/Watch", {}, "b"],
  ["a method is the whole of its part", "/any.Thing/Watched", {}, 404],
  ["a method stands behind a service alone", "/any/Thing/Watch", {}, 404],
  ["expressions", "/blog.Posts/List", {}, "c"],
  ["expressions stand for the whole", "/blog.Posts/Listed", {}, 404],
];

for (const [what, path, headers, taker] of MATCHES) {
  test(`match: ${what}`, async () => {
    assert.equal(await whoTakes(path, headers), taker);
  });
}

test("an HTTPRoute serves the same host beside it, over both versions of HTTP", async () => {
  for (const http2 of [true, false]) {
    const { status, echo: answered } = await ask({ address: ADDRESS, port, tls: true, http2, host: "shop.example", path: "/pages/x" });
    assert.deepEqual([status, answered?.backend], [200, "web"]);
  }
});

test("a backend that speaks HTTP/2 alone is spoken to in it, whatever the client speaks", async () => {
  for (const http2 of [true, false]) {
    const { status, text, headers } = await ask({ address: ADDRESS, port, tls: true, http2, host: "shop.example", method: "POST", path: "/h2c/x?y=1", body: "whole" });
    const { ":path": path, ":method": method } = JSON.parse(headers["x-seen"] ?? "{}") as Record<string, string>;
    assert.deepEqual([status, text, path, method], [200, "whole", "/h2c/x?y=1", "POST"]);
  }
});

test("a backend that speaks WebSocket gets the upgrade", async () => {
  const socket = connect({ host: ADDRESS, port, servername: "shop.example", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
  socket.write("GET /ws HTTP/1.1\r\nHost: shop.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  const [head] = (await once(socket, "data", { signal: AbortSignal.timeout(10_000) })) as [Buffer];
  socket.destroy();
  assert.match(head.toString(), /^HTTP\/1\.1 101 /);
});

test("weights are kept, and a backend that is missing keeps its share and answers 503, which is UNAVAILABLE", async () => {
  const draws = 200;
  const before = backends.map((one) => one.calls());
  for (let i = 0; i < draws; i++) assert.equal((await call("/weights/Get")).status, 200);
  const [a = 0, b = 0, c = 0] = backends.map((one, index) => one.calls() - (before[index] ?? 0));
  assert.deepEqual([a + b, c], [draws, 0]);
  // Six standard deviations.
  assert.ok(Math.abs(a - 0.75 * draws) < 37, `${a} of ${draws}`);
  const half = await Promise.all(Array.from({ length: 60 }, async () => (await call("/half/Get")).status));
  assert.deepEqual([...new Set(half)].sort(), [200, 503]);
});

test("headers of a call are set and removed", async () => {
  const { headers } = await call("/changed/Get", { "x-set": "old", "x-gone": "1", "x-kept": "yes" });
  const { "x-set": set, "x-gone": gone, "x-kept": kept } = JSON.parse(headers["x-seen"] ?? "{}") as Record<string, string>;
  assert.deepEqual([set, gone, kept], ["new", undefined, "yes"]);
});

test("none of it cost a reload", async () => {
  assert.equal((await sluice.generation()).reloads, 0);
});
