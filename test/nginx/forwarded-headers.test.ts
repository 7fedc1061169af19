/** Exactly which headers a backend gets: over http, over TLS, from a WebSocket client, and behind a trusted proxy. */
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { rawClient } from "../support/raw-http.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const HOST = "shop.example";

let sluice: Sluice;
let echo: EchoBackend;

before(async () => {
  echo = await startEcho("web");
  const files = { "web.yaml": site({ name: "web", host: HOST, endpoints: [`127.0.0.1:${echo.port}`] }), "settings.yaml": configMap({}) };
  sluice = await startSluice({ files, args: ["--configmap=sluice/sluice"] });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

/**
 * All headers that the backend saw, except for the request id, which is checked here. There is no Connection header, because
 * nginx keeps the connection to the backend.
 */
async function seen(request: Partial<Ask>): Promise<Record<string, string>> {
  const answer: Answer = await ask({ port: sluice.http, host: HOST, ...request });
  assert.equal(answer.status, 200);
  const { "x-request-id": id, ...headers } = answer.echo?.headers ?? {};
  assert.match(id ?? "", /^[0-9a-f]{32}$/);
  return headers;
}

const plain = (): Record<string, string> => ({
  host: HOST,
  "x-real-ip": "127.0.0.1",
  "x-forwarded-for": "127.0.0.1",
  "x-forwarded-host": HOST,
  "x-forwarded-port": `${sluice.http}`,
  "x-forwarded-proto": "http",
  "x-forwarded-scheme": "http",
  "x-scheme": "http",
});

test("over http", async () => {
  assert.deepEqual(await seen({}), plain());
});

test("over https the scheme and the well-known port", async () => {
  const headers = { "x-forwarded-port": "443", "x-forwarded-proto": "https", "x-forwarded-scheme": "https", "x-scheme": "https" };
  assert.deepEqual(await seen({ port: sluice.https, tls: true }), { ...plain(), ...headers });
  assert.deepEqual(await seen({ port: sluice.https, http2: true }), { ...plain(), ...headers });
});

test("the port of the Host header is kept, and the client's own headers pass", async () => {
  const host = `${HOST}:8080`;
  assert.deepEqual(await seen({ host, headers: { "X-Mine": "yes", Accept: "text/html" } }), {
    ...plain(), host, "x-forwarded-host": host, "x-mine": "yes", accept: "text/html",
  });
});

test("what a client says about proxies is not believed, only passed on as original", async () => {
  const claimed = {
    "X-Forwarded-For": "10.1.1.1", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1",
    "X-Real-IP": "10.1.1.1", "X-Scheme": "https", "X-Forwarded-Scheme": "https", Proxy: "http://evil.example",
    "X-Original-Forwarded-For": "10.2.2.2", "X-Original-Forwarded-Host": "evil.example",
  };
  assert.deepEqual(await seen({ headers: claimed }), {
    ...plain(), "x-original-forwarded-for": "10.1.1.1", "x-original-forwarded-host": "evil.example",
  });
});

test("a request id is kept", async () => {
  const answer = await ask({ port: sluice.http, host: HOST, headers: { "X-Request-ID": "mine" } });
  assert.equal(answer.echo?.headers["x-request-id"], "mine");
});

test("the backend's connection is kept open, whatever the client wants of its own", async () => {
  assert.deepEqual(await seen({ headers: { Connection: "close, X-Mine", "Keep-Alive": "timeout=5" } }), plain());
});

test("a WebSocket client's request: the same, with the upgrade", async (t) => {
  const upgraded = Promise.withResolvers<IncomingHttpHeaders>();
  const server = createServer().on("upgrade", ({ headers }, socket) => {
    upgraded.resolve(headers);
    socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const port = (server.address() as AddressInfo).port;
  await sluice.apply({ "socket.yaml": site({ name: "socket", host: "socket.example", endpoints: [`127.0.0.1:${port}`] }) });

  const client = rawClient(sluice.http);
  const answer = await client.ask("GET / HTTP/1.1\r\nHost: socket.example\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n");
  client.close();
  assert.equal(answer.status, 101);
  const { "x-request-id": _, ...headers } = await upgraded.promise;
  assert.deepEqual(headers, {
    ...plain(), host: "socket.example", "x-forwarded-host": "socket.example",
    upgrade: "websocket", connection: "upgrade", "sec-websocket-version": "13",
  });
});

test("behind a trusted proxy its word counts, the chain as far as asked", async (t) => {
  const front = {
    "X-Forwarded-For": "203.0.113.7, 198.51.100.2", "X-Forwarded-Host": "front.example, inner.example", "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "8443",
  };
  const believed = {
    host: "front.example", "x-forwarded-host": "front.example", "x-forwarded-port": "8443", "x-forwarded-proto": "https",
    "x-forwarded-scheme": "https", "x-scheme": "https", "x-original-forwarded-host": "front.example, inner.example",
    "x-original-forwarded-for": "203.0.113.7, 198.51.100.2",
  };
  t.after(() => sluice.apply({ "settings.yaml": configMap({}) }));

  await sluice.apply({ "settings.yaml": configMap({ "use-forwarded-headers": "true", "proxy-real-ip-cidr": "127.0.0.0/8" }) });
  assert.deepEqual(await seen({ headers: front }), {
    ...plain(), ...believed, "x-real-ip": "198.51.100.2", "x-forwarded-for": "198.51.100.2",
  });
  assert.deepEqual(await seen({}), plain());

  await sluice.apply({ "settings.yaml": configMap({ "use-forwarded-headers": "true", "compute-full-forwarded-for": "true", "proxy-real-ip-cidr": "127.0.0.0/8" }) });
  assert.deepEqual(await seen({ headers: front }), {
    ...plain(), ...believed, "x-real-ip": "198.51.100.2", "x-forwarded-for": "203.0.113.7, 198.51.100.2, 127.0.0.1",
  });
  assert.deepEqual(await seen({}), plain());
});

test("an upgrade to h2c is not passed on: it would be a tunnel past every rule about paths", async () => {
  for (const upgrade of ["h2c", "H2C, websocket"]) {
    const headers = { upgrade, connection: "Upgrade, HTTP2-Settings", "http2-settings": "AAMAAABkAAQAAP__" };
    const { upgrade: passed, connection } = await seen({ headers });
    assert.deepEqual([passed, connection], [undefined, undefined], upgrade);
  }
});
