/** Keys of the controller's ConfigMap that say who the client is, and how nginx speaks with clients and backends. */
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { startEcho, type Echo, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const HOST = "shop.example";

let sluice: Sluice;
let echo: EchoBackend;

before(async () => {
  echo = await startEcho("web");
  sluice = await startSluice({
    files: {
      "web.yaml": site({ name: "web", host: HOST, endpoints: [`127.0.0.1:${echo.port}`] }),
      "inside.yaml": site({ name: "inside", host: "inside.example", endpoints: [`127.0.0.1:${echo.port}`], annotations: { "allowlist-source-range": "203.0.113.0/24" } }),
      "forced.yaml": site({ name: "forced", host: "forced.example", endpoints: [`127.0.0.1:${echo.port}`], annotations: { "force-ssl-redirect": "true" } }),
      "settings.yaml": configMap({}),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

const get = (request: Partial<Ask> = {}): Promise<Answer> => ask({ port: sluice.http, host: HOST, ...request });
const set = (data: Readonly<Record<string, string>>): Promise<unknown> => sluice.apply({ "settings.yaml": configMap(data) });

/** Sends bytes, and gives all that comes back until the other end closes. */
function converse(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(sluice.http, "127.0.0.1", () => socket.write(bytes, "latin1"));
    let text = "";
    socket.setTimeout(20_000, () => socket.destroy(new Error(`nothing more came after ${JSON.stringify(text)}`)));
    socket.on("data", (chunk) => (text += chunk.toString("latin1"))).on("close", () => resolve(text));
    // A reset is fine: nginx resets connections that took too long.
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? undefined : reject(error)));
  });
}

interface Behind {
  readonly peer?: string;
  /** The port on which the client asked the proxy. */
  readonly port?: number;
  readonly host?: string;
  readonly headers?: readonly string[];
}

/** A request through a proxy that speaks the PROXY protocol: the status, and what the backend saw. */
async function behind({ peer = "198.51.100.7", port = 80, host = HOST, headers = [] }: Behind = {}): Promise<{ readonly status: number; readonly seen: Readonly<Record<string, string>> }> {
  const family = peer.includes(":") ? "TCP6" : "TCP4";
  const own = family === "TCP6" ? "2001:db8::80" : "192.0.2.80";
  const head = [`PROXY ${family} ${peer} ${own} 40000 ${port}`, "GET / HTTP/1.1", `Host: ${host}`, ...headers, "Connection: close", "", ""].join("\r\n");
  const text = await converse(head);
  const body = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  return { status: Number(text.split(" ")[1]), seen: body === "" ? {} : (JSON.parse(body) as Echo).headers };
}

/** The client's address as the backend sees it, over HTTP/2. */
function overHttp2(headers: Readonly<Record<string, string>>, peer = "198.51.100.7"): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const plain = connect(sluice.https, "127.0.0.1", () => plain.write(`PROXY TCP4 ${peer} 192.0.2.80 40000 443\r\n`));
    const createConnection = (): TLSSocket => connectTls({ socket: plain, servername: HOST, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    const session = connectHttp2(`https://${HOST}`, { createConnection });
    const stream = session.request({ ":path": "/", ...headers });
    let text = "";
    stream.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", () => {
      session.destroy();
      resolve((JSON.parse(text) as Echo).headers["x-real-ip"]);
    });
    for (const one of [plain, session, stream]) one.on("error", reject);
  });
}

const address = async (how: Behind): Promise<string | undefined> => (await behind(how)).seen["x-real-ip"];

test("the client is who the PROXY protocol says; on its port 443 it came over https", async () => {
  await set({ "use-proxy-protocol": "true", "proxy-real-ip-cidr": "127.0.0.0/8" });
  const { seen } = await behind({ headers: ["X-Forwarded-For: 203.0.113.9"] });
  assert.deepEqual([seen["x-real-ip"], seen["x-forwarded-for"], seen["x-forwarded-proto"]], ["198.51.100.7", "198.51.100.7", "http"]);
  assert.equal(await address({ peer: "2001:db8::7" }), "2001:db8::7");
  assert.equal((await behind({ host: "forced.example" })).status, 308);
  const secure = await behind({ host: "forced.example", port: 443 });
  assert.deepEqual([secure.status, secure.seen["x-forwarded-proto"], secure.seen["x-scheme"]], [200, "https", "https"]);
  assert.equal((await behind({ host: "inside.example" })).status, 403);
  assert.equal((await behind({ host: "inside.example", peer: "203.0.113.1" })).status, 200);
});

