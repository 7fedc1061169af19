/**
 * TLS passthrough: the nginx below http owns the https port and looks at the server name alone; which hosts are passed
 * through is data. Where Sluice ends TLS itself, the client's address is known as if nothing were in between.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as https from "node:https";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import { probeEngine } from "../../src/engine/agent/probe.ts";
import { EDGE_DIR, NGINX_BINARY } from "../../src/engine/paths.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import { identify, isAlive, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";
import { converse, startTcp, whoAnswers, type TcpBackend } from "../support/stream-backends.ts";
import { services, streamService, STREAM_FLAGS, withoutStream } from "../support/streams.ts";

const { facts } = probeEngine({ binary: NGINX_BINARY, runtimeDir: "/tmp", edgeDir: EDGE_DIR, accessLog: "" });
const skip = withoutStream(facts.stream);

const OWN = "own.example";
const PASSED = "passed.example";
/** The name in the certificate that Sluice makes itself. */
const DEFAULT = "ingress.local";
const ours = selfSigned([OWN]);
const theirs = selfSigned([PASSED]);

let sluice: Sluice;
let echo: EchoBackend;
let tcp: TcpBackend;
let ports: readonly number[];
/** A backend that ends TLS itself: it sends a greeting, then echoes. */
let secure: Server;
let securePort = 0;
const passed = (annotation: string, endpoints = [`127.0.0.1:${securePort}`]): string =>
  site({ name: "passed", host: PASSED, endpoints, annotations: { "ssl-passthrough": annotation } });

