/** Which frames each subscriber is sent, and whose acknowledgement counts: the channel with subscribers of the test's own. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
let messages: FromSubscriber[];

beforeEach(async () => {
  folder = runtimeFolder();
  ledger = new Ledger();
  closing = [];
  messages = [];
  channel = new Channel(ledger, { agent: () => undefined, progress: () => undefined, message: (message) => messages.push(message), log: () => undefined });
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
  /** The frames that it was sent: of a commit the generation, of others the operation and the part. */
  readonly frames: string[];
  say(message: object): void;
  leave(): void;
  /** The other side has closed the connection. */
  ended(): boolean;
}

/** A subscriber. It acknowledges every commit, unless `answers` is false: then the test does it. */
function peer(hello: object, answers = true): Peer {
  const socket = connect(`${folder}/control.sock`);
  closing.push(() => socket.destroy());
  const one = follower();
  const orders: AgentOrder[] = [];
  const frames: string[] = [];
  const say = (message: object): void => void socket.write(JSON.stringify(message) + "\n");
  socket.on("data", lineReader((line) => {
    const message = JSON.parse(line) as Frame | AgentOrder;
    if (message.op === "runs" || message.op === "nobody-connected") orders.push(message);
    else {
      frames.push(nameOf(message as Frame));
      one.hear([line]);
    }
    if (message.op === "commit" && answers) say({ op: "ack", generation: one.tables.generation } satisfies FromSubscriber);
  }));
  say(hello);
  return { ...one, orders, frames, say, leave: () => socket.destroy(), ended: () => socket.readableEnded };
}

function nameOf(frame: Frame): string {
  if (frame.op === "commit") return `commit ${frame.generation}`;
  return frame.op === "set" || frame.op === "drop" ? `${frame.op} ${frame.kind} ${frame.id}` : frame.op;
}

const worker = (slot: number, config: string, more: object = {}, answers = true): Peer =>
  peer({ op: "hello", role: "worker", slot, pid: 100 + slot, master: MASTER, config, generation: 0, digest: "", ...more }, answers);

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
  leaving.say({ op: "done" });
  await until("its connection is closed", leaving.ended);
  for (const close of closing.slice(0, 1)) close();
  await until("the slot is empty", () => channel.progress(1).workers === 0);
});

