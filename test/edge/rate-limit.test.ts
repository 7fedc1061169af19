import assert from "node:assert/strict";
import { test } from "node:test";
import { countWithinLimits, recordLifetime, type Limits, type RateRecord } from "../../edge/src/rate-limit.ts";

const empty = (): RateRecord => ({ 0: 0, 1: 0, 2: 0, 3: 0 });
const START = 1_700_000_000_000;
const rps = (rate: number, burst: number): Limits => ({ zone: "shop/web", second: { rate: rate * 1000, burst: burst * 1000 } });

/** How many of `count` requests are admitted when they come `gap` milliseconds apart. */
function admitted(limits: Limits, record: RateRecord, count: number, gap: number, from = START): number {
  let sum = 0;
  for (let i = 0; i < count; i++) if (countWithinLimits(limits, record, from + i * gap)) sum++;
  return sum;
}

test("a burst passes at once, with the request that is within the rate; then the rate holds", () => {
  const record = empty();
  assert.equal(admitted(rps(1, 5), record, 20, 0), 6);
  assert.equal(admitted(rps(1, 5), record, 20, 0, START + 999), 0, "one is free after a second, not before");
  assert.equal(admitted(rps(1, 5), record, 20, 0, START + 1000), 1);
  assert.equal(admitted(rps(1, 5), record, 100, 0, START + 1_000_000), 6, "a bucket that ran empty holds no more than its burst");
});

test("requests at the rate always pass", () => {
  assert.equal(admitted(rps(10, 1), empty(), 1000, 100), 1000);
  assert.equal(admitted(rps(10, 1), empty(), 1000, 50), 501);
});

test("a refused request does not count", () => {
  const record = empty();
  admitted(rps(2, 2), record, 3, 0);
  const before = { ...record };
  assert.equal(countWithinLimits(rps(2, 2), record, START), false);
  assert.deepEqual(record, before);
});

test("a request that one rate refuses is not counted by the other", () => {
  const limits: Limits = { ...rps(100, 500), minute: { rate: Math.floor(1000 / 60), burst: 1000 } };
  const record = empty();
  assert.equal(admitted(limits, record, 50, 0), 2);
  assert.deepEqual({ ...record }, { 0: START, 1: 1000, 2: START, 3: 1000 });
});

test("a clock that goes back does not open or close anything for long", () => {
  const record = empty();
  admitted(rps(1, 1), record, 2, 0);
  assert.equal(countWithinLimits(rps(1, 1), record, START - 5000), false);
  assert.equal(countWithinLimits(rps(1, 1), record, START - 100_000), false);
  assert.equal(countWithinLimits(rps(1, 1), record, START + 1000), true);
});

test("a record is worth keeping exactly as long as it says something", () => {
  const limits = rps(3, 7);
  const record = empty();
  admitted(limits, record, 8, 0);
  const after = START + recordLifetime(limits, record);
  const [old, fresh] = [{ ...record }, empty()];
  for (let i = 0; i < 10; i++) assert.equal(countWithinLimits(limits, old, after), countWithinLimits(limits, fresh, after));
  assert.deepEqual(old, fresh);
});