test("with the PROXY protocol and forwarded headers, only trusted proxies are believed about others", async () => {
  const keys = { "use-proxy-protocol": "true", "use-forwarded-headers": "true", "proxy-real-ip-cidr": "10.0.0.0/8,2001:db8:1::/48" };
  await set(keys);
  const chain = (text: string): readonly string[] => [`X-Forwarded-For: ${text}`];
  // A client that does not come through a trusted proxy is not believed.
  assert.equal(await address({ headers: chain("203.0.113.9") }), "198.51.100.7");
  assert.equal(await address({ peer: "10.1.1.1", headers: chain("203.0.113.9") }), "203.0.113.9");
  assert.equal(await address({ peer: "10.1.1.1", headers: chain("6.6.6.6, 203.0.113.9 ,10.2.2.2") }), "203.0.113.9");
  assert.equal(await address({ peer: "2001:db8:1::1", headers: chain("2001:db8:2::9, 2001:DB8:1::5") }), "2001:db8:2::9");
  assert.equal(await address({ peer: "10.1.1.1", headers: chain("10.3.3.3") }), "10.3.3.3");
  assert.equal(await address({ peer: "10.1.1.1", headers: chain("203.0.113.9, nonsense") }), "10.1.1.1");
  assert.equal(await address({ peer: "10.1.1.1" }), "10.1.1.1");
  // A client can neither set the edge's internal header, nor does a backend see it.
  const forged = await behind({ headers: ["sluice%3aclient: 203.0.113.9", "Sluice%3AClient: 203.0.113.9"] });
  assert.deepEqual([forged.seen["x-real-ip"], Object.keys(forged.seen).filter((name) => name.includes("%"))], ["198.51.100.7", []]);
  assert.equal(await overHttp2({ "sluice%3aclient": "203.0.113.9" }), "198.51.100.7");
  assert.equal(await overHttp2({ "x-forwarded-for": "203.0.113.9" }, "10.1.1.1"), "203.0.113.9");
  // Access lists decide about the same address of the client that backends hear of.
  assert.equal((await behind({ host: "inside.example", headers: chain("203.0.113.9") })).status, 403);
  assert.equal((await behind({ host: "inside.example", peer: "10.1.1.1", headers: chain("203.0.113.9") })).status, 200);
  await set({ ...keys, "block-cidrs": "203.0.113.9", "compute-full-forwarded-for": "true" });
  assert.equal((await behind({ peer: "10.1.1.1", headers: chain("203.0.113.9") })).status, 403);
  const { status, seen } = await behind({ headers: chain("203.0.113.9") });
  assert.deepEqual([status, seen["x-forwarded-for"]], [200, "203.0.113.9, 198.51.100.7"]);
  // Where nginx accepts invalid header names, no proxy is believed: the edge's internal header could be forged.
  await set({ ...keys, "ignore-invalid-headers": "false" });
  assert.equal(await address({ peer: "10.1.1.1", headers: [...chain("203.0.113.9"), "sluice%3aclient: 203.0.113.9"] }), "10.1.1.1");
});

test("a header of another name says who the client is, and nothing else of a client's is believed", async () => {
  await set({ "enable-real-ip": "true", "forwarded-for-header": "CF-Connecting-IP", "proxy-real-ip-cidr": "127.0.0.1" });
  const { echo: seen } = await get({ headers: { "CF-Connecting-IP": "203.0.113.9", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https" } });
  assert.deepEqual([seen?.headers["x-real-ip"], seen?.headers["x-forwarded-proto"], seen?.headers["x-original-forwarded-for"]], ["203.0.113.9", "http", "203.0.113.9"]);
});

test("headers: their size, and names that are none", async () => {
  await set({ "client-header-buffer-size": "512", "large-client-header-buffers": "2 1k" });
  assert.equal((await get({ headers: { "X-Long": "a".repeat(900) } })).status, 200);
  assert.equal((await get({ headers: { "X-Long": "a".repeat(1100) } })).status, 400);
  assert.equal((await get({ path: `/${"a".repeat(1100)}` })).status, 414);
  const odd = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX%Odd: 1\r\nConnection: close\r\n\r\n`;
  assert.doesNotMatch(await converse(odd), /x%odd/);
  await set({ "ignore-invalid-headers": "false" });
  assert.match(await converse(odd), /"x%odd":"1"/);
});

test("clients that send nothing more are let go of", async () => {
  await set({ "client-header-timeout": "1", "client-body-timeout": "1", "keep-alive": "1" });
  assert.equal(await converse(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n`), "");
  assert.equal(await converse(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\nabc`), "");
  assert.match(await converse(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`), /^HTTP\/1\.1 200 /);
});

test("how many streams an HTTP/2 connection may have, or none at all", async () => {
  await set({ "http2-max-concurrent-streams": "7" });
  assert.equal(await streams(), 7);
  await set({ "use-http2": "false" });
  await assert.rejects(streams());
});

function streams(): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://127.0.0.1:${sluice.https}`, { servername: HOST, rejectUnauthorized: false });
    session.once("remoteSettings", ({ maxConcurrentStreams }) => {
      session.destroy();
      resolve(maxConcurrentStreams);
    });
    session.once("error", reject);
  });
}

