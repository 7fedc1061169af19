/** Evidence against a canary: fair where it is no worse than the margin, whatever else goes on, and strong where it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { alarmAt, beginAnew, doubt, NO_EVIDENCE, observe, observeAlone, strength, type Evidence, type Tally } from "../../src/rollout/evidence.ts";
import { seeded } from "../../bench/rollout/simulate.ts";

const MARGIN = 0.01;
const tally = fc.nat({ max: 300 }).chain((requests) => fc.record({ requests: fc.constant(requests), bad: fc.nat({ max: requests }) }));

/** Mean of how many times as rich whoever bets gets in one interval, over many intervals in which each request is bad by chance. */
function meanGain(canary: { readonly requests: number; readonly share: number }, primary: typeof canary, rounds: number): number {
  const random = seeded(7);
  const drawn = ({ requests, share }: typeof canary): Tally => ({ requests, bad: Array.from({ length: requests }, () => (random() < share ? 1 : 0)).reduce<number>((sum, one) => sum + one, 0) });
  let sum = 0;
  for (let round = 0; round < rounds; round++) sum += Math.exp(strength(observe(NO_EVIDENCE, drawn(canary), drawn(primary), MARGIN, random)));
  // The first of those who bet has half of all that is believed.
  return (2 * sum) / rounds;
}

test("bets on a canary that is no worse than the margin gain nothing on average, whatever the shares and the sizes of the arms", () => {
  for (const [canary, primary] of [[1, 1], [1, 30], [5, 5], [5, 40], [40, 5], [30, 1]] as const) {
    for (const share of [0, 0.001, 0.05, 0.3, 0.9]) {
      const most = meanGain({ requests: canary, share: share + MARGIN }, { requests: primary, share }, 20_000);
      assert.ok(most < 1.05, `${canary} beside ${primary} requests, ${share}: ${most}`);
      const alike = meanGain({ requests: canary, share }, { requests: primary, share }, 20_000);
      assert.ok(alike < 1.03, `${canary} beside ${primary} requests, both ${share}: ${alike}`);
    }
  }
});

test("the alarm is raised within a few hundred requests of 5 % more errors, and within twenty of nothing else", () => {
  const untilAlarm = (bad: (request: number) => number): number => {
    let evidence = NO_EVIDENCE;
    for (let request = 1; ; request++) {
      evidence = observe(evidence, { requests: 1, bad: bad(request) }, { requests: 19, bad: 0 }, MARGIN, seeded(request));
      if (strength(evidence) >= alarmAt(0.005)) return request;
    }
  };
  assert.ok(untilAlarm(() => 1) <= 20);
  assert.ok(untilAlarm((request) => (request % 20 === 0 ? 1 : 0)) <= 400);
});

test("what both arms do at the same time says nothing against the canary", () => {
  let evidence = NO_EVIDENCE;
  for (let second = 0; second < 500; second++) {
    const bad = second % 10 === 0 ? 0.5 : 0;
    evidence = observe(evidence, { requests: 10, bad: 10 * bad }, { requests: 90, bad: 90 * bad }, MARGIN, seeded(second));
    assert.ok(strength(evidence) < alarmAt(0.005), `second ${second}`);
  }
});

test("a canary that was good for long and turns bad is found nearly as soon", () => {
  let evidence = NO_EVIDENCE;
  for (let second = 0; second < 2000; second++) evidence = observe(evidence, { requests: 10, bad: 0 }, { requests: 90, bad: 0 }, MARGIN, seeded(second));
  let requests = 0;
  for (; strength(evidence) < alarmAt(0.005); requests += 20) evidence = observe(evidence, { requests: 20, bad: 1 }, { requests: 90, bad: 0 }, MARGIN, seeded(requests));
  assert.ok(requests <= 1000, `${requests} requests`);
});

test("nothing is learnt where one arm has no requests, and everything is a number", () => {
  fc.assert(fc.property(fc.array(fc.tuple(tally, tally), { maxLength: 30 }), fc.nat(), (intervals, seed) => {
    const random = seeded(seed);
    let evidence: Evidence = NO_EVIDENCE;
    for (const [canary, primary] of intervals) {
      const next = observe(evidence, canary, primary, MARGIN, random);
      if (canary.requests === 0 || primary.requests === 0) assert.equal(next, evidence);
      evidence = next;
      assert.ok(!Number.isNaN(strength(evidence)) && doubt(evidence) >= 0);
      assert.deepEqual(JSON.parse(JSON.stringify(evidence)), evidence, "a file can hold it");
    }
  }));
});

test("a step that begins anew has no doubts of the steps before, and the alarm has", () => {
  let evidence = NO_EVIDENCE;
  for (let second = 0; second < 20; second++) evidence = observe(evidence, { requests: 10, bad: 1 }, { requests: 90, bad: 0 }, MARGIN, seeded(second));
  assert.ok(doubt(evidence) > 0);
  const anew = beginAnew(evidence);
  assert.equal(doubt(anew), 0);
  assert.equal(strength(anew), strength(evidence));
  assert.ok(doubt(observeAlone(anew, { requests: 10, bad: 5 }, 0, MARGIN)) > 0);
});
