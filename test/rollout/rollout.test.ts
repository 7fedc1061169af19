/** A release by evidence, in virtual time. `npm run bench:rollout` tries thousands of each kind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded, simulate } from "../../bench/rollout/simulate.ts";
import { SCENARIOS } from "../../bench/rollout/scenarios.ts";
import type { RolloutSpec } from "../../src/model/shapes/rollout.ts";
import { advance, AT_THE_START, weightOf, type ArmInterval, type RolloutState } from "../../src/rollout/rollout.ts";

const SPEC: RolloutSpec = {
  steps: [5, 20, 50, 100].map((weight) => ({ weight, lasts: 60_000, requests: 500 })),
  errors: 0.01, latency: { quantile: 0.99, bound: { within: 1.5 } }, onFailure: "back",
};
const RELEASES = 12;

for (const { name, worse, arms } of SCENARIOS) {
  test(`${name}: ${worse ? "taken back" : "gets through"}`, () => {
    for (let seed = 1; seed <= RELEASES; seed++) {
      const { state } = simulate({ spec: SPEC, rate: 100, arms, random: seeded(seed) });
      assert.equal(state.phase, worse ? "failed" : "ready", `seed ${seed}: ${JSON.stringify({ step: state.step, verdict: state.verdict })}`);
      assert.equal(weightOf(SPEC, state), worse ? 0 : 100);
      if (worse) assert.equal(state.verdict, name === "twice as slow" ? "latency" : "errors");
    }
  });
}

const arm = (requests: number, errors = 0): ArmInterval => ({ requests, errors, times: { 20: requests - errors } });
const after = (seconds: number, canary: ArmInterval, primary: ArmInterval, from: RolloutState = AT_THE_START): RolloutState => {
  let state = from;
  for (let second = 0; second < seconds; second++) state = advance(SPEC, state, { canary, primary, milliseconds: 1000 }, seeded(second));
  return state;
};

test("a step takes its time and its requests, both", () => {
  assert.equal(after(59, arm(50), arm(950)).step, 0, "too short");
  assert.equal(after(60, arm(50), arm(950)).step, 1);
  assert.equal(after(499, arm(1), arm(19)).step, 0, "too few requests");
  assert.equal(after(500, arm(1), arm(19)).step, 1);
});

test("without requests of both arms nothing goes on", () => {
  for (const [canary, primary] of [[arm(0), arm(100)], [arm(10), arm(0)], [arm(10, 10), arm(0)], [arm(0), arm(0)]] as const) {
    const { phase, step, lasted, requests } = after(10_000, canary, primary);
    assert.deepEqual({ phase, step, lasted, requests }, { phase: "advancing", step: 0, lasted: 0, requests: 0 });
  }
});

test("what failed stays as it is, at 0 or where it was", () => {
  const failed = after(30, arm(5, 5), arm(95));
  assert.deepEqual([failed.phase, failed.verdict, weightOf(SPEC, failed), weightOf({ ...SPEC, onFailure: "hold" }, failed)], ["failed", "errors", 0, 5]);
  assert.equal(after(1000, arm(50), arm(950), failed), failed);
});

test("the state survives a file", () => {
  const half = after(90, arm(20), arm(180));
  const read = JSON.parse(JSON.stringify(half)) as RolloutState;
  assert.deepEqual(after(200, arm(20), arm(180), read), after(200, arm(20), arm(180), half));
});
