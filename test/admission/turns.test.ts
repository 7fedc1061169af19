/** Questions to the webhook are answered in turn, and no question takes all of the process's time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { takeTurns } from "../../src/admission/turns.ts";

test("work is done in order, and one that fails stops no other", async () => {
  const inTurn = takeTurns();
  const done: number[] = [];
  const first = inTurn(() => void done.push(1));
  const broken = inTurn(() => {
    throw new Error("broken");
  });
  const last = inTurn(() => void done.push(2));
  await Promise.all([first, assert.rejects(broken, /broken/), last]);
  assert.deepEqual(done, [1, 2]);
});

test("after long work others have their turn before the next", async () => {
  const inTurn = takeTurns();
  const order: string[] = [];
  const long = (name: string) => inTurn(() => {
    const end = performance.now() + 30;
    while (performance.now() < end);
    order.push(name);
  });
  const both = Promise.all([long("first"), long("second")]);
  await new Promise((resolve) => setTimeout(resolve, 40));
  order.push("others");
  await both;
  assert.deepEqual(order, ["first", "others", "second"]);
});
