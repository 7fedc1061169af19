/** How requests and answers travel through real nginx: connections, bodies, retries, WebSocket, odd but valid HTTP. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import * as http2 from "node:http2";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { rawClient } from "../support/raw-http.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const HOST = "shop.example";
let sluice: Sluice;
let echo: EchoBackend;
let dead: number;

before(async () => {
  echo = await startEcho("web");
  [dead] = await freePorts(1);
  const alive = `127.0.0.1:${echo.port}`;
  sluice = await startSluice({
    files: {
      "web.yaml": site({ name: "web", host: HOST, endpoints: [alive] }),
      "half.yaml": site({ name: "half", host: "half.example", endpoints: [`127.0.0.1:${dead}`, alive] }),
      // One worker, so that each connection finds the state that the previous one left.
      "settings.yaml": configMap({ "worker-processes": "1" }),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

test("a body arrives as it was sent, with a length or in chunks, over HTTP/1.1 and HTTP/2", async () => {
  for (const size of [0, 1, 8191, 8193, 700_000]) {
    const body = randomBytes(size);
    const sha256 = createHash("sha256").update(body).digest("hex");
    for (const how of [{ port: sluice.http }, { port: sluice.https, tls: true }, { port: sluice.https, http2: true }]) {
      const answer = await ask({ ...how, host: HOST, method: "POST", body, headers: { "content-length": `${size}` } });
      assert.deepEqual([answer.status, answer.echo?.bodyLength, answer.echo?.bodySha256], [200, size, sha256]);
    }
    const chunked = await ask({ port: sluice.http, host: HOST, method: "PUT", body, headers: { "transfer-encoding": "chunked" } });
    assert.deepEqual([chunked.status, chunked.echo?.bodySha256], [200, sha256]);
  }
});

test("backend connections are reused over clients' connections", async () => {
  const used = new Set<Socket>();
  const backend = createServer((socket) => {
    used.add(socket);
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  await sluice.apply({ "kept.yaml": site({ name: "kept", host: "kept.example", endpoints: [`127.0.0.1:${(backend.address() as AddressInfo).port}`] }) });
  for (let i = 0; i < 10; i++) assert.equal((await ask({ port: sluice.http, host: "kept.example" })).status, 200);
  assert.equal(used.size, 1);
  await sluice.apply({ "kept.yaml": undefined });
  for (const socket of used) socket.destroy();
  await new Promise((resolve) => backend.close(resolve));
});

test("a client's connection is kept, also after answers of Sluice's own", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<unknown>();
  for (const host of [HOST, "nobody.example", HOST]) {
    const { status } = await ask({ port: sluice.http, host, agent });
    assert.equal(status, host === HOST ? 200 : 404);
    ports.add(Object.values(agent.freeSockets).flat().at(0)?.localPort);
  }
  agent.destroy();
  assert.equal(ports.size, 1);
});

test("where nobody listens the next endpoint is tried, with the body, for POST too", async () => {
  const body = "some words";
  const sha256 = createHash("sha256").update(body).digest("hex");
  for (let i = 0; i < 6; i++) {
    assert.equal((await ask({ port: sluice.http, host: "half.example" })).status, 200);
    const answer = await ask({ port: sluice.http, host: "half.example", method: "POST", body });
    assert.deepEqual([answer.status, answer.echo?.bodySha256], [200, sha256]);
  }
});

test("a backend's answer passes as it is, errors too, and is not tried again", async () => {
  const before = echo.requests();
  for (const status of ["404", "500", "502", "503"]) {
    const answer = await ask({ port: sluice.http, host: HOST, headers: { "x-want-status": status } });
    assert.deepEqual([answer.status, answer.echo?.backend], [Number(status), "web"]);
  }
  assert.equal(echo.requests() - before, 4);
});

test("a WebSocket carries bytes both ways, plain and over TLS, over reloads of routes", async () => {
  for (const tls of [false, true]) {
    const socket = tls
      ? connectTls({ host: "127.0.0.1", port: sluice.https, servername: HOST, rejectUnauthorized: false })
      : connect(sluice.http, "127.0.0.1");
    const heard = reader(socket);
    socket.write(`GET /socket HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`);
    assert.match(await heard(/\r\n\r\n/), /^HTTP\/1\.1 101 [\s\S]*Upgrade: websocket\r\n/);
    socket.write("first frame");
    await heard(/first frame$/);
    await sluice.apply({ "more.yaml": site({ name: "more", host: `more-${tls}.example`, endpoints: [] }) });
    socket.write("second frame");
    await heard(/second frame$/);
    socket.destroy();
  }
});

/** Gives a function that resolves with everything heard so far, as soon as that matches a pattern. */
function reader(socket: Socket): (pattern: RegExp) => Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  return async (pattern) => {
    const deadline = Date.now() + 10_000;
    while (!pattern.test(text)) {
      assert.ok(Date.now() < deadline && !socket.destroyed, `${pattern} was not heard: ${text}`);
      await sleep(5);
    }
    return text;
  };
}

