/** Balancing on real nginx: rings and keys are the same to the byte, sessions outlast failures, and response times count. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ownerOf, ringOf } from "../../edge/src/hash-ring.ts";
import { ask, type Answer } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const backendKey = (pool: string): string => md5(md5(pool) + pool);

/** Echo backends on distinct addresses, in the order in which the pool has them. */
async function startBackends(t: TestContext, count: number): Promise<{ backends: EchoBackend[]; texts: string[] }> {
  const backends = await Promise.all(Array.from({ length: count }, (_, i) => startEcho(`b${i}`, `127.0.4.${i + 1}`)));
  t.after(() => Promise.all(backends.map((backend) => backend.close())));
  return { backends, texts: backends.map(({ address, port }) => `${address}:${port}`) };
}

async function start(t: TestContext, files: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Sluice> {
  const sluice = await startSluice({ files, args });
  t.after(() => sluice.stop());
  return sluice;
}

function cookieOf({ headers }: Answer): { value: string; attributes: string } | undefined {
  const [, value, attributes] = /INGRESSCOOKIE=([^;]*)(.*)/.exec(headers["set-cookie"] ?? "") ?? [];
  return value === undefined || attributes === undefined ? undefined : { value, attributes };
}

test("every worker's ring is ingress-nginx's, also after endpoints went and came", async (t) => {
  const { texts } = await startBackends(t, 6);
  const annotations = { "upstream-hash-by": "$arg_k" };
  const manifest = (endpoints: readonly string[]): string => site({ name: "web", host: "hash.example", endpoints, annotations });
  const sluice = await start(t, { "web.yaml": manifest(texts) });
  const check = async (endpoints: readonly string[]): Promise<void> => {
    const ring = ringOf(endpoints);
    for (let i = 0; i < 120; i++) {
      const { echo } = await ask({ port: sluice.http, host: "hash.example", path: `/?k=${i}` });
      assert.equal(echo?.endpoint, endpoints[ownerOf(ring, String(i))], `key ${i}`);
    }
  };
  await check(texts);
  await sluice.apply({ "web.yaml": manifest(texts.slice(0, 4)) });
  await check(texts.slice(0, 4));
  await sluice.apply({ "web.yaml": manifest(texts) });
  await check(texts);
});

test("cookies that ingress-nginx issued lead to the same endpoints, and those issued here have its form", async (t) => {
  const { texts } = await startBackends(t, 5);
  const balanced = { affinity: "cookie" };
  const sluice = await start(t, {
    "web.yaml": site({ name: "web", host: "balanced.example", endpoints: texts, annotations: balanced }),
    "api.yaml": site({ name: "api", host: "persistent.example", endpoints: texts, annotations: { ...balanced, "affinity-mode": "persistent" } }),
  });
  const to = async (host: string, cookie?: string): Promise<Answer> =>
    await ask({ port: sluice.http, host, ...(cookie === undefined ? {} : { headers: { cookie: `INGRESSCOOKIE=${cookie}` } }) });
  const ring = ringOf(texts);
  for (let i = 0; i < 60; i++) {
    const key = `1700000${i}.25.4${i}.77`;
    assert.equal((await to("balanced.example", `${key}|${backendKey("shop-web-80")}`)).echo?.endpoint, texts[ownerOf(ring, key)]);
  }
  for (const text of texts) {
    assert.equal((await to("persistent.example", `${md5(`shop-api-80${text}`)}|${backendKey("shop-api-80")}`)).echo?.endpoint, text);
  }
  for (let i = 0; i < 20; i++) {
    const began = await to("balanced.example");
    const [key = "", side] = cookieOf(began)?.value.split("|") ?? [];
    assert.equal(side, backendKey("shop-web-80"));
    assert.match(key, /^\d{10}(\.\d{1,3})?\.\d+\.\d+$/);
    assert.equal(began.echo?.endpoint, texts[ownerOf(ring, key)]);
    const persistent = await to("persistent.example");
    assert.equal(cookieOf(persistent)?.value, `${md5(`shop-api-80${persistent.echo?.endpoint}`)}|${backendKey("shop-api-80")}`);
  }
});

/** Ends the backend, and keeps its port, so that no other process answers there: connections are closed at once. */
async function bury(t: TestContext, backend: EchoBackend | undefined): Promise<void> {
  const { address, port } = backend ?? { address: "", port: 0 };
  await backend?.close();
  const grave = createTcpServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => grave.listen(port, address, resolve));
  t.after(() => grave.close());
}

