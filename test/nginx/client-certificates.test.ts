/**
 * Client certificates of hosts while nginx runs. TLS sessions never carry a verified client from one host's rules to
 * another's, whatever the TLS version and however the session is kept. Also: chains, revocation, and rules that change.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent } from "node:https";
import { after, before, test } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { ask, type Answer } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { authority, issued, revocationList } from "../support/authority.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import type { KeyPair } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const [caA, caB] = [authority("A"), authority("B")];
const [alice, mallory, bob] = [issued(caA, "/CN=alice"), issued(caA, "/CN=mallory"), issued(caB, "/CN=bob")];
const between = issued(caA, "/CN=between", { ca: true });
const far = issued(between, "/CN=far");
const farWithChain: KeyPair = { chain: far.chain + between.chain, key: far.key };

const ALIAS = "also.example";
const ALIASES = [ALIAS, "any.wild.example", "re7.example"];

let sluice: Sluice;
let echo: EchoBackend;

function caSecret(name: string, ca: string, crl?: string): string {
  const stringData = { "ca.crt": ca, ...(crl === undefined ? {} : { "ca.crl": crl }) };
  return documents({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "shop" }, stringData });
}

function host(name: string, annotations: Readonly<Record<string, string>>): string {
  return site({ name, host: `${name}.example`, endpoints: [`127.0.0.1:${echo.port}`], annotations });
}

before(async () => {
  echo = await startEcho("web");
  sluice = await startSluice({
    files: {
      "a.yaml": host("a", { "auth-tls-secret": "shop/ca-a", "server-alias": [ALIAS, "*.wild.example", String.raw`~^re\d+\.example$`].join(",") }),
      "deep.yaml": host("deep", { "auth-tls-secret": "shop/ca-a", "auth-tls-verify-depth": "2" }),
      "b.yaml": host("b", { "auth-tls-secret": "shop/ca-b", "auth-tls-verify-client": "optional" }),
      "open.yaml": host("open", {}),
      "ca-a.yaml": caSecret("ca-a", caA.chain),
      "ca-b.yaml": caSecret("ca-b", caB.chain),
      "settings.yaml": configMap({}),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

const get = (name: string, client?: KeyPair, more: object = {}): Promise<Answer> =>
  ask({ port: sluice.https, tls: true, host: `${name}.example`, ...(client ? { client } : {}), ...more });

interface Visit {
  readonly status: string;
  readonly reused: boolean;
  readonly session: Buffer | undefined;
  /** The result of the verification, as the backend was told it; undefined: it was not told. */
  readonly verified: string | undefined;
}

