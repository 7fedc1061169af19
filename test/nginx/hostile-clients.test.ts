/**
 * Clients that mean harm, against Sluice and against a plain nginx in front of the same backend: requests that two
 * readers could understand differently, and clients that are slow, many, or never finish. Their number is bounded, so that
 * this test runs with all others.
 */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { groupMembers, isAlive, stat, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { ask } from "../support/client.ts";
import { runtimeFolder } from "../support/engine.ts";
import { hidden, http1Forms, http2Forms } from "../support/hostile-forms.ts";
import { configMap, site } from "../support/manifests.ts";
import { furnish, runNginx, type PlainNginx } from "../support/nginx-check.ts";
import { CONTINUATION, DATA, END_HEADERS, END_STREAM, frame, headerBlock, HEADERS, integer, rawHttp2, RST_STREAM, type Field } from "../support/raw-http2.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const LIMIT_MS = 20_000;
const GET: readonly Field[] = [[":method", "GET"], [":scheme", "https"], [":authority", "h.example"], [":path", "/first"]];

let sluice: Sluice;
let plain: PlainNginx;
let plainPorts: { readonly http: number; readonly https: number };
const folder = runtimeFolder();
/** Path → how often the backend was asked for it. */
const asked = new Map<string, number>();
const backend = createServer((request, response) => {
  asked.set(request.url ?? "", (asked.get(request.url ?? "") ?? 0) + 1);
  request.resume();
  response.writeHead(200, { "x-path": encodeURI(request.url ?? ""), "content-length": 0 });
  response.end();
});
backend.on("upgrade", (_request, socket: Socket) => {
  socket.on("error", () => socket.destroy());
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  socket.pipe(socket);
});

function plainConf(backendPort: number, [http, https]: readonly number[]): string {
  return `
    daemon off; worker_processes 1; pid ${folder}/plain.pid; error_log ${folder}/plain.log;
    events { worker_connections 4096; }
    http {
      access_log off; client_body_timeout 1s; client_header_timeout 1s; client_header_buffer_size 1k; large_client_header_buffers 4 8k; merge_slashes off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      upstream backend { server 127.0.0.1:${backendPort}; keepalive 32; }
      server {
        listen 127.0.0.1:${http ?? 0}; listen 127.0.0.1:${https ?? 0} ssl http2;
        ssl_certificate ${folder}/default.crt; ssl_certificate_key ${folder}/default.key;
        location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
      }
    }`;
}

before(async () => {
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  const { port } = backend.address() as AddressInfo;
  const [http, https] = await freePorts(2);
  plainPorts = { http, https };
  furnish(folder);
  plain = await runNginx(folder, plainConf(port, [http, https]), () => ask({ port: http, host: "h.example" }).then(() => true, () => false));
  sluice = await startSluice({
    files: {
      "web.yaml": site({ name: "web", host: "", endpoints: [`127.0.0.1:${port}`], annotations: { "ssl-redirect": "false" } }),
      "settings.yaml": configMap({ "worker-processes": "2", "client-body-timeout": "1", "client-header-timeout": "1" }),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await plain?.stop();
  backend.closeAllConnections();
  backend.close();
  rmSync(folder, { recursive: true });
});

/** The answers until the server closes: each a status with the path that the backend saw. */
function converse(port: number, bytes: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    let text = "";
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`nothing for ${LIMIT_MS} ms after ${JSON.stringify(text)}`)));
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" || error.code === "EPIPE" ? undefined : reject(error)));
    socket.on("close", () => resolve([...text.matchAll(/HTTP\/1\.1 (\d+)(?:[^]*?)\r\n\r\n/g)].map(([head, status]) => `${status} ${/x-path: (.*)\r\n/.exec(head)?.[1] ?? ""}`.trim())));
    socket.on("connect", () => socket.write(Buffer.from(bytes, "latin1")));
  });
}

async function inTurns<T>(items: readonly T[], atOnce: number, work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = [...items.entries()];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await work(next[1], next[0]);
  }));
}

/** Checks that other clients are served as usual. */
async function expectService(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const path = `/victim-${i}`;
    const { status, headers } = await ask({ port: i % 2 === 0 ? sluice.http : sluice.https, host: "h.example", path, tls: i % 2 === 1 });
    assert.deepEqual([status, headers["x-path"]], [200, path]);
  }
}