test("a failed endpoint: the session waits for it, or moves when that is asked for", async (t) => {
  const { backends, texts } = await startBackends(t, 4);
  const modes = { b: "balanced", p: "persistent" } as const;
  const names = Object.keys(modes).flatMap((mode) => [`${mode}-stays`, `${mode}-moves`]);
  const annotationsOf = (name: string): Record<string, string> => ({
    affinity: "cookie",
    "affinity-mode": modes[name.startsWith("b") ? "b" : "p"],
    ...(name.endsWith("moves") ? { "session-cookie-change-on-failure": "true" } : {}),
  });
  const sluice = await start(t, Object.fromEntries(names.map((name) => [`${name}.yaml`, site({ name, host: `${name}.example`, endpoints: texts, annotations: annotationsOf(name) })])));
  const began = await Promise.all(names.map(async (name) => {
    // Asks until a session of the first backend has begun.
    for (;;) {
      const answer = await ask({ port: sluice.http, host: `${name}.example` });
      if (answer.echo?.backend === "b0") return cookieOf(answer)?.value ?? "";
    }
  }));
  await bury(t, backends[0]);
  for (const [index, name] of names.entries()) {
    const headers = { cookie: `INGRESSCOOKIE=${began[index]}` };
    const answer = await ask({ port: sluice.http, host: `${name}.example`, headers });
    if (name.endsWith("stays")) {
      assert.equal(answer.status, 502, `${name}: ${answer.text}`);
      assert.equal(cookieOf(answer), undefined, name);
      continue;
    }
    assert.equal(answer.status, 200, name);
    assert.notEqual(answer.echo?.backend, "b0");
    const moved = { cookie: `INGRESSCOOKIE=${cookieOf(answer)?.value}` };
    const after = await ask({ port: sluice.http, host: `${name}.example`, headers: moved });
    assert.equal(after.echo?.backend, answer.echo?.backend, name);
    assert.equal(cookieOf(after), undefined, name);
  }
  // A client without a session gets a session that works, and one cookie, however many endpoints failed before.
  for (let i = 0; i < 24; i++) {
    const host = `${names[i % names.length]}.example`;
    const answer = await ask({ port: sluice.http, host });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["set-cookie"]?.split("INGRESSCOOKIE=").length, 2);
    const again = await ask({ port: sluice.http, host, headers: { cookie: `INGRESSCOOKIE=${cookieOf(answer)?.value}` } });
    assert.equal(again.echo?.backend, answer.echo?.backend);
  }
});

test("the backend's own cookies stay beside ours; a trusted proxy's https makes the cookie Secure", async (t) => {
  const server = createServer((_, response) => response.setHeader("set-cookie", ["own=1", "two=2"]).end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const endpoints = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
  const files = {
    "web.yaml": site({ name: "web", host: "own.example", endpoints, annotations: { affinity: "cookie" } }),
    "filtered.yaml": site({ name: "filtered", host: "filtered.example", endpoints, annotations: { affinity: "cookie", "custom-headers": "shop/headers" } }),
    "headers.yaml": documents({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "headers", namespace: "shop" }, data: { "X-Set": "yes" } }),
    "sluice.yaml": configMap({ "use-forwarded-headers": "true", "global-allowed-response-headers": "X-Set" }),
  };
  const sluice = await start(t, files, ["--configmap=sluice/sluice"]);
  for (const host of ["own.example", "filtered.example"]) {
    const answer = await ask({ port: sluice.http, host });
    assert.deepEqual(answer.headers["set-cookie"]?.split(", ").map((text) => text.replace(/=.*/, "")).sort(), ["INGRESSCOOKIE", "own", "two"], host);
    assert.equal(answer.headers["set-cookie"]?.includes("Secure"), false);
    assert.equal(answer.headers["x-set"], host === "filtered.example" ? "yes" : undefined);
    const again = await ask({ port: sluice.http, host, headers: { cookie: `INGRESSCOOKIE=${cookieOf(answer)?.value}` } });
    assert.equal(cookieOf(again), undefined);
  }
  const behind = await ask({ port: sluice.http, host: "own.example", headers: { "x-forwarded-proto": "https" } });
  assert.match(cookieOf(behind)?.attributes ?? "", /; Secure/);
});

