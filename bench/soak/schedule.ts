/**
 * When what is disturbed. Pure: the same minutes, seed and kinds give the same schedule.
 *
 * A run is made of rounds. Each has every disturbance once, in another order, in its first two thirds; in the last third
 * nothing is killed and nothing reloaded, so that processes become old enough for their memory to be judged.
 */
import type { Random } from "../../test/support/random.ts";

export interface Appointment<Kind extends string> {
  readonly kind: Kind;
  /** Seconds after the start. */
  readonly at: number;
}

const ROUND_MINUTES = 20;
const BUSY_FROM = 0.06;
const BUSY_UNTIL = 0.67;

function roundsOf(minutes: number): { readonly rounds: number; readonly length: number } {
  const rounds = Math.max(1, Math.floor(minutes / ROUND_MINUTES));
  return { rounds, length: (60 * minutes) / rounds };
}

/** Whether a second after the start is in the last third of a round. */
export function isQuiet(minutes: number, second: number): boolean {
  const { length } = roundsOf(minutes);
  return (second % length) / length > BUSY_UNTIL;
}

export function schedule<Kind extends string>(minutes: number, kinds: readonly Kind[], random: Random): Appointment<Kind>[] {
  const { rounds, length } = roundsOf(minutes);
  const step = (length * (BUSY_UNTIL - BUSY_FROM)) / Math.max(1, kinds.length);
  return Array.from({ length: rounds }, (_, round) => shuffled(kinds, random).map((kind, i) => ({
    kind, at: round * length + length * BUSY_FROM + step * (i + 0.5 * random.next()),
  }))).flat();
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(random.below(left.length), 1));
  return out;
}
