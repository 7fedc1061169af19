/** Ingresses whose settings make a combination that nginx does not always have. */
import type { Program } from "../compile/program.ts";
import type { Snapshot } from "../source/snapshot.ts";
import { placed, type PlacedIngress } from "./classless.ts";

export interface Combinations {
  /** How many different ones. */
  readonly count: number;
  readonly ingresses: readonly PlacedIngress[];
  /** What they cost. */
  readonly sentence: string;
}

interface CombinationsInput {
  readonly program: Program;
  readonly snapshot: Snapshot;
  /** Called before each place in a file is looked for. */
  readonly before: () => void;
}

export const COMBINATIONS_HEADING = "Settings that nginx takes only from its file";

/** @returns undefined where there is none. */
export function combinationsOf({ program, snapshot, before }: CombinationsInput): Combinations | undefined {
  const needs = [...program.parts.values()].flatMap((part) => part.needs ?? []);
  const count = new Set(needs.map(({ profile }) => profile)).size;
  if (count === 0) return undefined;
  const names = new Map(needs.map(({ namespace, ingress }) => [`${namespace}/${ingress}`, { namespace, name: ingress }]));
  const ingresses = [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => {
    const object = snapshot.get("Ingress", one.namespace, one.name);
    return object ? placed(object, before) : one;
  });
  const what = count === 1 ? "These settings are a combination" : `These settings are ${count} combinations`;
  return { count, ingresses, sentence: `${what} that nginx does not always have. What is there when Sluice starts costs no reload; a new one later does: four at once, then one in --reload-interval (10 seconds).` };
}
