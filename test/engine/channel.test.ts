/** Who is sent what, and whose acknowledgement counts: the channel with subscribers of the test's own. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame } from "../../edge/src/program.ts";
import { Channel } from "../../src/engine/channel.ts";
import { Ledger } from "../../src/engine/ledger.ts";
import { lineReader } from "../../src/engine/lines.ts";
import { AGENT_TOKEN } from "../../src/engine/locks.ts";
import type { AgentOrder, EngineStatus, FromSubscriber } from "../../src/engine/protocol.ts";
import type { Part } from "../../src/compile/program.ts";
import { runtimeFolder } from "../support/engine.ts";
import { follower, holdings, holdingsOf, type Follower } from "./follower.ts";
import { hostPart, poolPart } from "./parts.ts";

const MASTER = 7;
const status = (config: string): EngineStatus => ({ master: MASTER, config, profiles: {} });

let folder: string;
let ledger: Ledger;
let channel: Channel;
let closing: (() => void)[];

beforeEach(async () => {
  folder = runtimeFolder();
  ledger = new Ledger();
  closing = [];
  channel = new Channel(ledger, { agent: () => undefined, progress: () => undefined, message: () => undefined, log: () => undefined });
  await channel.listen(`${folder}/control.sock`, undefined);
  channel.running(status("new"));
});
afterEach(async () => {
  for (const close of closing) close();
  await channel.close();
  rmSync(folder, { recursive: true });
});

interface Peer extends Follower {
  readonly orders: AgentOrder[];
  say(message: object): void;
}

/** A subscriber that acknowledges every commit. */
function peer(hello: object): Peer {
  const socket = connect(`${folder}/control.sock`);
  closing.push(() => socket.destroy());
  const one = follower();
  const orders: AgentOrder[] = [];
  const say = (message: object): void => void socket.write(JSON.stringify(message) + "\n");
  socket.on("data", lineReader((line) => {
    const message = JSON.parse(line) as Frame | AgentOrder;
    if (message.op === "runs" || message.op === "nobody-connected") orders.push(message);
    else one.hear([line]);
    if (message.op === "commit") say({ op: "ack", generation: one.tables.generation } satisfies FromSubscriber);
  }));
  say(hello);
  return { ...one, orders, say };
}

const worker = (slot: number, config: string, more: object = {}): Peer =>
  peer({ op: "hello", role: "worker", slot, pid: 100 + slot, master: MASTER, config, generation: 0, digest: "", ...more });

function agent(): Peer {
  const token = readFileSync(`${folder}/${AGENT_TOKEN}`, "utf8");
  return peer({ op: "hello", role: "agent", pid: 1, token, facts: {}, status: status("old"), stream: status(""), digest: "", keepsKeys: true });
}

function publish(...parts: readonly Part[]): void {
  channel.publish(new Map(parts.map((one) => [one.key, one])));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !holds(); await sleep(5)) assert.ok(Date.now() < deadline, `not within 10 s: ${what}; ${JSON.stringify(channel.progress(1))}`);
}

test("a worker that was taken for an old one counts only when it has got everything, once its configuration turns out to run", async () => {
  channel.running(status("other"));
  const [one] = [worker(0, "new"), agent()];
  publish(poolPart("p", 1), hostPart("x.example", "/"));
  await until("endpoints arrived", () => one.tables.generation === 1);
  assert.deepEqual(Object.keys(holdings(one.tables)), ["pool p"]);
  channel.running(status("new"));
  assert.equal(channel.progress(1).programmed, 0, "it acknowledged endpoints, not the Program");
  await until("it is caught up", () => channel.progress(1).programmed === 1);
  assert.deepEqual(holdings(one.tables), holdingsOf(ledger.parts()));
  publish(hostPart("y.example", "/"));
  await until("it follows", () => channel.progress(1).programmed === 2);
  assert.deepEqual(holdings(one.tables), holdingsOf(ledger.parts()));
});

test("a worker of the configuration that nginx is about to run gets everything, and its word goes to the agent", async () => {
  channel.running(status("old"));
  const listener = agent();
  publish(hostPart("x.example", "/"));
  await until("the agent follows", () => listener.tables.generation === 1);
  channel.expect("new");
  const one = worker(0, "new");
  worker(1, "old");
  peer({ op: "hello", role: "worker", slot: 2, pid: 5, master: MASTER + 1, config: "new", generation: 0, digest: "" });
  await until("it is caught up", () => holdings(one.tables)["host x.example"] !== undefined);
  await until("the agent knows", () => listener.orders.length > 0);
  assert.deepEqual(listener.orders, [{ op: "runs", config: "new", pid: 100 }]);
});

test("one that exits does not stand for its slot, though it runs the same configuration", async () => {
  const fresh = worker(0, "new");
  const [leaving] = [worker(0, "new", { pid: 99 }), agent()];
  leaving.say({ op: "exiting" });
  publish(poolPart("p", 1));
  await until("programmed", () => channel.progress(1).programmed === 1 && fresh.tables.generation === 1);
  assert.equal(channel.progress(1).workers, 1);
  for (const close of closing.slice(0, 1)) close();
  await until("the slot is empty", () => channel.progress(1).workers === 0);
});

test("a farewell asks every worker, and the agent is told when all of them count no client", async () => {
  const listener = agent();
  const [one, other] = [worker(0, "new"), worker(1, "new")];
  publish(poolPart("p", 1));
  await until("all follow", () => channel.progress(2).programmed === 1);
  channel.sayFarewell(5, 1, 2);
  one.say({ op: "retired", farewell: 1, connections: 0 });
  other.say({ op: "retired", farewell: 1, connections: 3 });
  channel.sayFarewell(5, 2, 3);
  for (const each of [one, other]) each.say({ op: "retired", farewell: 2, connections: 0 });
  await sleep(50);
  assert.deepEqual(listener.orders, [], "a client is connected; a worker is missing");
  channel.sayFarewell(5, 3, 2);
  for (const each of [one, other]) each.say({ op: "retired", farewell: 3, connections: 0 });
  await until("the agent knows", () => listener.orders.length > 0);
  assert.deepEqual(listener.orders, [{ op: "nobody-connected", farewell: 3 }]);
  channel.sayFarewell(5, 4, 2);
  one.say({ op: "retired", farewell: 4, connections: 0 });
  const { catchUps } = channel.counts;
  worker(1, "new", { pid: 77 });
  await until("another worker has come", () => channel.counts.catchUps > catchUps);
  other.say({ op: "retired", farewell: 4, connections: 0 });
  await sleep(50);
  assert.equal(listener.orders.length, 1, "the one that has come knows nothing of it");
});
