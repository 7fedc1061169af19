/**
 * A canary release that goes on by evidence: from what both arms did in an interval to the next weight.
 *
 * Contract: `advance` is pure. The weight only grows by the steps of the spec, one after the other, and each of them after its time, with its number of
 * requests of the canary, and while nothing speaks for the canary being worse. It goes back to 0 (or holds) when the evidence is
 * strong enough that a canary which is not worse gets there in one release of a hundred at most (`FALSE_ALARMS`). Without requests of both arms nothing
 * changes. After the last step it is ready, and goes on being watched.
 */
import { alarmAt, beginAnew, doubt, NO_EVIDENCE, observe, observeAlone, strength, type Evidence, type Random, type Tally } from "./evidence.ts";
import type { RolloutSpec } from "../model/shapes/rollout.ts";
import { addTimes, slowAbove, slowOnes, type Times } from "./latency.ts";
import { addUsual, NOTHING_USUAL, usualShare, type Usual } from "./usual.ts";

/** What an arm did in an interval, of the requests that the weight assigned. */
export interface ArmInterval {
  readonly requests: number;
  readonly errors: number;
  /** Of requests that were no errors. */
  readonly times: Times;
}

export type RolloutPhase = "advancing" | "ready" | "failed";

export interface RolloutState {
  readonly phase: RolloutPhase;
  /** Index into the steps of the spec. */
  readonly step: number;
  /** Milliseconds, and requests of the canary, at this step. */
  readonly lasted: number;
  readonly requests: number;
  /** Of these, errors. */
  readonly failed: number;
  readonly errors: Evidence;
  readonly slow: Evidence;
  /** What is usual for the primary: times, errors, slow requests. */
  readonly usual: { readonly times: Times; readonly errors: Usual; readonly slow: Usual };
  /** Why it failed. */
  readonly verdict?: "errors" | "latency";
}

/** For errors and latency together. */
export const FALSE_ALARMS = 0.01;
const ALARM = alarmAt(FALSE_ALARMS / 2);

export const AT_THE_START: RolloutState = {
  phase: "advancing", step: 0, lasted: 0, requests: 0, failed: 0, errors: NO_EVIDENCE, slow: NO_EVIDENCE,
  usual: { times: {}, errors: NOTHING_USUAL, slow: NOTHING_USUAL },
};

/** Per cent of the requests that the canary is to get. */
export function weightOf({ steps, onFailure }: RolloutSpec, { phase, step }: RolloutState): number {
  if (phase === "failed" && onFailure === "back") return 0;
  return steps[step]?.weight ?? 0;
}

export interface ArmsInterval {
  readonly canary: ArmInterval;
  readonly primary: ArmInterval;
  readonly milliseconds: number;
  /** The release is to go no further: it is judged all the same. */
  readonly held?: boolean;
}

export function advance(spec: RolloutSpec, state: RolloutState, { canary, primary, milliseconds, held = false }: ArmsInterval, random: Random): RolloutState {
  if (state.phase === "failed") return state;
  const seen = weigh(spec, state, canary, primary, random);
  if (strength(seen.errors) >= ALARM) return { ...seen, phase: "failed", verdict: "errors" };
  if (strength(seen.slow) >= ALARM) return { ...seen, phase: "failed", verdict: "latency" };
  // An interval in which there was nothing to compare is no evidence, and has not passed as far as the release is concerned.
  const compared = canary.requests > 0 && (primary.requests > 0 || usualShare(state.usual.errors) !== undefined);
  if (!compared) return seen;
  const lasted = { ...seen, lasted: state.lasted + milliseconds, requests: state.requests + canary.requests, failed: state.failed + canary.errors };
  return held ? lasted : nextStep(spec, lasted);
}

/** Adds what the interval says about the canary, and about what is usual. */
function weigh(spec: RolloutSpec, state: RolloutState, canary: ArmInterval, primary: ArmInterval, random: Random): RolloutState {
  const { usual } = state;
  const above = spec.latency && slowAbove(spec.latency, usual.times);
  const errors = compare(state.errors, errorsOf(canary), errorsOf(primary), usual.errors, spec.errors, random);
  const times = addTimes(usual.times, primary.times);
  if (spec.latency === undefined || above === undefined) return { ...state, errors, usual: { ...usual, times, errors: addUsual(usual.errors, errorsOf(primary)) } };
  const [ofCanary, ofPrimary] = [slowOnes(canary.times, above), slowOnes(primary.times, above)];
  return {
    ...state, errors,
    slow: compare(state.slow, ofCanary, ofPrimary, usual.slow, 1 - spec.latency.quantile, random),
    usual: { times, errors: addUsual(usual.errors, errorsOf(primary)), slow: addUsual(usual.slow, ofPrimary) },
  };
}

function compare(evidence: Evidence, canary: Tally, primary: Tally, before: Usual, margin: number, random: Random): Evidence {
  if (primary.requests > 0) return observe(evidence, canary, primary, margin, random);
  const share = usualShare(before);
  return share === undefined ? evidence : observeAlone(evidence, canary, share, margin);
}

function errorsOf({ requests, errors }: ArmInterval): Tally {
  return { requests, bad: errors };
}

/** Share of errors in a step beyond which it shows nothing, whoever they are to blame for. */
const MOST_FAILED = 0.1;

/** The next step, when this one has lasted, had its requests, and nothing speaks against the canary; after the last one it is ready. */
function nextStep(spec: RolloutSpec, state: RolloutState): RolloutState {
  const { phase, step, lasted, requests, errors, slow } = state;
  const now = spec.steps[step];
  if (now === undefined || phase === "ready" || lasted < now.lasts || requests < now.requests || doubt(errors) > 0 || doubt(slow) > 0) return state;
  if (isBlind(spec, state)) return state;
  // Both failed: nothing is said against the canary, and nothing for it.
  if (failsTooOften(spec, state)) return { ...state, lasted: 0, requests: 0, failed: 0 };
  return skipped(spec, state);
}

/** Whether so many requests of the canary failed at this step that it shows nothing: more than may. */
export function failsTooOften({ errors }: Pick<RolloutSpec, "errors">, { failed, requests }: RolloutState): boolean {
  return failed > Math.max(MOST_FAILED, errors) * requests;
}

/** Whether nobody knows yet what is slow for the primary, so that a slow canary would not be seen. */
export function isBlind({ latency }: Pick<RolloutSpec, "latency">, { usual }: RolloutState): boolean {
  return latency !== undefined && (slowAbove(latency, usual.times) === undefined || usualShare(usual.slow) === undefined);
}

/** The release at its next step, or ready after its last one, whatever speaks for or against it. */
export function skipped({ steps }: Pick<RolloutSpec, "steps">, state: RolloutState): RolloutState {
  if (state.step >= steps.length - 1) return { ...state, phase: "ready" };
  return { ...state, step: state.step + 1, lasted: 0, requests: 0, failed: 0, errors: beginAnew(state.errors), slow: beginAnew(state.slow) };
}

/** The release judged from now on alone, at the step that gives the canary no more than it has: its spec was changed, or somebody has looked at what failed. */
export function judgedAnew({ steps }: Pick<RolloutSpec, "steps">, { usual }: RolloutState, weight: number): RolloutState {
  const step = Math.max(0, steps.findLastIndex((one) => one.weight <= weight));
  return { ...AT_THE_START, step, usual };
}
