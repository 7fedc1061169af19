/** Where releases are kept, so that they outlive the process: what is read back is checked, because people and other versions write there, too. */
import type { RolloutSpec, RolloutStep } from "../model/shapes/rollout.ts";
import { WEALTHS, type Evidence } from "./evidence.ts";
import type { Times } from "./latency.ts";
import type { ArmSum, KeptReleases, Release } from "./shapes.ts";
import type { RolloutState } from "./rollout.ts";
import type { Usual } from "./usual.ts";

/** Everything that has to survive. */
export interface Kept {
  /** Grows with each change, whoever makes it: of two, the larger is newer. */
  readonly revision: number;
  readonly releases: KeptReleases;
}

export const NOTHING_KEPT: Kept = { revision: 0, releases: {} };

export interface RolloutStore {
  /** What was kept; nothing, where nothing was or where it cannot be read (which is logged). Never rejects. */
  load(): Promise<Kept>;
  /** Keeps this, soon; at once when `now`: then it resolves when it is kept, or cannot be. Never rejects. */
  save(kept: Kept, now: boolean): Promise<void>;
  /** Writes what is not written yet; bounded in time, never rejects. */
  close(): Promise<void>;
}

const VERSION = 1;

export function textOfKept({ revision, releases }: Kept): string {
  return JSON.stringify({ version: VERSION, revision, releases }, shorter);
}

/** Nobody can tell the seventh digit of evidence. */
function shorter(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}

/** Throws an Error for a text that is none of these; a release that is none is left out. */
export function readKept(text: string): Kept {
  const { version, revision, releases } = recordOf(JSON.parse(text));
  if (version !== VERSION) throw new Error(`its version is ${JSON.stringify(version)}, and not ${VERSION}`);
  return { revision: isAmount(revision) ? revision : 0, releases: releasesOf(releases) };
}

function releasesOf(releases: unknown): KeptReleases {
  return Object.fromEntries(Object.entries(recordOf(releases)).filter((entry): entry is [string, Release] => isRelease(entry[1])));
}

type Fields = Readonly<Record<string, unknown>>;

function recordOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

const isAmount = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0;
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isText = (value: unknown): value is string => typeof value === "string";
const areTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);

function isRelease(value: unknown): value is Release {
  const { uid, canary, owners, leaving, refused, alone, spec, state, paused, over, begun, since, sums, last } = recordOf(value);
  const { canary: ofCanary, primary } = recordOf(sums);
  return isText(uid) && areTexts(canary) && areTexts(owners) && (leaving === undefined || areTexts(leaving)) && (refused === undefined || refused === true) && (alone === undefined || isTime(alone)) && isSpec(spec) && isState(state, spec) && typeof paused === "boolean" &&
    (over === undefined || over === "promoted" || over === "aborted") && isTime(begun) && isTime(since) && isSum(ofCanary) && isSum(primary) && isText(last);
}

/** The last moment that a date can say, in milliseconds of Unix time (ECMA-262, 21.4.1.1). */
const LATEST = 8.64e15;
const isTime = (value: unknown): value is number => isAmount(value) && value <= LATEST;

function isSum(value: unknown): value is ArmSum {
  const { requests, errors } = recordOf(value);
  return isAmount(requests) && isAmount(errors);
}

function isSpec(value: unknown): value is RolloutSpec {
  const { steps, errors, latency, onFailure, sticky } = recordOf(value);
  return Array.isArray(steps) && steps.length > 0 && steps.every(isStep) && isAmount(errors) && (latency === undefined || isLatency(latency)) && (onFailure === "back" || onFailure === "hold") && (sticky === undefined || isText(recordOf(sticky)["by"]));
}

function isStep(value: unknown): value is RolloutStep {
  const { weight, lasts, requests } = recordOf(value);
  return isAmount(weight) && weight <= 100 && isAmount(lasts) && isAmount(requests);
}

function isLatency(value: unknown): boolean {
  const { quantile, bound } = recordOf(value);
  const { within, milliseconds } = recordOf(bound);
  return isAmount(quantile) && (isAmount(within) || isAmount(milliseconds));
}

function isState(value: unknown, { steps }: RolloutSpec): value is RolloutState {
  const { phase, step, lasted, requests, failed, errors, slow, usual, verdict } = recordOf(value);
  const { times, errors: usualErrors, slow: usualSlow } = recordOf(usual);
  return (phase === "advancing" || phase === "ready" || phase === "failed") && Number.isInteger(step) && (step as number) >= 0 && (step as number) < steps.length &&
    isAmount(lasted) && isAmount(requests) && isAmount(failed) && isEvidence(errors) && isEvidence(slow) && isTimes(times) && isUsual(usualErrors) && isUsual(usualSlow) &&
    (verdict === undefined || verdict === "errors" || verdict === "latency");
}

function isEvidence(value: unknown): value is Evidence {
  const { bettors, since, anew } = recordOf(value);
  return Array.isArray(bettors) && isAmount(since) && isAmount(anew) && bettors.every((one) => {
    const { place, wealth } = recordOf(one);
    return Number.isSafeInteger(place) && (place as number) > 0 && Array.isArray(wealth) && wealth.length === WEALTHS && wealth.every(isNumber);
  });
}

function isTimes(value: unknown): value is Times {
  return Object.entries(recordOf(value)).every(([bucket, count]) => /^[0-9]{1,3}$/.test(bucket) && isAmount(count));
}

function isUsual(value: unknown): value is Usual {
  const { all, stretch, worst } = recordOf(value);
  const isTally = (tally: unknown): boolean => isAmount(recordOf(tally)["requests"]) && isAmount(recordOf(tally)["bad"]);
  return isTally(all) && isTally(stretch) && isAmount(worst);
}
