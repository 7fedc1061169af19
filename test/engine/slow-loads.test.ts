/** However long nginx takes to read a configuration, that is not taken for a refusal, and the agent knows which configuration runs. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NginxProcess, type Configuration } from "../../src/engine/agent/nginx-process.ts";
import { testConfiguration } from "../../src/engine/agent/nginx-test.ts";
import { NginxPatience } from "../../src/engine/agent/patience.ts";
import { HTTP } from "../../src/engine/instances.ts";
import { NGINX_BINARY } from "../../src/engine/paths.ts";
import { NO_ENGINE, type EngineStatus } from "../../src/engine/protocol.ts";
import { groupMembers } from "../../src/support/process-identity.ts";
import { runtimeFolder } from "../support/engine.ts";

let folder: string;
let nginx: NginxProcess;
let late: EngineStatus[];
let listening = true;

before(async () => {
  folder = runtimeFolder();
  late = [];
  nginx = new NginxProcess({
    instance: { ...HTTP, farewellMs: 0, sockets: ["http.sock"] }, binary: NGINX_BINARY, runtimeDir: folder, listeners: [], sockets: [], log: () => undefined,
    patience: new NginxPatience(1500), restarted: () => undefined, loadedLate: (status) => late.push(status), reloading: () => undefined, heard: () => listening,
  });
  assert.equal(await nginx.configure(configuration("one")), "started");
});
after(async () => {
  await nginx?.stop(0);
  rmSync(folder, { recursive: true, force: true });
});

function configuration(digest: string): Configuration {
  const text = `daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes 2; events {}
    http { access_log off; server { listen unix:${folder}/http.sock; return 200 ${digest}; } }`;
  return { text, digest, profiles: {} };
}

const conf = (): string => readFileSync(`${folder}/${HTTP.conf}`, "utf8");
const workers = (): number[] => groupMembers(nginx.status.master, "nginx").map(({ pid }) => pid).filter((pid) => pid !== nginx.status.master);

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !holds(); await sleep(10)) assert.ok(Date.now() < deadline, `not within 20 s: ${what}`);
}

/** What nginx answers on a new connection. */
async function answer(): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ socketPath: `${folder}/http.sock`, agent: false }, resolve).on("error", reject);
  });
  let text = "";
  for await (const piece of response) text += String(piece);
  return text;
}

/** Stops nginx's master while `work` is done, as if it were slow. */
async function whileStopped(work: () => Promise<void>): Promise<void> {
  const { master } = nginx.status;
  process.kill(master, "SIGSTOP");
  try {
    await work();
  } finally {
    process.kill(master, "SIGCONT");
  }
}

test("a reload is done when a worker that is new says so, and by nobody else's word", async () => {
  const old = workers();
  let done = false;
  const reload = nginx.configure(configuration("two")).then((event) => {
    done = true;
    return event;
  });
  await until("new workers", () => workers().some((pid) => !old.includes(pid)));
  const [fresh = 0] = workers().filter((pid) => !old.includes(pid));
  nginx.workerSays("one", fresh);
  nginx.workerSays("two", old[0] ?? 0);
  nginx.workerSays("two", process.pid + 4_000_000);
  await sleep(100);
  assert.equal(done, false, "new processes alone prove nothing, for one that died is replaced as well");
  nginx.workerSays("two", fresh);
  assert.equal(await reload, "reloaded");
  assert.deepEqual([nginx.status.config, late], ["two", []]);
});

test("where nobody listens to workers, new ones are the proof", async () => {
  listening = false;
  assert.equal(await nginx.configure(configuration("three")), "reloaded");
  listening = true;
  assert.equal(nginx.status.config, "three");
});

test("when it is done, no connection is answered under the configuration before, whoever listens to workers", async () => {
  listening = false;
  for (const digest of ["next", "last"]) {
    await nginx.configure(configuration(digest));
    const answers = await Promise.all(Array.from({ length: 50 }, () => answer()));
    assert.deepEqual([...new Set(answers)], [digest]);
  }
  await nginx.configure(configuration("three"));
  listening = true;
});

test("one that is later than its time is refused, and taken the moment a worker runs it", async () => {
  const old = workers();
  await whileStopped(async () => {
    await assert.rejects(nginx.configure(configuration("four")), /no worker ran it within 2 seconds/);
    assert.equal(nginx.status.config, "three");
    assert.match(conf(), /return 200 three/);
  });
  await until("new workers", () => workers().some((pid) => !old.includes(pid)));
  nginx.workerSays("four", workers().find((pid) => !old.includes(pid)) ?? 0);
  await until("the late proof", () => late.length > 0);
  assert.deepEqual(late.map(({ config }) => config), ["four"]);
  assert.equal(nginx.status.config, "four");
  assert.match(conf(), /return 200 four/, "a master that has to be replaced finds what runs");
  assert.equal((JSON.parse(readFileSync(`${folder}/${HTTP.master}`, "utf8")) as { config: string }).config, "four");
});

test("the word about an earlier configuration changes nothing once another was loaded", async () => {
  const reload = nginx.configure(configuration("five"));
  const old = workers();
  await until("new workers", () => workers().some((pid) => !old.includes(pid)));
  const [fresh = 0] = workers().filter((pid) => !old.includes(pid));
  nginx.workerSays("five", fresh);
  await reload;
  nginx.workerSays("four", fresh);
  await sleep(50);
  assert.deepEqual([nginx.status.config, late.length], ["five", 1]);
});

test("a master that ends while it loads is replaced by one that runs the new configuration", async () => {
  const { master } = nginx.status;
  process.kill(master, "SIGSTOP");
  const reload = nginx.configure(configuration("six"));
  await until("the new nginx.conf", () => conf().includes("six"));
  await sleep(100);
  process.kill(master, "SIGKILL");
  assert.equal(await reload, "started");
  assert.equal(nginx.status.config, "six");
  assert.notEqual(nginx.status.master, NO_ENGINE.master);
});

test("a test that ran out of time says so, and has twice as long the next time; none is cut short that ever passed", async () => {
  const slow = `${folder}/slow-nginx`;
  writeFileSync(slow, `#!/bin/sh\nsleep 1\n`);
  chmodSync(slow, 0o755);
  const patience = new NginxPatience(600);
  const options = { binary: slow, runtimeDir: folder, patience };
  await assert.rejects(testConfiguration(`${folder}/nginx.conf`, options), /was not read within 1 seconds; the next time it has twice as long/);
  assert.equal(patience.ms, 1200);
  const took = await testConfiguration(`${folder}/nginx.conf`, options);
  assert.equal(patience.ms, 4 * took);
});

test("the limit follows the longest load, never falls below a minute or what was needed, and ends at an hour", () => {
  const patience = new NginxPatience();
  assert.equal(patience.ms, 60_000);
  for (const [took, ms] of [[100, 60_000], [20_000, 80_000], [3000, 80_000]] as const) {
    patience.took(took);
    assert.equal(patience.ms, ms);
  }
  for (const ms of [160_000, 320_000]) {
    patience.ranOut();
    assert.equal(patience.ms, ms);
  }
  for (let i = 0; i < 10; i++) patience.ranOut();
  assert.equal(patience.ms, 3_600_000);
});
