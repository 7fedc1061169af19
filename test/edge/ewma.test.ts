import assert from "node:assert/strict";
import { test } from "node:test";
import { betterOfTwo, decayed, lastOf } from "../../edge/src/ewma.ts";

const near = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

test("an average fades by 1/e in ten seconds, and takes in what is measured", () => {
  near(decayed(2, 10, 0), 2 / Math.E);
  near(decayed(2, 0, 7), 2);
  near(decayed(2, 10, 1), 2 / Math.E + (1 - 1 / Math.E));
  near(decayed(2, -5, 1), 2);
});

test("of two different endpoints the better one is taken", () => {
  const scores: Record<string, number> = { a: 3, b: 1, c: 2 };
  const pick = (...draws: number[]): number => betterOfTwo(["a", "b", "c"], undefined, () => draws.shift() ?? 1, (peer) => scores[peer] ?? 0);
  assert.equal(pick(1, 1), 1); // a and b
  assert.equal(pick(2, 2), 1); // b and c
  assert.equal(pick(1, 2), 2); // a and c
  assert.equal(pick(3, 1), 2); // c and a
});

test("what was tried is left out until everything was", () => {
  const pick = (tried: number[]): Set<number> =>
    new Set(Array.from({ length: 200 }, () => betterOfTwo(["a", "b", "c", "d"], tried, (count) => 1 + Math.floor(Math.random() * count), () => 0)));
  assert.deepEqual(pick([1, 3]), new Set([0, 2]));
  assert.deepEqual(pick([0, 1, 2]), new Set([3]));
  assert.equal(pick([0, 1, 2, 3]).size, 4);
  assert.equal(betterOfTwo(["a"], [0], () => 1, () => 0), 0);
});

test("the last of nginx's values is that of the last try", () => {
  assert.deepEqual(["0.004", "-, 0.120", "0.1, 0.2 : 0.3", "-", ""].map(lastOf), ["0.004", "0.120", "0.3", "-", ""]);
});