test("one HTTP/2 connection carries many requests at a time", async () => {
  const session = http2.connect(`https://127.0.0.1:${sluice.https}`, { rejectUnauthorized: false, servername: HOST });
  const statuses = await Promise.all(
    Array.from({ length: 100 }, (_, i) => new Promise<number>((resolve, reject) => {
      const stream = session.request({ ":path": `/${i}`, ":authority": i % 2 === 0 ? HOST : "nobody.example" });
      stream.on("response", (headers) => resolve(headers[":status"] ?? 0)).on("error", reject).resume();
    })),
  );
  session.close();
  assert.deepEqual(statuses, Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 200 : 404)));
});

test("the whole URL as the request's target: its host counts, its path goes upstream", async () => {
  const client = rawClient(sluice.http);
  const answer = await client.ask(`GET http://${HOST}/a%20b?c=d HTTP/1.1\r\nHost: nobody.example\r\nConnection: close\r\n\r\n`);
  assert.equal(answer.status, 200);
  assert.equal((JSON.parse(answer.body) as { path: string }).path, "/a%20b?c=d");
});

test("HTTP/1.0 without Host goes to the names that nobody declares; HTTP/1.1 must have one", async () => {
  const client = rawClient(sluice.http);
  assert.equal((await client.ask("GET / HTTP/1.0\r\n\r\n")).status, 404);
  assert.equal((await client.ask("GET /healthz HTTP/1.0\r\n\r\n")).status, 200);
  assert.equal((await client.ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).status, 400);
  assert.equal((await client.ask(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`)).status, 400);
  assert.equal((await client.ask(`GET / HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`)).status, 200);
});

test("the access log says who asked what and who answered, in ingress-nginx's format", async () => {
  await ask({ port: sluice.http, host: HOST, path: "/logged?a=b", headers: { "User-Agent": "test", Referer: "http://from.example/", "X-Request-ID": "id-1" } });
  await ask({ port: sluice.http, host: "nobody.example", path: "/unlogged", headers: { "X-Request-ID": "id-2" } });
  const log = async (id: string): Promise<string> => {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(10)) {
      const line = readFileSync(join(sluice.runtimeDir, "access.log"), "utf8").split("\n").find((one) => one.endsWith(id));
      if (line !== undefined) return line;
    }
    throw new Error(`${id} is not in the access log`);
  };
  assert.match(await log("id-1"), new RegExp(
    String.raw`^127\.0\.0\.1 - - \[\d+/\w+/\d+:\d+:\d+:\d+ [+-]\d{4}\] "GET /logged\?a=b HTTP/1\.1" 200 \d+ "http://from\.example/" "test" \d+ [\d.]+ ` +
    String.raw`\[shop-web-80\] \[\] 127\.0\.0\.1:${echo.port} \d+ [\d.]+ 200 id-1$`,
  ));
  assert.match(await log("id-2"), /"GET \/unlogged HTTP\/1\.1" 404 .* \[-?\] \[\] - - - - id-2$/);
});