test("curves of the key exchange", async () => {
  await set({ "ssl-ecdh-curve": "secp384r1" });
  assert.equal(await curve("P-384"), "secp384r1");
  await assert.rejects(curve("P-256"));
});

function curve(offered: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port: sluice.https, servername: HOST, rejectUnauthorized: false, ecdhCurve: offered, minVersion: "TLSv1.3" }, () => {
      const { name } = socket.getEphemeralKeyInfo() as { readonly name?: string };
      socket.destroy();
      resolve(name);
    });
    socket.once("error", reject);
  });
}

test("connections to backends are kept, for so many requests, or not at all", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const connections = async (): Promise<number> => {
    const { server, port, count } = await startCounting();
    try {
      await sluice.apply({ "counted.yaml": site({ name: "counted", host: "counted.example", endpoints: [`127.0.0.1:${port}`] }) });
      for (let i = 0; i < 6; i++) assert.equal((await ask({ port: sluice.http, host: "counted.example", agent })).status, 200);
      return count();
    } finally {
      server.close();
    }
  };
  await set({ "worker-processes": "1" });
  assert.equal(await connections(), 1);
  await set({ "worker-processes": "1", "upstream-keepalive-requests": "2" });
  assert.equal(await connections(), 3);
  await set({ "worker-processes": "1", "upstream-keepalive-connections": "0" });
  assert.equal(await connections(), 6);
  agent.destroy();
  await set({ "upstream-keepalive-timeout": "1" });
  const { server, port, idle } = await startCounting();
  await sluice.apply({ "counted.yaml": site({ name: "counted", host: "counted.example", endpoints: [`127.0.0.1:${port}`] }) });
  assert.equal((await ask({ port: sluice.http, host: "counted.example" })).status, 200);
  await idle;
  server.close();
});

test("POST is tried again only where the operator says so", async () => {
  const { server, port } = await startClosing();
  try {
    await sluice.apply({ "half.yaml": site({ name: "half", host: "half.example", endpoints: [`127.0.0.1:${port}`, `127.0.0.1:${echo.port}`] }) });
    const statuses = async (): Promise<ReadonlySet<number>> => {
      const all = new Set<number>();
      for (let i = 0; i < 8; i++) all.add((await ask({ port: sluice.http, host: "half.example", method: "POST", body: "x" })).status);
      return all;
    };
    await set({});
    assert.deepEqual([...(await statuses())].sort(), [200, 502]);
    await set({ "retry-non-idempotent": "true" });
    assert.deepEqual([...(await statuses())], [200]);
  } finally {
    server.close();
  }
});

/** A backend that answers every request, and keeps and counts its connections. */
async function startCounting(): Promise<{ readonly server: Server; readonly port: number; readonly count: () => number; readonly idle: Promise<void> }> {
  let count = 0;
  const sockets = new Set<Socket>();
  let closed = (): void => undefined;
  /** Resolves when the other end has closed the first connection. */
  const idle = new Promise<void>((resolve) => (closed = resolve));
  const server = createServer((socket) => {
    count++;
    sockets.add(socket);
    socket.on("end", () => closed());
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")).on("error", () => socket.destroy());
  });
  const port = await listen(server);
  return { server: Object.assign(server, { close: closing(server, sockets) }), port, count: () => count, idle };
}

function closing(server: Server, sockets: ReadonlySet<Socket>): Server["close"] {
  const close = server.close.bind(server);
  return (callback) => {
    for (const socket of sockets) socket.destroy();
    return close(callback);
  };
}

/** A backend that takes requests, and closes the connection instead of answering. */
async function startClosing(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => {
    socket.on("data", () => socket.destroy()).on("error", () => socket.destroy());
  });
  return { server, port: await listen(server) };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
