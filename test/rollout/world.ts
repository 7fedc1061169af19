/** A release in virtual time: its keeper, and what is declared. */
import assert from "node:assert/strict";
import { seeded } from "../../bench/rollout/simulate.ts";
import type { ArmCells } from "../../edge/src/arms.ts";
import type { RolloutSpec } from "../../src/model/shapes/rollout.ts";
import { createKeeper, type Keeper } from "../../src/rollout/keeper.ts";
import { type Told } from "../../src/rollout/release.ts";
import type { DeclaredRollout } from "../../src/rollout/shapes.ts";
import type { RolloutStatus } from "../../src/rollout/status.ts";

export const KEY = "shop/next";
export const spec = (weights: readonly number[], more: Partial<RolloutSpec> = {}): RolloutSpec => ({
  steps: weights.map((weight) => ({ weight, lasts: 10_000, requests: 100 })), errors: 0.01, onFailure: "back", ...more,
});
export const STEPS = [5, 20, 50, 100];
export const FIRST: DeclaredRollout = { spec: spec(STEPS), most: 100, uid: "1", canary: ["shop/next/80"], primary: ["shop/web/80"], owners: ["next-6f7d8c9b54"] };

export interface World {
  readonly keeper: Keeper;
  readonly told: Told[];
  /** Undefined: the Ingress is gone. */
  declared: DeclaredRollout | undefined;
  now(): RolloutStatus;
  /** Lets seconds pass, with requests of both arms. */
  pass(seconds: number, canary?: ArmCells, primary?: ArmCells): RolloutStatus;
  change(change: Partial<DeclaredRollout>): RolloutStatus;
  reasons(): string[];
}

export const arm = (requests: number, errors = 0): ArmCells => ({ requests, errors, times: [20, requests - errors] });
export const NONE = arm(0);
export const GOOD = arm(50);
export const BAD = arm(50, 50);

export function world(first: Partial<DeclaredRollout> = {}): World {
  const told: Told[] = [];
  let time = 1_700_000_000_000;
  const keeper = createKeeper({
    declared: { take() {}, now: () => new Map(one.declared ? [[KEY, one.declared]] : []), any: true },
    now: () => time, random: seeded(1), tell: (_key, what) => void told.push(what),
  });
  const one: World = {
    keeper, told, declared: { ...FIRST, ...first },
    now() {
      const [status] = keeper.statuses();
      assert.ok(status, "there is a release");
      return status;
    },
    pass(seconds, canary = NONE, primary = NONE) {
      for (let second = 0; second < seconds; second++) {
        time += 1000;
        keeper.count([{ rollout: KEY, canary, primary }]);
        keeper.tick();
      }
      return keeper.statuses()[0] as RolloutStatus;
    },
    change(change) {
      one.declared = { ...(one.declared ?? FIRST), ...change };
      return one.pass(1);
    },
    reasons: () => told.splice(0).map(({ reason }) => reason),
  };
  one.pass(1);
  return one;
}

/** At 20 %, the second of four steps. */
export function atSecond(first: Partial<DeclaredRollout> = {}): World {
  const one = world(first);
  const { step, weight } = one.pass(12, GOOD, arm(950));
  assert.deepEqual([step, weight], [2, Math.min(20, one.declared?.most ?? 100)]);
  one.reasons();
  return one;
}

export function failed(first: Partial<DeclaredRollout> = {}): World {
  const one = atSecond(first);
  assert.equal(one.pass(5, BAD, arm(950)).status, "failed");
  assert.deepEqual(one.reasons(), ["RolloutFailed"]);
  return one;
}

export const word = ({ status, step, weight }: RolloutStatus): string => `${status} ${step} ${weight}`;
