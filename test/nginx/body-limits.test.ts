/**
 * Limits of request bodies that are data: on real nginx, for bodies with and without a length, over HTTP/1.1 and HTTP/2,
 * for routes with and without filters. No limit and no buffer costs a reload.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import * as http2 from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ask, type Answer } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const KIB = 1024;
const MIB = KIB ** 2;
let sluice: Sluice;
let echo: EchoBackend;
let pages: EchoBackend;

type Annotations = Readonly<Record<string, string>>;
/** What else the routes have: nothing, filters, a profile of their own kind. */
const KINDS: Readonly<Record<string, Annotations>> = {
  plain: {},
  filtered: { "enable-cors": "true" },
  rewritten: { "rewrite-target": "/other" },
  tuned: { "proxy-buffer-size": "16k", "proxy-buffering": "on" },
  paged: { "custom-http-errors": "413", "default-backend": "pages" },
  canaried: {},
};
/** Bytes: below and above what locations take without annotations (1 MiB), at a step of the locations that read bodies, and any. */
const LIMITS = [10 * KIB, 3 * MIB, 8 * MIB, 0];
const hostOf = (kind: string, limit: number): string => `${kind}-${limit}.example`;

before(async () => {
  echo = await startEcho("web");
  pages = await startEcho("pages");
  const endpoints = [`127.0.0.1:${echo.port}`];
  const files: Record<string, string> = { "settings.yaml": configMap({ "worker-processes": "1", "enable-underscores-in-headers": "true", "ignore-invalid-headers": "false" }), "pages.yaml": site({ name: "pages", host: "pages.example", endpoints: [`127.0.0.1:${pages.port}`] }) };
  for (const [kind, annotations] of Object.entries(KINDS)) {
    for (const limit of LIMITS) {
      const name = `${kind}-${limit}`;
      files[`${name}.yaml`] = site({ name, host: hostOf(kind, limit), endpoints, annotations: { ...annotations, "proxy-body-size": `${limit}` } });
      if (kind === "canaried") files[`${name}-next.yaml`] = site({ name: `${name}-next`, host: hostOf(kind, limit), endpoints, annotations: { canary: "true", "canary-weight": "50" } });
    }
  }
  files["buffer.yaml"] = site({ name: "buffer", host: "buffer.example", endpoints, annotations: { "client-body-buffer-size": "1m", "proxy-body-size": "20m" } });
  files["guarded.yaml"] = site({ name: "guarded", host: "guarded.example", endpoints, annotations: { "auth-type": "basic", "auth-secret": "users", "proxy-body-size": "3m" } }) +
    documents({ apiVersion: "v1", kind: "Secret", metadata: { name: "users", namespace: "shop" }, data: { auth: Buffer.from("ann:{PLAIN}secret\n").toString("base64") } }).replace(/^/, "---\n");
  files["empty.yaml"] = site({ name: "empty", host: "empty.example", endpoints: [], annotations: { "proxy-body-size": "8m", "enable-cors": "true" } });
  // FastCGI makes nginx keep $content_length.
  files["php.yaml"] = site({ name: "php", host: "php.example", endpoints, annotations: { "backend-protocol": "FCGI", "proxy-body-size": "3m" } });
  files["limited.yaml"] = site({ name: "limited", host: "limited.example", endpoints, annotations: { "limit-rpm": "2", "limit-burst-multiplier": "1", "proxy-body-size": "3m" } });
  sluice = await startSluice({ files, args: ["--configmap=sluice/sluice"] });
});
after(async () => {
  assert.equal((await sluice?.generation())?.reloads, 0, "nothing here needs a reload");
  await sluice?.stop();
  await echo?.close();
  await pages?.close();
});

