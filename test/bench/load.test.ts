/** The benchmark's own clients count what they should: against a real nginx, and against servers that do otherwise. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { makeLoad, type Load, type Loaded } from "../../bench/load.ts";
import { answerLength, requestOf } from "../../bench/load/client.ts";
import { acceptFor, maskedFrame, readFrames, serverFrame } from "../../bench/load/websocket-frames.ts";
import { endAll } from "../../bench/processes.ts";
import { findRivals } from "../../bench/rivals/find.ts";
import { startRival, type Target } from "../../bench/rivals/start.ts";
import { startGround } from "../../bench/targets.ts";

const dir = mkdtempSync("/dev/shm/sluice-test-load-");
chmodSync(dir, 0o755);
let nginx: Target;
const servers: Server[] = [];

before(async () => {
  const ground = await startGround(`${dir}/ground`);
  const [found = assert.fail()] = await findRivals({ named: new Map(), against: ["nginx"] });
  nginx = await startRival(found, { dir: `${dir}/nginx`, site: ground.site(0), certificate: ground.certificate, accessLog: false });
});
after(async () => {
  for (const server of servers) server.close();
  await endAll();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

function load(more: Partial<Load>): Promise<Loaded> {
  return makeLoad({ port: nginx.http, protocol: "http", host: "plain.bench", connections: 2, seconds: 1, ...more });
}

const TLS = { protocol: "https", host: "tls.bench" } as const;

test("handshakes are full or resumed, as asked", async () => {
  const [full, resumed] = [await load({ ...TLS, tool: "handshakes", port: nginx.https }), await load({ ...TLS, tool: "handshakes", port: nginx.https, resumed: true })];
  assert.deepEqual([full.failed, resumed.failed], [0, 0]);
  assert.ok(full.requests > 0);
});

test("a handshake whose answer is none counts as failed", async () => {
  const { requests, failed } = await load({ ...TLS, tool: "handshakes", port: nginx.https, host: "nobody.bench" });
  assert.equal(requests, 0);
  assert.ok(failed > 0);
});

test("messages come back through WebSockets, and a host without them fails", async () => {
  const echoed = await load({ tool: "websockets", host: "websocket.bench" });
  assert.ok(echoed.requests > 0);
  assert.equal(echoed.failed, 0);
  assert.deepEqual(await load({ tool: "websockets" }).then(({ requests, failed }) => [requests, failed]), [0, 2]);
});

test("a paced load sends as many requests as its rate and seconds say", async () => {
  for (const [more, answers] of [[{}, [50, 0]], [{ ...TLS, port: nginx.https }, [50, 0]], [{ host: "nobody.bench" }, [0, 50]]] as const) {
    const { requests, failed } = await load({ tool: "paced", rate: 50, ...more });
    assert.deepEqual([requests, failed], answers);
  }
});

test("what waits for a slow answer counts from when it was due", async () => {
  let answers = 0;
  const answer = (socket: Socket): void => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const slow = createServer((socket) => socket.on("data", () => (answers++ === 0 ? setTimeout(() => answer(socket), 800) : answer(socket))).on("error", () => socket.destroy()));
  servers.push(slow);
  await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
  const { requests, failed, late, p50Micros } = await load({ tool: "paced", rate: 100, seconds: 0.4, connections: 1, port: (slow.address() as AddressInfo).port });
  assert.deepEqual([requests, failed], [40, 0]);
  // One request alone was answered late. All 40 were due within 400 ms, and none was answered before 800.
  assert.ok(p50Micros >= 400_000, String(p50Micros));
  // All but the first waited for the one connection.
  assert.ok(late >= 39, String(late));
});

test("requests and answers are read to their ends", () => {
  const asked = requestOf({ port: 1, protocol: "http", host: "host-%d.bench", hosts: 10, path: "/x", headers: ["a: b"], connections: 1, seconds: 1 }, 1, "Connection: close");
  assert.equal(asked, "GET /x HTTP/1.1\r\nHost: host-9.bench\r\na: b\r\nConnection: close\r\n\r\n");
  assert.equal(answerLength("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), 0);
  assert.equal(answerLength("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcd"), 41);
  assert.equal(answerLength("HTTP/1.1 204 No Content\r\n"), 0);
});

test("frames are cut out of any pieces", () => {
  // The key and its answer are RFC 6455's own example.
  assert.equal(acceptFor("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  const bytes = Buffer.concat([maskedFrame("one"), serverFrame(Buffer.from("two")), Buffer.from([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])]);
  for (const size of [1, 2, 5, bytes.length]) {
    const frames = readFrames();
    const read = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => frames.push(bytes.subarray(i * size, (i + 1) * size))).flat();
    assert.deepEqual(read.map(String), ["one", "two", "Hello"]);
  }
});
