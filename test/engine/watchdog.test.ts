/** Workers whose event loop hangs are noticed and replaced, one at a time; a worker that is only late is left alone. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { endDeafWorker } from "../../src/engine/agent/deaf-worker.ts";
import { cpuSecondsOf } from "../../src/engine/agent/process-measures.ts";
import { DEAF_TICKS, SILENT_TICKS, Watchdog, type Watched } from "../../src/engine/watchdog.ts";
import { groupMembers, identify, isAlive, stat, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { ask } from "../support/client.ts";
import { startEcho } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { matching, parseScrape } from "../support/scrape.ts";
import { startSluice } from "../support/sluice.ts";

/** Three workers, and an agent that ends the workers that it is told to end, unless `spares` is set. */
function world() {
  const workers: Watched[] = [0, 1, 2].map((slot) => ({ slot, pid: 10 + slot, cpu: 0, silent: 0 }));
  const state = { tick: 0, agent: true, spares: false, successors: true };
  const ended: { readonly pid: number; readonly tick: number }[] = [];
  let changes = 0;
  const dog = new Watchdog({
    workers: () => workers,
    changed: () => changes++,
    end({ slot, pid }) {
      if (!state.agent) return false;
      const answer = (): void => {
        if (!state.spares) {
          ended.push({ pid, tick: state.tick });
          workers.splice(workers.findIndex((one) => one.pid === pid), 1);
          if (state.successors) workers.push({ slot, pid: pid + 100, cpu: 0, silent: 0 });
        }
        dog.answered(pid, !state.spares);
      };
      queueMicrotask(answer);
      return true;
    },
  });
  /** Lets ticks pass; in each, the workers that are not deaf say something. */
  const pass = async (ticks: number, deaf: (worker: Watched) => boolean): Promise<void> => {
    for (let i = 0; i < ticks; i++) {
      for (const worker of workers) if (!deaf(worker)) worker.silent = 0;
      state.tick++;
      dog.tick();
      await Promise.resolve();
    }
  };
  return { dog, workers, state, ended, pass, changes: () => changes };
}

test("who says a word now and then is let be, however long", async () => {
  const { dog, workers, state, ended, pass } = world();
  for (let i = 0; i < 50; i++) {
    await pass(SILENT_TICKS + 5, () => true);
    for (const worker of workers) worker.silent = 0;
  }
  assert.deepEqual([ended, dog.replaced, state.tick], [[], 0, 750]);
});

test("silence is told of first; who is deaf is ended, and that is counted", async () => {
  const { dog, ended, pass, changes } = world();
  const deaf = ({ pid }: Watched): boolean => pid === 11;
  await pass(SILENT_TICKS, deaf);
  assert.deepEqual([dog.silent.map(({ pid }) => pid), changes()], [[11], 1]);
  await pass(DEAF_TICKS - SILENT_TICKS, deaf);
  assert.deepEqual([ended.map(({ pid }) => pid), dog.replaced], [[11], 1]);
  await pass(1, deaf);
  assert.deepEqual([dog.silent, changes()], [[], 2]);
});

test("where all are deaf they are ended one after the other, each when the successor of the last is there", async () => {
  const { ended, pass } = world();
  await pass(100, ({ pid }) => pid < 100);
  assert.deepEqual(ended.map(({ pid }) => pid), [10, 11, 12]);
  const [first = 0, second = 0, third = 0] = ended.map(({ tick }) => tick);
  assert.deepEqual([first, second - first >= 10, third - second >= 10], [DEAF_TICKS, true, true]);
});

test("without a successor the next waits for a minute", async () => {
  const { state, ended, pass } = world();
  state.successors = false;
  await pass(DEAF_TICKS + 59, ({ pid }) => pid < 100);
  assert.equal(ended.length, 1);
  await pass(2, ({ pid }) => pid < 100);
  assert.equal(ended.length, 2);
});

