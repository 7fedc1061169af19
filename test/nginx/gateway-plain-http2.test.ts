/** HTTP/2 without TLS where Gateways are served, from clients that begin with it: whatever nginx is there, it is taken on every http port. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { hasHttp2Directive } from "../../src/compile/machine.ts";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { eventually } from "../support/cluster.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { probe } from "../support/engine.ts";
import { GATEWAY_CLASS, gatewayOf, grpcRoute, httpListener, httpRoute, prefix, ruleTo, serviceAt } from "../support/gateways.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startGrpc, type GrpcBackend } from "../support/protocol-backends.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const [ADDRESS, OTHER] = ["127.9.5.1", "127.9.5.2"];

const { facts } = probe("/dev/shm");

let echo: EchoBackend;
let grpc: GrpcBackend;
let sluice: Sluice;
let port: number;

before(async () => {
  [echo, grpc, [port = 0]] = await Promise.all([startEcho("web"), startGrpc(), freePorts(1)]);
  sluice = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.5.0/24", "--configmap=sluice/sluice"],
    files: {
      "settings.yaml": configMap({ "worker-processes": "2" }),
      "services.yaml": [serviceAt("web", echo.port), serviceAt("calls", grpc.port)].join("---\n"),
      "ingress.yaml": site({ name: "ingress", host: "ingress.example", endpoints: [`127.0.0.1:${echo.port}`] }),
      "gateways.yaml": documents(GATEWAY_CLASS, gatewayOf("shop", ADDRESS, [httpListener("all", port)]), gatewayOf("other", OTHER, [httpListener("all", port)])),
      "routes.yaml": documents(
        grpcRoute({ name: "calls", parents: ["shop"], hostnames: ["shop.example"], rules: [ruleTo("calls", { matches: [{ method: { service: "shop.Carts", method: "Get" } }] })] }),
        httpRoute({
          name: "pages", parents: ["shop"], hostnames: ["shop.example"],
          rules: [ruleTo("web", { matches: [prefix("/pages")] }), { matches: [prefix("/port")], filters: [{ type: "RequestRedirect", requestRedirect: { statusCode: 301 } }] }],
        }),
      ),
    },
  });
});
after(async () => {
  await Promise.all([sluice?.stop(), echo?.close(), grpc?.close()]);
});

const plain = (path: string, more: Partial<Ask> = {}): Promise<Answer> => ask({ address: ADDRESS, port, tls: false, http2: true, host: "shop.example", path, ...more });
const GRPC = { method: "POST", body: "hello", headers: { "content-type": "application/grpc", te: "trailers" } };

test("a call without TLS goes to its backend and comes back", async () => {
  const { status, text, headers } = await plain("/shop.Carts/Get", GRPC);
  assert.deepEqual([status, text, headers["content-type"]], [200, "hello", "application/grpc"]);
});

test("a connection with TLS that begins like one without gets no further", async () => {
  const socket = connectTls({ host: "127.0.0.1", port: sluice.https, servername: "ingress.example", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
  await once(socket, "secureConnect");
  // An empty SETTINGS frame follows: nginx would answer it with its own.
  socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  assert.match(Buffer.concat(chunks).toString("latin1"), /^(?:HTTP\/1\.1 400 |<html>|$)/);
});

test("backends are told the client's address, and the port and scheme that it asked for", async () => {
  const { echo: asked } = await plain("/pages/x?y=1");
  const { "x-real-ip": client, "x-forwarded-for": chain, "x-forwarded-port": at, "x-forwarded-proto": scheme, host } = asked?.headers ?? {};
  assert.deepEqual([asked?.path, client, chain, at, scheme, host], ["/pages/x?y=1", "127.0.0.1", "127.0.0.1", String(port), "http", "shop.example"]);
  assert.equal((await plain("/port/x")).headers["location"], `http://shop.example:${port}/port/x`);
});

test("the Gateway is the one of the address that was connected to, and Ingresses keep theirs", async () => {
  assert.equal((await plain("/pages", { address: OTHER })).status, 404);
  assert.equal((await plain("/pages", { host: "nobody.example" })).status, 404);
  assert.equal((await ask({ port: sluice.http, tls: false, http2: true, host: "ingress.example" })).echo?.backend, "web");
  assert.equal((await ask({ port: sluice.http, tls: false, http2: true, host: "shop.example" })).status, 404);
});

test("many streams of one connection, and bodies larger than what is passed on at once", async () => {
  const session = connectHttp2(`http://${ADDRESS}:${port}`);
  const body = Buffer.alloc(300_000, "x");
  const one = async (): Promise<number> => {
    const stream = session.request({ ":method": "POST", ":path": "/shop.Carts/Get", ":authority": "shop.example", ...GRPC.headers });
    stream.end(body);
    let length = 0;
    for await (const chunk of stream) length += (chunk as Buffer).length;
    return length;
  };
  const lengths = await Promise.all(Array.from({ length: 20 }, one));
  session.close();
  assert.deepEqual([...new Set(lengths)], [body.length]);
});

test("HTTP/1.1 is served beside it, and what is neither gets 400", async () => {
  assert.equal((await ask({ address: ADDRESS, port, host: "shop.example", path: "/pages" })).echo?.backend, "web");
  for (const line of ["PRI * HTTP/2.1\r\n\r\n", "GET * HTTP/1.1\r\nHost: shop.example\r\n\r\n", "nonsense\r\n\r\n", "GET /pages HTTP/1.1\r\nHost: sh op\r\n\r\n"]) {
    const socket = connect(port, ADDRESS);
    socket.write(line);
    const [head] = (await once(socket, "data", { signal: AbortSignal.timeout(10_000) })) as [Buffer];
    socket.destroy();
    assert.match(head.toString(), /^HTTP\/1\.1 400 |^<html>\r\n<head><title>400 /, line);
  }
});

test("no client finds the way that it takes within nginx", async () => {
  for (const path of ["/../bad-request", "/%2e%2e/bad-request", "/bad-request", "//../bad-request"]) {
    const socket = connect(port, ADDRESS);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`);
    const [head] = (await once(socket, "data", { signal: AbortSignal.timeout(10_000) })) as [Buffer];
    socket.destroy();
    assert.match(head.toString(), /^HTTP\/1\.1 40[04] /, path);
  }
});

/** A stream that stays open: each word that it is told comes back. */
async function openStream(): Promise<{ say(word: string): Promise<string>; close(): void }> {
  const session = connectHttp2(`http://${ADDRESS}:${port}`);
  const stream = session.request({ ":method": "POST", ":path": "/shop.Carts/Get", ":authority": "shop.example", ...GRPC.headers });
  stream.on("error", () => stream.close());
  session.on("error", () => session.destroy());
  const say = async (word: string): Promise<string> => {
    stream.write(word);
    const [heard] = (await once(stream, "data", { signal: AbortSignal.timeout(10_000) })) as [Buffer];
    return heard.toString();
  };
  return { say, close: () => session.destroy() };
}

