/** Where releases are kept: what is read back is what was written, and nothing that somebody else wrote. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { deflateRawSync } from "node:zlib";
import { createFileStore } from "../../src/rollout/file-store.ts";
import { packKept, readPacked } from "../../src/rollout/lease-notes.ts";
import { begin, observeArms, NOTHING_SEEN } from "../../src/rollout/release.ts";
import type { Release } from "../../src/rollout/shapes.ts";
import { NOTHING_KEPT, readKept, textOfKept, type Kept } from "../../src/rollout/store.ts";
import { UserError } from "../../src/support/user-error.ts";
import { seeded } from "../../bench/rollout/simulate.ts";

const DECLARED = {
  spec: { steps: [5, 100].map((weight) => ({ weight, lasts: 60_000, requests: 20 })), errors: 0.01, latency: { quantile: 0.99, bound: { within: 1.5 } }, onFailure: "back" },
  most: 100, uid: "u", canary: ["shop/next/80"], primary: ["shop/web/80"], owners: ["next-6f7d8c9b54"],
} as const;

/** A release that has seen some seconds. @param seed of chance */
function release(seed = 1): Release {
  const random = seeded(seed);
  let now = begin(DECLARED, 1_000, "A release begins").release;
  for (let second = 0; second < 50; second++) {
    const arm = (requests: number): { requests: number; errors: number; times: Record<number, number> } => ({ requests, errors: Math.round(random()), times: { [Math.round(random() * 60)]: requests } });
    now = observeArms(now, NOTHING_SEEN, { canary: arm(20), primary: arm(200), milliseconds: 1000 }, 2_000, random).release;
  }
  return now;
}

const keptOf = (count: number): Kept => ({ revision: 7, releases: Object.fromEntries(Array.from({ length: count }, (_, i) => [`shop/next-${i}`, release(i % 20)])) });

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "sluice-test-state-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test("what was written is read back, as text and as a note on a Lease", () => {
  const kept = keptOf(3);
  for (const back of [readKept(textOfKept(kept)), readPacked(packKept(kept))]) {
    assert.equal(back.revision, 7);
    assert.deepEqual(Object.keys(back.releases), Object.keys(kept.releases));
    assert.equal(textOfKept(back), textOfKept(kept));
  }
});

test("a note fits on a Lease, however many releases there are, and steps outlive evidence", () => {
  for (const count of [1, 200, 2000]) {
    const kept = keptOf(count);
    const packed = packKept(kept);
    assert.ok(packed.length <= 200_000, `${count} releases: ${packed.length}`);
    const back = readPacked(packed);
    for (const [key, { state }] of Object.entries(back.releases)) assert.equal(state.step, kept.releases[key]?.state.step);
    if (count <= 200) assert.equal(Object.keys(back.releases).length, count);
  }
});

test("releases that are none are left out, and the others stay", () => {
  const kept = keptOf(2);
  const text = textOfKept(kept);
  const spoilt = [
    text.replace('"step":', '"step":7,"was":'), text.replace('"weight":5', '"weight":500'), text.replace('"phase":"advancing"', '"phase":"flying"'),
    text.replace('"paused":false', '"paused":0'), text.replace('"begun":1000', '"begun":1e300'), text.replace('"bettors":[', '"bettors":[{},'),
  ];
  for (const one of spoilt) {
    assert.notEqual(one, text);
    assert.deepEqual(Object.keys(readKept(one).releases), ["shop/next-1"], one.slice(0, 200));
  }
  for (const none of ["{}", "[]", "null", '{"version":9}', "no"]) assert.throws(() => readKept(none));
});

test("a bomb is no state", () => {
  const bomb = deflateRawSync(Buffer.alloc(64 * 2 ** 20, " ")).toString("base64");
  assert.ok(bomb.length < 200_000);
  assert.throws(() => readPacked(bomb), { code: "ERR_BUFFER_TOO_LARGE" });
});

test("the file is nobody else's, is replaced as a whole, and survives what is no state", async (t) => {
  const dir = folder(t);
  const said: string[] = [];
  const log = (_level: string, sentence: string): void => void said.push(sentence);
  const store = createFileStore(join(dir, "new"), log as never, () => {});
  await store.save(keptOf(1), true);
  await store.close();
  const path = join(dir, "new", "rollouts.json");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(textOfKept(await createFileStore(join(dir, "new"), log as never, () => {}).load()), readFileSync(path, "utf8"));
  writeFileSync(path, "{half");
  assert.deepEqual(await createFileStore(join(dir, "new"), log as never, () => {}).load(), NOTHING_KEPT);
  assert.match(said.join(), /cannot be read .*they begin anew, and the file is .*unreadable now/);
  assert.ok(existsSync(`${path}.unreadable`));
});

test("a folder that cannot be written is a mistake at the start, and told while it lasts later", async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, "file"), "");
  assert.throws(() => createFileStore(join(dir, "file"), () => {}, () => {}), (error) => error instanceof UserError && /--state-dir/.test(error.message));
  const told: (string | undefined)[] = [];
  const store = createFileStore(join(dir, "state"), () => {}, (problem) => void (told.at(-1) !== problem && told.push(problem)));
  rmSync(join(dir, "state"), { recursive: true });
  await store.save(keptOf(1), true);
  await store.close();
  assert.deepEqual(told, ["ENOENT"]);
  createFileStore(join(dir, "state"), () => {}, () => {});
  chmodSync(join(dir, "state"), 0o700);
  await store.close();
  assert.deepEqual([told[0], told.length], ["ENOENT", 2], "what was not written is written when it can be");
});
