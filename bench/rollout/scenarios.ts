/** What can be wrong with a release, or with what is around it. */
import type { Arms, SimulatedRelease } from "./simulate.ts";

export interface Scenario {
  readonly name: string;
  /** Whether the canary is worse than its spec allows: then it has to fail, otherwise to get through. */
  readonly worse: boolean;
  readonly arms: SimulatedRelease["arms"];
}

const always = (arms: Arms): SimulatedRelease["arms"] => () => arms;
const fromStep = (first: number, before: Arms, after: Arms): SimulatedRelease["arms"] => (_second, step) => (step >= first ? after : before);
const alike = (share: number): Arms => ({ primary: share, canary: share });
/** Half of all requests of both arms fail, for ten seconds of each hundred. */
const inBursts = (usual: Arms): SimulatedRelease["arms"] => (second) => (second % 100 < 10 ? { ...usual, primary: 0.5, canary: 0.5 } : usual);
/** The primary fails alone, for ten seconds of each hundred. */
const primaryInBursts: SimulatedRelease["arms"] = (second) => ({ primary: second % 100 < 10 ? 0.5 : 0.001, canary: 0.001 });

export const SCENARIOS: readonly Scenario[] = [
  { name: "no errors", worse: false, arms: always(alike(0)) },
  { name: "0.1 % errors in both", worse: false, arms: always(alike(0.001)) },
  { name: "1 % errors in both", worse: false, arms: always(alike(0.01)) },
  { name: "5 % errors in both", worse: false, arms: always(alike(0.05)) },
  { name: "bursts of errors in both", worse: false, arms: inBursts(alike(0.002)) },
  { name: "bursts of errors in the primary alone", worse: false, arms: primaryInBursts },
  { name: "half a per cent more errors, within the margin", worse: false, arms: always({ primary: 0.005, canary: 0.01 }) },
  { name: "a tenth slower, within the margin", worse: false, arms: always({ ...alike(0.001), slower: 1.1 }) },
  { name: "5 % more errors, of 0.1 %", worse: true, arms: always({ primary: 0.001, canary: 0.051 }) },
  { name: "5 % more errors, of 1 %", worse: true, arms: always({ primary: 0.01, canary: 0.06 }) },
  { name: "5 % more errors, of 5 %", worse: true, arms: always({ primary: 0.05, canary: 0.1 }) },
  { name: "5 % more errors from the second step on", worse: true, arms: fromStep(1, alike(0.001), { primary: 0.001, canary: 0.051 }) },
  { name: "5 % more errors from the third step on", worse: true, arms: fromStep(2, alike(0.001), { primary: 0.001, canary: 0.051 }) },
  { name: "5 % more errors at 100 % alone", worse: true, arms: fromStep(3, alike(0.001), { primary: 0.001, canary: 0.051 }) },
  { name: "5 % more errors, and bursts in both", worse: true, arms: inBursts({ primary: 0.001, canary: 0.051 }) },
  { name: "refused connections", worse: true, arms: always({ primary: 0.001, canary: 1 }) },
  { name: "twice as slow", worse: true, arms: always({ ...alike(0.001), slower: 2 }) },
];
