/**
 * What the primary is known to do, for the time when it gets no requests any more: at 100 % there is nobody beside whom the canary could be seen.
 *
 * The share of bad requests on average is not enough: they come in bursts, for reasons that are neither arm's own. So the canary may be as bad as the primary was in
 * its worst stretch, if that was worse than chance alone makes it. Pure; plain JSON.
 */
import type { Tally } from "./evidence.ts";

export interface Usual {
  readonly all: Tally;
  /** Since the last whole stretch. */
  readonly stretch: Tally;
  /** Share of bad requests in the worst stretch, as high as it may have been. */
  readonly worst: number;
}

const NOBODY: Tally = { requests: 0, bad: 0 };
export const NOTHING_USUAL: Usual = { all: NOBODY, stretch: NOBODY, worst: 0 };

/** Requests of a stretch, at least: few, so that a burst fills one. */
const STRETCH = 30;
/** Requests without which nothing is known. */
const FEWEST = 30;
/** With fewer than these the share may well be higher than what was seen: by three requests (the upper bound of a share of which none was seen, at 95 %). */
const ENOUGH = 200;
const UNSEEN = 3;
/** Standard deviations of a number of bad requests that count as chance. */
const CHANCE = 2.5;

export function addUsual({ all, stretch, worst }: Usual, tally: Tally): Usual {
  const whole = sumOf(all, tally);
  const now = sumOf(stretch, tally);
  if (now.requests < STRETCH) return { all: whole, stretch: now, worst };
  const chance = CHANCE * Math.sqrt(now.bad);
  const isWorse = (now.bad - chance) / now.requests > whole.bad / whole.requests;
  return { all: whole, stretch: NOBODY, worst: isWorse ? Math.max(worst, Math.min(1, (now.bad + chance) / now.requests)) : worst };
}

/** The share of bad requests that is nothing new; undefined: the primary had too few requests to tell. */
export function usualShare({ all, worst }: Usual): number | undefined {
  if (all.requests < FEWEST) return undefined;
  const unseen = all.requests < ENOUGH ? UNSEEN : 0;
  return Math.min(1, Math.max(worst, (all.bad + unseen) / all.requests));
}

function sumOf(one: Tally, other: Tally): Tally {
  return { requests: one.requests + other.requests, bad: one.bad + other.bad };
}
