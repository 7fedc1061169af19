/** The worker's end of the channel: a real nginx with the edge, and a controller that is the test's own. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createBackend, type Server as Backend, type ServerResponse } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FILES, nginxConf } from "../../src/compile/nginx-conf.ts";
import { createCompiler, frameLine, type Part, type PartKey } from "../../src/compile/program.ts";
import { standingProfiles } from "../../src/compile/standing-profiles.ts";
import { ensureDefaultCertificate } from "../../src/engine/agent/default-certificate.ts";
import { workerAccount } from "../../src/engine/agent/probe.ts";
import { spawnNginx } from "../../src/engine/agent/spawn-nginx.ts";
import { Ledger } from "../../src/engine/ledger.ts";
import { lineReader } from "../../src/engine/lines.ts";
import { NGINX_BINARY } from "../../src/engine/paths.ts";
import type { CounterRow, FromSubscriber, WorkerHello } from "../../src/engine/protocol.ts";
import { makeSockets, makeTemp } from "../../src/engine/runtime-folder.ts";
import { parseSettings } from "../../src/settings.ts";
import { groupMembers, isAlive, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { build } from "../support/build.ts";
import { ask, type Answer } from "../support/client.ts";
import { probe, runtimeFolder } from "../support/engine.ts";
import { ingress, ingressClass, service, slice, testConfig } from "../support/objects.ts";
import { freePorts } from "../support/sluice.ts";

/** More paths, and so more rows of counters, than a worker sends in one message. */
const PATHS = 250;
const MOST_ROWS = 200;

/** A connection that a worker opened to the test's controller, and what the worker said on it. */
interface Caller {
  readonly socket: Socket;
  readonly said: FromSubscriber[];
  closed: boolean;
}

let folder: string;
let port: number;
let digest: string;
let master: ProcessIdentity;
let backend: Backend;
let controller: Server | undefined;
let callers: Caller[] = [];
/** The backend's responses to requests for /held, which it sends when the test says so. */
let held: ServerResponse[] = [];
let parts: Map<PartKey, Part>;
const ledger = new Ledger();

before(async () => {
  folder = runtimeFolder();
  backend = createBackend((request, response) => void (request.url === "/held" ? held.push(response) : response.end("served")));
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  const backendPort = (backend.address() as AddressInfo).port;
  let many = ingress("shop/many").host("many.example");
  for (let i = 0; i < PATHS; i++) many = many.path(`/path-${i}`, "web:80");
  const built = build(
    ...["one", "two", "held", "last"].map((name) => ingress(`shop/${name}`).host(`${name}.example`).path("/", "web:80")), many,
    service("shop/web", "80"), slice("shop/web", backendPort, "127.0.0.1"), ingressClass("nginx"),
  );
  parts = new Map(createCompiler().compile(built).program.parts);
  await startController();
  const { facts } = probe(folder);
  const [http, https] = await freePorts(2);
  port = http;
  const settings = parseSettings(["--bind-address=127.0.0.1", `--http-port=${http}`, `--https-port=${https}`, `--runtime-dir=${folder}`], "run");
  const conf = nginxConf({ settings, facts, config: { ...testConfig, workerProcesses: 1, errorLogPath: `${folder}/engine.log` }, profiles: standingProfiles(testConfig) });
  digest = conf.digest;
  makeTemp(folder);
  makeSockets(folder, workerAccount());
  ensureDefaultCertificate(folder);
  writeFileSync(`${folder}/${FILES.conf}`, conf.text);
  master = spawnNginx({ binary: NGINX_BINARY, runtimeDir: folder, conf: `${folder}/${FILES.conf}`, inherits: [] }).identity ?? assert.fail("nginx does not start");
});
after(async () => {
  for (const { pid } of master ? groupMembers(master.pid, "nginx") : []) process.kill(pid, "SIGKILL");
  await stopController();
  backend?.closeAllConnections();
  backend?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startController(): Promise<void> {
  const path = `${folder}/${FILES.socket}`;
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    const caller: Caller = { socket, said: [], closed: false };
    callers.push(caller);
    socket.on("data", lineReader((line) => void caller.said.push(JSON.parse(line) as FromSubscriber)));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => (caller.closed = true));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o600);
  const account = workerAccount();
  if (account) chownSync(path, account.uid, account.gid);
  controller = server;
}

