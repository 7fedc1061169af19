/** Pods of one release that still answer when those of the next come: nobody waits for them for ever, and what was taken back does not come back with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readKept, textOfKept } from "../../src/rollout/store.ts";
import { KEY, FIRST, arm, GOOD, word, atSecond, failed, type World } from "./world.ts";

const [OLD = ""] = FIRST.owners;
const NEW = "next-7c8d9b5f46";
const NEWER = "next-8d9b5f4c67";

/** Kept and read again, as when another replica leads from now on. */
const again = (one: World): void => one.keeper.restore(readKept(textOfKept(one.keeper.kept)));

test("who undoes an update before its end has a release of the pods that stay, after a minute", () => {
  const one = atSecond();
  one.change({ owners: [OLD, NEW] });
  assert.equal(word(one.pass(300, GOOD, arm(950))), "advancing 1 0");
  assert.equal(word(one.change({ owners: [OLD] })), "advancing 1 0");
  one.pass(50);
  again(one);
  assert.equal(word(one.now()), "advancing 1 0");
  assert.equal(word(one.pass(10)), "advancing 1 5");
  assert.equal(one.now().last, `The pods of ${OLD} stay, and a release begins: the canary gets 5 % of the requests (step 1 of 4)`);
});

test("new pods that are not ready now and then are waited for, and begin one release", () => {
  const one = atSecond();
  for (let times = 0; times < 10; times++) {
    one.change({ owners: [OLD, NEW] });
    one.pass(20, GOOD, arm(950));
    one.change({ owners: [OLD] });
    assert.equal(word(one.pass(40, GOOD, arm(950))), "advancing 1 0");
  }
  assert.equal(word(one.change({ owners: [NEW] })), "advancing 1 5");
  assert.deepEqual(one.reasons(), ["RolloutStarted", "RolloutStep"]);
});

test("the last pod of the release before may come back for a moment", () => {
  const one = atSecond();
  for (const owners of [[OLD, NEW], [NEW], [OLD, NEW]]) one.change({ owners });
  assert.equal(word(one.now()), "advancing 1 0");
  one.change({ owners: [NEW] });
  assert.equal(word(one.pass(61)), "advancing 1 5");
});

test("of several Deployments behind the Service, only the pods of the one that was changed are waited for", () => {
  const one = atSecond({ owners: ["more-6f7d8c9b54", OLD] });
  one.change({ owners: ["more-6f7d8c9b54", OLD, NEW] });
  assert.equal(one.now().waitingFor, `the pods of ${OLD} to be gone, which are of the release before`);
  assert.equal(word(one.change({ owners: ["more-6f7d8c9b54", NEW] })), "advancing 1 5");
});

test("another Deployment behind the Service is waited for a minute, and is let in beside the one that stays", () => {
  const one = atSecond();
  assert.equal(word(one.change({ owners: [OLD, "other-7c8d9b5f46"] })), "advancing 1 0");
  assert.equal(word(one.pass(61)), "advancing 1 5");
});

test("pods that were taken back get nothing when those that came for them go; the next ones begin", () => {
  const one = failed();
  for (const owners of [[OLD, NEW], [OLD, NEW, NEWER], [OLD]]) assert.equal(word(one.change({ owners })), "advancing 1 0");
  one.pass(30);
  again(one);
  assert.equal(word(one.pass(40)), "aborted 1 0");
  assert.match(one.now().last, /^The pods of next-6f7d8c9b54 stay, which were taken back: /);
  assert.equal(word(one.change({ owners: [OLD, NEW] })), "advancing 1 0");
  assert.equal(word(one.change({ owners: [NEW] })), "advancing 1 5");
});

test("who skips while pods are waited for gets the first step, and no other", () => {
  const one = atSecond();
  one.change({ owners: [OLD, NEW] });
  const done = one.keeper.act(KEY, "skip");
  assert.ok(typeof done === "object");
  assert.equal(word(done), "advancing 1 5");
  assert.equal(word(one.change({ owners: [NEW] })), "advancing 1 5");
});
