/** One nginx and its agent, which starts, reloads, replaces, adopts and ends it: with a real nginx on unix sockets. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultProfile } from "../../src/compile/profiles.ts";
import { NginxProcess, type Configuration, type NginxOptions } from "../../src/engine/agent/nginx-process.ts";
import { NginxPatience } from "../../src/engine/agent/patience.ts";
import { PortsTaken } from "../../src/engine/agent/ports.ts";
import { rememberedNginx } from "../../src/engine/agent/running.ts";
import { HTTP, type Instance } from "../../src/engine/instances.ts";
import { NGINX_BINARY } from "../../src/engine/paths.ts";
import { NO_ENGINE, type EngineStatus } from "../../src/engine/protocol.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { groupMembers, isAlive, stat, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { runtimeFolder } from "../support/engine.ts";

const INSTANCE: Instance = { ...HTTP, farewellMs: 0, sockets: ["http.sock"] };
/** Profiles as they are after a file was read: plain JSON. */
const PROFILES = JSON.parse(JSON.stringify({ p: defaultProfile(DEFAULT_CONFIG) })) as EngineStatus["profiles"];
const SOURCES = new URL("../../src/", import.meta.url).href;

let folder: string;
let log: string[];
let restarted: EngineStatus[];
/** Every NginxProcess that a test made, and every master that it saw, dead ones included: no process of theirs may outlive the test. */
let made: NginxProcess[];
let masters: Set<number>;
let backend: Server | undefined;

beforeEach(() => {
  folder = runtimeFolder();
  log = [];
  restarted = [];
  made = [];
  masters = new Set();
});
afterEach(async () => {
  for (const nginx of made) await nginx.stop(0);
  for (const { pid } of everyProcess()) process.kill(pid, "SIGKILL");
  backend?.closeAllConnections();
  backend?.close();
  backend = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function agentOf(instance: Instance = INSTANCE, binary = NGINX_BINARY): NginxProcess {
  const options: NginxOptions = {
    instance, binary, runtimeDir: folder, listeners: [], sockets: [], log: (level, message) => void log.push(`${level} ${message}`),
    patience: new NginxPatience(), restarted: (status) => restarted.push(status), loadedLate: () => undefined, reloading: () => undefined, heard: () => false,
  };
  const nginx = new NginxProcess(options);
  made.push(nginx);
  masters.add(nginx.status.master);
  return nginx;
}

/** Runs an agent that starts nginx with this configuration and then ends; gives the master's process id. */
function earlierAgent(given: Configuration): number {
  const script = `
    import { NginxProcess } from "${SOURCES}engine/agent/nginx-process.ts";
    import { NginxPatience } from "${SOURCES}engine/agent/patience.ts";
    const nothing = () => undefined;
    const nginx = new NginxProcess({ ...${JSON.stringify({ instance: INSTANCE, binary: NGINX_BINARY, runtimeDir: folder, listeners: [], sockets: [] })},
      log: nothing, patience: new NginxPatience(), restarted: nothing, loadedLate: nothing, reloading: nothing, heard: () => false });
    await nginx.configure(${JSON.stringify(given)});
    process.exit();`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const { pid } = rememberedNginx(INSTANCE, folder) ?? assert.fail("it is not written down");
  masters.add(pid);
  return pid;
}

/** A configuration with which nginx answers its digest, and at /backend the backend's answer. */
function configuration(digest: string, { log: access = "off", wrong = "" } = {}): Configuration {
  const text = `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/engine.log; worker_processes 1; events {}
    http { access_log ${access}; ${wrong} server { listen unix:${folder}/http.sock;
      location / { return 200 ${digest}; } location /backend { proxy_pass http://unix:${folder}/backend.sock; } } }`;
  return { text, digest, profiles: PROFILES };
}

async function start(digest: string, instance?: Instance): Promise<NginxProcess> {
  const nginx = agentOf(instance);
  assert.equal(await nginx.configure(configuration(digest)), "started");
  masters.add(nginx.status.master);
  return nginx;
}

const conf = (): string => readFileSync(`${folder}/${HTTP.conf}`, "utf8");
const workersOf = (master: number): ProcessIdentity[] => groupMembers(master, "nginx").filter(({ pid }) => pid !== master);
const everyProcess = (): ProcessIdentity[] => [...masters].filter((pid) => pid !== 0).flatMap((pid) => groupMembers(pid, "nginx"));

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await holds()); await sleep(10)) assert.ok(Date.now() < deadline, `not within 20 s: ${what}\n${log.join("\n")}`);
}

