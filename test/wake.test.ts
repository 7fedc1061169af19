import assert from "node:assert/strict";
import { test } from "node:test";
import { wake } from "../src/support/wake.ts";

const DAY = 24 * 3600 * 1000;

test("the one timer wakes at its moment, however far that is, and at no other", (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"], now: 0 });
  const ending = new AbortController();
  const woken: number[] = [];
  const { at } = wake(() => woken.push(Date.now()), ending.signal);
  at(400 * DAY + 5);
  for (let day = 0; day < 400; day++) t.mock.timers.tick(DAY);
  assert.deepEqual(woken, []);
  t.mock.timers.tick(5);
  assert.deepEqual(woken, [400 * DAY + 5]);
  at(500 * DAY);
  at(401 * DAY);
  t.mock.timers.tick(DAY - 5);
  at(undefined);
  for (let day = 0; day < 200; day++) t.mock.timers.tick(DAY);
  assert.deepEqual(woken, [400 * DAY + 5, 401 * DAY]);
  at(0);
  t.mock.timers.tick(1);
  assert.equal(woken.length, 3, "a moment that has passed");
  at(Date.now() + 5);
  ending.abort();
  t.mock.timers.tick(DAY);
  at(Date.now() + 5);
  t.mock.timers.tick(DAY);
  assert.equal(woken.length, 3);
});