test("a call that is under way goes on through a reload, and a new one is taken by the new workers", async () => {
  const stream = await openStream();
  assert.equal(await stream.say("before"), "before");
  const [more] = await freePorts(1);
  const { reloads } = await sluice.apply({ "more.yaml": documents(gatewayOf("more", "127.9.5.3", [httpListener("all", more)])) });
  assert.equal(reloads, 1);
  assert.equal((await plain("/shop.Carts/Get", GRPC)).text, "hello");
  assert.equal(await stream.say("after"), "after");
  stream.close();
});

test("a master that was killed leaves nothing behind that keeps its successor from taking calls", async () => {
  const master = (): { readonly pid: number } => JSON.parse(readFileSync(join(sluice.runtimeDir, "nginx-master.json"), "utf8")) as { readonly pid: number };
  const stream = await openStream();
  assert.equal(await stream.say("before"), "before");
  const { pid } = master();
  process.kill(pid, "SIGKILL");
  await eventually("a new master", master, (now) => now.pid !== pid);
  // Ports that nginx opened itself are refused until the old workers have let go of them.
  await eventually("calls are taken", () => plain("/shop.Carts/Get", GRPC).then(({ text }) => text, () => ""), (text) => text === "hello");
  stream.close();
});

test("over IPv6 as well", { skip: !facts.ipv6 && "this machine has no IPv6" }, async (t) => {
  const six = await startSluice({ args: ["--gateway-api", "--bind-address=::1"], files: { "ingress.yaml": site({ name: "ingress", host: "ingress.example", endpoints: [`127.0.0.1:${echo.port}`] }) } });
  t.after(() => six.stop());
  const { status, echo: asked } = await ask({ address: "[::1]", port: six.http, tls: false, http2: true, host: "ingress.example" });
  assert.deepEqual([status, asked?.headers["x-real-ip"], asked?.headers["x-forwarded-port"]], [200, "::1", String(six.http)]);
});

/** Findings about gRPC that has no way in, with the name of their object. */
async function saidOfGrpc(): Promise<readonly string[]> {
  const all = JSON.parse((await sluice.ask("/api/v1/findings")).text) as { readonly code: string; readonly object: { readonly name: string } }[];
  return all.filter(({ code }) => code.startsWith("grpc-")).map(({ code, object }) => `${code} ${object.name}`);
}

test("where it cannot be taken, because a proxy in front is believed, GRPCRoutes without TLS have a finding", { skip: hasHttp2Directive(facts) && "this nginx takes it everywhere" }, async () => {
  assert.deepEqual(await saidOfGrpc(), []);
  await sluice.apply({ "settings.yaml": configMap({ "use-forwarded-headers": "true" }) });
  assert.deepEqual(await saidOfGrpc(), ["grpc-route-needs-tls calls"]);
  await assert.rejects(plain("/shop.Carts/Get", GRPC));
  assert.equal((await ask({ address: ADDRESS, port, host: "shop.example", path: "/pages" })).echo?.backend, "web");
});