/** One connection and one request. @param name the server name, and also the Host unless `asHost` is given. */
async function visit(name: string, options: ConnectionOptions & { readonly asHost?: string }): Promise<Visit> {
  const { asHost = name, ...tls } = options;
  const socket = connect({ host: "127.0.0.1", port: sluice.https, servername: `${name}.example`, rejectUnauthorized: false, ...tls });
  let session: Buffer | undefined;
  socket.on("session", (fresh) => (session = fresh));
  await once(socket, "secureConnect");
  const reused = socket.isSessionReused();
  // Sessions of TLS 1.3 come after the handshake, with the event "session".
  const ofHandshake = socket.getProtocol() === "TLSv1.2" ? socket.getSession() : undefined;
  const text = await answered(socket, asHost);
  session ??= ofHandshake;
  socket.destroy();
  return { status: text.split(" ")[1] ?? "", reused, session, verified: /"ssl-client-verify":"(\w+)/.exec(text)?.[1] };
}

async function answered(socket: TLSSocket, name: string): Promise<string> {
  socket.write(`GET / HTTP/1.1\r\nHost: ${name}.example\r\nConnection: close\r\n\r\n`);
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

const pair = ({ chain, key }: KeyPair): ConnectionOptions => ({ cert: chain, key });

async function sessionsStayApart(): Promise<void> {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const only = { minVersion: version, maxVersion: version };
    const begun = await visit("a", { ...only, ...pair(alice) });
    assert.deepEqual([begun.status, begun.verified, begun.reused], ["200", "SUCCESS", false], version);
    const session = begun.session ? { session: begun.session } : {};
    const again = await visit("a", { ...only, ...session });
    assert.deepEqual([again.status, again.verified, again.reused], ["200", "SUCCESS", true], `${version}: the same host resumes, verified`);
    const other = await visit("b", { ...only, ...session });
    assert.deepEqual([other.status, other.verified, other.reused], ["200", "NONE", false], `${version}: another CA's host does not`);
    const open = await visit("open", { ...only, ...session });
    assert.deepEqual([open.status, open.reused], ["200", false], `${version}: a host without rules does not`);
    const misdirected = await visit("a", { ...only, ...session, asHost: "b" });
    assert.deepEqual([misdirected.status, misdirected.reused], ["421", true], `${version}: nor a Host under another name`);
    const plain = await visit("open", only);
    const carried = await visit("a", { ...only, ...(plain.session ? { session: plain.session } : {}) });
    assert.deepEqual([carried.status, carried.reused], ["400", false], `${version}: nor the session of a host without rules here`);
  }
}

test("sessions kept in nginx's cache resume under the rules that they began with, and no others", sessionsStayApart);

test("the depth of chains is the host's", async () => {
  const nearer = issued(between, "/CN=nearer", { ca: true });
  const end = issued(nearer, "/CN=end");
  const longer: KeyPair = { chain: end.chain + nearer.chain + between.chain, key: end.key };
  // The depth that OpenSSL counts is the number of certificates between the client's and the CA's.
  assert.equal((await get("a", farWithChain)).status, 200);
  assert.equal((await get("a", longer)).status, 400);
  assert.equal((await get("deep", longer)).status, 200);
  assert.equal((await get("deep", far)).status, 400);
});

test("SNI a, Host b: over HTTP/1.1 and HTTP/2, verified or not", async () => {
  for (const http2 of [false, true]) {
    assert.equal((await get("b", alice, { serverName: "a.example", http2 })).status, 421);
    assert.equal((await get("a", alice, { serverName: "b.example", http2 })).status, 421);
    assert.equal((await get("a", alice, { serverName: "open.example", http2 })).status, 421);
    assert.equal((await get("a", alice, { http2 })).status, 200);
    assert.equal((await get("open", undefined, { serverName: "a.example", http2 })).status, 200);
  }
});

test("every other name of a host is held to its check: exact ones, wildcards and regular expressions", async () => {
  // These ciphers are of TLS 1.2 only. Without them both sides choose TLS 1.3.
  const tls12 = { ciphers: "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256" };
  for (const name of ALIASES) {
    for (const version of [tls12, {}]) {
      for (const http2 of [false, true]) {
        const to = (client: KeyPair | undefined, more: object = {}): Promise<number> =>
          ask({ port: sluice.https, tls: true, host: name, ...(client ? { client } : {}), http2, ...version, ...more }).then(({ status }) => status);
        const where = `${name} ${JSON.stringify(version)} ${http2 ? "HTTP/2" : "HTTP/1.1"}`;
        assert.equal(await to(undefined), 400, `${where}: nobody`);
        assert.equal(await to(bob), 400, `${where}: another CA's client`);
        assert.equal(await to(alice), 200, where);
        assert.equal(await to(alice, { serverName: "a.example" }), 200, `${where}: the handshake was for the host's own name`);
        for (const serverName of ["open.example", "b.example"]) assert.equal(await to(alice, { serverName }), 421, `${where}: SNI ${serverName}`);
        assert.equal(await to(bob, { serverName: name, host: "b.example" }), 421, `${where}: for another host`);
      }
    }
  }
});

test("no session stands in for a certificate under another name of a host", async () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const only = { minVersion: version, maxVersion: version };
    // Even a session of the host's own name is not resumed: it would do no harm, but OpenSSL resumes none under another server name.
    for (const [name, client] of [["open", undefined], ["b", bob], ["a", alice]] as const) {
      const begun = await visit(name, { ...only, ...(client ? pair(client) : {}) });
      assert.equal(begun.status, "200");
      const carried = await visit("also", { ...only, ...(begun.session ? { session: begun.session } : {}) });
      assert.deepEqual([carried.status, carried.reused], ["400", false], `${version}, begun for ${name}`);
    }
    const begun = await visit("also", { ...only, ...pair(alice) });
    const again = await visit("also", { ...only, ...(begun.session ? { session: begun.session } : {}) });
    assert.deepEqual([again.status, again.verified, again.reused], ["200", "SUCCESS", true], version);
  }
});

