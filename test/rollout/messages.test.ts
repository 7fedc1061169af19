/** What a replica counted reaches the leader whole, however many releases and workers there are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ArmsRow } from "../../edge/src/arms.ts";
import { addRows, rowsOfCounted } from "../../src/rollout/counted.ts";
import { inMessages, LONGEST_MESSAGE } from "../../src/rollout/replicas.ts";

const row = (rollout: string, buckets: number): ArmsRow => ({
  rollout, canary: { requests: 3, errors: 1, times: Array.from({ length: buckets }, (_, at) => [at, 1_000_000]).flat() }, primary: { requests: 1, errors: 0, times: [5, 1] },
});

test("rows of several workers become one for each release, and as many messages as they need", () => {
  const rows = Array.from({ length: 4000 }, (_, at) => row(`shop/release-${at % 1000}`, 100));
  const sums = rowsOfCounted(addRows(new Map(), rows));
  assert.equal(sums.length, 1000);
  assert.deepEqual([sums[0]?.canary.requests, sums[0]?.canary.errors, sums[0]?.canary.times.slice(0, 4), sums[0]?.primary.times], [12, 4, [0, 4_000_000, 1, 4_000_000], [5, 4]]);
  const parts = inMessages(sums);
  assert.ok(parts.length > 1);
  assert.deepEqual(parts.flat(), sums);
  for (const part of parts) assert.ok(JSON.stringify(part).length < LONGEST_MESSAGE);
  assert.deepEqual(inMessages([]), []);
});
