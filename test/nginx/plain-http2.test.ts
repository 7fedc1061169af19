/** HTTP/2 without TLS, from clients that begin with HTTP/2: it works where nginx can do it, and a finding says so where it cannot. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hasHttp2Directive } from "../../src/compile/machine.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { probe } from "../support/engine.ts";
import { configMap, site, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { startGrpc, type Backend } from "../support/protocol-backends.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let echo: EchoBackend;
let grpc: Backend;
let sluice: Sluice;

before(async () => {
  [echo, grpc] = await Promise.all([startEcho("web"), startGrpc()]);
  const toGrpc = { endpoints: [`127.0.0.1:${grpc.port}`], annotations: { "backend-protocol": "GRPC", "ssl-redirect": "false" } };
  sluice = await startSluice({
    files: {
      "settings.yaml": configMap({ "worker-processes": "1" }),
      "tls.yaml": tlsSecret("tls", selfSigned(["covered.example", "*.wide.example"], "tls")),
      "web.yaml": site({ name: "web", host: "web.example", endpoints: [`127.0.0.1:${echo.port}`] }),
      "grpc.yaml": site({ name: "grpc", host: "grpc.example", ...toGrpc }),
      "covered.yaml": site({ name: "covered", host: "covered.example", tlsSecret: "tls", ...toGrpc }),
      "wide.yaml": site({ name: "wide", host: "*.wide.example", tlsSecret: "tls", endpoints: [`127.0.0.1:${echo.port}`] }),
      "under.yaml": site({ name: "under", host: "under.wide.example", ...toGrpc }),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await Promise.all([sluice?.stop(), echo?.close(), grpc?.close()]);
});

async function saidOfGrpc(): Promise<string[]> {
  const { text } = await sluice.ask("/api/v1/findings");
  const all = JSON.parse(text) as { readonly code: string; readonly object: { readonly name: string } }[];
  return all.filter(({ code }) => code === "grpc-needs-tls").map(({ object }) => object.name);
}

const facts = probe("/dev/shm").facts;
const modern = hasHttp2Directive(facts);
const isOld = `nginx ${facts.version.join(".")} takes HTTP/2 over TLS only: 1.25.1 or later is needed`;

test("HTTP/1.1 works on the http port, whatever else does", async () => {
  assert.equal((await ask({ port: sluice.http, host: "web.example" })).echo?.backend, "web");
});

test("a client that begins with HTTP/2 is answered, gRPC included, and nothing is said", { skip: !modern && isOld }, async () => {
  const plain = { port: sluice.http, tls: false, http2: true } as const;
  const { status, echo: answered } = await ask({ ...plain, host: "web.example", path: "/a?b" });
  assert.deepEqual([status, answered?.backend, answered?.path, answered?.headers["x-forwarded-proto"]], [200, "web", "/a?b", "http"]);
  assert.equal((await ask({ ...plain, host: "nobody.example" })).status, 404);
  assert.equal((await ask({ ...plain, host: "covered.example" })).status, 200);
  const called = await ask({ ...plain, host: "grpc.example", method: "POST", body: "hello", headers: { "content-type": "application/grpc", te: "trailers" } });
  assert.deepEqual([called.status, called.text], [200, "hello"]);
  assert.deepEqual(await saidOfGrpc(), []);
});

test("where it is not taken, hosts that gRPC clients cannot talk to have a finding", { skip: modern && "this nginx takes it" }, async () => {
  assert.deepEqual(await saidOfGrpc(), ["grpc"]);
  await assert.rejects(ask({ port: sluice.http, tls: false, http2: true, host: "grpc.example" }));
  await sluice.apply({ "grpc.yaml": undefined });
  assert.deepEqual(await saidOfGrpc(), []);
});
