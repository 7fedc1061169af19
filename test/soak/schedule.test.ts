/** The soak's schedule: repeatable by its seed, complete, and with a quiet end in each round. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { schedule } from "../../bench/soak/schedule.ts";
import { createRandom } from "../support/random.ts";

const KINDS = ["worker", "master", "agent"] as const;

test("the same seed gives the same schedule, another seed another", () => {
  assert.deepEqual(schedule(60, KINDS, createRandom(1)), schedule(60, KINDS, createRandom(1)));
  assert.notDeepEqual(schedule(60, KINDS, createRandom(1)), schedule(60, KINDS, createRandom(2)));
});

test("each round has everything once, in its first two thirds, one after the other", () => {
  const plan = schedule(60, KINDS, createRandom(1));
  assert.deepEqual(plan.map(({ at }) => at), plan.map(({ at }) => at).sort((a, b) => a - b));
  for (const round of [0, 1, 2]) {
    const of = plan.filter(({ at }) => Math.floor(at / 1200) === round);
    assert.deepEqual(of.map(({ kind }) => kind).sort(), [...KINDS].sort());
    assert.ok(of.every(({ at }) => at % 1200 < 0.68 * 1200));
  }
});

test("a run of one minute has one round", () => {
  assert.equal(schedule(1, KINDS, createRandom(1)).length, 3);
});
