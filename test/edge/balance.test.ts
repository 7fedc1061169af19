import assert from "node:assert/strict";
import { test } from "node:test";
import { carryOver, firstEndpoint, nextEndpoint } from "../../edge/src/balance.ts";
import type { EdgePool } from "../../edge/src/program.ts";

const poolOf = (count: number): EdgePool => ({ name: "p", endpoints: Array.from({ length: count }, (_, i) => ["10.0.0.1", 80 + i]) });

test("a new pool starts anywhere, then endpoints take turns", () => {
  const pool = poolOf(3);
  const turns = Array.from({ length: 7 }, () => firstEndpoint(pool, (count) => count));
  assert.deepEqual(turns, [2, 0, 1, 2, 0, 1, 2]);
  assert.equal(firstEndpoint(poolOf(3), () => 1), 0);
});

test("retries try every other endpoint before the first one again", () => {
  const pool = poolOf(4);
  for (let first = 0; first < 4; first++) {
    const tried = [first];
    while (tried.length < 4) tried.push(nextEndpoint(pool, tried.at(-1) ?? 0));
    assert.deepEqual([...tried].sort(), [0, 1, 2, 3]);
    assert.equal(nextEndpoint(pool, tried.at(-1) ?? 0), first);
  }
});

test("one endpoint is always the one", () => {
  const pool = poolOf(1);
  assert.deepEqual([firstEndpoint(pool, () => 1), firstEndpoint(pool, () => 1), nextEndpoint(pool, 0)], [0, 0, 0]);
});

test("what was tried is carried over to the pool that took the place of the first", () => {
  const pool = (...ports: number[]): EdgePool => ({ name: "p", endpoints: ports.map((port) => ["10.0.0.1", port]) });
  const carried = (before: EdgePool, now: EdgePool, endpoint: number, tried?: number[]): unknown => {
    const attempt = { endpoint, tried, session: undefined };
    carryOver(attempt, before, now);
    return { endpoint: attempt.endpoint, tried: attempt.tried };
  };
  assert.deepEqual(carried(pool(1, 2, 3), pool(3, 2), 2), { endpoint: 0, tried: [0] });
  assert.deepEqual(carried(pool(1, 2, 3), pool(3, 2), 2, [2, 1]), { endpoint: 0, tried: [0, 1] });
  assert.deepEqual(carried(pool(1, 2), pool(2, 3), 0, [1]), { endpoint: 0, tried: [0] }, "the last has left, an earlier one has not");
  assert.deepEqual(carried(pool(1, 2), pool(3, 4), 1, [0, 1]), { endpoint: -1, tried: undefined });
});