/** What nginx answers on a new connection; rejects when the connection is closed without an answer. */
async function answer(path = "/"): Promise<string> {
  const asked = request({ socketPath: `${folder}/http.sock`, path, agent: false });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let text = "";
  for await (const piece of response) text += String(piece);
  return text;
}

interface Held {
  readonly answered: Promise<string>;
  release(): void;
}

/** A request that nginx has passed to a backend; the backend answers when `release` is called. */
async function hold(): Promise<Held> {
  const server = (backend = createServer());
  server.listen(`${folder}/backend.sock`);
  await once(server, "listening");
  // nginx's workers do not run as root.
  chmodSync(`${folder}/backend.sock`, 0o777);
  const arrived = once(server, "request") as Promise<[IncomingMessage, ServerResponse]>;
  const answered = answer("/backend");
  answered.catch(() => undefined);
  const [, response] = await arrived;
  return { answered, release: () => void response.end("late") };
}

test("it starts, reloads within the same master, and writes down which one that is", async () => {
  const nginx = agentOf();
  assert.deepEqual([nginx.status, nginx.processes], [NO_ENGINE, []]);
  assert.equal(await nginx.configure(configuration("one")), "started");
  const { master } = nginx.status;
  assert.deepEqual([await answer(), nginx.status], ["one", { master, config: "one", profiles: PROFILES }]);
  assert.deepEqual(nginx.processes, groupMembers(master, "nginx"));
  assert.equal(await nginx.configure(configuration("two")), "reloaded");
  assert.deepEqual([await answer(), nginx.status.master, nginx.status.config], ["two", master, "two"]);
  const remembered = rememberedNginx(INSTANCE, folder);
  assert.deepEqual([remembered?.pid, remembered?.config], [master, "two"]);
});

test("what nginx's test refuses is never its nginx.conf, and what ran goes on", async () => {
  const nginx = agentOf();
  const wrong = configuration("wrong", { wrong: "nonsense 1;" });
  await assert.rejects(nginx.configure(wrong), /unknown directive "nonsense"/);
  assert.deepEqual([nginx.status, existsSync(`${folder}/${HTTP.conf}`)], [NO_ENGINE, false], "nothing ran yet, and nothing does");
  await nginx.configure(configuration("one"));
  const { status } = nginx;
  await assert.rejects(nginx.configure(wrong), /unknown directive "nonsense"/);
  assert.deepEqual([nginx.status, conf(), await answer()], [status, configuration("one").text, "one"]);
});

test("what a master refuses to load is replaced by what it runs, so that the next master finds that", async () => {
  const nginx = await start("one", { ...INSTANCE, tested: false });
  const { status } = nginx;
  await assert.rejects(nginx.configure(configuration("wrong", { wrong: "nonsense 1;" })), /unknown directive "nonsense"/);
  assert.deepEqual([nginx.status, conf(), await answer()], [status, configuration("one").text, "one"]);
  process.kill(status.master, "SIGKILL");
  await until("a new master", () => restarted.length > 0);
  assert.equal(await answer(), "one");
});

test("one that cannot be started leaves nothing that could be taken for a running one", async () => {
  const nginx = agentOf({ ...INSTANCE, tested: false });
  await assert.rejects(nginx.configure(configuration("wrong", { wrong: "nonsense 1;" })), /nginx could not be started: /);
  assert.deepEqual([nginx.status, nginx.processes, rememberedNginx(INSTANCE, folder)], [NO_ENGINE, [], undefined]);
  assert.equal(await nginx.configure(configuration("one")), "started");
  assert.equal(await answer(), "one");
});

