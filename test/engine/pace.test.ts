import assert from "node:assert/strict";
import { test } from "node:test";
import { newPace, paceReloaded, paceWait } from "../../src/engine/step/pace.ts";

class Pace {
  #pace;

  constructor(intervalMs: number) {
    this.#pace = newPace(intervalMs);
  }
  wait = (namespaces: readonly string[], now: number): number => paceWait(this.#pace, namespaces, now);
  reloaded(namespaces: readonly string[], now: number): void {
    this.#pace = paceReloaded(this.#pace, namespaces, now);
  }
}

/** The times of reloads, in seconds up to `until`, when `greedy` asks for one without a pause. */
function reloadsOf(pace: Pace, until: number): number[] {
  const at: number[] = [];
  for (let now = pace.wait(["greedy"], 0); now < until * 1000; now += pace.wait(["greedy"], now)) {
    at.push(Math.round(now / 1000));
    pace.reloaded(["greedy"], now);
  }
  return at;
}

test("four at once, then one in an interval, then one in six for who keeps asking", () => {
  assert.deepEqual(reloadsOf(new Pace(10_000), 300), [0, 0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 120, 180, 240]);
  assert.equal(reloadsOf(new Pace(10_000), 3600).length, 69);
});

test("each interval without a reload gives one of those at once back", () => {
  const pace = new Pace(10_000);
  for (let i = 0; i < 4; i++) pace.reloaded([], 0);
  assert.deepEqual([pace.wait([], 0), pace.wait([], 9_000), pace.wait([], 10_000)], [10_000, 1000, 0]);
  pace.reloaded([], 25_000);
  pace.reloaded([], 25_000);
  assert.deepEqual([pace.wait([], 25_000), pace.wait([], 30_000)], [5000, 0], "two were back, and half of a third");
  for (let i = 0; i < 4; i++) {
    assert.equal(pace.wait([], 500_000), 0);
    pace.reloaded([], 500_000);
  }
  assert.equal(pace.wait([], 500_000), 10_000);
});

test("others do not wait for it, and it goes along with them", () => {
  const pace = new Pace(10_000);
  const [last = 0] = reloadsOf(pace, 200).slice(-1);
  const now = last * 1000;
  assert.equal(pace.wait(["greedy"], now + 10_000), 50_000);
  assert.equal(pace.wait(["greedy", "modest"], now + 1000), 0);
  assert.equal(pace.wait(["modest"], now + 10_000), 0);
  pace.reloaded(["greedy", "modest"], now + 10_000);
  assert.equal(pace.wait(["greedy"], now + 70_000), 0, "not more than after its own");
  assert.equal(pace.wait(["modest"], now + 20_000), 0);
});

test("what is long ago is forgotten; without an interval nobody waits", () => {
  const pace = new Pace(10_000);
  reloadsOf(pace, 200);
  assert.equal(pace.wait(["greedy"], 2_000_000), 0);
  const free = new Pace(0);
  for (let i = 0; i < 100; i++) free.reloaded(["greedy"], i);
  assert.equal(free.wait(["greedy"], 100), 0);
});
