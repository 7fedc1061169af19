/** Mirrored requests: what the second backend sees, and that clients do not notice when it fails. */
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { site } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { startHttps, type Backend } from "../support/protocol-backends.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const seen: Seen[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
    response.statusCode = 500;
    response.end("nobody sees this");
  });
});
let sluice: Sluice;
let web: EchoBackend;
let tls: Backend;

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  web = await startEcho("web");
  tls = await startHttps(selfSigned([], "mirror"));
  const [dead] = await freePorts(1);
  const { port } = server.address() as AddressInfo;
  const at = `http://127.0.0.1:${port}`;
  const hosts: Record<string, Record<string, string>> = {
    whole: { "mirror-target": `${at}/stage$request_uri` },
    bodiless: { "mirror-target": at, "mirror-request-body": "off" },
    named: { "mirror-target": `${at}/fixed`, "mirror-host": "stage.${host}" },
    decoded: { "mirror-target": `${at}/x$uri` },
    dead: { "mirror-target": `http://127.0.0.1:${dead}` },
    tls: { "mirror-target": `https://127.0.0.1:${tls.port}/` },
    // Variables that Sluice keeps for itself, and one that does not exist: all of them must be empty.
    nosy: { "mirror-target": `${at}/$sluice_tls_key$sluice_uri$nosuch` },
    empty: { "mirror-target": `${at}/` },
    invalid: { "mirror-target": "ftp://127.0.0.1/" },
    dynamic: { "mirror-target": `http://$host:${port}/` },
  };
  sluice = await startSluice({
    args: ["--allow-local-targets"],
    files: Object.fromEntries(Object.entries(hosts).map(([name, annotations]) => {
      const endpoints = name === "empty" ? [] : [`127.0.0.1:${web.port}`];
      return [`${name}.yaml`, site({ name, host: `${name}.example`, endpoints, annotations })];
    })),
  });
});
after(async () => {
  await sluice?.stop();
  await Promise.all([web?.close(), tls?.close()]);
  await new Promise((resolve) => server.close(resolve));
});

/** Sends a POST, whose answer must have this status, and gives what the mirror saw of it. */
async function mirrored(host: string, path: string, expect = 200): Promise<Seen | undefined> {
  seen.length = 0;
  const answer = await ask({ port: sluice.http, host: `${host}.example`, path, method: "POST", body: "a body", headers: { "X-Own": "mine" } });
  assert.equal(answer.status, expect);
  if (expect === 200) assert.deepEqual([answer.echo?.backend, answer.echo?.bodyLength, answer.echo?.path], ["web", 6, path]);
  for (let i = 0; i < 60 && seen.length === 0; i++) await sleep(5);
  assert.ok(seen.length <= 1);
  return seen[0];
}

test("the mirror sees method, path, headers and body", async () => {
  const copy = await mirrored("whole", "/a%2Fb?c=d");
  assert.deepEqual([copy?.method, copy?.url, copy?.body], ["POST", "/stage/a%2Fb?c=d", "a body"]);
  assert.deepEqual([copy?.headers["host"], copy?.headers["x-own"]], ["127.0.0.1", "mine"]);
});

test("without the body nothing says that there was one", async () => {
  const copy = await mirrored("bodiless", "/a?b");
  assert.deepEqual([copy?.method, copy?.url, copy?.body, copy?.headers["content-length"]], ["POST", "/a?b", "", undefined]);
});

test("a path without variables gets the query; the Host may be another", async () => {
  const copy = await mirrored("named", "/a?b=c");
  assert.deepEqual([copy?.url, copy?.headers["host"]], ["/fixed?b=c", "stage.named.example"]);
});

test("a decoded path cannot begin another request", async () => {
  const copy = await mirrored("decoded", "/a%0d%0aX-Evil:%201%20b");
  assert.equal(copy?.url, "/x/a%0D%0AX-Evil:%201%20b");
  assert.equal(copy?.headers["x-evil"], undefined);
});

test("what Sluice keeps in variables does not reach a mirror", async () => {
  assert.equal((await mirrored("nosy", "/secret"))?.url, "/");
});

test("a mirror that is dead, or does not exist, changes nothing", async () => {
  assert.equal(await mirrored("dead", "/"), undefined);
  assert.equal(await mirrored("invalid", "/"), undefined);
  assert.equal(await mirrored("dynamic", "/"), undefined);
  const { text } = await sluice.ask("/api/v1/findings");
  assert.equal(text.match(/mirror-target-invalid/g)?.length, 2);
});

test("a request that is refused is not mirrored", async () => {
  assert.equal(await mirrored("empty", "/", 503), undefined);
});

test("a mirror may be spoken to over TLS", async () => {
  assert.equal(await mirrored("tls", "/"), undefined);
  assert.equal(tls.connections(), 1);
});

test("HTTP/2 is mirrored too, and a connection carries on after it", async () => {
  seen.length = 0;
  for (let i = 0; i < 3; i++) assert.equal((await ask({ port: sluice.https, http2: true, host: "whole.example", method: "POST", body: "h2" })).echo?.backend, "web");
  for (let i = 0; i < 60 && seen.length < 3; i++) await sleep(5);
  assert.deepEqual(seen.map(({ body }) => body), ["h2", "h2", "h2"]);
});
