/** What a release is a release of, what changes it, and what people may do with it: the keeper in virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeclaredRollout } from "../../src/rollout/shapes.ts";
import { readKept, textOfKept } from "../../src/rollout/store.ts";
import { KEY, spec, STEPS, FIRST, arm, NONE, GOOD, BAD, word, world, atSecond, failed } from "./world.ts";

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
  // While pods of both answer, nobody can tell them apart.
  assert.equal(word(one.change({ owners: [...FIRST.owners, "next-7c8d9b5f46"] })), "advancing 1 0");
  assert.match(one.now().waitingFor ?? "", /^the pods of next-6f7d8c9b54 to be gone/);
  assert.equal(word(one.pass(30, BAD, arm(950))), "advancing 1 0");
  assert.equal(word(one.change({ owners: ["next-7c8d9b5f46"] })), "advancing 1 5");
  assert.deepEqual(one.reasons(), ["RolloutStarted", "RolloutStep"]);
  assert.equal(word(one.pass(12, GOOD, arm(950))), "advancing 2 20");
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
  assert.match(one.now().last, /^Promoted at step 2 of 4, before it was ready: /);
  assert.equal(word(one.change({ primary: FIRST.primary })), "aborted 2 0");
  assert.match(one.now().last, /^The primary is shop\/web\/80 again: /);
  assert.equal(word(one.change({ owners: ["next-8d9b5f4c67"] })), "advancing 1 50");
});

test("a failed release stays failed while pods of the next one come, and begins when its own are gone", () => {
  const one = atSecond();
  one.pass(5, BAD, arm(950));
  assert.equal(word(one.now()), "failed 2 0");
  assert.equal(word(one.change({ owners: [...FIRST.owners, "next-7c8d9b5f46"] })), "advancing 1 0");
  // Pods that are not ready for a moment have not gone.
  assert.equal(word(one.change({ owners: [] })), "advancing 1 0");
  assert.equal(word(one.change({ owners: [...FIRST.owners, "next-7c8d9b5f46"] })), "advancing 1 0");
  assert.equal(word(one.change({ owners: ["next-7c8d9b5f46"] })), "advancing 1 5");
});

test("errors of both versions take nobody back and bring nobody forward", () => {
  const one = atSecond();
  assert.equal(word(one.pass(40, arm(50, 25), arm(950, 475))), "advancing 2 20");
  assert.equal(word(one.pass(14, GOOD, arm(950))), "advancing 3 50");
});

test("errors that the annotation allows keep no canary from its next step; others are told", () => {
  const allowed = world({ spec: spec(STEPS, { errors: 0.2 }) });
  assert.equal(word(allowed.pass(60, arm(50, 7), arm(950))), "ready 4 100");
  const one = atSecond();
  assert.match(one.pass(5, arm(50, 25), arm(950, 475)).waitingFor ?? "", /^fewer errors/);
});

test("where latency counts, no step is taken before it is known what is slow", () => {
  const one = world({ spec: spec([50, 100], { latency: { quantile: 0.99, bound: { within: 1.5 } } }) });
  assert.equal(word(one.pass(15, arm(10), arm(10))), "advancing 1 50");
  assert.match(one.now().waitingFor ?? "", /to know what is slow/);
  assert.equal(word(one.pass(12, arm(10), arm(10))), "advancing 2 100");
});

test("another latency rule at 100 % knows from the primary's times what is slow by it", () => {
  const took = (requests: number): ReturnType<typeof arm> => ({ requests, errors: 0, times: [58, requests] });
  for (const before of [{}, { latency: { quantile: 0.99, bound: { milliseconds: 2000 } } }]) {
    for (const bound of [{ milliseconds: 100 }, { milliseconds: 500 }, { within: 1.5 }]) {
      const one = world({ spec: spec(STEPS, before) });
      assert.equal(word(one.pass(60, took(50), took(950))), "ready 4 100");
      one.change({ spec: spec(STEPS, { latency: { quantile: 0.99, bound } }) });
      assert.equal(word(one.pass(60, took(1000), NONE)), "ready 4 100");
    }
  }
});

test("a promotion is taken back when no place has it any more, and not by a host or a primary that comes or is away", () => {
  const one = world({ canary: ["shop/api/80", "shop/next/80"], primary: ["shop/api/80", "shop/next/80"] });
  const at = (...primary: string[]): string => word(one.change({ canary: ["shop/api/80", "shop/next/80"], primary }));
  for (const primary of [["shop/old/80", "shop/next/80"], ["", "shop/next/80"], ["", ""]]) assert.equal(at(...primary), "promoted 1 0");
  assert.deepEqual(one.reasons(), []);
  assert.equal(at("shop/old/80", "shop/web/80"), "aborted 1 0");
  assert.equal(at("shop/api/80", "shop/next/80"), "promoted 1 0");
  assert.match(one.now().last, /^Promoted, although it had been taken back: /);
});

test("who skips past what canary-weight allows is told so", () => {
  const one = atSecond({ most: 20 });
  assert.match(String(one.keeper.act(KEY, "skip")), /held by canary-weight, which allows 20 %/);
  assert.equal(word(one.now()), "advancing 2 20");
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
  assert.equal(one.now().waitingFor, "canary-weight, which allows 30 %");
  assert.equal(word(one.change({ most: 0 })), "advancing 2 0");
  assert.equal(word(one.change({ most: 50 })), "advancing 2 20");
  assert.equal(word(one.pass(1, GOOD, arm(950))), "advancing 3 50");
  assert.match(world({ most: 0 }).now().last, /the canary gets 0 % of the requests \(step 1 of 4\)/);
});

test("a release that is held is judged all the same", () => {
  const one = atSecond();
  one.keeper.act(KEY, "pause");
  assert.equal(one.now().waitingFor, "somebody to resume it");
  assert.equal(word(one.pass(100, GOOD, arm(950))), "paused 2 20");
  assert.equal(word(one.pass(20, BAD, arm(950))), "failed 2 0");
});

test("totals only grow, over steps and releases", () => {
  const one = failed();
  const { canary, primary, failures } = one.keeper.totals(KEY);
  assert.ok(canary.requests > 600 && canary.errors >= 50 && primary.requests > 12_000 && failures === 1);
  one.keeper.act(KEY, "restart");
  one.pass(1, GOOD, GOOD);
  assert.deepEqual(one.keeper.totals(KEY), { canary: { requests: canary.requests + 50, errors: canary.errors }, primary: { requests: primary.requests + 50, errors: 0 }, failures: 1 });
});

test("what a replica counts that does not decide makes its state no newer; what it takes back does, and so does a change without requests", () => {
  const one = atSecond();
  const { revision } = one.keeper.kept;
  const guard = (canary = GOOD): boolean => (one.keeper.count([{ rollout: KEY, canary, primary: arm(950) }]), one.keeper.guard());
  for (let second = 0; second < 30; second++) guard();
  assert.equal(one.keeper.kept.revision, revision);
  while (!guard(BAD));
  assert.equal(one.keeper.kept.revision, revision + 1);
  one.declared = { ...FIRST, primary: FIRST.canary };
  one.keeper.tick();
  assert.equal(one.keeper.kept.revision, revision + 2);
});
