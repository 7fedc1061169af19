/** Backends that speak https, gRPC and FastCGI, with TLS identities of their own, through real nginx. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { ask, type Answer } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { selfSigned, type KeyPair } from "../support/openssl.ts";
import { startFastcgi, startGrpc, startHttps, type Backend, type TlsEcho } from "../support/protocol-backends.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let sluice: Sluice;
let https: Backend;
let grpc: Backend;
let grpcs: Backend;
let fastcgi: Backend;
let plain: EchoBackend;
const closing: { close(): Promise<void> }[] = [];

const backendPair = selfSigned(["backend.example"], "backend");
const clientA = selfSigned([], "client-a");
const clientB = selfSigned([], "client-b");
const stranger = selfSigned(["backend.example"], "stranger");

function secret(name: string, data: Readonly<Record<string, string>>): string {
  const base64 = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));
  return documents({ apiVersion: "v1", kind: "Secret", type: "Opaque", metadata: { name, namespace: "shop" }, data: base64 });
}

const identity = ({ chain, key }: KeyPair): Record<string, string> => ({ "tls.crt": chain, "tls.key": key });

function to(name: string, backend: { readonly port: number }, annotations: Readonly<Record<string, string>>): string {
  return site({ name, host: `${name}.example`, endpoints: [`127.0.0.1:${backend.port}`], annotations });
}

before(async () => {
  const opened = await Promise.all([startHttps(backendPair), startGrpc(), startGrpc(backendPair), startFastcgi(), startEcho("plain")]);
  [https, grpc, grpcs, fastcgi, plain] = opened;
  closing.push(...opened);
  const verified = { "backend-protocol": "HTTPS", "proxy-ssl-verify": "on", "proxy-ssl-name": "backend.example" };
  sluice = await startSluice({
    files: {
      "settings.yaml": configMap({ "worker-processes": "1" }),
      "secrets.yaml": [
        secret("a", { ...identity(clientA), "ca.crt": backendPair.chain }),
        secret("b", { ...identity(clientB), "ca.crt": backendPair.chain }),
        secret("client-only", identity(clientB)),
        secret("stranger", { "ca.crt": stranger.chain }),
        secret("ca", { "ca.crt": `text before\n${backendPair.chain}\n${backendPair.chain}` }),
        secret("broken", { "ca.crt": "no certificate" }),
        documents({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "params", namespace: "shop" }, data: {
          SCRIPT_FILENAME: "/app$fastcgi_script_name", QUERY_STRING: "own", X_HOST: "${host}", X_KEY: "$sluice_tls_key", X_NOTHING: "$nosuch", PRICE: "$" } }),
      ].join("---\n"),
      "plain.yaml": to("plain", plain, {}),
      "tls.yaml": to("tls", https, { "backend-protocol": "https" }),
      "a.yaml": to("a", https, { ...verified, "proxy-ssl-secret": "shop/a", "proxy-ssl-server-name": "on" }),
      "b.yaml": to("b", https, { ...verified, "proxy-ssl-secret": "shop/b", "proxy-ssl-protocols": "TLSv1.3" }),
      "client-only.yaml": to("client-only", https, { "backend-protocol": "HTTPS", "proxy-ssl-secret": "shop/client-only", "proxy-ssl-ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384" }),
      "ca.yaml": to("ca", https, { ...verified, "proxy-ssl-secret": "shop/ca" }),
      "stranger.yaml": to("stranger", https, { ...verified, "proxy-ssl-secret": "shop/stranger" }),
      "wrong-name.yaml": to("wrong-name", https, { ...verified, "proxy-ssl-secret": "shop/ca", "proxy-ssl-name": "other.example" }),
      "no-name.yaml": to("no-name", https, { "backend-protocol": "HTTPS", "proxy-ssl-secret": "shop/ca", "proxy-ssl-server-name": "on" }),
      "unverifiable.yaml": to("unverifiable", https, { ...verified, "proxy-ssl-secret": "shop/client-only" }),
      "broken.yaml": to("broken", https, { ...verified, "proxy-ssl-secret": "shop/broken" }),
      "auto.yaml": to("auto", plain, { "backend-protocol": "AUTO_HTTP", "ssl-redirect": "false" }),
      "auto-tls.yaml": to("auto-tls", https, { "backend-protocol": "AUTO_HTTP", "ssl-redirect": "false" }),
      "grpc.yaml": to("grpc", grpc, { "backend-protocol": "GRPC", "ssl-redirect": "false" }),
      "grpcs.yaml": to("grpcs", grpcs, { "backend-protocol": "GRPCS", "ssl-redirect": "false" }),
      "grpcs-a.yaml": to("grpcs-a", grpcs, { ...verified, "backend-protocol": "GRPCS", "proxy-ssl-secret": "shop/a" }),
      "grpcs-stranger.yaml": to("grpcs-stranger", grpcs, { ...verified, "backend-protocol": "GRPCS", "proxy-ssl-secret": "shop/stranger" }),
      "php.yaml": to("php", fastcgi, { "backend-protocol": "FCGI", "fastcgi-index": "index.php", "fastcgi-params-configmap": "shop/params" }),
      "bare-php.yaml": to("bare-php", fastcgi, { "backend-protocol": "FCGI" }),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await Promise.all(closing.map((backend) => backend.close()));
});

const get = (name: string, path = "/"): Promise<Answer> => ask({ port: sluice.http, host: `${name}.example`, path });

async function overTls(name: string, path = "/"): Promise<TlsEcho> {
  const { status, text } = await get(name, path);
  assert.equal(status, 200, `${name}: ${status} ${text}`);
  return JSON.parse(text) as TlsEcho;
}

test("an https backend gets the raw path and the headers of every backend, over connections that are kept", async () => {
  const first = await overTls("tls", "/a%2Fb?c=%20");
  assert.equal(first.path, "/a%2Fb?c=%20");
  assert.equal(first.headers["x-forwarded-proto"], "http");
  assert.equal(first.headers["host"], "tls.example");
  assert.deepEqual([first.client, first.serverName], ["", ""]);
  for (let i = 0; i < 5; i++) assert.equal((await overTls("tls")).connection, first.connection);
});

test("a client certificate is seen by the backend, each identity has connections of its own, and none is resumed", async () => {
  const seen = new Map<number, string>();
  for (let round = 0; round < 3; round++) {
    for (const [name, client] of [["a", "client-a"], ["tls", ""], ["b", "client-b"], ["client-only", "client-b"], ["ca", ""]] as const) {
      const echo = await overTls(name);
      assert.deepEqual([echo.client, echo.resumed], [client, false], name);
      if (name !== "tls") assert.ok(!seen.has(echo.connection), "a connection with an identity serves one request");
      assert.equal(seen.get(echo.connection) ?? client, client);
      seen.set(echo.connection, client);
    }
  }
});

test("name, SNI, protocol and ciphers are those of the annotations", async () => {
  const [a, b, only] = [await overTls("a"), await overTls("b"), await overTls("client-only")];
  assert.deepEqual([a.serverName, a.version], ["backend.example", "TLSv1.2"]);
  assert.deepEqual([b.serverName, b.version], ["", "TLSv1.3"]);
  assert.deepEqual([only.version, only.cipher], ["TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"]);
  assert.equal((await overTls("no-name")).serverName, "no-name.shop.svc");
});

test("a backend that cannot be verified is not spoken to", async () => {
  assert.equal((await get("ca")).status, 200);
  for (const name of ["stranger", "wrong-name"]) {
    assert.equal((await get(name)).status, 502, name);
    // A verified connection to the same address does not change that.
    await overTls("a");
    assert.equal((await get(name)).status, 502, name);
  }
  for (const name of ["unverifiable", "broken"]) assert.equal((await get(name)).status, 503, name);
});

test("AUTO_HTTP speaks the client's scheme", async () => {
  assert.equal((await get("auto")).echo?.backend, "plain");
  assert.equal((await ask({ port: sluice.https, tls: true, host: "auto.example" })).status, 502);
  assert.equal((await ask({ port: sluice.https, http2: true, host: "auto-tls.example" })).status, 200);
  assert.notEqual((await get("auto-tls")).status, 200);
  assert.equal((await get("plain")).echo?.backend, "plain");
});

test("gRPC goes through with its path, body, trailers and the headers of every backend", async () => {
  for (const [name, backend] of [["grpc", grpc], ["grpcs", grpcs]] as const) {
    const headers = { "content-type": "application/grpc", te: "trailers" };
    const path = "/pkg.Service/Method?a=b";
    for (let i = 0; i < 3; i++) {
      const { status, headers: got, text } = await ask({ port: sluice.https, http2: true, host: `${name}.example`, path, method: "POST", headers, body: "hello" });
      assert.deepEqual([status, text, got["content-type"]], [200, "hello", "application/grpc"]);
      const seen = JSON.parse(got["x-seen"] ?? "{}") as Record<string, string>;
      assert.deepEqual([seen[":path"], seen["host"], seen["x-real-ip"], seen["x-forwarded-proto"], seen["te"]], [path, `${name}.example`, "127.0.0.1", "https", "trailers"]);
      assert.deepEqual([seen["connection"], seen["upgrade"], seen["proxy"]], [undefined, undefined, undefined]);
    }
    assert.equal(backend.connections(), 1, "connections are kept");
  }
  const post = { port: sluice.http, method: "POST", body: "x" };
  assert.equal((await ask({ ...post, host: "grpcs-a.example" })).status, 200);
  assert.equal((await ask({ ...post, host: "grpcs-stranger.example" })).status, 502);
});

test("FastCGI parameters: nginx's own, the forwarded headers, and the ConfigMap's with variables", async () => {
  const asked = { port: sluice.http, host: "php.example", path: "/dir%20x/?q=1", method: "POST", headers: { Proxy: "http://evil", "X-Real-IP": "6.6.6.6", "X-Own": "mine" }, body: "12345" };
  const { status, text } = await ask(asked);
  assert.equal(status, 200);
  const { params, bodyLength } = JSON.parse(text) as { params: Record<string, string>; bodyLength: number };
  assert.equal(bodyLength, 5);
  const expected = {
    SCRIPT_NAME: "/dir x/index.php", SCRIPT_FILENAME: "/app/dir x/index.php", DOCUMENT_URI: "/dir x/", REQUEST_URI: "/dir%20x/?q=1", QUERY_STRING: "own",
    REQUEST_METHOD: "POST", CONTENT_LENGTH: "5", SERVER_NAME: "php.example", REMOTE_ADDR: "127.0.0.1", HTTP_HOST: "php.example",
    HTTP_X_REAL_IP: "127.0.0.1", HTTP_X_FORWARDED_PROTO: "http", HTTP_X_OWN: "mine", X_HOST: "php.example", X_KEY: "", X_NOTHING: "", PRICE: "$", REDIRECT_STATUS: "200",
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(params[name], value, name);
  assert.equal(params["HTTP_PROXY"], undefined);
  const bare = JSON.parse((await ask({ ...asked, host: "bare-php.example" })).text) as { params: Record<string, string> };
  assert.deepEqual([bare.params["SCRIPT_NAME"], bare.params["QUERY_STRING"], bare.params["SCRIPT_FILENAME"]], ["/dir x/", "q=1", undefined]);
  // SCRIPT_NAME is the decoded path, which may hold any byte.
  const odd = JSON.parse((await ask({ ...asked, path: "/a%0a%3Fb%25.php" })).text) as { params: Record<string, string> };
  assert.equal(odd.params["SCRIPT_NAME"], "/a\n?b%.php");
});

test("a private key is in no file that workers or logs write", async () => {
  const secretPart = clientA.key.split("\n")[1] ?? "";
  assert.ok(secretPart.length > 20);
  for (const name of readdirSync(sluice.runtimeDir)) {
    const file = `${sluice.runtimeDir}/${name}`;
    if (!statSync(file).isFile() || name === "keys.log") continue;
    assert.ok(!readFileSync(file, "latin1").includes(secretPart), name);
  }
  assert.equal(trustFiles().length, 2, "one file per set of authorities");
});

function trustFiles(): string[] {
  return readdirSync(sluice.runtimeDir).filter((name) => name.startsWith("trust-"));
}

test("a Secret that changes is another identity at once, and an authority that changes is another profile", async () => {
  const late = to("late", https, { "backend-protocol": "HTTPS", "proxy-ssl-verify": "on", "proxy-ssl-secret": "shop/late", "proxy-ssl-name": "backend.example" });
  const another = selfSigned(["backend.example"], "another");
  await sluice.apply({ "late.yaml": `${secret("late", { ...identity(clientA), "ca.crt": another.chain })}---\n${late}` });
  assert.equal((await get("late")).status, 502);
  assert.equal((await sluice.generation()).reloads, 1);
  await sluice.apply({ "late.yaml": `${secret("late", { ...identity(clientA), "ca.crt": backendPair.chain })}---\n${late}` });
  assert.equal((await overTls("late")).client, "client-a");
  const { reloads } = await sluice.generation();
  await sluice.apply({ "late.yaml": `${secret("late", { ...identity(clientB), "ca.crt": backendPair.chain })}---\n${late}` });
  assert.equal((await overTls("late")).client, "client-b");
  assert.equal((await sluice.generation()).reloads, reloads, "a client certificate is data");
  // The file of an authority that nobody uses any more is removed with the next reload.
  await sluice.apply({ "last.yaml": to("last", plain, { "proxy-next-upstream-timeout": "5" }) });
  assert.equal((await sluice.generation()).reloads, reloads + 1);
  assert.equal(trustFiles().length, 2);
});
