import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineState } from "../../src/engine/engine.ts";
import { createReadiness } from "../../src/report/readiness.ts";
import { SERVING } from "../support/engine-state.ts";

function clocked() {
  const world = { observed: 0, programmed: 0, seconds: 0, behind: ["worker 1 (at generation 1)"] as readonly string[] };
  const state = (): EngineState => ({ ...SERVING, ...world });
  const readiness = createReadiness(state, () => world.seconds * 1000);
  const everybodyKeepsUp = (): void => void (world.behind = []);
  return { ...readiness, everybodyKeepsUp, at: (seconds: number, observed: number, programmed: number) => Object.assign(world, { seconds, observed, programmed }) };
}

test("nothing is ready before something is programmed", () => {
  const { problem, at } = clocked();
  assert.match(problem() ?? "", /first reading/);
  at(1, 1, 0);
  assert.match(problem() ?? "", /worker 1/);
  at(2, 1, 1);
  assert.equal(problem(), undefined);
});

test("behind for a moment is normal, getting nowhere is not; catching up mends it", () => {
  const { problem, at } = clocked();
  at(0, 1, 1);
  problem();
  at(5, 2, 1);
  assert.equal(problem(), undefined);
  at(14, 9, 1);
  assert.equal(problem(), undefined);
  at(15, 9, 1);
  assert.match(problem() ?? "", /generation 9 is not acknowledged by worker 1/);
  at(16, 9, 9);
  assert.equal(problem(), undefined);
});

test("stuck is told after ten seconds, of an adopted nginx too, and not while it is made ready", () => {
  const { problem, stuck, at } = clocked();
  at(0, 1, 0);
  assert.equal(stuck(), undefined);
  at(1, 2, 1);
  assert.match(problem() ?? "", /nothing is programmed yet/);
  assert.equal(stuck(), undefined);
  at(11, 2, 1);
  assert.match(stuck() ?? "", /they are not acknowledged by worker 1/);
  at(12, 2, 2);
  assert.equal(stuck(), undefined);
});

test("what is stuck is told by one sentence, however many changes come meanwhile", () => {
  const { stuck, at } = clocked();
  at(0, 1, 1);
  at(1, 2, 1);
  stuck();
  at(12, 3, 1);
  const said = stuck();
  assert.ok(said);
  at(13, 9, 1);
  assert.equal(stuck(), said);
});

test("probes that happen to look in the middle of changes see progress between them", () => {
  const { problem, at } = clocked();
  for (let probe = 0; probe < 10; probe++) {
    at(probe * 10, 5 + probe, 4 + probe);
    if (probe === 0) at(0, 4, 4);
    assert.equal(problem(), undefined, `probe ${probe}`);
  }
});

test("what waits for a reload is no reason to turn traffic away, once something was programmed", () => {
  const { problem, at, everybodyKeepsUp } = clocked();
  everybodyKeepsUp();
  at(0, 1, 0);
  assert.notEqual(problem(), undefined);
  at(1, 1, 1);
  assert.equal(problem(), undefined);
  for (const seconds of [2, 30]) {
    at(seconds, 2, 1);
    assert.equal(problem(), undefined);
  }
});
