/**
 * Services of external authentication that misbehave: whatever they send, only a readable 2xx lets a request in, and no
 * request ever gets the answer to another.
 */
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dnsServer } from "../source/dns-server.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { documents, site } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const DENIED = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

/** Path → what the service does on the connection when a request for this path has arrived. */
const MANNERS: Readonly<Record<string, (socket: Socket) => void>> = {
  "/short": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
  "/close": (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
  "/chunked": (socket) => socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
  "/endless-body": (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n${"x".repeat(10_000)}`),
  "/continue": (socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`),
  "/slow": (socket) => void drip(socket, OK),
  "/deny": (socket) => socket.write(DENIED),
  "/allow": (socket) => socket.write(OK),
  "/twice": (socket) => socket.write(OK + OK),
  "/body-and-more": (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" + OK),
  "/afterwards": (socket) => {
    socket.write(OK);
    setTimeout(() => socket.write(OK), 30).unref();
  },
  "/leaves": (socket) => socket.end(OK),
  "/early": (socket) => socket.end(),
  "/reset": (socket) => socket.resetAndDestroy(),
  "/half": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le"),
  "/garbage": (socket) => socket.end("<html>not http</html>\r\n\r\n"),
  "/http2": (socket) => socket.end("HTTP/2 200\r\n\r\n"),
  "/huge": (socket) => socket.end(`HTTP/1.1 200 OK\r\nX-Huge: ${"x".repeat(100_000)}\r\n\r\n`),
  "/endless-line": (socket) => void flood(socket, "HTTP/1.1 200 OK\r\nX-Huge: ", "x".repeat(1000)),
  "/endless-fields": (socket) => void flood(socket, "HTTP/1.1 200 OK\r\n", "X-More: y\r\n"),
  "/endless-interim": (socket) => void flood(socket, "", "HTTP/1.1 100 Continue\r\n\r\n"),
  "/switch": (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
  "/two-lengths": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"),
  "/folded": (socket) => socket.end("HTTP/1.1 200 OK\r\nX-User: ann\r\n admin\r\n\r\n"),
};
const LETS_IN = ["/short", "/close", "/chunked", "/endless-body", "/continue", "/slow", "/allow", "/twice", "/body-and-more", "/afterwards", "/leaves"];

async function drip(socket: Socket, text: string): Promise<void> {
  for (const letter of text) {
    if (socket.destroyed) return;
    socket.write(letter);
    await sleep(10);
  }
}

async function flood(socket: Socket, first: string, more: string): Promise<void> {
  socket.write(first);
  while (!socket.destroyed) {
    socket.write(more.repeat(10));
    await sleep(1);
  }
}

/** What the service has seen: the paths of requests, and the number of connections. */
const seen = { requests: [] as string[], connections: 0 };

function behave(socket: Socket): void {
  seen.connections++;
  let held = "";
  socket.on("error", () => socket.destroy());
  socket.setNoDelay(true);
  socket.on("data", (chunk) => {
    held += chunk.toString("latin1");
    for (let end = held.indexOf("\r\n\r\n"); end >= 0; end = held.indexOf("\r\n\r\n")) {
      const path = held.split(" ")[1] ?? "";
      held = held.slice(end + 4);
      seen.requests.push(path);
      MANNERS[path]?.(socket);
    }
  });
}

let echo: EchoBackend;
let service: Server;
let sluice: Sluice;
const host = (path: string, kind: string): string => `${path.slice(1)}.${kind}.example`;

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function listen(server: Server, address = "127.0.0.1", port = 0): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  return server;
}

before(async () => {
  echo = await startEcho("web");
  service = await listen(createServer(behave));
  const endpoints = [`127.0.0.1:${echo.port}`];
  const files: Record<string, string> = {};
  for (const path of Object.keys(MANNERS)) {
    for (const kind of ["once", "kept"]) {
      const annotations = { "auth-url": `http://127.0.0.1:${portOf(service)}${path}`, ...(kind === "kept" ? { "auth-keepalive": "8" } : {}) };
      files[`${path.slice(1)}-${kind}.yaml`] = site({ name: `${path.slice(1)}-${kind}`, host: host(path, kind), endpoints, annotations });
    }
  }
  files["config.yaml"] = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "sluice", namespace: "sluice" }, data: { "worker-processes": "1" } });
  sluice = await startSluice({ files, args: ["--allow-local-targets", "--configmap=sluice/sluice"] });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
  service?.close();
});

async function statusOf(path: string, kind: string, method = "GET"): Promise<number> {
  return (await ask({ port: sluice.http, host: host(path, kind), method })).status;
}

for (const kind of ["once", "kept"]) {
  for (const path of Object.keys(MANNERS)) {
    const wanted = LETS_IN.includes(path) ? 200 : path === "/deny" ? 403 : 500;
    test(`${path.slice(1)} (${kind}) is ${wanted}, and the next request gets its own answer`, async () => {
      assert.equal(await statusOf(path, kind), wanted);
      assert.equal(await statusOf("/deny", kind), 403);
      assert.equal(await statusOf(path, kind, "POST"), wanted);
      // Waits until bytes that the service sends unasked have reached the idle connection.
      await sleep(path === "/afterwards" ? 60 : 0);
      assert.equal(await statusOf("/deny", kind), 403);
    });
  }
}