before(async () => {
  if (skip) return;
  ports = await freePorts(4);
  echo = await startEcho("web");
  tcp = await startTcp("tcp");
  secure = createServer({ key: theirs.key, cert: theirs.chain }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.write("secure\n");
    socket.pipe(socket);
  });
  await once(secure.listen(0, "127.0.0.1"), "listening");
  securePort = (secure.address() as { port: number }).port;
  sluice = await startSluice({
    args: [...STREAM_FLAGS, "--enable-ssl-passthrough"],
    files: {
      "own.yaml": site({ name: "own", host: OWN, endpoints: [`127.0.0.1:${echo.port}`], tlsSecret: "own" }),
      "secret.yaml": tlsSecret("own", ours),
      "passed.yaml": passed("true"),
      ...{ "tcp.yaml": services("tcp", {}), "udp.yaml": services("udp", {}) },
      "service.yaml": streamService("echo", [tcp.port]),
    },
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
  await tcp?.close();
  secure?.close();
});

/** Opens a TLS connection; `shown` is the host in the certificate that it is shown. */
async function dial(servername: string, port = sluice.https): Promise<{ readonly socket: TLSSocket; readonly shown: string }> {
  const socket = connect({ port, host: "127.0.0.1", servername, rejectUnauthorized: false });
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  const connected = once(socket, "secureConnect", { signal: AbortSignal.timeout(15_000) });
  await Promise.race([connected, once(socket, "close").then(() => Promise.reject(new Error("closed")))]);
  return { socket, shown: socket.getPeerCertificate().subjectaltname?.replace("DNS:", "") ?? "none" };
}

async function shown(servername: string, port = sluice.https): Promise<string> {
  const { socket, shown: name } = await dial(servername, port);
  socket.destroy();
  return name;
}

async function reloads(): Promise<number> {
  const text = (await sluice.ask("/metrics")).text;
  return [...text.matchAll(/^sluice_reloads_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}

test("server names decide who ends TLS", { skip }, async () => {
  assert.equal(await shown(PASSED), PASSED);
  assert.equal(await shown(PASSED.toUpperCase()), PASSED);
  assert.equal(await shown(OWN), OWN);
  assert.equal(await shown("unknown.example"), DEFAULT);
  assert.equal(await shown(""), DEFAULT);
  const { socket } = await dial(PASSED);
  const [greeting] = (await once(socket, "data")) as [Buffer];
  assert.equal(greeting.toString(), "secure\n", "the backend gets no PROXY header");
  socket.destroy();
});

test("what ends here knows its client, over HTTP/1.1 and HTTP/2", { skip }, async () => {
  const { headers } = await new Promise<{ headers: Record<string, string> }>((resolve, reject) => {
    const request = https.get(
      { host: "127.0.0.1", port: sluice.https, localAddress: "127.0.0.9", servername: OWN, headers: { host: OWN }, rejectUnauthorized: false, agent: false },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () => resolve(JSON.parse(text) as { headers: Record<string, string> }));
      },
    );
    request.on("error", reject);
  });
  assert.equal(headers["x-real-ip"], "127.0.0.9");
  assert.equal(headers["x-forwarded-for"], "127.0.0.9");
  assert.equal(headers["x-forwarded-port"], "443");
  assert.equal(headers["x-forwarded-proto"], "https");
  const { status, echo: answered } = await ask({ port: sluice.https, tls: true, http2: true, host: OWN });
  assert.deepEqual([status, answered?.backend, answered?.headers["x-real-ip"]], [200, "web", "127.0.0.1"]);
});

test("plain http to such a host is served as ever", { skip }, async () => {
  const { status, headers } = await ask({ port: sluice.http, host: OWN });
  assert.deepEqual([status, headers["location"]], [308, `https://${OWN}`]);
  assert.equal((await ask({ port: sluice.http, host: "nobody.example" })).status, 404);
});

test("a host becomes one that is passed through, and back, without a reload", { skip }, async () => {
  const before = await reloads();
  await sluice.apply({ "passed.yaml": passed("false") });
  assert.equal(await shown(PASSED), DEFAULT);
  await sluice.apply({ "passed.yaml": passed("true") });
  assert.equal(await shown(PASSED), PASSED);
  await sluice.apply({ "passed.yaml": passed("true", []) });
  await assert.rejects(shown(PASSED), /closed|disconnected|ECONNRESET/);
  await sluice.apply({ "passed.yaml": passed("true") });
  assert.equal(await shown(PASSED), PASSED);
  assert.equal(await reloads(), before);
});

test("garbage, strange names and slow clients harm nobody", { skip }, async () => {
  const slow = connectTcp(sluice.https, "127.0.0.1");
  slow.on("error", () => slow.destroy());
  slow.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
  const garbage = await converse(sluice.https);
  garbage.write("GET / HTTP/1.1\r\nHost: own.example\r\n\r\n");
  assert.match(await garbage.ended(), /^HTTP\/1\.1 400 /);
  const noise = await converse(sluice.https);
  noise.socket.end(Buffer.alloc(40_000, 0x16));
  await noise.ended();
  for (const name of [`${PASSED}\t\t127.0.0.1:1`, `x\ntls ${PASSED}`, "a".repeat(255), "*.example", "constructor", `${PASSED} `, "tls"]) {
    assert.notEqual(await shown(name).catch(() => "closed"), PASSED, JSON.stringify(name));
  }
  assert.equal(await shown(PASSED), PASSED);
  assert.equal(await shown(OWN), OWN);
  slow.destroy();
});

async function killMasters(): Promise<void> {
  for (const file of ["stream-master.json", "nginx-master.json"]) {
    const master = (): ProcessIdentity => JSON.parse(readFileSync(join(sluice.runtimeDir, file), "utf8")) as ProcessIdentity;
    const victim = master();
    let running = true;
    const failures: string[] = [];
    const loop = (async () => {
      while (running) {
        for (const name of [OWN, PASSED]) await shown(name).then((got) => got === name || failures.push(got), (error: Error) => failures.push(`${name}: ${error.message}`));
      }
    })();
    try {
      process.kill(victim.pid, "SIGKILL");
      const deadline = Date.now() + 20_000;
      while ((isAlive(victim) || master().pid === victim.pid || !identify(master().pid)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
      await sluice.sync();
      for (let i = 0; i < 20; i++) await shown(OWN);
    } finally {
      running = false;
      await loop;
    }
    assert.deepEqual(failures, [], file);
    assert.equal(await shown(OWN), OWN);
    assert.equal(await shown(PASSED), PASSED);
  }
}

test("whichever master dies, new TLS connections are served", { skip }, killMasters);

test("a reload for a new TCP port drops no byte of TLS, passed through or not", { skip }, async () => {
  const { socket } = await dial(PASSED);
  let received = "";
  socket.on("data", (data: Buffer) => (received += data.toString()));
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  let running = true;
  const failures: string[] = [];
  let sent = "secure\n";
  const writing = (async () => {
    for (let i = 0; running; i++) {
      const piece = `${i},`;
      sent += piece;
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const asking = [undefined, undefined, agent].map(async (one) => {
    while (running) {
      const { status } = await ask({ port: sluice.https, tls: true, host: OWN, ...(one ? { agent: one } : {}) }).catch((error: Error) => ({ status: error.message }));
      if (status !== 200) failures.push(String(status));
    }
  });
  const dialling = (async () => {
    while (running) await shown(PASSED).then((name) => name === PASSED || failures.push(name), (error: Error) => failures.push(error.message));
  })();
  try {
    for (const [index, port] of ports.entries()) {
      await sluice.apply({ "tcp.yaml": services("tcp", Object.fromEntries(ports.slice(0, index + 1).map((one) => [one, "net/echo:7"]))) });
      assert.equal(await whoAnswers(port), "tcp");
    }
  } finally {
    running = false;
    await Promise.all([writing, dialling, ...asking]);
  }
  assert.deepEqual(failures, []);
  const deadline = Date.now() + 10_000;
  while (received.length < sent.length && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(received, sent);
  socket.destroy();
  agent.destroy();
});

test("whichever master dies, new TLS connections are served, with ports beside them too", { skip }, killMasters);

test("wildcards and hosts without a root keep their TLS here, and a finding says so", { skip }, async () => {
  await sluice.apply({
    "wild.yaml": site({ name: "wild", host: "*.wild.example", endpoints: [], annotations: { "ssl-passthrough": "true" } }),
    "root.yaml": site({ name: "root", host: "root.example", endpoints: [], annotations: { "ssl-passthrough": "true" } }).replace('"path":"/"', '"path":"/below"'),
  });
  const found = JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[];
  const codes = found.filter(({ code }) => code.startsWith("ssl-passthrough")).map(({ code, object }) => `${object.name} ${code}`);
  assert.deepEqual(codes.sort(), ["root ssl-passthrough-without-root", "wild ssl-passthrough-host"]);
});

test("the flag can be turned on, and off, over an nginx that is adopted: https is served in any case", { skip }, async () => {
  const files = {
    "own.yaml": site({ name: "own", host: OWN, endpoints: [`127.0.0.1:${echo.port}`], tlsSecret: "own" }),
    "secret.yaml": tlsSecret("own", ours),
    "passed.yaml": passed("true"),
  };
  let now = await startSluice({ files });
  try {
    for (const flags of [["--enable-ssl-passthrough"], [], ["--enable-ssl-passthrough"]]) {
      const gone = new Promise((resolve) => now.process.once("exit", resolve));
      now.process.kill("SIGKILL");
      await gone;
      now = await startSluice({ successorOf: now, args: flags });
      await now.sync();
      assert.equal((await ask({ port: now.https, tls: true, host: OWN })).echo?.headers["x-real-ip"], "127.0.0.1", flags.join());
      const codes = (JSON.parse((await now.ask("/api/v1/findings")).text) as Finding[]).map(({ code }) => code);
      assert.equal(codes.includes("stream-keeps-https"), flags.length === 0);
      assert.ok(!codes.includes("engine-refused"));
      assert.equal(await shown(PASSED, now.https), flags.length === 0 ? DEFAULT : PASSED);
    }
  } finally {
    await now.stop();
  }
});

test("behind a proxy that speaks the PROXY protocol, its word about the client goes on", { skip }, async () => {
  const behind = await startSluice({
    args: ["--enable-ssl-passthrough", "--configmap=sluice/sluice"],
    files: {
      "settings.yaml": configMap({ "use-proxy-protocol": "true" }),
      "own.yaml": site({ name: "own", host: OWN, endpoints: [`127.0.0.1:${echo.port}`], tlsSecret: "own" }),
      "secret.yaml": tlsSecret("own", ours),
      "passed.yaml": passed("true"),
    },
  });
  try {
    const dialBehind = async (servername: string): Promise<TLSSocket> => {
      const raw = connectTcp(behind.https, "127.0.0.1");
      raw.write("PROXY TCP4 203.0.113.9 192.0.2.1 5555 443\r\n");
      const socket = connect({ socket: raw, servername, rejectUnauthorized: false });
      await once(socket, "secureConnect");
      return socket;
    };
    const socket = await dialBehind(OWN);
    socket.write(`GET / HTTP/1.1\r\nHost: ${OWN}\r\nConnection: close\r\n\r\n`);
    let text = "";
    for await (const data of socket) text += String(data);
    assert.match(text, /"x-real-ip":"203\.0\.113\.9"/);
    assert.match(text, /"x-forwarded-port":"443"/);
    const through = await dialBehind(PASSED);
    const [greeting] = (await once(through, "data")) as [Buffer];
    assert.equal(greeting.toString(), "secure\n");
    through.destroy();
  } finally {
    await behind.stop();
  }
});

test("a full X-Forwarded-For ends with the client, not with the socket that it came through", { skip }, async () => {
  const trusting = await startSluice({
    args: ["--enable-ssl-passthrough", "--configmap=sluice/sluice"],
    files: {
      "settings.yaml": configMap({ "use-forwarded-headers": "true", "compute-full-forwarded-for": "true" }),
      "own.yaml": site({ name: "own", host: OWN, endpoints: [`127.0.0.1:${echo.port}`], tlsSecret: "own", annotations: { "ssl-redirect": "false" } }),
      "secret.yaml": tlsSecret("own", ours),
    },
  });
  try {
    for (const at of [{ port: trusting.https, tls: true }, { port: trusting.http }]) {
      const { echo: answered } = await ask({ ...at, host: OWN, headers: { "X-Forwarded-For": "203.0.113.9" } });
      assert.equal(answered?.headers["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
    }
    const { echo: answered } = await ask({ port: trusting.https, tls: true, host: OWN });
    assert.equal(answered?.headers["x-forwarded-for"], "127.0.0.1");
  } finally {
    await trusting.stop();
  }
});