test("a Program too large for one turn: what is said and published meanwhile follows it, in order and at once", async () => {
  const listener = agent();
  const [one] = [worker(0, "new")];
  publish(poolPart("first", 1));
  await until("both follow", () => channel.progress(1).programmed === 1);
  const large = (version: number): Part[] => Array.from({ length: 3000 }, (_, i) => hostPart(`h${i}.example`, `/${version}${"x".repeat(1000)}`));
  publish(...large(1));
  channel.order({ op: "nobody-connected", farewell: 7 });
  assert.ok(channel.counts.bytes < 2_000_000, `${channel.counts.bytes} bytes in one turn`);
  publish(poolPart("meanwhile", 1));
  publish(poolPart("meanwhile", 2));
  listener.say({ op: "anew" });
  await until("programmed", () => channel.progress(1).programmed === 4 && listener.frames.filter((name) => name === "reset").length > 0 && listener.frames.at(-1) === "commit 4");
  for (const peer of [one, listener]) assert.deepEqual(holdings(peer.tables), holdingsOf(ledger.parts()));
  assert.deepEqual(one.frames.filter((name) => !name.startsWith("set host")), ["reset", "set pool first", "commit 1", "commit 2", "set pool meanwhile", "commit 4"]);
  assert.deepEqual(listener.orders, [{ op: "nobody-connected", farewell: 7 }]);
  publish(poolPart("last", 1));
  await until("both follow still", () => channel.progress(1).programmed === 5);
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

test("every subscriber gets the generations in order, each with a commit at its end, and nothing before the first", async () => {
  const [early, other] = [worker(0, "new"), agent()];
  await until("the channel knows both", () => channel.progress(1).workers === 1 && !channel.progress(1).behind.some((one) => one.startsWith("agent")));
  assert.deepEqual([early.frames, other.frames], [[], []]);
  publish(poolPart("p", 1));
  publish(hostPart("x.example", "/"));
  channel.publish(new Map([[poolPart("p", 1).key, undefined]]));
  await until("all have it", () => channel.progress(1).programmed === 3);
  for (const { frames } of [early, other]) {
    assert.deepEqual(frames.slice(-6), ["set pool p", "commit 1", "set host x.example", "commit 2", "drop pool p", "commit 3"]);
    assert.ok(frames.slice(0, -6).every((one) => one === "reset"), "a subscriber that holds nothing known is told to forget it");
  }
  assert.equal(channel.counts.deltas, 3);
});

test("one that comes back with what it had is sent what it missed, and counts at once where that is nothing", async () => {
  agent();
  publish(poolPart("p", 1), hostPart("x.example", "/"));
  const { digest } = ledger;
  const same = worker(0, "new", { digest });
  await until("it counts", () => channel.progress(1).programmed === 1);
  assert.deepEqual(same.frames, ["commit 1"]);
  same.leave();
  await until("it is missed", () => channel.progress(1).workers === 0);
  publish(hostPart("y.example", "/"));
  const late = worker(0, "new", { digest });
  await until("it has caught up", () => channel.progress(1).programmed === 2);
  assert.deepEqual(late.frames, ["set host y.example", "commit 2"]);
});

test("programmed is what each slot and the agent have acknowledged; who is behind is named", async () => {
  publish(poolPart("p", 1));
  const first = worker(0, "new");
  await until("one slot follows", () => channel.progress(2).behind.length === 2);
  assert.deepEqual(channel.progress(2), { programmed: 0, workers: 1, behind: ["agent (not connected)", "worker 1 (not connected)"] });
  assert.equal(channel.order({ op: "measure" }), false, "there is no agent to be ordered");
  const second = worker(1, "new", {}, false);
  agent();
  await until("the second is asked", () => second.frames.includes("commit 1"));
  assert.deepEqual(channel.progress(2), { programmed: 0, workers: 2, behind: ["worker 1 (at generation 0)"] });
  publish(poolPart("p", 2));
  await until("the first has all", () => first.tables.generation === 2);
  second.say({ op: "ack", generation: 1 });
  await until("the first generation", () => channel.progress(2).programmed === 1);
  assert.deepEqual(channel.progress(2).behind, ["worker 1 (at generation 1)"]);
  second.say({ op: "ack", generation: 99 });
  await until("the second generation", () => channel.progress(2).programmed === 2);
  publish(poolPart("p", 3));
  assert.equal(channel.progress(2).programmed, 2, "a word about a generation that there was not yet is no word about it");
});

test("a worker of an older configuration gets endpoints only, and is waited for as long as it accepts", async () => {
  channel.running(status("old"));
  const [old] = [worker(0, "old"), agent()];
  publish(poolPart("p", 1));
  await until("it follows", () => channel.progress(1).programmed === 1);
  channel.running(status("new"));
  assert.equal(channel.draining, true);
  const fresh = worker(0, "new");
  publish(hostPart("x.example", "/"), poolPart("p", 2));
  await until("the new one has all", () => fresh.tables.generation === 2 && old.tables.generation === 2);
  assert.deepEqual(old.frames.slice(-2), ["set pool p", "commit 2"]);
  await until("the new one has acknowledged", () => channel.progress(1).behind.length === 1);
  assert.deepEqual(channel.progress(1), { programmed: 1, workers: 1, behind: [`worker 0 of an earlier nginx (pid 100)`] });
  old.say({ op: "exiting" });
  await until("nobody waits for it", () => channel.progress(1).programmed === 2);
  publish(poolPart("p", 3));
  await until("its requests still need endpoints", () => old.tables.generation === 3 && channel.progress(1).programmed === 3);
  old.leave();
  await until("it is gone", () => !channel.draining);
});

test("a worker of a master that died, with the same configuration, is waited for while it accepts, and its counts of connections are nobody's", async () => {
  agent();
  publish(poolPart("p", 1));
  const [one, orphan] = [worker(0, "new"), worker(0, "new", { pid: 50, master: MASTER - 1 }, false)];
  await until("both follow", () => one.tables.generation === 1 && orphan.frames.includes("commit 1"));
  assert.deepEqual(channel.progress(1), { programmed: 0, workers: 1, behind: ["worker 0 of an earlier nginx (pid 50)"] });
  const counts = { op: "connections", accepted: 1, handled: 1, requests: 1, active: 1, reading: 0, writing: 1, waiting: 0 };
  orphan.say({ ...counts, accepted: 1000 });
  orphan.say({ op: "ack", generation: 1 });
  await until("it has acknowledged", () => channel.progress(1).programmed === 1);
  one.say(counts);
  await until("a worker that runs is heard", () => messages.length > 0);
  assert.deepEqual(messages, [counts]);
});

test("the socket is open to this user alone, and replaces one that was left behind", async () => {
  writeFileSync(`${folder}/other.sock`, "left behind");
  const other = new Channel(ledger, { agent: () => undefined, progress: () => undefined, message: () => undefined, log: () => undefined });
  await other.listen(`${folder}/other.sock`, undefined);
  try {
    const made = statSync(`${folder}/other.sock`);
    assert.deepEqual([made.isSocket(), made.mode & 0o777, statSync(`${folder}/${AGENT_TOKEN}`).mode & 0o777], [true, 0o600, 0o600]);
  } finally {
    await other.close();
  }
});

test("a worker that comes while somebody watches is told to note every request, for what is left", async () => {
  const [early, ours] = [worker(0, "new"), agent()];
  publish(hostPart("x.example", "/"));
  await until("both follow", () => channel.progress(1).programmed === 1);
  channel.watch(10);
  await until("it is told", () => early.frames.includes("watch"));
  const late = worker(1, "new");
  await until("the late one is told, too", () => late.frames.includes("watch"));
  assert.ok(!ours.frames.includes("watch"), "the agent is not");
  channel.watch(0);
  const later = worker(2, "new");
  await until("it follows", () => later.frames.includes("commit 1"));
  assert.ok(!later.frames.includes("watch"), "nobody watches any more");
});