async function stopController(): Promise<void> {
  for (const { socket } of callers) socket.destroy();
  const server = controller;
  controller = undefined;
  if (server) await new Promise((resolve) => server.close(resolve));
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await holds()); await sleep(10)) {
    assert.ok(Date.now() < deadline, `not within 20 s: ${what}; ${JSON.stringify(callers.map(({ said, closed }) => ({ closed, said: said.slice(-3) })))}`);
  }
}

const helloOf = ({ said }: Caller): WorkerHello | undefined => said.find((one): one is WorkerHello => one.op === "hello" && one.role === "worker");
const acknowledged = ({ said }: Caller): number[] => said.flatMap((one) => (one.op === "ack" ? [one.generation] : []));
const rowsOf = ({ said }: Caller): (readonly CounterRow[])[] => said.flatMap((one) => (one.op === "counters" ? [one.rows] : []));
const workers = (): number[] => groupMembers(master.pid, "nginx").map(({ pid }) => pid).filter((pid) => pid !== master.pid);

/** The number of an Ingress's requests that workers have reported, on all connections. */
function told(name: string): number {
  return callers.flatMap(rowsOf).flat().filter((row) => row.ingress === name).reduce((sum, { requests }) => sum + requests, 0);
}

/** Waits for a connection with a worker's hello on it. @param since how many earlier connections to ignore. */
async function caller(since = 0): Promise<Caller> {
  await until("a worker says hello", () => callers.slice(since).some((one) => helloOf(one) && !one.closed));
  return callers.slice(since).find((one) => helloOf(one) && !one.closed) ?? assert.fail();
}

function say({ socket }: Caller, ...lines: readonly string[]): void {
  socket.write(lines.map((line) => `${line}\n`).join(""));
}

function publish(...keys: readonly string[]): string[] {
  ledger.publish(new Map(keys.map((key) => [key, parts.get(key) ?? assert.fail(`no part ${key} among ${[...parts.keys()].join(", ")}`)])));
  return [...ledger.latest()];
}

async function follows(one: Caller): Promise<void> {
  await until(`generation ${ledger.generation}`, () => acknowledged(one).includes(ledger.generation));
}

const get = (host: string, path = "/"): Promise<Answer> => ask({ port, host: `${host}.example`, path });

/** Whether nginx asks a client that would keep its connection to close it. */
async function asksToClose(): Promise<boolean> {
  const { headers } = await ask({ port, host: "one.example", headers: { connection: "keep-alive" } });
  return /\bclose\b/.test(headers["connection"] ?? "");
}

test("a worker says who it is, and serves a generation when it has acknowledged it", async () => {
  const one = await caller();
  const { cpu: _, ...hello } = helloOf(one) ?? assert.fail();
  assert.deepEqual(hello, { op: "hello", role: "worker", slot: 0, pid: workers()[0], master: master.pid, config: digest, generation: 0, digest: "" });
  const pools = [...parts.keys()].filter((key) => key.startsWith("pool "));
  const lines = publish("settings ", ...pools, "host one.example", "host many.example", "host held.example", "host last.example");
  // The worker's answer to a farewell shows that it has read all frames before it.
  say(one, ...lines.slice(0, -1), frameLine({ op: "retire", seconds: 0, farewell: 1 }));
  await until("it has read the frames", () => one.said.some(({ op }) => op === "retired"));
  assert.equal((await get("one")).status, 503, "nothing holds before the commit");
  say(one, ...lines.slice(-1));
  await follows(one);
  const { status, text } = await get("one");
  assert.deepEqual([status, text], [200, "served"]);
});

test("a frame that cannot be read ends the conversation; the next one begins with what the worker holds, and nothing that was staged", async () => {
  const one = await caller();
  const since = callers.length;
  say(one, frameLine({ op: "drop", kind: "host", id: "one.example" }), "{");
  const next = await caller(since);
  assert.equal(one.closed, true);
  assert.deepEqual([helloOf(next)?.generation, helloOf(next)?.digest], [ledger.generation, ledger.digest]);
  say(next, ...publish());
  await follows(next);
  assert.equal((await get("one")).status, 200);
});

