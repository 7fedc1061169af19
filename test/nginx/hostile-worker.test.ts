/** What an attacker who controls a worker could say on the channel: the worker loses its connection, and nothing else happens. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startSluice, type Sluice } from "../support/sluice.ts";

let sluice: Sluice;
before(async () => {
  sluice = await startSluice();
});
after(() => sluice?.stop());

const hello = { op: "hello", role: "worker", slot: 7, pid: 1, master: 1, config: "x", generation: 0, digest: "" };

/** Sends these lines on a new connection; resolves when the controller closes it. */
async function say(...lines: string[]): Promise<void> {
  const socket: Socket = connect(join(sluice.runtimeDir, "control.sock"));
  socket.on("error", () => socket.destroy());
  socket.resume();
  socket.write(lines.map((line) => `${line}\n`).join(""));
  await new Promise((resolve) => socket.once("close", resolve));
}

for (const [what, lines] of [
  ["rows that are none", [JSON.stringify(hello), JSON.stringify({ op: "counters", rows: [{ x: "1", requests: 1 }] })]],
  ["a number for rows", ['{"op":"counters","rows":5}']],
  ["the agent's word without its hello", ['{"op":"engine","status":null}']],
  ["the agent's word as a worker", [JSON.stringify(hello), '{"op":"engine","status":{"master":1,"config":"x","profiles":{}},"event":"reloaded"}']],
  ["a forged agent", [JSON.stringify({ op: "hello", role: "agent", token: "0".repeat(64), facts: {}, status: {} })]],
  ["no JSON", ["hello"]],
] as const) {
  test(`${what}: the connection is closed, everything goes on`, async () => {
    const before = await sluice.generation();
    await say(...lines);
    assert.deepEqual(await sluice.sync(), before);
    assert.equal((await sluice.ask("/readyz")).status, 200);
  });
}

test("a line without end is cut off", async () => {
  const socket = connect(join(sluice.runtimeDir, "control.sock"));
  socket.on("error", () => socket.destroy());
  socket.resume();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const chunk = Buffer.alloc(1024 * 1024, "x");
  for (let i = 0; i < 20 && !socket.destroyed; i++) await new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
  await closed;
  assert.equal((await sluice.ask("/readyz")).status, 200);
});