function workers(): readonly ProcessIdentity[] {
  const { pid } = JSON.parse(readFileSync(join(sluice.runtimeDir, "nginx-master.json"), "utf8")) as ProcessIdentity;
  return groupMembers(pid).filter((one) => stat(one.pid)?.parent === pid);
}

const times = (path: string): number => asked.get(path) ?? 0;

test("no form of a request in HTTP/1.1 hides another one, and each is answered as by nginx", async (t) => {
  const forms = http1Forms();
  t.diagnostic(`${forms.length} forms`);
  const differing: string[] = [];
  await inTurns(forms, 32, async ({ what, bytes }, index) => {
    const path = `/hidden-${index}`;
    const outcomes: (readonly string[])[] = [];
    for (const port of [plainPorts.http, sluice.http]) {
      const before = times(path);
      const answers = await converse(port, bytes);
      outcomes.push(answers);
      const told = answers.filter((one) => one === `200 ${path}`).length;
      assert.equal(times(path) - before, told, `${JSON.stringify(what)}: the backend sees a request that the client gets no answer for`);
    }
    const [by, ours] = outcomes;
    if (JSON.stringify(by) !== JSON.stringify(ours)) differing.push(`${JSON.stringify(what)}: nginx ${by?.join()}, Sluice ${ours?.join()}`);
  });
  assert.deepEqual(differing, []);
  await expectService(20);
});

test("no form of a request in HTTP/2 hides another one, and each is answered as by nginx", async (t) => {
  const forms = http2Forms();
  t.diagnostic(`${forms.length} forms`);
  const differing: string[] = [];
  await inTurns(forms, 16, async ({ what, fields, body }, index) => {
    const outcomes: string[] = [];
    for (const port of [plainPorts.https, sluice.https]) {
      const client = await rawHttp2(port);
      const flags = END_HEADERS | (body === undefined ? END_STREAM : 0);
      client.send(frame(HEADERS, flags, 1, headerBlock(fields)), ...(body === undefined ? [] : [frame(DATA, END_STREAM, 1, Buffer.from(body))]));
      outcomes.push(await client.outcome(1));
      client.close();
    }
    assert.equal(times(`/hidden-h2-${index}`), 0, what);
    // Sluice itself refuses this one, because it is no host name.
    if (what === ":authority user@h.example") assert.equal(outcomes[1], "400", what);
    else if (outcomes[0] !== outcomes[1]) differing.push(`${JSON.stringify(what)}: nginx ${outcomes[0]}, Sluice ${outcomes[1]}`);
  });
  assert.deepEqual(differing, []);
  assert.deepEqual([...asked.keys()].filter((path) => path.endsWith("hidden")), []);
  await expectService(20);
});

test("clients that are slow with headers, with bodies, or with reading keep nobody else from being served", async () => {
  const begin = async (bytes: string): Promise<Socket> => {
    const socket = connect({ host: "127.0.0.1", port: sluice.http });
    socket.on("error", () => socket.destroy());
    await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
    socket.write(bytes);
    socket.pause();
    return socket;
  };
  const kinds = ["GET /slow HTTP/1.1\r\nHost: h.example\r\nX: ", `POST /slow HTTP/1.1\r\nHost: h.example\r\nContent-Length: 1000000\r\n\r\nx`, hidden("slow").repeat(200), ""];
  const sockets: Socket[] = [];
  for (const bytes of kinds) for (let i = 0; i < 100; i++) sockets.push(await begin(bytes));
  await expectService(40);
  for (const socket of sockets) socket.destroy();
  await expectService(4);
});

