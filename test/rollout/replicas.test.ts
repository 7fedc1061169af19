/** What replicas say to each other: who may speak, what counts, and once. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import type { ArmsRow } from "../../edge/src/arms.ts";
import { createFollowerSide, createLeaderSide, newKey, ownUrl, SIGNATURE_HEADER, type LeaderSide } from "../../src/rollout/replicas.ts";
import { readLeader } from "../../src/rollout/lease-notes.ts";

const ROW: ArmsRow = { rollout: "shop/next", canary: { requests: 3, errors: 1, times: [8, 2] }, primary: { requests: 9, errors: 0, times: [8, 9] } };

interface Heard {
  readonly url: string;
  readonly key: string;
  readonly rows: ArmsRow[];
  readonly side: LeaderSide;
  /** Bodies and signatures as they came. */
  readonly letters: { readonly body: string; readonly signature: string }[];
  /** Changes what is answered. */
  spoil: (answer: string) => string;
}

async function startLeader(t: TestContext, now?: () => number): Promise<Heard> {
  const rows: ArmsRow[] = [];
  const key = newKey();
  const side = createLeaderSide({ count: (more) => void rows.push(...more), act: async (_key, action) => (action === "pause" ? "it is paused already" : undefined), state: () => ({ kept: "state", statuses: [] }), ...(now ? { now } : {}) });
  const heard: Heard = { url: "", key, rows, side, letters: [], spoil: (answer) => answer };
  const server = createServer((request, response) => void (async () => {
    const body = await text(request);
    const signature = String(request.headers[SIGNATURE_HEADER]);
    heard.letters.push({ body, signature });
    const answer = await side.hear(body, signature, key);
    if (!answer) return response.writeHead(403).end();
    return response.writeHead(200, { [SIGNATURE_HEADER]: answer.signature }).end(heard.spoil(answer.body));
  })());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  return Object.assign(heard, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

test("what a replica counted arrives, and the state comes back", async (t) => {
  const leader = await startLeader(t);
  const answer = await createFollowerSide("a").tell(leader, [ROW]);
  assert.deepEqual([answer.kept, answer.statuses, answer.done], ["state", [], undefined]);
  assert.deepEqual(leader.rows, [ROW]);
});

test("an action is done where it is decided: its refusal, and that there is none such, come back", async (t) => {
  const leader = await startLeader(t);
  const follower = createFollowerSide("a");
  assert.equal((await follower.tell(leader, [], { key: "shop/next", action: "pause" })).done, "it is paused already");
  assert.equal((await follower.tell(leader, [], { key: "shop/next", action: "skip" })).done, null);
});

test("a message counts once, and none without the key: neither sent again, nor changed, nor signed with another", async (t) => {
  const leader = await startLeader(t);
  await createFollowerSide("a").tell(leader, [ROW]);
  const [{ body, signature } = { body: "", signature: "" }] = leader.letters;
  assert.equal(await leader.side.hear(body, signature, leader.key), undefined, "again");
  assert.equal(await leader.side.hear(body.replace('"requests":3', '"requests":4'), signature, leader.key), undefined, "changed");
  assert.equal(await leader.side.hear(body, "0".repeat(64), leader.key), undefined);
  assert.equal(await leader.side.hear(body, "", leader.key), undefined);
  await assert.rejects(createFollowerSide("b").tell({ ...leader, key: newKey() }, [ROW]), /HTTP status 403/);
  assert.deepEqual(leader.rows, [ROW]);
});

test("an answer that is not the leader's is none", async (t) => {
  const leader = await startLeader(t);
  leader.spoil = (answer) => answer.replace("state", "other");
  await assert.rejects(createFollowerSide("a").tell(leader, []), /not the leader/);
});

test("rows that are none are not counted", async (t) => {
  const leader = await startLeader(t);
  for (const row of [{ ...ROW, rollout: "../x" }, { ...ROW, canary: { requests: 1, errors: 2, times: [] } }, { ...ROW, primary: { requests: -1, errors: 0, times: [] } }, { ...ROW, canary: { ...ROW.canary, times: [999, 1] } }]) {
    await assert.rejects(createFollowerSide("a").tell(leader, [row]), /403/);
  }
  assert.deepEqual(leader.rows, []);
});

test("a replica that falls silent is named, and forgotten in time; one that leaves is not", async (t) => {
  let now = 0;
  const leader = await startLeader(t, () => now);
  const [stays, leaves] = [createFollowerSide("stays"), createFollowerSide("leaves")];
  await stays.tell(leader, []);
  await leaves.tell(leader, []);
  await leaves.leave(leader);
  assert.deepEqual(leader.side.silent(), []);
  now = 6000;
  assert.deepEqual(leader.side.silent(), ["stays"]);
  now = 100_000;
  assert.deepEqual(leader.side.silent(), []);
});

test("the address of a leader is an address, and nothing else", () => {
  const key = "a".repeat(64);
  assert.deepEqual(readLeader(JSON.stringify({ url: "http://10.0.0.5:10254", key })), { url: "http://10.0.0.5:10254", key });
  assert.deepEqual(readLeader(JSON.stringify({ url: "http://[fd00::5]:10254", key }))?.url, "http://[fd00::5]:10254");
  for (const url of ["http://evil.example:80", "https://10.0.0.5:1", "http://10.0.0.5:1/x", "http://10.0.0.5", "http://user@10.0.0.5:1", "file:///etc"]) assert.equal(readLeader(JSON.stringify({ url, key })), undefined, url);
  for (const none of [undefined, "", "[]", "null", "{}", '{"url":1}', JSON.stringify({ url: "http://10.0.0.5:1", key: "x" })]) assert.equal(readLeader(none), undefined, none);
  assert.equal(ownUrl("127.0.0.1", 10254), "http://127.0.0.1:10254");
  assert.equal(ownUrl("", 10254, { POD_IP: "fd00::1" }), "http://[fd00::1]:10254");
});