test("ewma: a slow endpoint gets few requests, in every worker", async (t) => {
  const delays = [0, 0, 60];
  const counts = [0, 0, 0];
  const servers = delays.map((delay, index) =>
    createServer((_, response) => {
      counts[index] = (counts[index] ?? 0) + 1;
      setTimeout(() => response.end("ok"), delay);
    }),
  );
  await Promise.all(servers.map((server, index) => new Promise<void>((resolve) => server.listen(0, `127.0.5.${index + 1}`, resolve))));
  t.after(() => servers.forEach((server) => server.close().closeAllConnections()));
  const endpoints = servers.map((server) => `${(server.address() as AddressInfo).address}:${(server.address() as AddressInfo).port}`);
  const sluice = await start(t, { "web.yaml": site({ name: "web", host: "ewma.example", endpoints, annotations: { "load-balance": "ewma" } }) });
  const send = async (requests: number): Promise<void> => {
    for (let i = 0; i < requests; i++) assert.equal((await ask({ port: sluice.http, host: "ewma.example" })).status, 200);
  };
  // Sends requests until the slow endpoint has answered one, so that its time is known.
  while (counts[2] === 0) await send(1);
  await sleep(100);
  counts.fill(0);
  await send(150);
  // In turn, the slow endpoint would get 50 requests. It is in two thirds of the pairs that are compared, and is never the better.
  assert.ok((counts[2] ?? 0) <= 5, `${counts.join(", ")} requests`);
  assert.ok((counts[0] ?? 0) > 20 && (counts[1] ?? 0) > 20, `${counts.join(", ")} requests`);
});

test("ewma: the access log names the score of the endpoint that was chosen, and -1 where none chose", async (t) => {
  const servers = [1, 2].map(() => createServer((_, response) => setTimeout(() => response.end("ok"), 20)));
  await Promise.all(servers.map((server, index) => new Promise<void>((resolve) => server.listen(0, `127.0.6.${index + 1}`, resolve))));
  t.after(() => servers.forEach((server) => server.close().closeAllConnections()));
  const endpoints = servers.map((server) => `${(server.address() as AddressInfo).address}:${(server.address() as AddressInfo).port}`);
  const log = join("/dev/shm", `sluice-scores-${process.pid}.log`);
  t.after(() => rmSync(log, { force: true }));
  const ewma = { "load-balance": "ewma" };
  const sluice = await start(t, {
    "settings.yaml": configMap({ "access-log-path": log, "log-format-upstream": "$host $balancer_ewma_score" }),
    "web.yaml": site({ name: "web", host: "two.example", endpoints, annotations: ewma }),
    "one.yaml": site({ name: "one", host: "one.example", endpoints: endpoints.slice(0, 1), annotations: ewma }),
    "turn.yaml": site({ name: "turn", host: "turn.example", endpoints }),
  }, ["--configmap=sluice/sluice"]);
  const asked = Array.from({ length: 10 }, () => ["two.example", "one.example", "turn.example"]).flat();
  for (const host of asked) assert.equal((await ask({ port: sluice.http, host })).status, 200);
  const lines = (): string[] => readFileSync(log, "utf8").split("\n").filter((line) => line !== "");
  for (let i = 0; i < 500 && lines().length < asked.length; i++) await sleep(10);
  const scores = (host: string): number[] => lines().filter((line) => line.startsWith(`${host} `)).map((line) => Number(line.split(" ")[1]));
  for (const host of ["one.example", "turn.example"]) assert.deepEqual(scores(host), Array.from({ length: 10 }, () => -1));
  const [first, ...others] = scores("two.example");
  assert.ok(first !== undefined && first >= 0 && others.length === 9);
  // Each answer raises the score of its endpoint: an average of response times, in seconds.
  assert.ok(others.slice(-1).every((score) => score > 0), `${first} ${others.join(" ")}`);
});
