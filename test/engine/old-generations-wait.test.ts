/** A reload for a tenant's new profile waits while there are eight old generations; a reload for the operator's settings does not. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame } from "../../edge/src/program.ts";
import { createCompiler } from "../../src/compile/program.ts";
import { Engine } from "../../src/engine/engine.ts";
import { LEAVING_MS, MOST_LEAVING, NONE_LEAVING } from "../../src/engine/leaving.ts";
import { lineReader } from "../../src/engine/lines.ts";
import { AGENT_TOKEN } from "../../src/engine/locks.ts";
import { NO_ENGINE, type AgentOrder, type FromSubscriber } from "../../src/engine/protocol.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import type { Config } from "../../src/model/config/config.ts";
import { parseSettings } from "../../src/settings.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { probe, runtimeFolder } from "../support/engine.ts";
import { ingress, ingressClass, put, service, slice, testConfig, testSettings } from "../support/objects.ts";

let folder: string;
let engine: Engine;
let socket: Socket;
const orders: (AgentOrder & { op: "configure" })[] = [];
const snapshot = new Snapshot();
const builder = createModelBuilder(testSettings);
const compiler = createCompiler();

const say = (message: FromSubscriber): void => void socket.write(JSON.stringify(message) + "\n");

/** The test plays an agent that carries out every order at once, and acknowledges every commit. */
before(async () => {
  folder = runtimeFolder();
  const settings = parseSettings([`--runtime-dir=${folder}`, "--reload-interval=0"], "run");
  const nothing = (): void => undefined;
  engine = new Engine({ settings, log: nothing, workers: undefined, changed: nothing, counted: nothing, armed: nothing, measured: nothing, spanned: nothing, noted: nothing });
  await engine.listen();
  socket = connect(`${folder}/control.sock`);
  let loads = 0;
  socket.on("data", lineReader((line) => {
    const message = JSON.parse(line) as Frame | AgentOrder;
    if (message.op === "commit") say({ op: "ack", generation: message.generation });
    if (message.op !== "configure" || message.instance) return;
    orders.push(message);
    say({ op: "engine", status: { master: 7, config: message.digest, profiles: message.profiles }, event: loads++ === 0 ? "started" : "reloaded" });
  }));
  say({
    op: "hello", role: "agent", pid: 1, token: readFileSync(`${folder}/${AGENT_TOKEN}`, "utf8"), facts: probe(folder).facts, status: NO_ENGINE, stream: NO_ENGINE,
    digest: "", keepsKeys: true,
  });
  for (const object of [ingressClass("nginx"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")]) put(snapshot, object);
});
after(async () => {
  socket?.destroy();
  await engine?.close();
  rmSync(folder, { recursive: true });
});

function apply(timeout: string, config: Partial<Config> = {}): void {
  put(snapshot, ingress("shop/web").host("shop.example").path("/", "web:80").annotate("proxy-next-upstream-timeout", timeout).object);
  const { program, changed } = compiler.compile(builder.update(snapshot, snapshot.takeChanges(), { ...testConfig, ...config }));
  engine.apply(program, changed);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !holds(); await sleep(5)) assert.ok(Date.now() < deadline, `not within 10 s: ${what}`);
}

const left = (generations: number, since: number): void => say({ op: "leaving", ...NONE_LEAVING, generations, workers: 2 * generations, since });

test("a new profile waits for the oldest to leave; the operator's settings take it along", async () => {
  apply("1");
  await until("it runs", () => orders.length === 1 && engine.state.waiting.size === 0);
  left(MOST_LEAVING, Date.now());
  await until("it is known", () => engine.state.leaving.http.generations === MOST_LEAVING);
  apply("2");
  assert.deepEqual([orders.length, engine.state.waiting.has("host shop.example")], [1, true], "the route keeps its last version");
  left(MOST_LEAVING - 1, Date.now());
  await until("there is room", () => orders.length === 2);
  await until("it is published", () => engine.state.waiting.size === 0);
  left(MOST_LEAVING, Date.now());
  await until("it is known", () => engine.state.leaving.http.generations === MOST_LEAVING);
  apply("3");
  assert.equal(orders.length, 2);
  apply("3", { keepAlive: 77 });
  await until("the operator does not wait", () => orders.length === 3);
  assert.match(orders[2]?.text ?? "", /proxy_next_upstream_timeout 3s;/);
});

test("when the oldest has had its time, nobody waits for it any more", async () => {
  await until("it is published", () => engine.state.waiting.size === 0);
  left(MOST_LEAVING, Date.now() - LEAVING_MS + 300);
  await until("it is known", () => engine.state.leaving.http.since > 0);
  apply("4", { keepAlive: 77 });
  await until("it is ordered", () => orders.length === 4);
});
