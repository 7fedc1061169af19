/** Adds up what workers and replicas say that arms did: since the last look, and since this process began. */
import type { Arm, ArmCells, ArmsRow } from "../../edge/src/arms.ts";
import { addSums } from "./release.ts";
import type { ArmInterval } from "./rollout.ts";
import type { ArmSum } from "./shapes.ts";

/** What both arms of one release did since somebody looked. */
export interface ArmsCounted {
  readonly canary: Arm;
  readonly primary: Arm;
}

/** `namespace/name` of the canary's Ingress → what was counted for it. */
export type AllCounted = Map<string, ArmsCounted>;

export function addRows(all: AllCounted, rows: readonly ArmsRow[]): AllCounted {
  for (const { rollout, canary, primary } of rows) {
    const counted = all.get(rollout) ?? { canary: newArm(), primary: newArm() };
    all.set(rollout, counted);
    addCells(counted.canary, canary);
    addCells(counted.primary, primary);
  }
  return all;
}

/** The same as rows, one for each release. */
export function rowsOfCounted(all: AllCounted): readonly ArmsRow[] {
  return [...all].map(([rollout, { canary, primary }]) => ({ rollout, canary: cellsOfArm(canary), primary: cellsOfArm(primary) }));
}

function newArm(): Arm {
  return { requests: 0, errors: 0, times: {} };
}

function addCells(arm: Arm, { requests, errors, times }: ArmCells): void {
  arm.requests += requests;
  arm.errors += errors;
  for (let at = 0; at + 1 < times.length; at += 2) {
    const bucket = times[at] as number;
    arm.times[bucket] = (arm.times[bucket] ?? 0) + (times[at + 1] as number);
  }
}

function cellsOfArm({ requests, errors, times }: Arm): ArmCells {
  return { requests, errors, times: Object.entries(times).flatMap(([bucket, count]) => [Number(bucket), count]) };
}

/** What a canary with a rollout did since this process decides what it gets: numbers that only grow, for who looks at rates. */
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