/** Ways in which a body of so many bytes can come. */
const WAYS: Readonly<Record<string, (host: string, body: Buffer, headers?: Record<string, string>) => Promise<Answer>>> = {
  "with a length": async (host, body, headers) => ask({ port: sluice.http, host, method: "POST", body, headers: { "content-length": `${body.length}`, ...headers } }),
  "in chunks": async (host, body, headers) => ask({ port: sluice.http, host, method: "POST", body, headers: { "transfer-encoding": "chunked", ...headers } }),
  "over HTTP/2, with a length": async (host, body, headers) => ask({ port: sluice.https, http2: true, host, method: "POST", body, headers: { "content-length": `${body.length}`, ...headers } }),
  "over HTTP/2, without": async (host, body, headers) => ask({ port: sluice.https, http2: true, host, method: "POST", body, ...(headers ? { headers } : {}) }),
};

const digest = (body: Buffer): string => createHash("sha256").update(body).digest("hex");

for (const [way, send] of Object.entries(WAYS)) {
  test(`a body ${way} is passed on up to its limit, and refused beyond, whatever else the route has`, async () => {
    for (const kind of Object.keys(KINDS)) {
      for (const limit of LIMITS) {
        const host = hostOf(kind, limit);
        const sizes = limit === 0 ? [0, 3 * MIB] : [1, limit];
        for (const size of sizes) {
          const body = randomBytes(size);
          const answer = await send(host, body);
          assert.deepEqual([answer.status, answer.echo?.backend, answer.echo?.bodySha256], [200, "web", digest(body)], `${host}, ${size} bytes: ${answer.text.slice(0, 100)}`);
          if (kind === "rewritten") assert.equal(answer.echo?.path, "/other");
        }
        if (limit === 0) continue;
        const refused = await send(host, randomBytes(limit + 1));
        // The page of an error has the status that its backend gives it, and says which error it was.
        if (kind === "paged") assert.deepEqual([refused.echo?.backend, refused.echo?.headers["x-code"]], ["pages", "413"], host);
        else assert.equal(refused.status, 413, host);
        if (kind === "filtered") assert.equal(refused.headers["access-control-allow-origin"], "*", host);
      }
    }
  });
}

test("no header that is spelled almost like Content-Length or Transfer-Encoding lets a body pass", async () => {
  for (const [kind, limit] of [["plain", 3 * MIB], ["plain", 10 * KIB], ["filtered", 3 * MIB], ["filtered", 10 * KIB]] as const) {
    const body = randomBytes(limit + 1);
    for (const headers of [{ "content_length": "1" }, { "content_length": `${2 * MIB}` }, { "transfer_encoding": "" }, { "content_length": "x" }] as Record<string, string>[]) {
      for (const way of ["in chunks", "over HTTP/2, without", "with a length"]) {
        const { status } = await WAYS[way]!(hostOf(kind, limit), body, headers).catch(() => ({ status: 413 }));
        assert.equal(status, 413, `${kind} ${limit} ${way} ${JSON.stringify(headers)}`);
      }
    }
  }
});

test("a large body does not change why a request is refused", async () => {
  for (const size of [3, 2 * MIB]) {
    for (const way of ["with a length", "in chunks"]) assert.equal((await WAYS[way]!("empty.example", randomBytes(size))).status, 503, `${size} bytes ${way}`);
    assert.equal((await WAYS["with a length"]!("guarded.example", randomBytes(size))).status, 401);
  }
  assert.equal((await WAYS["with a length"]!("empty.example", randomBytes(9 * MIB))).status, 413);
});

test("what cannot be read is answered with the route's headers, and nothing is said of what was passed on", async () => {
  const { status, headers } = await new Promise<{ status: number; headers: string }>((resolve) => {
    let text = "";
    const socket = connect(sluice.http, "127.0.0.1", () => socket.write(`POST / HTTP/1.1\r\nHost: ${hostOf("filtered", 3 * MIB)}\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n`));
    socket.on("data", (chunk) => (text += chunk.toString("latin1"))).on("close", () => resolve({ status: Number(text.split(" ")[1]), headers: text }));
  });
  assert.equal(status, 400);
  assert.match(headers, /^access-control-allow-origin: \*/im);
  assert.equal((await WAYS["in chunks"]!(hostOf("plain", 3 * MIB), randomBytes(2 * MIB))).status, 200);
  assert.doesNotMatch(sluice.engineLog(), /client intended to send too large body: \d+ bytes.*subrequest/);
});

