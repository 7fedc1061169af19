/** No second has more requests than the rate says and a tenth, whoever asks and however slowly. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sendPace } from "../../src/replay/pace.ts";

/** The moments (ms) at which so many calls resolve; between them `busy` ms pass. */
async function moments(rate: number, calls: number, busy = 0): Promise<readonly number[]> {
  let now = 1000;
  const clock = { now: () => now, wait: async (ms: number): Promise<void> => void (now += ms) };
  const pace = sendPace(rate, clock);
  const all: number[] = [];
  for (let call = 0; call < calls; call++) {
    await pace(new AbortController().signal);
    all.push(now);
    now += busy;
  }
  return all;
}

for (const rate of [1, 7, 50, 1000]) {
  test(`${rate} a second`, async () => {
    for (const busy of [0, 3, 2000]) {
      const all = await moments(rate, 3 * rate, busy);
      for (const from of all) {
        const within = all.filter((at) => at >= from && at < from + 1000 - 1e-6).length;
        assert.ok(within <= rate + Math.max(1, rate / 10), `${within} in a second`);
      }
    }
  });
}

test("calls at the same time wait one after the other", async () => {
  const waits: number[] = [];
  const pace = sendPace(10, { now: () => 0, wait: async (ms) => void waits.push(ms) });
  await Promise.all(Array.from({ length: 4 }, () => pace(new AbortController().signal)));
  assert.deepEqual(waits, [100, 200, 300]);
});
