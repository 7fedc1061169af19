/** Limits over several workers: requests that count while they last, counts after a reload or a worker's death, the speed of responses. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, request, type ClientRequest, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { groupMembers, isAlive, stat, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { ask } from "../support/client.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const MOST = 4;
const SETTINGS = { "worker-processes": "2", "proxy-buffering": "on" };

let sluice: Sluice;
/** Responses to requests for `/slow…`, which the backend ends when the test says; it answers others at once. */
const waiting = new Set<ServerResponse>();
const backend = createServer((asked, response) => {
  if (!asked.url?.startsWith("/slow")) return response.end("x".repeat(60 * 1024));
  waiting.add(response);
  response.on("close", () => waiting.delete(response));
});

before(async () => {
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  const endpoints = [`127.0.0.1:${(backend.address() as AddressInfo).port}`];
  sluice = await startSluice({
    files: {
      "held.yaml": site({ name: "held", host: "held.example", endpoints, annotations: { "limit-connections": `${MOST}` } }),
      "rate.yaml": site({ name: "rate", host: "rate.example", endpoints, annotations: { "limit-rps": "20", "limit-burst-multiplier": "2" } }),
      "minute.yaml": site({ name: "minute", host: "minute.example", endpoints, annotations: { "limit-rpm": "1", "limit-burst-multiplier": "1" } }),
      "slow.yaml": site({ name: "slow", host: "slow.example", endpoints, annotations: { "limit-rate": "20", "limit-rate-after": "20" } }),
      "settings.yaml": configMap(SETTINGS),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  backend.closeAllConnections();
  backend.close();
});
afterEach(async () => {
  for (const response of waiting) response.end();
  await until("all have ended", () => waiting.size === 0);
  // nginx counts a request out a moment after its backend has ended.
  await until("all places are free", async () => (await Promise.all(Array.from({ length: MOST }, over))).every((status) => status === 200));
});

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 10 s\n${sluice.engineLog()}`);
    await sleep(10);
  }
}

/** A request that lasts until the backend is told to answer, and its status once it has one. */
interface Held {
  readonly request: ClientRequest;
  status: number | "lost" | undefined;
}

/** Sends a request, and waits until the backend holds it or it is answered. */
async function hold(): Promise<Held> {
  const before = waiting.size;
  const held: Held = { request: request({ host: "127.0.0.1", port: sluice.http, path: "/slow", headers: { host: "held.example" }, agent: false }), status: undefined };
  held.request.on("response", (response) => {
    held.status = response.statusCode ?? 0;
    response.resume();
  });
  held.request.on("error", () => (held.status ??= "lost"));
  held.request.end();
  await until("held or answered", () => waiting.size > before || held.status !== undefined);
  return held;
}

async function holdAll(): Promise<Held[]> {
  const held: Held[] = [];
  for (let i = 0; i < MOST; i++) held.push(await hold());
  assert.deepEqual(held.map(({ status }) => status), held.map(() => undefined), "all are held");
  return held;
}

const over = async (): Promise<number> => (await ask({ port: sluice.http, host: "held.example", path: "/now" })).status;

function workers(): ProcessIdentity[] {
  const { pid } = JSON.parse(readFileSync(join(sluice.runtimeDir, "nginx-master.json"), "utf8")) as ProcessIdentity;
  return groupMembers(pid).filter((one) => stat(one.pid)?.parent === pid);
}

test("one request more than the limit is refused with 503, on whichever worker, until one ends or its client leaves", async () => {
  const held = await holdAll();
  assert.deepEqual(await Promise.all(Array.from({ length: 16 }, over)), Array.from({ length: 16 }, () => 503));
  held[0]?.request.destroy();
  await until("a client that left is not counted", () => waiting.size === MOST - 1);
  await until("its place is free", async () => (await over()) === 200);
  const next = await hold();
  assert.equal(next.status, undefined);
  assert.equal(await over(), 503);
  for (const response of waiting) response.end();
  await until("answered", () => next.status !== undefined);
  assert.deepEqual([...held.slice(1), next].map(({ status }) => status), Array.from({ length: MOST }, () => 200));
  await until("all places are free", async () => (await over()) === 200);
});

test("a worker that is killed takes its counts with it, and only those", async () => {
  const held = await holdAll();
  const lost = (): number => held.filter(({ status }) => status === "lost").length;
  for (const worker of workers()) {
    process.kill(worker.pid, "SIGKILL");
    await until("the worker is gone", () => !isAlive(worker));
    await sleep(100);
    if (lost() > 0) break;
  }
  assert.ok(lost() > 0, "some were on that worker");
  await until("the backend noticed", () => waiting.size === MOST - lost());
  await sluice.sync();
  const again: Held[] = [];
  for (let i = 0; i < lost(); i++) again.push(await hold());
  assert.deepEqual(again.map(({ status }) => status), again.map(() => undefined), "as many find a place as were lost");
  assert.deepEqual(await Promise.all(Array.from({ length: 8 }, over)), Array.from({ length: 8 }, () => 503), "and no more");
});

test("requests that old workers finish after a reload count on", async () => {
  const held = await holdAll();
  const { reloads } = await sluice.generation();
  const reloaded = await sluice.apply({ "settings.yaml": configMap({ ...SETTINGS, "keep-alive": "74" }) });
  assert.equal(reloaded.reloads, reloads + 1);
  assert.equal(await over(), 503);
  for (const response of waiting) response.end();
  await until("answered", () => held.every(({ status }) => status === 200));
  await until("all places are free", async () => (await over()) === 200);
});

test("many at once on both workers: never more than the limit", async () => {
  let most = 0;
  const requests = Array.from({ length: 60 }, () => ask({ port: sluice.http, host: "held.example", path: "/slow" }));
  for (let i = 0; i < 40; i++) {
    most = Math.max(most, waiting.size);
    await sleep(5);
  }
  const answered = Promise.all(requests);
  const ending = setInterval(() => waiting.forEach((response) => response.end()), 5);
  const statuses = (await answered).map(({ status }) => status);
  clearInterval(ending);
  assert.ok(most <= MOST, `${most} at a time`);
  assert.ok(statuses.every((status) => status === 200 || status === 503), statuses.join());
  await until("all places are free", async () => (await over()) === 200);
});

test("a rate holds over both workers, within what the two may miss", async () => {
  const from = Date.now();
  let admitted = 0;
  while (Date.now() - from < 2000) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask({ port: sluice.http, host: "rate.example" })));
    admitted += answers.filter(({ status }) => status === 200).length;
  }
  const exact = 41 + (20 * (Date.now() - from)) / 1000;
  assert.ok(admitted >= exact - 3 && admitted <= 2 * exact, `${admitted} were admitted of ${exact}`);
});

test("a refused rate is 503 where the operator says nothing, and his status once he does, without a reload", async () => {
  const statuses = async (): Promise<number[]> => {
    const all: number[] = [];
    for (let i = 0; i < 4; i++) all.push((await ask({ port: sluice.http, host: "minute.example" })).status);
    return all;
  };
  assert.deepEqual(await statuses(), [200, 200, 503, 503]);
  const { reloads } = await sluice.generation();
  const after = await sluice.apply({ "settings.yaml": configMap({ ...SETTINGS, "keep-alive": "74", "limit-req-status-code": "429" }) });
  assert.deepEqual([after.reloads, await statuses()], [reloads, [429, 429, 429, 429]]);
});

test("a response is as slow as its limit, after what comes at once", async () => {
  const from = Date.now();
  const { text } = await ask({ port: sluice.http, host: "slow.example" });
  const seconds = (Date.now() - from) / 1000;
  assert.equal(text.length, 60 * 1024);
  assert.ok(seconds > 1 && seconds < 8, `${seconds} s for 40 KB at 20 KB/s`);
});
