/** A farewell: a reload waits while clients are told to close their connections, and does not wait where no client is connected. */
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FarewellWait } from "../../src/engine/agent/farewell-wait.ts";
import { Farewell } from "../../src/engine/farewell.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

test("it is over when every worker has said, after it was told, that nobody is connected; and once", () => {
  const farewell = new Farewell<string>();
  farewell.begin(1, ["a", "b"]);
  assert.deepEqual([farewell.heard(1, "a", 0), farewell.heard(1, "a", 0), farewell.heard(1, "stranger", 0)], [false, false, false]);
  assert.deepEqual([farewell.heard(1, "b", 0), farewell.heard(1, "b", 0)], [true, false]);
});

test("a client, an earlier farewell, a worker that comes or goes, or none at all: the time is waited for", () => {
  const farewell = new Farewell<string>();
  farewell.begin(1, ["a", "b"]);
  assert.deepEqual([farewell.heard(1, "a", 1), farewell.heard(1, "b", 0)], [false, false], "a client is connected");
  farewell.begin(2, ["a"]);
  assert.equal(farewell.heard(1, "a", 0), false, "a word about the last one");
  farewell.begin(3, ["a"]);
  farewell.cancel();
  assert.equal(farewell.heard(3, "a", 0), false, "another worker has come");
  farewell.begin(4, []);
  assert.equal(farewell.heard(4, "a", 0), false, "nobody was told");
});

test("the agent waits for its time, or for the word about this farewell", async () => {
  const wait = new FarewellWait();
  let said = 0;
  let over = false;
  const long = wait.wait(60_000, (farewell) => (said = farewell)).then(() => (over = true));
  wait.nobodyConnected(said - 1);
  await sleep(20);
  assert.equal(over, false);
  wait.nobodyConnected(said);
  await long;
  assert.equal(await wait.wait(1, () => undefined), false);
});

let echo: EchoBackend;
let sluice: Sluice;
before(async () => {
  echo = await startEcho("web");
  sluice = await startSluice({ args: ["--configmap=sluice/sluice", "--log-level=debug"], files: { "config.yaml": settings(60), "web.yaml": site({ name: "web", host: "web.example", endpoints: [`127.0.0.1:${echo.port}`] }) } });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

const settings = (keepAlive: number): string => configMap({ "worker-processes": "2", "keep-alive": String(keepAlive) });

test("a client that is connected hears of it before its connection is closed; without clients nobody waits", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const connection = async (): Promise<string | undefined> => (await ask({ port: sluice.http, host: "web.example", agent })).headers["connection"];
  assert.equal(await connection(), "keep-alive");
  assert.doesNotMatch(sluice.engineLog(), /no client is connected/);
  let reloaded = false;
  const reload = sluice.apply({ "config.yaml": settings(61) }).then(() => (reloaded = true));
  const told: (string | undefined)[] = [];
  while (!reloaded) {
    told.push(await connection());
    await sleep(5);
  }
  await reload;
  assert.ok(told.some((header) => /\bclose\b/.test(header ?? "")), "it was told while the reload waited");
  agent.destroy();
  const early = (): number => sluice.engineLog().split("no client is connected").length;
  const before = early();
  await sluice.apply({ "config.yaml": settings(62) });
  assert.equal(early(), before + 1);
});

test("clients that come and go while nginx is reloaded lose no request, whether anybody was connected before or not", async () => {
  let over = false;
  const failures: string[] = [];
  let visits = 0;
  const visitor = async (pause: number): Promise<void> => {
    for (; !over; visits++) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (const _ of [1, 2, 3]) {
        await ask({ port: sluice.http, host: "web.example", agent }).then(({ status }) => status === 200 || failures.push(String(status)), (error: Error) => failures.push(error.message));
        await sleep(Math.random() * pause);
      }
      agent.destroy();
      await sleep(Math.random() * 10 * pause);
    }
  };
  const visitors = [visitor(5), visitor(40)];
  for (let keepAlive = 70; keepAlive < 75; keepAlive++) {
    await sluice.apply({ "config.yaml": settings(keepAlive) });
    await sleep(Math.random() * 200);
  }
  over = true;
  await Promise.all(visitors);
  assert.deepEqual(failures, []);
  assert.ok(visits > 5, `${visits} visits`);
});
