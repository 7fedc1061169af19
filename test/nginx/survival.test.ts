/**
 * Whatever is killed, traffic goes on: each test kills one process with SIGKILL on a loaded machine. Every request that
 * begins after the kill must succeed; only requests in flight in a killed worker may fail.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import { join } from "node:path";
import { after, before, beforeEach, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { groupMembers, identify, isAlive, stat, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { startLoad, type Load, type Sent } from "../support/load.ts";
import { site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const SETTINGS = `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: sluice}, data: {worker-processes: "2"}}`;
const manifests = (host: string, port: number): string => site({ name: "web", host, endpoints: [`127.0.0.1:${port}`] });

let sluice: Sluice;
let echo: EchoBackend;
let load: ChildProcess[];

before(async () => {
  echo = await startEcho("web");
  // Two processes keep the machine busy, because traffic must not survive on an idle machine only. They leave the processors to whoever else needs them.
  load = [0, 1].map(() => spawn("nice", [process.execPath, "-e", "const end = Date.now() + 120000; while (Date.now() < end);"]));
  sluice = await startSluice({ files: { "web.yaml": manifests("shop.example", echo.port), "settings.yaml": SETTINGS }, args: ["--configmap=sluice/settings"] });
});
after(async () => {
  for (const child of load) child.kill("SIGKILL");
  await sluice?.stop();
  await echo?.close();
});
beforeEach(async () => {
  await sluice.sync();
});
/** Requests for the backend until the test ends, from new connections and, where `kept`, from kept ones too. */
const startRequests = (t: TestContext, kept: boolean): Load => startLoad(t, { port: sluice.http, host: "shop.example", kept });

/** Kills a process, and gives the time at which it was certainly gone. */
async function kill(victim: ProcessIdentity): Promise<number> {
  process.kill(victim.pid, "SIGKILL");
  while (isAlive(victim)) await sleep(1);
  return performance.now();
}

function failures(sent: readonly Sent[]): string[] {
  return sent.filter(({ problem }) => problem !== undefined).map(({ problem }) => problem as string);
}

function master(): ProcessIdentity {
  return JSON.parse(readFileSync(join(sluice.runtimeDir, "nginx-master.json"), "utf8")) as ProcessIdentity;
}

function agent(): ProcessIdentity {
  return JSON.parse(readFileSync(join(sluice.runtimeDir, "agent.lock"), "utf8")) as ProcessIdentity;
}

