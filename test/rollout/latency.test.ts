/** Times in buckets: what is usual, and what is slow beside it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { bucketOfTime, boundOfTime } from "../../edge/src/arms.ts";
import { addTimes, quantileOfTimes, slowAbove, slowOnes, type Times } from "../../src/rollout/latency.ts";

const of = (...times: readonly number[]): Times => times.reduce<Times>((all, time) => addTimes(all, { [bucketOfTime(time)]: 1 }), {});

test("a bucket holds what is above the bound before and not above its own, a twelfth apart", () => {
  fc.assert(fc.property(fc.double({ min: 1.001, max: 1e6, noNaN: true }), (milliseconds) => {
    const bucket = bucketOfTime(milliseconds);
    assert.ok(milliseconds <= boundOfTime(bucket) * (1 + 1e-12) && milliseconds > boundOfTime(bucket - 1) * (1 - 1e-12));
  }));
  assert.equal(bucketOfTime(0), 0);
  assert.ok(boundOfTime(9) / boundOfTime(8) < 1.0906);
});

test("what is usual is known from two hundred requests on, and what is long ago counts for less", () => {
  assert.equal(quantileOfTimes(of(...Array.from({ length: 199 }, () => 10)), 0.99), undefined);
  const usual = of(...Array.from({ length: 990 }, () => 10), ...Array.from({ length: 10 }, () => 500));
  assert.equal(quantileOfTimes(usual, 0.99), boundOfTime(bucketOfTime(10)));
  assert.equal(quantileOfTimes(usual, 0.991), boundOfTime(bucketOfTime(500)));
  let drifting: Times = {};
  for (let i = 0; i < 100; i++) drifting = addTimes(drifting, { [bucketOfTime(10)]: 1000 });
  for (let i = 0; i < 100; i++) drifting = addTimes(drifting, { [bucketOfTime(80)]: 1000 });
  assert.equal(quantileOfTimes(drifting, 0.5), boundOfTime(bucketOfTime(80)));
});

test("slow is what is above so many times the usual, or above a fixed time", () => {
  const usual = of(...Array.from({ length: 300 }, () => 100));
  const above = slowAbove({ quantile: 0.99, bound: { within: 1.5 } }, usual) as number;
  assert.ok(above >= 150 && above < 165);
  assert.deepEqual(slowOnes(of(10, 140, above, 2 * above), above), { requests: 4, bad: 1 });
  assert.equal(slowAbove({ quantile: 0.99, bound: { within: 1.5 } }, {}), undefined);
  assert.equal(slowAbove({ quantile: 0.99, bound: { milliseconds: 800 } }, {}), 800);
});
