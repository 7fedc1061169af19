/** Somebody sets the clock of the machine: a reload for a new profile is not waited for any longer because of it. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { after, before, mock, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame } from "../../edge/src/program.ts";
import { createCompiler } from "../../src/compile/program.ts";
import { Engine } from "../../src/engine/engine.ts";
import { LEAVING_MS, MOST_LEAVING, NONE_LEAVING, waitToLeave } from "../../src/engine/leaving.ts";
import { lineReader } from "../../src/engine/lines.ts";
import { AGENT_TOKEN } from "../../src/engine/locks.ts";
import { NO_ENGINE, type AgentOrder, type FromSubscriber } from "../../src/engine/protocol.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { parseSettings } from "../../src/settings.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { probe, runtimeFolder } from "../support/engine.ts";
import { ingress, ingressClass, put, service, slice, testConfig, testSettings } from "../support/objects.ts";

const HOURS = 2 * 3600 * 1000;
/** More than may come at once, and fewer than a namespace may cause in a row. */
const RELOADS = 6;

let folder: string;
let engine: Engine;
let socket: Socket;
let orders = 0;
let off = 0;

/** The test plays an agent that carries out every order at once, and acknowledges every commit. */
before(async () => {
  const real = Date.now.bind(Date);
  mock.method(Date, "now", () => real() + off);
  folder = runtimeFolder();
  const settings = parseSettings([`--runtime-dir=${folder}`, "--reload-interval=1"], "run");
  const nothing = (): void => undefined;
  engine = new Engine({ settings, log: nothing, workers: undefined, changed: nothing, counted: nothing, armed: nothing, measured: nothing, spanned: nothing, noted: nothing });
  await engine.listen();
  socket = connect(`${folder}/control.sock`);
  const say = (message: FromSubscriber): void => void socket.write(JSON.stringify(message) + "\n");
  socket.on("data", lineReader((line) => {
    const message = JSON.parse(line) as Frame | AgentOrder;
    if (message.op === "commit") say({ op: "ack", generation: message.generation });
    if (message.op !== "configure" || message.instance) return;
    say({ op: "engine", status: { master: 7, config: message.digest, profiles: message.profiles }, event: orders++ === 0 ? "started" : "reloaded" });
  }));
  say({
    op: "hello", role: "agent", pid: 1, token: readFileSync(`${folder}/${AGENT_TOKEN}`, "utf8"), facts: probe(folder).facts, status: NO_ENGINE, stream: NO_ENGINE,
    digest: "", keepsKeys: true,
  });
});
after(async () => {
  mock.reset();
  socket?.destroy();
  await engine?.close();
  rmSync(folder, { recursive: true });
});

test("a clock that is set back by two hours holds up no reload", { timeout: 60_000 }, async () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const compiler = createCompiler();
  for (const object of [ingressClass("nginx"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")]) put(snapshot, object);
  const reload = async (number: number): Promise<void> => {
    put(snapshot, ingress("shop/web").host("shop.example").path("/", "web:80").annotate("proxy-next-upstream-timeout", String(10 + number)).object);
    const { program, changed } = compiler.compile(builder.update(snapshot, snapshot.takeChanges(), testConfig));
    engine.apply(program, changed);
    while (engine.state.waiting.size > 0) await sleep(5);
  };
  off = HOURS;
  for (let i = 0; i < RELOADS; i++) await reload(i);
  off = 0;
  await reload(RELOADS);
  assert.equal(orders, 1 + RELOADS);
});

test("old workers are waited for as long as they may have, whatever clock their time was read from", () => {
  const full = { ...NONE_LEAVING, generations: MOST_LEAVING };
  assert.equal(waitToLeave({ ...full, since: HOURS }, 0), LEAVING_MS);
  assert.equal(waitToLeave({ ...full, since: 0 }, LEAVING_MS - 5), 5);
  assert.equal(waitToLeave({ ...full, since: 0 }, HOURS), 0);
});
