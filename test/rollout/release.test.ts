/** What a release is a release of, what changes it, and what people may do with it: the keeper in virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../bench/rollout/simulate.ts";
import type { ArmCells } from "../../edge/src/arms.ts";
import type { RolloutSpec } from "../../src/model/shapes/rollout.ts";
import { createKeeper, type Keeper } from "../../src/rollout/keeper.ts";
import { ROLLOUT_ACTIONS, type DeclaredRollout, type Told } from "../../src/rollout/release.ts";
import type { RolloutStatus } from "../../src/rollout/status.ts";
import { readKept, textOfKept } from "../../src/rollout/store.ts";

const KEY = "shop/next";
const spec = (weights: readonly number[], more: Partial<RolloutSpec> = {}): RolloutSpec => ({
  steps: weights.map((weight) => ({ weight, lasts: 10_000, requests: 100 })), errors: 0.01, onFailure: "back", ...more,
});
const STEPS = [5, 20, 50, 100];
const FIRST: DeclaredRollout = { spec: spec(STEPS), most: 100, uid: "1", canary: ["shop/next/80"], primary: ["shop/web/80"], owners: ["next-6f7d8c9b54"] };

interface World {
  readonly keeper: Keeper;
  readonly told: Told[];
  /** Undefined: the Ingress is gone. */
  declared: DeclaredRollout | undefined;
  now(): RolloutStatus;
  /** Lets seconds pass, with requests of both arms. */
  pass(seconds: number, canary?: ArmCells, primary?: ArmCells): RolloutStatus;
  change(change: Partial<DeclaredRollout>): RolloutStatus;
  reasons(): string[];
}

const arm = (requests: number, errors = 0): ArmCells => ({ requests, errors, times: [20, requests - errors] });
const NONE = arm(0);
const GOOD = arm(50);
const BAD = arm(50, 50);

function world(first: Partial<DeclaredRollout> = {}): World {
  const told: Told[] = [];
  let time = 1_700_000_000_000;
  const keeper = createKeeper({
    declared: { take() {}, now: () => new Map(one.declared ? [[KEY, one.declared]] : []), any: true },
    now: () => time, random: seeded(1), tell: (_key, what) => void told.push(what),
  });
  const one: World = {
    keeper, told, declared: { ...FIRST, ...first },
    now() {
      const [status] = keeper.statuses();
      assert.ok(status, "there is a release");
      return status;
    },
    pass(seconds, canary = NONE, primary = NONE) {
      for (let second = 0; second < seconds; second++) {
        time += 1000;
        keeper.count([{ rollout: KEY, canary, primary }]);
        keeper.tick();
      }
      return keeper.statuses()[0] as RolloutStatus;
    },
    change(change) {
      one.declared = { ...(one.declared ?? FIRST), ...change };
      return one.pass(1);
    },
    reasons: () => told.splice(0).map(({ reason }) => reason),
  };
  one.pass(1);
  return one;
}

/** At 20 %, the second of four steps. */
function atSecond(first: Partial<DeclaredRollout> = {}): World {
  const one = world(first);
  const { step, weight } = one.pass(12, GOOD, arm(950));
  assert.deepEqual([step, weight], [2, Math.min(20, one.declared?.most ?? 100)]);
  one.reasons();
  return one;
}

function failed(first: Partial<DeclaredRollout> = {}): World {
  const one = atSecond(first);
  assert.equal(one.pass(5, BAD, arm(950)).status, "failed");
  assert.deepEqual(one.reasons(), ["RolloutFailed"]);
  return one;
}

const word = ({ status, step, weight }: RolloutStatus): string => `${status} ${step} ${weight}`;

test("a release begins at its first step, and goes on by evidence until it is ready", () => {
  const one = world();
  assert.equal(word(one.now()), "advancing 1 5");
  assert.equal(one.keeper.weights().get(KEY)?.weight, 5);
  one.pass(60, GOOD, arm(950));
  assert.equal(word(one.now()), "ready 4 100");
  assert.deepEqual(one.reasons(), ["RolloutStarted", "RolloutStep", "RolloutStep", "RolloutStep", "RolloutReady"]);
});

test("new pods of a Deployment are a new release; fewer pods, or none that is ready, are none", () => {
  const one = atSecond();
  assert.equal(word(one.change({ owners: [] })), "advancing 2 20");
  assert.equal(word(one.change({ owners: FIRST.owners })), "advancing 2 20");
  assert.equal(word(one.change({ owners: [...FIRST.owners, "next-7c8d9b5f46"] })), "advancing 1 5");
  assert.deepEqual(one.reasons(), ["RolloutStarted"]);
  assert.equal(word(one.pass(12, GOOD, arm(950))), "advancing 2 20");
  assert.equal(word(one.change({ owners: ["next-7c8d9b5f46"] })), "advancing 2 20");
  // Who goes back to the old template has another release, too.
  assert.equal(word(one.change({ owners: FIRST.owners })), "advancing 1 5");
});

