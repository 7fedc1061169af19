import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { oneAtATime } from "../src/support/one-at-a-time.ts";

/** Work that ends when it is told to. */
function held() {
  const ends: ((error?: Error) => void)[] = [];
  const all = oneAtATime(() => new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve()))));
  return { all, ends };
}

test("calls while a run is under way share the next one, and each resolves with the run that it asked for", async () => {
  const { all, ends } = held();
  const said: string[] = [];
  const tell = (name: string): void => void all.run().then(() => said.push(name));
  tell("first");
  assert.equal(ends.length, 1, "it begins at once");
  tell("second");
  tell("third");
  ends[0]?.();
  while (ends.length < 2) await turn();
  assert.deepEqual(said, ["first"]);
  // Asked for again and again, nobody who waits for an earlier run waits for the later ones.
  tell("fourth");
  ends[1]?.();
  while (ends.length < 3) await turn();
  assert.deepEqual(said, ["first", "second", "third"]);
  ends[2]?.();
  while (said.length < 4) await turn();
  assert.deepEqual([ends.length, all.underWay()], [3, undefined]);
});

test("between two runs whoever waits has a turn", async () => {
  const { all, ends } = held();
  void all.run();
  void all.run();
  let looked = 0;
  void all.underWay()?.then(() => {
    assert.equal(all.underWay(), undefined);
    looked = ends.length;
  });
  ends[0]?.();
  while (ends.length < 2) await turn();
  assert.equal(looked, 1);
  ends[1]?.();
});

test("a run that fails tells those who asked for it, and the next one runs", async () => {
  const { all, ends } = held();
  const first = all.run();
  const second = all.run();
  ends[0]?.(new Error("broken"));
  await assert.rejects(first, /broken/);
  while (ends.length < 2) await turn();
  ends[1]?.();
  await second;
});