test("far beyond its limit a body is not read to its end", async () => {
  const { status } = await WAYS["in chunks"]!(hostOf("plain", 10 * KIB), randomBytes(30 * MIB)).catch(() => ({ status: 413 }));
  assert.equal(status, 413);
});

test("nobody's body is read who may not pass, and the checks run once", async () => {
  const body = randomBytes(2 * MIB);
  for (const [way, send] of Object.entries(WAYS)) {
    assert.equal((await send("guarded.example", body)).status, 401, way);
    const { status, echo: seen } = await send("guarded.example", body, { authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` });
    assert.deepEqual([status, seen?.bodySha256], [200, digest(body)], way);
  }
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await WAYS["in chunks"]!("limited.example", body)).status);
  assert.deepEqual(statuses, [200, 200, 200, 503], "each request counts once");
});

test("a body waits for its end before the backend hears of it, and 100-continue is answered", async () => {
  const answer = await ask({ port: sluice.http, host: hostOf("filtered", 3 * MIB), method: "POST", body: randomBytes(2 * MIB), headers: { expect: "100-continue", "transfer-encoding": "chunked" } });
  assert.equal(answer.status, 200);
  assert.equal(answer.echo?.headers["content-length"], `${2 * MIB}`, "nginx knows the length when it passes the body on");
});

test("a larger buffer keeps bodies in memory, and the body arrives", async () => {
  for (const size of [100, 9 * KIB, 900 * KIB, 15 * MIB]) {
    for (const [way, send] of Object.entries(WAYS)) {
      const body = randomBytes(size);
      assert.equal((await send("buffer.example", body)).echo?.bodySha256, digest(body), `${size} bytes ${way}`);
    }
  }
  assert.equal((await WAYS["in chunks"]!("buffer.example", randomBytes(20 * MIB + 1))).status, 413);
});

test("GET over HTTP/2 without a length passes, and a body that it may have is held to a limit", async () => {
  for (const kind of Object.keys(KINDS)) {
    for (const limit of LIMITS) assert.equal((await ask({ port: sluice.https, http2: true, host: hostOf(kind, limit) })).status, 200);
  }
  assert.equal(await getWithBody(hostOf("plain", 10 * KIB), 10 * KIB + 1), 413);
  assert.equal(await getWithBody(hostOf("plain", 10 * KIB), 10 * KIB), 200);
  assert.equal(await getWithBody(hostOf("plain", 3 * MIB), 4 * MIB), 413);
  assert.equal(await getWithBody(hostOf("plain", 0), 4 * MIB), 200);
});

/** Sends GET with a body and without its length over HTTP/2. */
async function getWithBody(host: string, size: number): Promise<number> {
  const session = http2.connect(`https://127.0.0.1:${sluice.https}`, { rejectUnauthorized: false, servername: host });
  try {
    return await new Promise<number>((resolve, reject) => {
      const stream = session.request({ ":method": "GET", ":path": "/", ":authority": host }, { endStream: false });
      stream.on("response", (headers) => resolve(Number(headers[":status"]))).on("error", reject);
      stream.resume();
      stream.end(randomBytes(size));
    });
  } finally {
    session.destroy();
  }
}

test("the log names the reason, and the client's request", async () => {
  const log = (): string => readFileSync(join(sluice.runtimeDir, "access.log"), "utf8");
  assert.match(log(), /"POST \/ HTTP\/2\.0" 413 /);
  const { text } = await sluice.ask("/metrics");
  assert.match(text, /sluice_answers_total\{reason="body-too-large"\} [1-9]/);
});

test("a client that goes away while its body is read leaves nothing behind", async () => {
  const gone = Array.from({ length: 20 }, () => new Promise<void>((resolve) => {
    const socket = connect(sluice.http, "127.0.0.1", () => {
      socket.write(`POST / HTTP/1.1\r\nHost: ${hostOf("filtered", 3 * MIB)}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n`);
      setTimeout(() => { socket.destroy(); resolve(); }, 30);
    });
  }));
  await Promise.all(gone);
  assert.equal((await WAYS["in chunks"]!(hostOf("filtered", 3 * MIB), randomBytes(100))).status, 200);
});