test("a pod of a StatefulSet that restarts is no new release; all of them replaced are one", () => {
  const one = atSecond({ owners: ["pod/a", "pod/b"] });
  assert.equal(word(one.change({ owners: ["pod/b"] })), "advancing 2 20");
  assert.equal(word(one.change({ owners: ["pod/b", "pod/c"] })), "advancing 2 20");
  assert.equal(word(one.change({ owners: ["pod/c", "pod/d"] })), "advancing 1 5");
  assert.match(one.now().last, /All pods of the canary were replaced/);
  const broken = failed({ owners: ["pod/a", "pod/b"] });
  assert.equal(word(broken.change({ owners: ["pod/b", "pod/c"] })), "failed 2 0");
  assert.equal(word(broken.change({ owners: ["pod/c", "pod/d"] })), "advancing 1 5");
});

test("another Service, and an Ingress that was made anew, are new releases", () => {
  for (const change of [{ canary: ["shop/other/80"] }, { uid: "2" }]) {
    const one = atSecond();
    assert.equal(word(one.change(change)), "advancing 1 5");
    assert.deepEqual(one.reasons(), ["RolloutStarted"]);
    const broken = failed();
    assert.equal(word(broken.change(change)), "advancing 1 5");
  }
});

test("a Service of several that is missing for a while is no new release", () => {
  const one = failed({ canary: ["shop/api/80", "shop/next/80"], primary: ["shop/old-api/80", "shop/web/80"] });
  assert.equal(word(one.change({ canary: ["shop/next/80"], primary: ["shop/web/80"] })), "failed 2 0");
  assert.equal(word(one.change({ canary: ["shop/api/80", "shop/next/80"], primary: ["shop/old-api/80", "shop/web/80"] })), "failed 2 0");
  assert.equal(word(one.change({ canary: ["shop/api/80", "shop/other/80"] })), "advancing 1 5");
});

