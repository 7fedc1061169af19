/** Certificates while nginx runs: changed, broken, removed; versions, protocols and resumption. No change costs a reload. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { Finding } from "../../src/model/findings/findings.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const HOST = "shop.example";
const first = selfSigned([HOST]);
const second = selfSigned([HOST]);

let sluice: Sluice;
let echo: EchoBackend;

before(async () => {
  echo = await startEcho("web");
  sluice = await startSluice({
    files: {
      "web.yaml": site({ name: "web", host: HOST, endpoints: [`127.0.0.1:${echo.port}`], tlsSecret: "cert" }),
      "secret.yaml": tlsSecret("cert", first),
      "settings.yaml": configMap({}),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

/** Which certificate a new connection is shown: `first`, `second` or `default`. */
async function shown(): Promise<string> {
  const { certificate, status } = await ask({ port: sluice.https, tls: true, host: HOST });
  assert.equal(status, 200);
  const is = (chain: string): boolean => new X509Certificate(chain).raw.equals(certificate?.raw ?? Buffer.alloc(0));
  return is(first.chain) ? "first" : is(second.chain) ? "second" : "default";
}

async function codes(): Promise<string[]> {
  return (JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[]).map(({ code }) => code);
}

test("a renewed certificate is shown from the next handshake on", async () => {
  assert.equal(await shown(), "first");
  await sluice.apply({ "secret.yaml": tlsSecret("cert", second) });
  for (let i = 0; i < 10; i++) assert.equal(await shown(), "second");
});

test("one that cannot be used leaves the previous one serving, and is told", async () => {
  await sluice.apply({ "secret.yaml": tlsSecret("cert", { chain: first.chain, key: second.key }) });
  assert.equal(await shown(), "second");
  assert.deepEqual(await codes(), ["certificate-broken"]);
  await sluice.apply({ "secret.yaml": tlsSecret("cert", { chain: "nothing", key: "nothing" }) });
  assert.equal(await shown(), "second");
});

test("a Secret that is removed leaves the default certificate, and one that comes back serves again", async () => {
  await sluice.apply({ "secret.yaml": undefined });
  assert.equal(await shown(), "default");
  assert.deepEqual(await codes(), ["certificate-missing"]);
  await sluice.apply({ "secret.yaml": tlsSecret("cert", first) });
  assert.equal(await shown(), "first");
  assert.deepEqual(await codes(), []);
});

test("a Secret of any type serves, written as data or stringData", async () => {
  const secret = { apiVersion: "v1", kind: "Secret", type: "Opaque", metadata: { name: "cert", namespace: "shop" } };
  await sluice.apply({ "secret.yaml": documents({ ...secret, stringData: { "tls.crt": second.chain, "tls.key": second.key } }) });
  assert.equal(await shown(), "second");
});

test("every certificate of the chain is sent, the leaf first", async () => {
  await sluice.apply({ "secret.yaml": tlsSecret("cert", { chain: `${first.chain}${second.chain}`, key: first.key }) });
  const sent = execFileSync("openssl", ["s_client", "-connect", `127.0.0.1:${sluice.https}`, "-servername", HOST, "-showcerts"], {
    input: "", encoding: "utf8", stdio: ["pipe", "pipe", "ignore"], timeout: 10_000,
  });
  assert.deepEqual(sent.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----\n/g), [first.chain, second.chain]);
});

test("no key is on a disk: the runtime folder is in memory", () => {
  assert.match(sluice.runtimeDir, /^\/dev\/shm\//);
});

function handshake(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: sluice.https, servername: HOST, rejectUnauthorized: false, ...options });
    socket.once("secureConnect", () => resolve(socket)).once("error", reject);
  });
}

test("TLS 1.2 and 1.3 are spoken, older versions not", async () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const socket = await handshake({ minVersion: version, maxVersion: version });
    assert.equal(socket.getProtocol(), version);
    socket.destroy();
  }
  await assert.rejects(handshake({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }));
});

test("HTTP/2 is offered first, HTTP/1.1 too", async () => {
  for (const [offered, chosen] of [[["h2", "http/1.1"], "h2"], [["http/1.1"], "http/1.1"]] as const) {
    const socket = await handshake({ ALPNProtocols: [...offered] });
    assert.equal(socket.alpnProtocol, chosen);
    socket.destroy();
  }
});

/**
 * Waits for an answer on this connection. A worker stores a TLS 1.2 session after it has sent its Finished, so only an
 * answer proves that the next handshake, perhaps with another worker, can find it.
 */
async function answered(socket: TLSSocket): Promise<void> {
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  await once(socket, "data");
}

test("a session is resumed, also by another worker", async () => {
  for (let i = 0; i < 8; i++) {
    const options = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
    const begun = await handshake(options);
    await answered(begun);
    const session = begun.getSession();
    begun.destroy();
    const resumed = await handshake({ ...options, ...(session ? { session } : {}) });
    assert.equal(resumed.isSessionReused(), true);
    resumed.destroy();
  }
});

test("none of this reloaded nginx", async () => {
  assert.equal((await sluice.generation()).reloads, 0);
});

test("the operator's versions and http2 setting are obeyed, at the price of a reload", async () => {
  await sluice.apply({ "settings.yaml": configMap({ "ssl-protocols": "TLSv1.2", "use-http2": "false" }) });
  await assert.rejects(handshake({ minVersion: "TLSv1.3" }));
  const socket = await handshake({ ALPNProtocols: ["h2", "http/1.1"] });
  assert.equal(socket.alpnProtocol, "http/1.1");
  socket.destroy();
  assert.equal((await sluice.generation()).reloads, 1);
});

test("ssl-reject-handshake ends handshakes for names that no Ingress declares", async () => {
  await sluice.apply({ "settings.yaml": configMap({ "ssl-reject-handshake": "true" }) });
  assert.equal((await ask({ port: sluice.https, tls: true, host: HOST })).status, 200);
  await assert.rejects(ask({ port: sluice.https, tls: true, host: "nobody.example" }), /alert|SSL|TLS|socket|ECONNRESET/);
});