test("a frame arrives in whatever pieces", async () => {
  const one = await caller();
  const text = `${publish("host two.example").join("\n")}\n`;
  for (const [from, to] of [[0, 10], [10, text.length - 3], [text.length - 3, text.length]] as const) {
    one.socket.write(text.slice(from, to));
    // Long enough that the worker stops waiting for the rest and does other things meanwhile.
    await sleep(300);
  }
  await follows(one);
  assert.equal((await get("two")).status, 200);
});

test("a worker without a controller serves on; what it counts meanwhile is told in messages of a bounded size, once", async () => {
  const since = callers.length;
  await stopController();
  const statuses = new Set<number>();
  for (let i = 0; i < PATHS; i++) statuses.add((await get("many", `/path-${i}`)).status);
  await startController();
  assert.deepEqual([...statuses], [200]);
  const one = await caller(since);
  assert.equal(helloOf(one)?.digest, ledger.digest);
  await until("all are told", () => told("many") === PATHS);
  assert.ok(rowsOf(one).every(({ length }) => length <= MOST_ROWS), `messages of ${rowsOf(one).map(({ length }) => length).join(", ")} rows`);
  await get("many", "/path-0");
  await until("the next one", () => told("many") > PATHS);
  assert.equal(told("many"), PATHS + 1);
});

test("a worker with nothing to tell says that it lives", async () => {
  const one = await caller();
  await until("a beat", () => one.said.some(({ op }) => op === "beat"));
});

test("a worker that retires asks clients to close, says how many there are, and stops asking when the time is over", async () => {
  const one = await caller();
  assert.equal(await asksToClose(), false);
  say(one, frameLine({ op: "retire", seconds: 3600, farewell: 7 }));
  await until("its word", () => one.said.some(({ op }) => op === "retired"));
  const word = one.said.find((said) => said.op === "retired");
  assert.equal(word?.farewell, 7);
  assert.ok(Number.isInteger(word?.connections));
  assert.equal(await asksToClose(), true);
  say(one, frameLine({ op: "retire", seconds: 0 }));
  await until("it stays", async () => !(await asksToClose()));
  assert.equal(one.said.filter(({ op }) => op === "retired").length, 1, "no farewell, no word");
});

test("a worker that exits says so, follows until its last request has ended, and leaves with all that it counted told", async () => {
  const old = await caller();
  const [since, before] = [callers.length, told("held")];
  const answer = get("held", "/held");
  await until("the request is at the backend", () => held.length === 1);
  process.kill(master.pid, "SIGHUP");
  await until("it says that it exits", () => old.said.some(({ op }) => op === "exiting"));
  const fresh = await caller(since);
  assert.deepEqual([helloOf(fresh)?.slot, helloOf(fresh)?.master, helloOf(fresh)?.pid === helloOf(old)?.pid], [0, master.pid, false]);
  say(fresh, ...ledger.catchUp(""));
  await follows(fresh);
  const lines = publish();
  say(old, ...lines);
  say(fresh, ...lines);
  await follows(old);
  await follows(fresh);
  held.pop()?.end("late");
  assert.equal((await answer).text, "late");
  await until("it is done", () => old.said.some(({ op }) => op === "done"));
  // What is written to it now reaches a connection that is open, so nothing fails, and nothing that it said is lost.
  assert.equal(old.closed, false);
  say(old, ...lines);
  old.socket.end();
  await until("it has left", () => old.closed && workers().length === 1);
  await until("its request is told", () => told("held") > before);
  assert.equal(told("held"), before + 1);
});

test("a worker that is ended at once tells its last counts all the same", async () => {
  const one = await caller();
  const [since, before] = [callers.length, told("last")];
  await get("last");
  process.kill(helloOf(one)?.pid ?? assert.fail(), "SIGTERM");
  const next = await caller(since);
  await until("the request is told", () => told("last") > before);
  assert.equal(told("last"), before + 1);
  say(next, ...ledger.catchUp(""));
  await follows(next);
});

test("a worker whose master died serves on, and asks clients to close", async () => {
  assert.equal(await asksToClose(), false);
  process.kill(master.pid, "SIGKILL");
  await until("it asks", asksToClose);
  assert.equal(isAlive(master), false);
  assert.equal((await get("one")).status, 200);
});