test("huge numbers that a worker says take no time", () => {
  const one = world();
  const huge = arm(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  const begun = performance.now();
  assert.equal(one.pass(3, huge, huge).status, "advancing");
  assert.ok(performance.now() - begun < 2000);
});

test("another primary, and another host, are none", () => {
  const one = atSecond();
  assert.equal(word(one.change({ primary: ["shop/other/80"] })), "advancing 2 20");
  // One of two hosts has the canary's Service already: it is promoted when both have.
  assert.equal(word(one.change({ canary: ["shop/next/80", "shop/next/80"], primary: ["shop/next/80", "shop/web/80"] })), "advancing 2 20");
  assert.equal(word(one.change({ canary: ["shop/next/80"], primary: ["shop/next/80"] })), "promoted 2 0");
  assert.deepEqual(one.reasons(), ["RolloutPromoted"]);
});

test("another spec goes on at the step that has no more weight", () => {
  const one = atSecond();
  assert.equal(word(one.change({ spec: spec([10, 30, 100]) })), "advancing 1 10");
  assert.deepEqual(one.reasons(), ["RolloutChanged"]);
  assert.equal(word(one.pass(12, GOOD, arm(950))), "advancing 2 30");
  assert.equal(word(one.change({ spec: spec([1, 2, 30, 40]) })), "advancing 3 30");
});

test("what is promoted gets nothing of its own, whatever its pods do; back at the old primary, new pods begin", () => {
  const one = atSecond();
  const promoted = { primary: FIRST.canary };
  assert.equal(word(one.change(promoted)), "promoted 2 0");
  assert.equal(word(one.change({ owners: ["next-7c8d9b5f46"] })), "promoted 2 0");
  assert.equal(word(one.change({ spec: spec([50]) })), "promoted 2 0");
  assert.equal(word(one.pass(100, GOOD, GOOD)), "promoted 2 0");
  assert.deepEqual(one.reasons(), ["RolloutPromoted"]);
  assert.equal(word(one.change({ primary: FIRST.primary })), "promoted 2 0");
  assert.equal(word(one.change({ owners: ["next-8d9b5f4c67"] })), "advancing 1 50");
});

test("a release that is not known, of a canary that the primary points to, is promoted without a word", () => {
  const one = world({ primary: FIRST.canary });
  assert.equal(word(one.now()), "promoted 1 0");
  assert.equal(word(one.change({ canary: ["shop/other/80"], primary: ["shop/other/80"] })), "promoted 1 0");
  assert.match(one.now().last, /the primary is shop\/other\/80/);
  assert.deepEqual(one.reasons(), []);
});

test("what is away for less than ten minutes is the same release", () => {
  const one = atSecond();
  for (const [seconds, expected] of [[590, "advancing 2 20"], [610, "advancing 1 5"]] as const) {
    const before = one.declared as DeclaredRollout;
    one.declared = undefined;
    one.pass(seconds);
    assert.deepEqual(one.keeper.statuses(), []);
    one.declared = before;
    assert.equal(word(one.pass(1)), expected);
  }
});

test("what failed stays failed, with the figures by which it did", () => {
  const one = failed();
  const { arms } = one.now();
  assert.ok(arms.canary.errors >= 50 && arms.canary.requests > arms.canary.errors && arms.primary.errors === 0);
  assert.ok(arms.primary.took !== undefined);
  assert.equal(word(one.pass(100, NONE, arm(1000))), "failed 2 0");
  assert.deepEqual(one.now().arms, arms);
  assert.equal(word(one.change({ primary: ["shop/other/80"] })), "failed 2 0");
  one.keeper.act(KEY, "restart");
  assert.equal(word(one.now()), "advancing 1 5");
  assert.equal(word(failed().change({ owners: ["next-7c8d9b5f46"] })), "advancing 1 5");
});

test("ReplicaSets whose pods come and go do not begin what failed", () => {
  const one = failed({ owners: ["next-6f7d8c9b54", "more-6f7d8c9b54"] });
  one.change({ owners: ["more-6f7d8c9b54"] });
  assert.equal(word(one.change({ owners: ["next-6f7d8c9b54", "more-6f7d8c9b54"] })), "failed 2 0");
});

test("no word of the annotation gives weight to what failed, and the release survives a file with it", () => {
  const hold = { onFailure: "hold" } as const;
  for (const [before, after, expected] of [
    [spec(STEPS), spec(STEPS, hold), "failed 2 0"], [spec(STEPS), spec([50]), "failed 1 0"], [spec(STEPS), spec([10]), "failed 1 0"],
    [spec(STEPS, hold), spec(STEPS), "failed 2 0"], [spec(STEPS, hold), spec([50, 100], hold), "failed 2 20"], [spec(STEPS, hold), spec([10, 60], hold), "failed 1 10"],
  ] as const) {
    const one = failed({ spec: before });
    assert.equal(word(one.change({ spec: after })), expected);
    one.pass(3, GOOD, GOOD);
    one.keeper.restore(readKept(textOfKept(one.keeper.kept)));
    assert.equal(word(one.pass(1)), expected);
    assert.deepEqual(one.reasons(), []);
  }
});

test("on-failure: hold leaves the canary what it has, until a person says more", () => {
  const one = failed({ spec: spec(STEPS, { onFailure: "hold" }) });
  assert.equal(word(one.pass(100, GOOD, arm(950))), "failed 2 20");
  const resumed = one.keeper.act(KEY, "resume");
  assert.ok(typeof resumed === "object");
  assert.equal(word(resumed), "advancing 2 20");
  assert.equal(word(one.pass(12, GOOD, arm(950))), "advancing 3 50");
});

test("canary-weight is a ceiling, below which the release is held", () => {
  const one = atSecond({ most: 30 });
  assert.equal(word(one.pass(100, GOOD, arm(950))), "advancing 2 20");
  assert.equal(one.now().waitingFor, "canary-weight allows 30 %");
  assert.equal(word(one.change({ most: 0 })), "advancing 2 0");
  assert.equal(word(one.change({ most: 50 })), "advancing 2 20");
  assert.equal(word(one.pass(1, GOOD, arm(950))), "advancing 3 50");
  assert.match(world({ most: 0 }).now().last, /the canary gets 0 % of the requests \(step 1 of 4\)/);
});

test("a release that is held is judged all the same", () => {
  const one = atSecond();
  one.keeper.act(KEY, "pause");
  assert.equal(one.now().waitingFor, "a person paused it");
  assert.equal(word(one.pass(100, GOOD, arm(950))), "paused 2 20");
  assert.equal(word(one.pass(20, BAD, arm(950))), "failed 2 0");
});

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
  advancing: ["paused 2 20", "no", "advancing 3 50", "aborted 2 0", "advancing 1 5"],
  paused: ["no", "advancing 2 20", "paused 3 50", "aborted 2 0", "advancing 1 5"],
  ready: ["no", "no", "no", "aborted 4 0", "advancing 1 5"],
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
      assert.equal(one.reasons().length, typeof done === "string" ? 0 : 1, says);
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

test("totals only grow, over steps and releases", () => {
  const one = failed();
  const { canary, primary, failures } = one.keeper.totals(KEY);
  assert.ok(canary.requests > 600 && canary.errors >= 50 && primary.requests > 12_000 && failures === 1);
  one.keeper.act(KEY, "restart");
  one.pass(1, GOOD, GOOD);
  assert.deepEqual(one.keeper.totals(KEY), { canary: { requests: canary.requests + 50, errors: canary.errors }, primary: { requests: primary.requests + 50, errors: 0 }, failures: 1 });
});
