/** Deadlines by a clock that may be set. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isOver, newDeadline, putDeadline, secondsLeft } from "../../edge/src/deadline.ts";

test("a deadline is over when its time has come, and when the clock was set back before it was put", () => {
  const deadline = newDeadline(1000, 5);
  assert.deepEqual([1000, 1004.9, 1005, 2000, 999.9, 1].map((now) => isOver(deadline, now)), [false, false, true, true, true, true]);
  putDeadline(deadline, 1, 10);
  assert.deepEqual([1, 10.5, 11, 0.5].map((now) => isOver(deadline, now)), [false, false, true, true]);
});

test("no more is left than was put, whatever the clock says", () => {
  const deadline = newDeadline(1000, 60);
  assert.deepEqual([1000, 1030, 1060, 2000, 0].map((now) => secondsLeft(deadline, now)), [60, 30, 0, 0, 60]);
  assert.ok(isOver(newDeadline(0, 0), 0));
});
