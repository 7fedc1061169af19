/** Canary releases in virtual time: requests by chance, judged as a controller would, once a second. */
import { advance, AT_THE_START, weightOf, type ArmInterval, type RolloutState } from "../../src/rollout/rollout.ts";
import { bucketOfTime } from "../../edge/src/arms.ts";
import type { RolloutSpec } from "../../src/model/shapes/rollout.ts";
import type { Random } from "../../src/rollout/evidence.ts";

/** How the two arms are at a moment. */
export interface Arms {
  /** Shares of requests that end in an error. */
  readonly primary: number;
  readonly canary: number;
  /** How many times as long the canary takes for a request. */
  readonly slower?: number;
}

export interface SimulatedRelease {
  readonly spec: RolloutSpec;
  /** Requests a second on average, of both arms. */
  readonly rate: number;
  /** @param second of the release @param step index of its step */
  readonly arms: (second: number, step: number) => Arms;
  readonly random: Random;
}

export interface Ended {
  readonly state: RolloutState;
  readonly seconds: number;
  /** Requests of the canary in all, and since it was worse than the primary. */
  readonly requests: number;
  readonly requestsWorse: number;
}

/** A release that takes longer than this is given up as it is. */
const MOST_SECONDS = 86_400;
/** The time of a request in milliseconds: logarithms with this mean and deviation (20 ms, a hundredth of them above 100 ms). */
const LOG_MEAN = Math.log(20);
const LOG_DEVIATION = 0.7;

/** Runs a release until it failed, or is ready. */
export function simulate({ spec, rate, arms, random }: SimulatedRelease): Ended {
  let state: RolloutState = AT_THE_START;
  let requests = 0;
  let requestsWorse = 0;
  let second = 0;
  for (; second < MOST_SECONDS; second++) {
    if (state.phase !== "advancing") break;
    const { primary, canary, slower = 1 } = arms(second, state.step);
    const all = Math.round(rate * (0.5 + random()));
    const ofCanary = drawn(all, weightOf(spec, state) / 100, random);
    requests += ofCanary;
    if (canary > primary || slower > 1) requestsWorse += ofCanary;
    const did = { canary: arm(ofCanary, canary, slower, random), primary: arm(all - ofCanary, primary, 1, random) };
    state = advance(spec, state, { ...did, milliseconds: 1000 }, random);
  }
  return { state, seconds: second, requests, requestsWorse };
}

function arm(requests: number, share: number, slower: number, random: Random): ArmInterval {
  const errors = drawn(requests, share, random);
  const times: Record<number, number> = {};
  const buckets = bucketsOf(slower);
  for (let i = errors; i < requests; i++) {
    const bucket = buckets[Math.floor(random() * buckets.length)] as number;
    times[bucket] = (times[bucket] ?? 0) + 1;
  }
  return { requests, errors, times };
}

const BUCKETS = new Map<number, readonly number[]>();

/** Buckets of as many times as there are in a table, each as likely as the others. */
function bucketsOf(slower: number): readonly number[] {
  const known = BUCKETS.get(slower);
  if (known) return known;
  const random = seeded(1);
  const made = Array.from({ length: 65_536 }, () => bucketOfTime(slower * Math.exp(LOG_MEAN + LOG_DEVIATION * normal(random))));
  BUCKETS.set(slower, made);
  return made;
}

/** How many of `count` have what each has with this probability. Draws once for each that has it. */
function drawn(count: number, probability: number, random: Random): number {
  if (probability <= 0 || count === 0) return 0;
  if (probability >= 1) return count;
  if (probability > 0.5) return count - drawn(count, 1 - probability, random);
  const scale = Math.log1p(-probability);
  let found = 0;
  for (let at = Math.floor(Math.log(1 - random()) / scale); at < count; at += 1 + Math.floor(Math.log(1 - random()) / scale)) found++;
  return found;
}

/** Box and Muller, one of the two. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Repeatable numbers by chance (mulberry32): the same seed, the same release. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
