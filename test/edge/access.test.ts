import assert from "node:assert/strict";
import { test } from "node:test";
import { ABSTAIN, FORBIDDEN, judge, PASS, UNAUTHORIZED } from "../../edge/src/access.ts";

function judged(any: boolean, ...verdicts: readonly number[]): { readonly verdict: number; readonly asked: number } {
  let asked = 0;
  const checks = verdicts.map((verdict) => () => {
    asked++;
    return verdict;
  });
  return { verdict: judge(checks, {}, {}, any), asked };
}

test("all: the first refusal decides, and nobody is asked after it", () => {
  assert.deepEqual(judged(false), { verdict: PASS, asked: 0 });
  assert.deepEqual(judged(false, ABSTAIN, PASS, PASS), { verdict: PASS, asked: 3 });
  assert.deepEqual(judged(false, FORBIDDEN, UNAUTHORIZED), { verdict: FORBIDDEN, asked: 1 });
  assert.deepEqual(judged(false, PASS, UNAUTHORIZED, PASS), { verdict: UNAUTHORIZED, asked: 2 });
});

test("any: the first that passes decides; else 401 before 403", () => {
  assert.deepEqual(judged(true, FORBIDDEN, PASS, UNAUTHORIZED), { verdict: PASS, asked: 2 });
  assert.deepEqual(judged(true, FORBIDDEN, UNAUTHORIZED), { verdict: UNAUTHORIZED, asked: 2 });
  assert.deepEqual(judged(true, UNAUTHORIZED, FORBIDDEN), { verdict: UNAUTHORIZED, asked: 2 });
  assert.deepEqual(judged(true, FORBIDDEN, ABSTAIN), { verdict: FORBIDDEN, asked: 2 });
  assert.deepEqual(judged(true, ABSTAIN, ABSTAIN), { verdict: PASS, asked: 2 });
});

test("a check that fails ends it either way: what cannot be checked lets nobody in", () => {
  assert.deepEqual(judged(true, FORBIDDEN, 503, PASS), { verdict: 503, asked: 2 });
  assert.deepEqual(judged(false, PASS, 500, PASS), { verdict: 500, asked: 2 });
});
