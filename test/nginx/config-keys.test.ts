/** Keys of the controller's ConfigMap on real nginx: what clients and backends see of a change, and which changes cost no reload. */
import assert from "node:assert/strict";
import { statSync, readdirSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { request } from "node:http";
import { connect as connectPlain } from "node:net";
import { connect, type SecureVersion, type TLSSocket } from "node:tls";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { FFDHE2048 } from "../support/dh-param.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site, tlsSecret, type Site } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const HOST = "shop.example";

let sluice: Sluice;
let echo: EchoBackend;

before(async () => {
  echo = await startEcho("web");
  sluice = await startSluice({
    files: { "web.yaml": site(WEB()), "settings.yaml": configMap({}) },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

const WEB = (): Site => ({ name: "web", host: HOST, endpoints: [`127.0.0.1:${echo.port}`] });
const get = (request: Partial<Ask> = {}): Promise<Answer> => ask({ port: sluice.http, host: HOST, ...request });

/** Applies settings, and gives the number of reloads that they cost. */
async function set(data: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}): Promise<number> {
  const { reloads } = await sluice.generation();
  return (await sluice.apply({ "settings.yaml": configMap(data), ...more })).reloads - reloads;
}

const headersMap = (name: string, data: Readonly<Record<string, string>>): string =>
  documents({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "sluice" }, data });

async function findings(): Promise<readonly { readonly code: string; readonly field: string; readonly effect: string }[]> {
  return JSON.parse((await sluice.ask("/api/v1/findings")).text) as [];
}

test("edits of the operator's headers take effect at once and without a reload; one of Sluice's own costs one, once", async () => {
  const keys = { "proxy-set-headers": "sluice/sent", "add-headers": "sluice/added" };
  assert.equal(await set(keys, { "sent.yaml": headersMap("sent", { "X-Stage": "one" }), "added.yaml": headersMap("added", { "X-Zone": "a" }) }), 1);
  const first = await get({ headers: { "X-Stage": "client's", "X-Want-Headers": '{"X-Zone": "backend"}' } });
  assert.deepEqual([first.echo?.headers["x-stage"], first.headers["x-zone"]], ["one", "a"]);

  assert.equal(await set(keys, { "sent.yaml": headersMap("sent", { "X-Stage": "two $host", "X-More": "1" }), "added.yaml": headersMap("added", { "X-Zone": "b" }) }), 0);
  const second = await get();
  assert.deepEqual([second.echo?.headers["x-stage"], second.echo?.headers["x-more"], second.headers["x-zone"]], [`two ${HOST}`, "1", "b"]);

  assert.equal(await set(keys, { "sent.yaml": headersMap("sent", { "X-Forwarded-Proto": "https" }) }), 1);
  assert.equal((await get()).echo?.headers["x-forwarded-proto"], "https");
  assert.equal(await set(keys, { "sent.yaml": headersMap("sent", { "X-Forwarded-Proto": "$http_x_proto" }) }), 0);
  assert.equal((await get({ headers: { "X-Proto": "gopher" } })).echo?.headers["x-forwarded-proto"], "gopher");
  // The name is empty: the header is not sent, and a client's claim is not believed either.
  assert.equal((await get({ headers: { "X-Forwarded-Proto": "https" } })).echo?.headers["x-forwarded-proto"], undefined);

  await set(keys, { "sent.yaml": headersMap("other", {}) });
  assert.ok((await findings()).some(({ code, field }) => code === "config-object-unusable" && field === "data[proxy-set-headers]"));
  assert.equal((await get()).echo?.headers["x-forwarded-proto"], "http");
  await set({});
  assert.equal((await get({ headers: { "X-Want-Headers": '{"X-Zone": "backend"}' } })).headers["x-zone"], "backend");
});

test("lists of blocked clients come and go without a reload; who keeps an expression busy is blocked", async () => {
  const tiring = { headers: { "User-Agent": `${"a".repeat(60)}!` } };
  assert.equal(await set({ "block-user-agents": "~*curl, ~^(a+)+$" }), 0);
  assert.equal((await get({ headers: { "User-Agent": "curl/8" } })).status, 403);
  assert.equal((await get(tiring)).status, 403);
  assert.equal((await get({ headers: { "User-Agent": "Firefox" } })).status, 200);
  assert.equal(await set({ "block-cidrs": "127.0.0.0/8" }), 0);
  assert.equal((await get({ headers: { "User-Agent": "Firefox" } })).status, 403);
  assert.equal(await set({}), 0);
  assert.equal((await get(tiring)).status, 200);
});

test("a bad value leaves what was served, and the finding says what that is", async () => {
  await set({ "http-redirect-code": "307", "force-ssl-redirect": "true" });
  assert.equal((await get()).status, 307);
  assert.equal(await set({ "http-redirect-code": "nonsense", "force-ssl-redirect": "perhaps", "server-tokens": "true" }), 1);
  assert.equal((await get()).status, 307);
  assert.deepEqual((await findings()).map(({ field, effect }) => [field, effect]), [
    ["data[force-ssl-redirect]", "every Ingress is served with its last good value, true, instead"],
    ["data[http-redirect-code]", "every Ingress is served with its last good value, 307, instead"],
  ]);
  await set({});
  assert.equal((await get()).status, 200);
});

test("handshakes for names that nobody declares end, from one moment to the next", async () => {
  const other = { port: sluice.https, tls: true, host: "nobody.example" };
  assert.equal((await get(other)).status, 404);
  assert.equal(await set({ "ssl-reject-handshake": "true" }), 0);
  await assert.rejects(get(other));
  assert.equal((await get({ port: sluice.https, tls: true })).status, 200);
  assert.equal(await set({}), 0);
});

test("the backend's Server header, and where X-Original-Forwarded-Host comes from", async () => {
  const headers = { "X-Want-Headers": '{"Server": "tomcat"}', "X-Host": "first.example", "X-Forwarded-Host": "second.example" };
  await set({ "allow-backend-server-header": "true" });
  assert.equal((await get({ headers })).headers["server"], undefined);
  await set({ "allow-backend-server-header": "true", "server-tokens": "true", "forwarded-host-header": "X-Host" });
  const answer = await get({ headers });
  assert.deepEqual([answer.headers["server"], answer.echo?.headers["x-original-forwarded-host"]], ["tomcat", "first.example"]);
  await set({ "server-tokens": "true" });
  const usual = await get({ headers });
  assert.match(usual.headers["server"] ?? "", /^nginx\//);
  assert.equal(usual.echo?.headers["x-original-forwarded-host"], "second.example");
});

test("clients that gzip-disable names get nothing compressed; an expression that nginx might not take is a finding", async () => {
  const asked = { "accept-encoding": "gzip", "X-Want-Headers": '{"Content-Type": "text/plain"}' };
  await set({ "use-gzip": "true", "gzip-min-length": "1", "gzip-disable": "MSIE [1-6][.]" });
  assert.equal((await get({ headers: asked })).headers["content-encoding"], "gzip");
  assert.equal((await get({ headers: { ...asked, "User-Agent": "Mozilla/4.0 (compatible; MSIE 6.0)" } })).headers["content-encoding"], undefined);
  await set({ "use-gzip": "true", "gzip-min-length": "1", "gzip-disable": "MSIE (?<=a+)" });
  assert.deepEqual((await findings()).map(({ field, effect }) => [field, effect]), [
    ["data[gzip-disable]", "every Ingress is served with its last good value, MSIE [1-6][.], instead"],
  ]);
});

test("which types are compressed, and how much", async () => {
  // The body of the echo's answer repeats this header, so that the answer is long.
  const long = Array.from({ length: 300 }, (_, i) => `word${(i * i) % 97}`).join(" ");
  const size = (type: string): Promise<number | undefined> => compressedSize({ "X-Long": long, "X-Want-Headers": JSON.stringify({ "Content-Type": type }) });
  await set({ "use-gzip": "true", "gzip-types": "text/plain", "gzip-level": "1", "large-client-header-buffers": "4 16k" });
  const [fast, other] = [await size("text/plain"), await size("application/json")];
  await set({ "use-gzip": "true", "gzip-types": "text/plain application/json", "gzip-level": "9", "gzip-min-length": "256", "large-client-header-buffers": "4 16k" });
  const [small, json] = [await size("text/plain"), await size("application/json")];
  assert.ok(fast !== undefined && small !== undefined && small < fast, `${small} bytes at level 9, ${fast} at level 1`);
  assert.deepEqual([other, json !== undefined], [undefined, true]);
  await set({ "use-gzip": "true", "gzip-min-length": "1000000" });
  assert.equal(await size("application/json"), undefined);
});

test("TLS sessions are kept by the shared cache alone, while there are no tickets", async () => {
  await set({ "ssl-session-cache-size": "1m", "ssl-session-timeout": "1h", "ssl-buffer-size": "8k" });
  assert.equal((await handshake("TLSv1.2", (await handshake("TLSv1.2")).session)).reused, true);
  await set({ "ssl-session-cache": "false" });
  assert.equal((await handshake("TLSv1.2", (await handshake("TLSv1.2")).session)).reused, false);
});

test("a connection that outlives its worker's time ends", async () => {
  await set({ "worker-shutdown-timeout": "1s" });
  const socket = connectPlain(sluice.http, "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()).on("error", () => undefined));
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  await set({ "worker-shutdown-timeout": "1s", "keep-alive": "30" });
  await closed;
});

test("with enable-serial-reloads a reload waits until the workers of the last one have ended", async () => {
  const serial = { "enable-serial-reloads": "true" };
  await set(serial);
  const socket = connectPlain(sluice.http, "127.0.0.1").on("error", () => undefined);
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  assert.equal(await set({ ...serial, "keep-alive": "30" }), 1);
  const { reloads } = await sluice.generation();
  sluice.write({ "settings.yaml": configMap({ ...serial, "keep-alive": "31" }) });
  assert.equal((await sluice.ask("/api/v1/sync", "POST")).status, 504);
  assert.equal((await sluice.generation()).reloads, reloads);
  assert.equal((await get()).status, 200);
  socket.destroy();
  assert.equal((await sluice.sync()).reloads, reloads + 1);
});

test("DHE ciphers come with the parameters of a Secret, and again without", async () => {
  const dhe = { port: sluice.https, tls: true, ciphers: "DHE-RSA-AES128-GCM-SHA256" };
  const secret = documents({ apiVersion: "v1", kind: "Secret", metadata: { name: "dh", namespace: "sluice" }, data: { "dhparam.pem": Buffer.from(FFDHE2048).toString("base64") } });
  await set({}, { "rsa.yaml": tlsSecret("rsa", selfSigned([HOST], "rsa", "rsa")), "web.yaml": site({ ...WEB(), tlsSecret: "rsa", annotations: { "ssl-redirect": "false" } }) });
  await assert.rejects(get(dhe));
  assert.equal(await set({ "ssl-dh-param": "sluice/dh", "ssl-ciphers": "DHE-RSA-AES128-GCM-SHA256" }, { "dh.yaml": secret }), 1);
  assert.equal((await get(dhe)).cipher, "DHE-RSA-AES128-GCM-SHA256");
  assert.equal(filesOf(/^dh-/).length, 1);
  await set({});
  assert.deepEqual(filesOf(/^dh-/), []);
});

test("a key for session tickets resumes sessions over reloads, and lies in memory, for its owner alone", async () => {
  const key = { "ssl-session-tickets": "true", "ssl-session-cache": "false", "ssl-session-ticket-key": randomBytes(80).toString("base64") };
  await set(key);
  const session = await handshake("TLSv1.2");
  assert.equal(session.reused, false);
  assert.equal(await set({ ...key, "keep-alive": "20" }), 1);
  assert.equal((await handshake("TLSv1.2", session.session)).reused, true);
  const [file = "", ...others] = filesOf(/^ticket-/);
  assert.deepEqual([others, statSync(`${sluice.runtimeDir}/${file}`).mode & 0o777], [[], 0o600]);
  // With another key the old ticket is worth nothing.
  assert.equal(await set({ ...key, "ssl-session-ticket-key": randomBytes(48).toString("base64") }), 1);
  assert.equal((await handshake("TLSv1.2", session.session)).reused, false);
  const bad = randomBytes(20).toString("base64");
  assert.equal(await set({ ...key, "ssl-session-ticket-key": bad }), 0);
  const told = await sluice.ask("/api/v1/findings");
  assert.ok(told.text.includes("the last good value") && !told.text.includes(bad));
  await set({});
  assert.deepEqual(filesOf(/^ticket-/), []);
});

test("nginx runs with all that is about the machine and its tables", async () => {
  const data = {
    "worker-processes": "2", "worker-cpu-affinity": "auto", "max-worker-open-files": "4096", "enable-multi-accept": "false", "enable-aio-write": "false", "map-hash-bucket-size": "256",
    "proxy-headers-hash-max-size": "1024", "proxy-headers-hash-bucket-size": "128", "variables-hash-max-size": "4096", "variables-hash-bucket-size": "512",
    "debug-connections": "192.0.2.0/24, 2001:db8::1", "default-type": "text/plain", "ssl-early-data": "true", "grpc-buffer-size-kb": "8",
    "hide-headers": `X-${"x".repeat(44)}`,
  };
  assert.equal(await set(data), 1);
  assert.deepEqual(await findings(), []);
  assert.equal((await get()).status, 200);
  assert.equal((await get({ port: sluice.https, http2: true })).status, 200);
});

test("keys without effect are findings and change nothing", async () => {
  await set({});
  assert.equal(await set({ "reuse-port": "false", "bind-address": "127.0.0.2", "http-snippet": "tcp_nopush off;", "lua-shared-dicts": "a: 1" }), 0);
  assert.deepEqual((await findings()).map(({ code }) => code).sort(), [
    "config-key-refused", "config-key-without-effect", "config-key-without-effect", "config-key-without-effect",
  ]);
  assert.equal((await get()).status, 200);
});

/** The size of the compressed body in bytes; undefined: the body is not compressed. */
function compressedSize(headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: sluice.http, agent: false, headers: { host: HOST, "accept-encoding": "gzip", ...headers } }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => (bytes += chunk.length)).on("end", () => resolve(response.headers["content-encoding"] === "gzip" ? bytes : undefined));
    });
    asked.on("error", reject).end();
  });
}

function filesOf(name: RegExp): string[] {
  return readdirSync(sluice.runtimeDir).filter((file) => name.test(file));
}

/** One request on a new connection: whether the session was resumed, and the session for the next connection. */
function handshake(version: SecureVersion, session?: Buffer): Promise<{ readonly reused: boolean; readonly session: Buffer | undefined }> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host: "127.0.0.1", port: sluice.https, servername: HOST, rejectUnauthorized: false, minVersion: version, maxVersion: version, ...(session ? { session } : {}),
    });
    socket.once("secureConnect", () => socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`));
    socket.once("data", () => {
      resolve({ reused: socket.isSessionReused(), session: socket.getSession() });
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