test("streams that are reset at once, by the thousand, reach the backend no more often than they may, and end nothing else", async () => {
  const before = times("/first");
  const client = await rawHttp2(sluice.https);
  let sent = 0;
  for (let round = 0; round < 100; round++) {
    const frames = Array.from({ length: 20 }, (_, i) => 2 * (20 * round + i) + 1).flatMap((stream) => [
      frame(HEADERS, END_HEADERS | END_STREAM, stream, headerBlock(GET)), frame(RST_STREAM, 0, stream, Buffer.from([0, 0, 0, 8])),
    ]);
    if (!client.send(...frames)) break;
    sent += 20;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expectService(20);
  assert.ok(times("/first") - before <= sent);
  client.close();
});

test("headers that grow by compression, and headers that never end, end their connection", async () => {
  const ours = new Set(workers().map(({ pid }) => pid));
  // A field of 3,000 bytes goes into the connection's table of headers; each byte that follows stands for that field again (RFC 7541, 6.1).
  const stored = Buffer.concat([Buffer.from([0x40]), integer(6, 0x7f, 0), Buffer.from("x-bomb"), integer(3000, 0x7f, 0), Buffer.alloc(3000, "y")]);
  const bomb = Buffer.concat([headerBlock(GET), stored, Buffer.alloc(10_000, 0x80 + 62)]);
  const outcomes: string[] = [];
  for (const port of [plainPorts.https, sluice.https]) {
    const client = await rawHttp2(port);
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, bomb.subarray(0, 16_000)));
    outcomes.push(await client.outcome(1));
    client.close();
  }
  assert.equal(outcomes[1], outcomes[0], "as by nginx");
  assert.notEqual(outcomes[1], "200");
  const endless = await rawHttp2(sluice.https);
  endless.send(frame(HEADERS, END_STREAM, 1, headerBlock(GET)));
  let frames = 0;
  while (frames < 20_000 && endless.send(frame(CONTINUATION, 0, 1, headerBlock([[`x-${frames}`, "y".repeat(1000)]])))) {
    frames++;
    if (frames % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (frames % 1000 === 0 && (await endless.ended(100))) break;
  }
  assert.ok(await endless.ended(LIMIT_MS), `${frames} frames were taken`);
  await expectService(20);
  assert.ok(workers().every(({ pid }) => ours.has(pid)), "by the same workers as before");
});

test("hundreds of WebSockets live beside each other, over a change and other requests", async () => {
  const sockets = await Promise.all(Array.from({ length: 300 }, async (_, i) => {
    const socket = connect({ host: "127.0.0.1", port: sluice.http });
    const heard = { text: "" };
    socket.on("error", () => socket.destroy()).on("data", (chunk: Buffer) => (heard.text += chunk.toString("latin1")));
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write(`GET /ws-${i} HTTP/1.1\r\nHost: h.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n`);
    return { socket, heard };
  }));
  const until = async (holds: (text: string, index: number) => boolean): Promise<void> => {
    const deadline = Date.now() + LIMIT_MS;
    while (!sockets.every(({ heard }, index) => holds(heard.text, index))) {
      if (Date.now() > deadline) throw new Error(`${sockets.filter(({ heard }, index) => !holds(heard.text, index)).length} are missing`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await until((text) => text.includes("101 Switching"));
  await sluice.apply({ "other.yaml": site({ name: "other", host: "other.example", endpoints: [] }) });
  for (const [index, { socket }] of sockets.entries()) socket.write(`message ${index};`);
  await until((text, index) => text.includes(`message ${index};`));
  await expectService(20);
  assert.ok(sockets.every(({ socket }) => !socket.destroyed));
  for (const { socket } of sockets) socket.destroy();
});

test("while no worker accepts, more than a thousand connections are taken up and wait, as many as the kernel allows", async (t) => {
  const count = 1200;
  if (Number(readFileSync("/proc/sys/net/core/somaxconn", "utf8")) < 2 * count) return t.skip("the kernel lets fewer wait: net.core.somaxconn");
  const stopped = workers();
  const sockets: Socket[] = [];
  let connected = 0;
  try {
    for (const { pid } of stopped) process.kill(pid, "SIGSTOP");
    for (let i = 0; i < count; i++) {
      const socket = connect({ host: "127.0.0.1", port: sluice.http });
      sockets.push(socket.on("error", () => socket.destroy()).on("connect", () => connected++));
    }
    const deadline = Date.now() + LIMIT_MS / 2;
    while (connected < count && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(connected, count);
  } finally {
    for (const { pid } of stopped) process.kill(pid, "SIGCONT");
    for (const socket of sockets) socket.destroy();
  }
  await expectService(20);
});

test("after all of that nothing has died", () => {
  assert.ok(workers().every(isAlive) && workers().length >= 2);
  assert.doesNotMatch(sluice.engineLog(), /exited on signal|worker process \d+ exited with code [1-9]|\[emerg\]|\[alert\]|\[crit\]/);
});
