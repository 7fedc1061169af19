/** Canaries that judge themselves, on real nginx, from manifests. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { documents } from "../support/manifests.ts";
import { releaseObjects, rolloutOf, startVersion, startVisitors, untilRollout, type Manners, type ReleaseManifest } from "../support/release.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const QUICK = "{steps: [20, 50, 100], every: 1s, requests: 100, latency: {within: 3x}}";

interface Running {
  readonly sluice: Sluice;
  readonly files: (more?: Partial<ReleaseManifest>) => Record<string, string>;
  readonly primary: Manners;
  readonly canary: Manners;
}

async function begin(t: TestContext, { rollout = QUICK, canary = {}, primary = {}, args = [], ...more }: Partial<Omit<ReleaseManifest, "primary" | "canary">> & { canary?: Manners; primary?: Manners; args?: readonly string[] } = {}): Promise<Running> {
  const [one, other] = [await startVersion(t, "web", primary), await startVersion(t, "next", canary)];
  const files = (changed: Partial<ReleaseManifest> = {}): Record<string, string> => ({ "shop.yaml": documents(...releaseObjects({ primary: one.port, canary: other.port, rollout, ...more, ...changed })) });
  const sluice = await startSluice({ files: files(), args });
  t.after(() => sluice.stop());
  return { sluice, files, primary, canary };
}

test("a healthy release gets through all steps, is promoted, and no request is lost on the way", { timeout: 120_000 }, async (t) => {
  const { sluice, files } = await begin(t);
  const visitors = startVisitors(t, sluice.http);
  const weights = new Set<number>();
  await untilRollout(sluice, ({ weight, status }) => {
    weights.add(weight);
    return status === "ready";
  }, "ready");
  assert.deepEqual([...weights].filter((weight) => weight > 0), [20, 50, 100]);
  const reloads = (await sluice.generation()).reloads;
  await sluice.apply(files({ points: "next" }));
  const over = await untilRollout(sluice, ({ status }) => status === "promoted", "promoted");
  assert.equal(over.weight, 0);
  await visitors.stop();
  assert.deepEqual(Object.keys(visitors.got).sort(), ["next 200", "web 200"], JSON.stringify(visitors.got));
  assert.equal((await sluice.generation()).reloads, reloads, "nothing of it reloads nginx");
});

const BAD: Readonly<Record<string, { readonly canary: Manners; readonly verdict: RegExp }>> = {
  "5 % errors": { canary: { errors: 0.05 }, verdict: /more errors than the primary/ },
  "all errors": { canary: { errors: 1 }, verdict: /more errors than the primary/ },
  "many times the latency": { canary: { takes: 60 }, verdict: /slower than the primary/ },
};

for (const [name, { canary, verdict }] of Object.entries(BAD)) {
  test(`a canary with ${name} is taken back`, { timeout: 120_000 }, async (t) => {
    const { sluice } = await begin(t, { canary, primary: { takes: 2 } });
    const visitors = startVisitors(t, sluice.http);
    const failed = await untilRollout(sluice, ({ status }) => status === "failed", "failed");
    assert.match(failed.last, verdict);
    assert.equal(failed.weight, 0);
    const before = { ...visitors.got };
    await sleep(1500);
    const sum = (got: Readonly<Record<string, number>>): number => Object.entries(got).reduce((all, [what, count]) => all + (what.startsWith("next") ? count : 0), 0);
    const late = sum(visitors.got);
    await sleep(1000);
    assert.equal(sum(visitors.got), late, `the canary still gets requests; ${JSON.stringify([before, visitors.got])}`);
  });
}

test("a restart in the middle goes on where the release was, and begins anew where nothing is kept", { timeout: 120_000 }, async (t) => {
  const state = mkdtempSync("/dev/shm/sluice-test-state-");
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const { sluice } = await begin(t, { rollout: "{steps: [20, 50, 100], every: 2s, requests: 100, latency: off}", args: [`--state-dir=${state}`] });
  startVisitors(t, sluice.http);
  await untilRollout(sluice, ({ step }) => step === 2, "at its second step");
  process.kill(sluice.process.pid as number, "SIGKILL");
  const again = await startSluice({ successorOf: sluice, args: [`--state-dir=${state}`] });
  t.after(() => again.stop());
  const now = await rolloutOf(again);
  assert.ok(now && now.step >= 2, JSON.stringify(now));
  await untilRollout(again, ({ status }) => status === "ready", "ready");
});