function workers(): ProcessIdentity[] {
  const { pid } = master();
  return groupMembers(pid).filter((one) => stat(one.pid)?.parent === pid);
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 20 s\n${sluice.log()}\n${sluice.engineLog()}`);
    await sleep(20);
  }
}

/** A WebSocket that echoes; `alive` says a word and waits for its echo. */
async function openSocket(): Promise<{ alive(): Promise<boolean>; close(): void }> {
  const request = http.request({
    host: "127.0.0.1",
    port: sluice.http,
    headers: { host: "shop.example", connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" },
  });
  request.end();
  const socket = await new Promise<import("node:net").Socket>((resolve, reject) => {
    request.on("upgrade", (_, upgraded) => resolve(upgraded));
    request.on("error", reject);
  });
  let closed = false;
  socket.on("close", () => (closed = true));
  socket.on("error", () => (closed = true));
  return {
    async alive() {
      if (closed) return false;
      const back = new Promise<boolean>((resolve) => socket.once("data", () => resolve(true)));
      socket.write("hello");
      return await Promise.race([back, sleep(5000, false, { ref: false })]);
    },
    close: () => socket.destroy(),
  };
}

/** Starts a new controller over the runtime folder of the last one. */
async function succeed(): Promise<void> {
  sluice = await startSluice({ successorOf: sluice, args: ["--configmap=sluice/settings"] });
}

test("kill -9 of the controller: nginx serves on, the next run adopts it without a dropped connection", async (t) => {
  const before = master();
  const socket = await openSocket();
  const requests = startRequests(t, true);
  await kill(identify(sluice.process.pid ?? 0) as ProcessIdentity);
  await requests.more(20);
  await succeed();
  sluice.write({ "web.yaml": manifests("shop.example", echo.port) });
  await sluice.sync();
  assert.deepEqual(await requests.problems(), []);
  assert.equal(await socket.alive(), true);
  socket.close();
  assert.deepEqual(master(), before);
  assert.equal((await sluice.generation()).reloads, 0);
});

test("kill -9 of a worker: every request begun after it succeeds, and the new worker starts full", async (t) => {
  const [victim] = workers();
  assert.ok(victim);
  const requests = startRequests(t, false);
  await sleep(200);
  const gone = await kill(victim);
  await until("two workers", () => workers().length === 2);
  await sluice.sync();
  await requests.more(20, gone);
  const sent = await requests.stop();
  const late = sent.filter(({ begun }) => begun > gone);
  assert.deepEqual(failures(late), []);
});

test("kill -9 of the nginx master: its workers serve on and a new master takes over", async (t) => {
  const before = master();
  const socket = await openSocket();
  const requests = startRequests(t, true);
  await sleep(200);
  await kill(before);
  await until("a new master", () => master().pid !== before.pid && workers().length === 2);
  assert.equal(await socket.alive(), true, "a WebSocket in an orphaned worker stays open");
  await until("the orphans to leave", () => groupMembers(before.pid).length <= 1);
  assert.deepEqual(await requests.problems(), []);
  assert.equal(await socket.alive(), true, "a WebSocket in an orphaned worker stays open");
  socket.close();
  await until("the orphans to leave", () => groupMembers(before.pid).length === 0);
});

test("kill -9 of a worker while the controller is dead: the new worker serves from the snapshot", async (t) => {
  await kill(identify(sluice.process.pid ?? 0) as ProcessIdentity);
  const old = workers();
  const requests = startRequests(t, false);
  const gone: number[] = [];
  for (const victim of old) gone.push(await kill(victim));
  await until("two new workers", () => workers().length === 2 && workers().every(({ pid }) => old.every((one) => one.pid !== pid)));
  await requests.more(20, Math.max(...gone));
  const late = (await requests.stop()).filter(({ begun }) => begun > Math.max(...gone));
  assert.deepEqual(failures(late), []);
  await succeed();
});

test("kill -9 of the nginx master in the middle of a reload: one new master, which runs the new configuration", async (t) => {
  const before = master();
  const requests = startRequests(t, false);
  sluice.write({ "settings.yaml": SETTINGS.replace('"2"', '"2", keep-alive: "77"') });
  await until("the new configuration to be written", () => readFileSync(join(sluice.runtimeDir, "nginx.conf"), "utf8").includes("keepalive_timeout 77s"));
  await kill(before);
  await until("a new master", () => master().pid !== before.pid && isAlive(master()));
  await sluice.sync();
  await until("the orphans to leave", () => groupMembers(before.pid).length === 0);
  assert.deepEqual(await requests.problems(), []);
  assert.equal((await sluice.ask("/readyz")).status, 200);
  assert.equal(workers().length, 2);
});

test("kill -9 of the agent: nginx serves on and the next agent adopts it", async (t) => {
  const before = { agent: agent(), master: master() };
  const requests = startRequests(t, true);
  await kill(before.agent);
  await until("a new agent", () => agent().pid !== before.agent.pid && isAlive(agent()));
  await until("the agent to be connected", async () => (await sluice.ask("/readyz")).status === 200);
  await sluice.sync();
  assert.deepEqual(await requests.problems(), []);
  assert.deepEqual(master(), before.master);
});

test("kill -9 of the agent and the nginx master, both: nothing but a moment without a listener", async () => {
  const before = { agent: agent(), master: master() };
  const socket = await openSocket();
  process.kill(before.agent.pid, "SIGKILL");
  await kill(before.master);
  await until("a new agent and master", () => isAlive(agent()) && master().pid !== before.master.pid && workers().length === 2);
  await until("readiness", async () => (await sluice.ask("/readyz")).status === 200);
  assert.equal((await ask({ port: sluice.http, host: "shop.example" })).status, 200);
  assert.equal(await socket.alive(), true, "a WebSocket in an orphaned worker stays open");
  socket.close();
});

test("after all that a change is still programmed, without a reload", async () => {
  const before = await sluice.sync();
  const { reloads } = await sluice.apply({ "web.yaml": manifests("store.example", echo.port) });
  assert.equal(reloads, before.reloads);
  assert.equal((await ask({ port: sluice.http, host: "store.example" })).status, 200);
});