test("a list of revoked certificates holds from its commit on, also for sessions and open connections", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const begun = await visit("a", pair(mallory));
  assert.equal(begun.status, "200");
  assert.equal((await get("a", mallory, { agent })).status, 200);
  await sluice.apply({ "ca-a.yaml": caSecret("ca-a", caA.chain, revocationList(caA, [mallory])) });
  assert.equal((await get("a", mallory)).status, 400);
  const resumed = await visit("a", { ...pair(mallory), ...(begun.session ? { session: begun.session } : {}) });
  assert.deepEqual([resumed.status, resumed.reused], ["400", false]);
  assert.equal((await get("a", alice)).status, 200);
  // The kept connection was verified under the old rules: a 421 tells the client to open a new one.
  const kept = await get("a", mallory, { agent });
  assert.equal(kept.status, 421);
  assert.match(kept.headers["connection"] ?? "", /\bclose$/);
  assert.equal((await get("a", mallory, { agent })).status, 400);
  agent.destroy();
});

test("a CA that is replaced lets its own clients in, and no more those of the one before", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal((await get("a", alice, { agent })).status, 200);
  await sluice.apply({ "ca-a.yaml": caSecret("ca-a", caB.chain) });
  assert.equal((await get("a", alice, { agent })).status, 421);
  assert.equal((await get("a", alice)).status, 400);
  assert.equal((await get("a", bob)).status, 200);
  agent.destroy();
  await sluice.apply({ "ca-a.yaml": undefined });
  assert.equal((await get("a", bob)).status, 403);
  await sluice.apply({ "ca-a.yaml": caSecret("ca-a", caA.chain) });
  assert.equal((await get("a", alice)).status, 200);
});

test("plain http is served unverified, and told nothing of a client", async () => {
  const answer = await ask({ port: sluice.http, host: "a.example", headers: { "ssl-client-verify": "SUCCESS" } });
  assert.equal(answer.status, 200);
  assert.equal(answer.echo?.headers["ssl-client-verify"], undefined);
});

test("headers of clients with underscores are taken away, too", async () => {
  await sluice.apply({ "settings.yaml": configMap({ "enable-underscores-in-headers": "true" }) });
  const headers = { ssl_client_verify: "SUCCESS", ssl_client_cert: "mine", "ssl-client_subject_dn": "CN=root", other_header: "kept" };
  const answer = await get("b", undefined, { headers });
  assert.equal(answer.status, 200);
  const seen = Object.keys(answer.echo?.headers ?? {}).filter((name) => /ssl|other/.test(name));
  assert.deepEqual(seen.sort(), ["other_header", "ssl-client-verify"]);
  assert.equal(answer.echo?.headers["ssl-client-verify"], "NONE");
});

test("sessions kept in tickets, with and without the cache, stay apart as well", async () => {
  await sluice.apply({ "settings.yaml": configMap({ "ssl-session-tickets": "true" }) });
  await sessionsStayApart();
  await sluice.apply({ "settings.yaml": configMap({ "ssl-session-tickets": "true", "ssl-session-cache": "false" }) });
  await sessionsStayApart();
});

test("nothing but the operator's settings reloaded nginx, and nginx found nothing to complain about", async () => {
  assert.equal((await sluice.generation()).reloads, 3);
  assert.doesNotMatch(sluice.engineLog(), /stale global SSL error|\[alert\]|\[crit\]|lua entry thread aborted/);
});
