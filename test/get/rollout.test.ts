/** Releases of canaries as people see them: the table, one in full, what has no room; nothing that somebody wrote can break a line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { durationText, releaseTable } from "../../src/get/rollout-table.ts";
import { releaseLines } from "../../src/get/rollout-text.ts";
import type { RolloutStatus } from "../../src/rollout/status.ts";
import { coloured, plain } from "../../src/support/terminal.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

const ADVANCING: RolloutStatus = {
  ingress: "shop/next", status: "advancing", weight: 20, step: 2, steps: [5, 20, 50, 100], lasted: 190, lasts: 300, requests: 512, requestsNeeded: 1000,
  waitingFor: "488 more requests of the canary", canary: ["shop/next:80"], begun: ago(7500), since: ago(190), quantile: 0.99,
  arms: { canary: { requests: 512, errors: 1, took: 84 }, primary: { requests: 9731, errors: 10, took: 80 } },
  last: "The canary gets 20 % of the requests (step 2 of 4). At 5 %: canary 100 requests, 0 % errors; primary 2,000 requests, 0.1 % errors",
};
const FAILED: RolloutStatus = { ...ADVANCING, ingress: "api/next", status: "failed", weight: 0, last: "The canary has more errors than the primary: it gets none by weight any more" };

test("a table, one a line", () => {
  assert.deepEqual(releaseTable([FAILED, { ...ADVANCING, arms: { ...ADVANCING.arms, canary: { requests: 0, errors: 0 } } }], { paint: plain, now: NOW }), [
    "INGRESS     STATUS      STEP   WEIGHT   CANARY         PRIMARY          SINCE   BEGUN",
    "api/next    failed      2/4    0 %      0.2 % of 512   0.1 % of 9,731   3m10s   2h5m",
    "shop/next   advancing   2/4    20 %     -              0.1 % of 9,731   3m10s   2h5m",
  ]);
  assert.deepEqual(releaseTable([], { paint: plain, now: NOW }), ['No rollouts: a canary has one with the annotation sluice.ingress/rollout, and "sluice get findings" tells of those that cannot be read.']);
});

test("a table has room in a narrow terminal, and in a low one", () => {
  const many = Array.from({ length: 30 }, (_, index): RolloutStatus => ({ ...ADVANCING, ingress: `a-namespace-with-a-long-name/next-${index}` }));
  for (const width of [20, 40, 60, 80, 200]) {
    const lines = releaseTable(many, { paint: plain, now: NOW, width, height: 10 });
    assert.equal(lines.length, 10);
    assert.match(lines.at(-1) ?? "", /… and 22 more/);
    for (const line of lines) assert.ok(line.length <= Math.max(width, 26), line);
  }
});

test("a release in full", () => {
  assert.deepEqual(releaseLines([ADVANCING], { paint: plain, now: NOW, width: 90 }), [
    "ingress/shop/next   advancing   20 % of the requests",
    "  steps     ✓ 5 %  ▶ 20 %  · 50 %  · 100 %   step 2 of 4",
    "  time      ███████████████░░░░░░░░░ 3m10s of 5m, 1m50s left",
    "  requests  ████████████░░░░░░░░░░░░ 512 of 1,000, 488 more (about 3m1s)",
    "  waits for 488 more requests of the canary",
    "            requests   errors     p99",
    "  canary         512    0.2 %   84 ms",
    "  primary      9,731    0.1 %   80 ms",
    "  since     3m10s, begun 2h5m ago",
    "  last      The canary gets 20 % of the requests (step 2 of 4). At 5 %: canary 100",
    "            requests, 0 % errors; primary 2,000 requests, 0.1 % errors",
  ]);
});

test("a release that is over has marks and figures, and waits for nothing", () => {
  const { waitingFor: _, ...failed } = FAILED;
  const lines = releaseLines([failed], { paint: plain, now: NOW });
  assert.match(lines[1] ?? "", /✓ 5 % {2}✗ 20 % {2}· 50 % {2}· 100 %/);
  assert.deepEqual(lines.filter((line) => /^ {2}(?:time|requests|waits)/.test(line)), []);
  assert.match(releaseLines([{ ...failed, status: "ready", step: 4 }], { paint: plain, now: NOW })[1] ?? "", /✓ 5 % {2}✓ 20 % {2}✓ 50 % {2}✓ 100 % /);
  assert.match(releaseLines([{ ...ADVANCING, status: "paused" }], { paint: plain, now: NOW })[1] ?? "", /‖ 20 %/);
  const { quantile: __, ...untimed } = ADVANCING;
  assert.ok(!releaseLines([untimed], { paint: plain, now: NOW }).join("\n").includes(" ms"), "latency does not count");
  const none = { requests: 0, errors: 0 };
  assert.ok(!releaseLines([{ ...ADVANCING, arms: { canary: none, primary: none } }], { paint: plain, now: NOW }).join("\n").includes("primary  "));
});

test("many steps in a narrow terminal: those around the present one", () => {
  const steps = Array.from({ length: 50 }, (_, index) => 2 * (index + 1));
  for (const [step, width] of [[1, 60], [25, 60], [50, 60], [25, 45]] as const) {
    const line = releaseLines([{ ...ADVANCING, steps, step }], { paint: plain, now: NOW, width })[1] ?? "";
    assert.ok(line.length <= width && line.includes(`▶ ${2 * step} %`) && line.endsWith(`step ${step} of 50`), line);
  }
});

test("many releases, or too little room, are a table; every line has room", () => {
  const many = Array.from({ length: 5 }, (_, index): RolloutStatus => ({ ...ADVANCING, ingress: `shop/next-${index}` }));
  assert.match(releaseLines(many, { paint: plain, now: NOW })[0] ?? "", /^INGRESS/);
  assert.match(releaseLines(many.slice(0, 2), { paint: plain, now: NOW })[0] ?? "", /^ingress\/shop\/next-0 /);
  const low = releaseLines(many.slice(0, 2), { paint: plain, now: NOW, width: 60, height: 12 });
  assert.match(low[0] ?? "", /^INGRESS/);
  for (const [width, height] of [[80, 24], [40, 12], [30, 8], [20, 5]] as const) {
    for (const statuses of [[ADVANCING], [FAILED, ADVANCING], many]) {
      const lines = releaseLines(statuses, { paint: plain, now: NOW, width, height });
      assert.ok(lines.length <= height, `${lines.length} lines in ${height}`);
      if (width >= 40) for (const line of lines) assert.ok(line.length <= width, `${width}: ${line}`);
    }
  }
});

test("colours add no character that is seen, and what people wrote breaks nothing", () => {
  const seen = (lines: readonly string[]): string => lines.join("\n").replaceAll("\u001b", "␛").replaceAll(/␛\[[\d;]*m/g, "");
  for (const picture of [{ now: NOW }, { now: NOW, width: 50, height: 20 }]) {
    const inColour = releaseLines([ADVANCING, FAILED], { ...picture, paint: coloured });
    assert.notEqual(inColour.join("\n"), seen(inColour));
    assert.equal(seen(inColour), releaseLines([ADVANCING, FAILED], { ...picture, paint: plain }).join("\n"));
  }
  const hostile = releaseLines([{ ...ADVANCING, last: "a\u001b[2J\nb", waitingFor: "\u0007" }], { paint: plain, now: NOW }).join("\n");
  assert.doesNotMatch(hostile, /\p{Cc}(?<!\n)/u);
});

test("durations", () => {
  assert.deepEqual([-5, 0, 0.4, 45, 60, 190, 3600, 7500, 86_400, 277_200].map(durationText), ["0s", "0s", "0s", "45s", "1m", "3m10s", "1h", "2h5m", "1d", "3d5h"]);
});
