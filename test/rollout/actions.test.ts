/** What people may do with a release, in each of its states. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ROLLOUT_ACTIONS } from "../../src/rollout/release.ts";
import { KEY, spec, STEPS, FIRST, arm, GOOD, word, world, atSecond, failed, type World } from "./world.ts";

const STATES: Readonly<Record<string, () => World>> = {
  advancing: () => atSecond(),
  paused() {
    const one = atSecond();
    one.keeper.act(KEY, "pause");
    return one;
  },
  ready() {
    const one = world();
    one.pass(60, GOOD, arm(950));
    return one;
  },
  failed: () => failed(),
  held: () => failed({ spec: spec(STEPS, { onFailure: "hold" }) }),
  aborted() {
    const one = atSecond();
    one.keeper.act(KEY, "abort");
    return one;
  },
  promoted() {
    const one = atSecond();
    one.change({ primary: FIRST.canary });
    return one;
  },
};

/** State → what each of ROLLOUT_ACTIONS (pause, resume, skip, abort, restart) makes of it; `no`: it is refused, and nothing changes. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  advancing: ["paused 2 20", "advancing 2 20", "advancing 3 50", "aborted 2 0", "advancing 1 5"],
  paused: ["paused 2 20", "advancing 2 20", "paused 3 50", "aborted 2 0", "advancing 1 5"],
  ready: ["no", "ready 4 100", "no", "aborted 4 0", "advancing 1 5"],
  failed: ["no", "no", "no", "aborted 2 0", "advancing 1 5"],
  held: ["no", "advancing 2 20", "no", "aborted 2 0", "advancing 1 5"],
  aborted: ["no", "no", "no", "no", "advancing 1 5"],
  promoted: ["no", "no", "no", "no", "no"],
};

for (const [state, expected] of Object.entries(ACTIONS)) {
  test(`what a person may do with a release: ${state}`, () => {
    for (const [index, action] of ROLLOUT_ACTIONS.entries()) {
      const one = STATES[state]?.() ?? assert.fail();
      one.reasons();
      const before = word(one.now());
      const done = one.keeper.act(KEY, action);
      const says = `${state}, ${action}: ${JSON.stringify(done)}`;
      assert.equal(typeof done === "string" ? "no" : done && word(done), expected[index], says);
      const hadIt = (action === "pause" && state === "paused") || (action === "resume" && (state === "advancing" || state === "ready"));
      assert.equal(one.reasons().length, typeof done === "string" || hadIt ? 0 : 1, says);
      const after = word(one.pass(1));
      assert.equal(after, typeof done === "string" ? before : expected[index], says);
      assert.equal(one.keeper.weights().get(KEY)?.weight, one.now().weight);
    }
  });
}

test("actions on what there is not are refused without a word", () => {
  const one = world();
  one.declared = undefined;
  assert.equal(one.keeper.act(KEY, "restart"), undefined);
  assert.equal(one.keeper.act("shop/nobody", "pause"), undefined);
});
