/** The state of releases on the Lease: never more than the API server takes, whatever tenants declare. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { packKept, readPacked } from "../../src/rollout/lease-notes.ts";
import { begin } from "../../src/rollout/release.ts";
import type { Release } from "../../src/rollout/shapes.ts";

/** Annotations in all (apimachinery, ValidateAnnotationsSize). */
const MOST = 262_144;

const text = (length: number): string => randomBytes(length).toString("hex").slice(0, length);

function release({ steps = 4, services = 1 } = {}): Release {
  const lasts = (): number => 1000 + Math.floor(Math.random() * 1e9);
  const canary = Array.from({ length: services }, () => `shop/${text(63)}/80`);
  const spec = { steps: Array.from({ length: steps }, (_, step) => ({ weight: step + 1, lasts: lasts(), requests: lasts() })), errors: 0.01, onFailure: "back" as const };
  return begin({ spec, most: 100, uid: text(36), canary, primary: canary.map(() => "shop/web/80"), owners: [text(40)] }, 1, "A release begins").release;
}

test("the state of very many releases, and of huge ones, fits on the Lease", () => {
  const many = Object.fromEntries(Array.from({ length: 1200 }, (_, at) => [`greedy/r${at}`, release({ steps: 50 })]));
  const huge = release({ services: 9000 });
  const modest = release();
  const failed: Release = { ...modest, state: { ...modest.state, phase: "failed", verdict: "errors" } };
  const packed = packKept({ revision: 7, releases: { ...many, "greedy/huge": huge, "shop/next": failed, "shop/back": { ...modest, over: "aborted" } } });
  assert.ok(packed.length < MOST, `${packed.length}`);
  const { revision, releases } = readPacked(packed);
  assert.equal(revision, 7);
  assert.deepEqual([releases["shop/next"]?.state.phase, releases["shop/back"]?.over, releases["greedy/huge"]], ["failed", "aborted", undefined]);
  assert.ok(Object.keys(releases).length > 50);
  assert.ok(packKept({ revision: 1, releases: { "greedy/huge": huge } }).length < MOST);
});