test("connections are kept for auth-keepalive, and for nobody else", async () => {
  const opened = async (kind: string): Promise<number> => {
    const before = seen.connections;
    for (let i = 0; i < 10; i++) assert.equal(await statusOf("/allow", kind), 200);
    return seen.connections - before;
  };
  assert.equal(await opened("once"), 10);
  assert.ok((await opened("kept")) <= 1);
});

test("a service that closes an idle connection is asked again over a new one", async () => {
  for (let i = 0; i < 20; i++) {
    assert.equal(await statusOf("/leaves", "kept"), 200);
    assert.equal(await statusOf("/allow", "kept"), 200);
  }
});

test("many at once, some let in and some not, each get their own answer", async () => {
  const paths = ["/allow", "/deny", "/twice", "/leaves", "/chunked", "/afterwards"];
  const asked = Array.from({ length: 300 }, (_, index) => paths[index % paths.length] ?? "");
  const statuses = await Promise.all(asked.map((path) => statusOf(path, "kept")));
  assert.deepEqual(statuses, asked.map((path) => (path === "/deny" ? 403 : 200)));
});

test("over TLS the service is named by SNI; a name with a dead address goes on to the next", async (t) => {
  const { chain, key } = selfSigned(["auth.outside.example"]);
  const names: (string | false | null)[] = [];
  const tls = createTlsServer({ cert: chain, key }, (socket: TLSSocket) => {
    names.push(socket.servername);
    behave(socket);
  });
  await listen(tls, "127.0.0.2");
  t.after(() => tls.close());
  const dns = await dnsServer(t);
  dns.zone.set("auth.outside.example", { addresses: ["127.0.0.2", "127.0.0.3"], ttl: 60 });
  const annotations = (path: string): Record<string, string> => ({ "auth-url": `https://auth.outside.example:${portOf(tls)}${path}`, "auth-keepalive": "2" });
  const endpoints = [`127.0.0.1:${echo.port}`];
  const own = await startSluice({
    files: {
      "allow.yaml": site({ name: "allow", host: "allow.example", endpoints, annotations: annotations("/allow") }),
      "deny.yaml": site({ name: "deny", host: "deny.example", endpoints, annotations: annotations("/deny") }),
      "address.yaml": site({ name: "address", host: "address.example", endpoints, annotations: { "auth-url": `https://127.0.0.2:${portOf(tls)}/allow` } }),
    },
    args: ["--allow-local-targets", `--resolver=${dns.address}`],
  });
  t.after(() => own.stop());
  const deadline = Date.now() + 15_000;
  while ((await ask({ port: own.http, host: "allow.example" })).status === 503 && Date.now() < deadline) await sleep(20);
  for (let i = 0; i < 6; i++) {
    assert.equal((await ask({ port: own.http, host: "allow.example" })).status, 200);
    assert.equal((await ask({ port: own.http, host: "deny.example" })).status, 403);
  }
  assert.ok(names.length > 0 && names.every((name) => name === "auth.outside.example"), names.join());
  assert.equal((await ask({ port: own.http, host: "address.example" })).status, 200);
  assert.equal(names.at(-1), false);
});

test("a service at the host that the client asks for is asked there: each host its own, a wildcard nobody's", async (t) => {
  const hosts = ["a.example", "b.example"];
  const { chain, key } = selfSigned(hosts);
  const asked: string[] = [];
  const tls = createTlsServer({ cert: chain, key }, (socket: TLSSocket) => {
    asked.push(String(socket.servername));
    behave(socket);
  });
  await listen(tls, "127.0.0.2");
  t.after(() => tls.close());
  const dns = await dnsServer(t);
  for (const host of [...hosts, "x.wild.example"]) dns.zone.set(host, { addresses: ["127.0.0.2"], ttl: 60 });
  const rule = (host: string): object => ({ host, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }] } });
  const guarded = (name: string, variable: string, ...names: readonly string[]): object => ({
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, namespace: "shop", annotations: { "nginx.ingress.kubernetes.io/auth-url": `https://${variable}:${portOf(tls)}/allow` } },
    spec: { ingressClassName: "nginx", rules: names.map(rule) },
  });
  const own = await startSluice({
    files: { "web.yaml": site({ name: "web", host: "open.example", endpoints: [`127.0.0.1:${echo.port}`] }), "guarded.yaml": documents(guarded("both", "$host", ...hosts), guarded("wild", "$host", "*.wild.example")) },
    args: ["--allow-local-targets", `--resolver=${dns.address}`],
  });
  t.after(() => own.stop());
  const deadline = Date.now() + 15_000;
  for (const host of hosts) {
    while ((await ask({ port: own.http, host })).status === 503 && Date.now() < deadline) await sleep(20);
    asked.length = 0;
    assert.equal((await ask({ port: own.http, host })).status, 200, host);
    assert.deepEqual(asked, [host]);
  }
  asked.length = 0;
  assert.equal((await ask({ port: own.http, host: "x.wild.example" })).status, 503);
  // The host is the rule's, whatever a client claims of itself.
  assert.equal((await ask({ port: own.http, host: "a.example", headers: { "X-Forwarded-Host": "x.wild.example" } })).status, 200);
  assert.deepEqual(asked, ["a.example"]);
  const findings = JSON.parse((await own.ask("/api/v1/findings")).text) as readonly { readonly code: string; readonly sentence: string; readonly effect: string }[];
  const [finding] = findings.filter(({ code }) => code === "auth-url-of-no-host");
  assert.match(finding?.sentence ?? "", /\*\.wild\.example stands for many: name the service's own host/);
  assert.equal(finding?.effect, "requests for *.wild.example answer 503");
});