test("one that ends while it starts was not started, however late its end is noticed", async () => {
  writeFileSync(`${folder}/nginx`, "#!/bin/sh\nexec sleep 0.2\n", { mode: 0o755 });
  const nginx = agentOf({ ...INSTANCE, tested: false }, `${folder}/nginx`);
  const started = nginx.configure(configuration("one"));
  setImmediate(() => {
    const spawned = rememberedNginx(INSTANCE, folder);
    // Blocks this process until nginx has ended, so that its end is noticed late.
    while (spawned && isAlive(spawned)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  });
  await assert.rejects(started, /nginx could not be started: it ended with code 0/);
  assert.deepEqual([nginx.status, rememberedNginx(INSTANCE, folder)], [NO_ENGINE, undefined]);
});

test("a port that another process has is refused before nginx hears of it", async (t) => {
  const nginx = await start("one");
  const other = createTcpServer().listen(0, "127.0.0.1");
  t.after(() => other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const refused = nginx.configure({ ...configuration("two"), listens: [{ id: "tcp-1", protocol: "tcp", host: "127.0.0.1", port }] });
  await assert.rejects(refused, (error: Error) => error instanceof PortsTaken && error.ports["tcp-1"] === "EADDRINUSE");
  assert.deepEqual([nginx.status.config, conf(), await answer()], ["one", configuration("one").text, "one"]);
});

test("a text is checked without being run, and leaves no file", async () => {
  const nginx = await start("one");
  const before = readdirSync(folder).sort();
  await nginx.check(configuration("two").text, {});
  await assert.rejects(nginx.check(configuration("two", { wrong: "nonsense 1;" }).text, {}), /unknown directive "nonsense"/);
  assert.deepEqual([readdirSync(folder).sort(), nginx.status.config, conf(), await answer()], [before, "one", configuration("one").text, "one"]);
});

test("a master that is killed is replaced; its workers finish what they have and leave", async () => {
  const nginx = await start("one");
  const { master } = nginx.status;
  const [worker = assert.fail("it has a worker")] = workersOf(master);
  const { answered, release } = await hold();
  process.kill(master, "SIGKILL");
  await until("a new master", () => restarted.length > 0);
  masters.add(nginx.status.master);
  assert.notEqual(nginx.status.master, master);
  assert.deepEqual(restarted, [{ master: nginx.status.master, config: "one", profiles: PROFILES }]);
  assert.equal(await answer(), "one");
  assert.deepEqual([isAlive(worker), nginx.leaving.workers], [true, 1]);
  assert.ok(nginx.processes.some(({ pid }) => pid === worker.pid), "it is one of nginx's processes still");
  release();
  assert.equal(await answered, "late");
  await until("the old worker has left", () => !isAlive(worker));
  assert.deepEqual([nginx.leaving.workers, nginx.processes], [0, groupMembers(nginx.status.master, "nginx")]);
});

test("the next agent adopts what runs: it reloads it, and replaces its master", async () => {
  const master = earlierAgent(configuration("one"));
  const nginx = agentOf();
  assert.deepEqual(nginx.status, { master, config: "one", profiles: PROFILES });
  await nginx.resume();
  assert.equal(nginx.status.master, master, "what runs is not started once more");
  assert.equal(await nginx.configure(configuration("two")), "reloaded");
  assert.deepEqual([await answer(), nginx.status.master], ["two", master]);
  process.kill(master, "SIGKILL");
  await until("a new master", () => restarted.length > 0);
  masters.add(nginx.status.master);
  assert.deepEqual([await answer(), restarted[0]?.config], ["two", "two"]);
});

test("where agent and master are gone, the workers serve until the next agent has a configuration", async () => {
  const master = earlierAgent(configuration("one"));
  const [worker = assert.fail("it has a worker")] = workersOf(master);
  process.kill(master, "SIGKILL");
  await until("the master is gone", () => !groupMembers(master, "nginx").some(({ pid }) => pid === master));
  const nginx = agentOf();
  await nginx.resume();
  assert.deepEqual([nginx.status, nginx.processes, await answer()], [NO_ENGINE, [worker], "one"]);
  const { answered, release } = await hold();
  assert.equal(await nginx.configure(configuration("two")), "started");
  masters.add(nginx.status.master);
  assert.deepEqual([await answer(), nginx.leaving.workers], ["two", 1]);
  release();
  assert.equal(await answered, "late");
  await until("the old worker has left", () => !isAlive(worker));
});

test("what served before is started again when all of it is gone; where that cannot be, a configuration is waited for", async () => {
  const master = earlierAgent(configuration("one"));
  for (const { pid } of groupMembers(master, "nginx")) process.kill(pid, "SIGKILL");
  await until("all are gone", () => groupMembers(master, "nginx").length === 0);
  const nginx = agentOf();
  writeFileSync(`${folder}/${HTTP.conf}`, configuration("wrong", { wrong: "nonsense 1;" }).text);
  await nginx.resume();
  assert.deepEqual([nginx.status, nginx.processes], [NO_ENGINE, []]);
  assert.match(log.pop() ?? "", /^warn what nginx served before cannot be started: unknown directive "nonsense"/);
  writeFileSync(`${folder}/${HTTP.conf}`, configuration("one").text);
  await nginx.resume();
  assert.deepEqual([await answer(), nginx.status.config, nginx.status.profiles], ["one", "one", PROFILES]);
  assert.deepEqual(log, ["info nginx serves what it served before; the controller's word is awaited"]);
});

test("where nothing served before, nothing is started", async () => {
  const nginx = agentOf();
  await nginx.resume();
  assert.deepEqual([nginx.status, nginx.processes, log], [NO_ENGINE, [], []]);
});

test("a worker that is deaf is ended and replaced; no other process is", async () => {
  const nginx = await start("one");
  const { master } = nginx.status;
  const [worker = assert.fail("it has a worker")] = workersOf(master);
  assert.deepEqual([nginx.endWorker(master, 0), nginx.endWorker(process.pid, 0)], [false, false], "a master, and a stranger");
  // One that could run, and has not got the time for it, is spared.
  process.kill(worker.pid, "SIGSTOP");
  await until("the worker stands still", () => stat(worker.pid)?.state === "T");
  assert.equal(nginx.endWorker(worker.pid, 0), true);
  await until("another worker", () => workersOf(master).some(({ pid }) => pid !== worker.pid));
  assert.deepEqual([isAlive(worker), nginx.status.master, await answer()], [false, master, "one"]);
  assert.equal(nginx.endWorker(worker.pid, 0), false, "it is gone");
});

test("logs are opened anew after they were renamed", async () => {
  const nginx = agentOf();
  nginx.reopenLogs();
  const access = `${folder}/access.log`;
  await nginx.configure(configuration("one", { log: access }));
  await answer("/first");
  renameSync(access, `${access}.1`);
  nginx.reopenLogs();
  await until("a request in the new one", async () => {
    await answer("/second");
    return existsSync(access) && readFileSync(access, "utf8").includes("GET /second");
  });
  assert.match(readFileSync(`${access}.1`, "utf8"), /GET \/first/);
});

test("it ends when its last request has its answer, and nothing is left", async () => {
  const nginx = await start("one");
  const { answered, release } = await hold();
  const ended = nginx.stop(20_000);
  await until("it takes no more connections", () => !existsSync(`${folder}/http.sock`));
  assert.ok(everyProcess().length > 0, "a request is not answered yet");
  release();
  assert.equal(await answered, "late");
  await ended;
  assert.deepEqual([everyProcess(), nginx.status, restarted, rememberedNginx(INSTANCE, folder)], [[], NO_ENGINE, [], undefined]);
});

test("requests that do not end are waited for no longer than they may be, workers that hear nothing are killed", async () => {
  const nginx = await start("one");
  const [worker = assert.fail("it has a worker")] = workersOf(nginx.status.master);
  const { answered } = await hold();
  process.kill(worker.pid, "SIGSTOP");
  await nginx.stop(50);
  await assert.rejects(answered);
  await until("all are gone", () => everyProcess().length === 0);
  assert.deepEqual([nginx.status, restarted], [NO_ENGINE, []]);
});
