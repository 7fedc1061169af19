/** What canaries with a rollout did since this process decides what they get: numbers that only grow, for who looks at rates. */
import type { ArmInterval } from "./rollout.ts";
import { addSums } from "./release.ts";
import type { ArmSum } from "./shapes.ts";

export interface RolloutTotals {
  readonly canary: ArmSum;
  readonly primary: ArmSum;
  /** Releases that failed by evidence. */
  readonly failures: number;
}

const NO_SUM: ArmSum = { requests: 0, errors: 0 };
const NO_TOTALS: RolloutTotals = { canary: NO_SUM, primary: NO_SUM, failures: 0 };

export interface AllTotals {
  add(key: string, arms: Readonly<Record<"canary" | "primary", ArmInterval>>): void;
  failed(key: string): void;
  forget(key: string): void;
  of(key: string): RolloutTotals;
}

export function createTotals(): AllTotals {
  const all = new Map<string, RolloutTotals>();
  const of = (key: string): RolloutTotals => all.get(key) ?? NO_TOTALS;
  return {
    add(key, { canary, primary }) {
      const before = of(key);
      all.set(key, { ...before, canary: addSums(before.canary, canary), primary: addSums(before.primary, primary) });
    },
    failed: (key) => void all.set(key, { ...of(key), failures: of(key).failures + 1 }),
    forget: (key) => void all.delete(key),
    of,
  };
}
