/**
 * How long requests took, counted in buckets that grow by a twelfth each, and which of them were slow beside the primary's.
 *
 * Pure; plain JSON.
 */
import { bucketOfTime, boundOfTime } from "../../edge/src/arms.ts";
import type { LatencyRule } from "../model/shapes/rollout.ts";
import type { Tally } from "./evidence.ts";

/** Index of a bucket (edge/src/arms.ts) → requests in it. */
export type Times = Readonly<Record<number, number>>;

/** Requests of the primary without which nobody knows what is usual. */
const ENOUGH = 200;
/** What was usual long ago counts for less: beyond so many requests all of them are halved. */
const MOST = 20_000;

/** Adds what came to what is known as usual. */
export function addTimes(usual: Times, more: Times): Times {
  const sum: Record<number, number> = { ...usual };
  for (const bucket in more) sum[bucket] = (sum[bucket] ?? 0) + (more[bucket] ?? 0);
  if (countOf(sum) <= MOST) return sum;
  return Object.fromEntries(Object.entries(sum).map(([bucket, count]) => [bucket, count / 2]));
}

/** Milliseconds below which this share of the requests stayed; undefined: there were too few to tell. */
export function quantileOfTimes(times: Times, share: number): number | undefined {
  const all = countOf(times);
  if (all < ENOUGH) return undefined;
  let seen = 0;
  // Properties whose names are whole numbers come in ascending order (ECMA-262, OrdinaryOwnPropertyKeys).
  for (const bucket in times) {
    seen += times[bucket] ?? 0;
    if (seen >= share * all) return boundOfTime(Number(bucket));
  }
  return undefined;
}

/** Milliseconds above which a request is slow; undefined: not known yet. @param usual times of the primary before this interval */
export function slowAbove({ quantile, bound }: LatencyRule, usual: Times): number | undefined {
  if ("milliseconds" in bound) return bound.milliseconds;
  const usually = quantileOfTimes(usual, quantile);
  return usually === undefined ? undefined : bound.within * usually;
}

/** The requests of which it is known whether they were slower; those in the bucket of the bound count as fast. */
export function slowOnes(times: Times, above: number): Tally {
  const last = bucketOfTime(above);
  let bad = 0;
  for (const bucket in times) if (Number(bucket) > last) bad += times[bucket] ?? 0;
  return { requests: countOf(times), bad };
}

function countOf(times: Times): number {
  let all = 0;
  for (const bucket in times) all += times[bucket] ?? 0;
  return all;
}