test("one that the agent spares is asked about again, and others meanwhile; without an agent nobody is ended", async () => {
  const { dog, state, ended, pass } = world();
  state.agent = false;
  await pass(100, ({ pid }) => pid === 10);
  state.agent = true;
  state.spares = true;
  await pass(30, ({ pid }) => pid === 10);
  assert.deepEqual([ended, dog.replaced], [[], 0]);
  state.spares = false;
  await pass(15, ({ pid }) => pid === 10);
  assert.deepEqual(ended.map(({ pid }) => pid), [10]);
  dog.answered(10, true);
  dog.answered(77, true);
  assert.equal(dog.replaced, 1, "an answer counts once");
});

function child(t: { after(end: () => void): void }, program: string): ProcessIdentity {
  const process: ChildProcess = spawn(globalThis.process.execPath, ["-e", program], { stdio: "ignore" });
  t.after(() => process.kill("SIGKILL"));
  return identify(process.pid ?? 0) as ProcessIdentity;
}

async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; !(await holds()); await sleep(50)) assert.ok(Date.now() < deadline, `not within ${seconds} s: ${what}`);
}

test("who wants to run and is hardly let is spared, whatever else holds it is not", async (t) => {
  const busy = child(t, "for (;;);");
  await until("it runs", () => stat(busy.pid)?.state === "R" && cpuSecondsOf(busy.pid) > 0.1);
  // A worker that waits for its turn on a processor does not sleep.
  assert.equal(endDeafWorker(busy, cpuSecondsOf(busy.pid)), false);
  assert.equal(endDeafWorker(busy, cpuSecondsOf(busy.pid) - 10), true);
  await until("it is gone", () => !isAlive(busy));
  assert.equal(endDeafWorker(busy, 0), false);
  const stopped = child(t, "for (;;);");
  process.kill(stopped.pid, "SIGSTOP");
  await until("it is stopped", () => stat(stopped.pid)?.state === "T");
  assert.equal(endDeafWorker(stopped, cpuSecondsOf(stopped.pid)), true);
  await until("it is gone", () => !isAlive(stopped));
});

test("real workers that answer no more are replaced while nginx's master lives, and everything is served again", { timeout: 240_000 }, async (t) => {
  const echo = await startEcho("web");
  const sluice = await startSluice({
    files: { "web.yaml": site({ name: "web", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`] }), "config.yaml": configMap({ "worker-processes": "2" }) },
    args: ["--configmap=sluice/sluice"],
  });
  t.after(async () => {
    await sluice.stop();
    await echo.close();
  });
  const { pid: master } = JSON.parse(readFileSync(`${sluice.runtimeDir}/nginx-master.json`, "utf8")) as { pid: number };
  const workers = (): ProcessIdentity[] => groupMembers(master, "nginx").filter(({ pid }) => pid !== master);
  const before = workers();
  assert.equal(before.length, 2);
  for (const { pid } of before) process.kill(pid, "SIGSTOP");
  const findings = async (): Promise<string> => (await sluice.ask("/api/v1/findings")).text;
  await until("it is told of", async () => (await findings()).includes("worker-silent"), 60);
  assert.ok(before.every(isAlive), "nobody is ended for a moment's silence");
  const seen: number[] = [];
  await until("both are replaced", () => {
    seen.push(before.filter(isAlive).length);
    return seen.at(-1) === 0;
  }, 120);
  assert.ok(seen.includes(1), "one after the other");
  await until("two workers serve", () => workers().length === 2);
  await sluice.sync();
  for (let i = 0; i < 10; i++) assert.equal((await ask({ port: sluice.http, host: "shop.example" })).status, 200);
  assert.equal((await sluice.ask("/readyz")).status, 200);
  await until("nothing is told of any more", async () => !(await findings()).includes("worker-silent"));
  const [ended] = matching(parseScrape((await sluice.ask("/metrics")).text), "sluice_workers_ended_total");
  assert.equal(ended?.value, 2);
  assert.match(sluice.engineLog(), /a worker has not answered for half a minute and is ended/);
});
