/**
 * A canary release that goes on by evidence: from what both arms did in an interval to the next weight.
 *
 * Contract: `advance` is pure. The weight only grows by the steps of the spec, one after the other, and each of them after its time, with its number of
 * requests of the canary, and while nothing speaks for the canary being worse. It goes back to 0 (or holds) when the evidence is
 * strong enough that a canary which is not worse gets there in one release of a hundred at most (`FALSE_ALARMS`). Without requests of both arms nothing
 * changes. At the last step it is ready, and goes on being watched.
 */
import { alarmAt, beginAnew, doubt, NO_EVIDENCE, observe, observeAlone, strength, type Evidence, type Random, type Tally } from "./evidence.ts";
import { addTimes, slowAbove, slowOnes, type LatencyRule, type Times } from "./latency.ts";
import { addUsual, NOTHING_USUAL, usualShare, type Usual } from "./usual.ts";

export interface RolloutStep {
  /** Per cent of the requests. */
  readonly weight: number;
  /** Least time, milliseconds. */
  readonly lasts: number;
  /** Least number of requests of the canary. */
  readonly requests: number;
}

export interface RolloutSpec {
  /** Ascending. */
  readonly steps: readonly RolloutStep[];
  /** Share of requests of the canary that may be errors beyond the primary's share: 0.01. */
  readonly errors: number;
  readonly latency: LatencyRule;
  readonly onFailure: "back" | "hold";
}

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
  phase: "advancing", step: 0, lasted: 0, requests: 0, errors: NO_EVIDENCE, slow: NO_EVIDENCE, 
  usual: { times: {}, errors: NOTHING_USUAL, slow: NOTHING_USUAL },
};

/** Per cent of the requests that the canary is to get. */
export function weightOf({ steps, onFailure }: RolloutSpec, { phase, step }: RolloutState): number {
  if (phase === "failed" && onFailure === "back") return 0;
  return steps[step]?.weight ?? 0;
}

/** @param milliseconds how long the interval was */
export function advance(spec: RolloutSpec, state: RolloutState, canary: ArmInterval, primary: ArmInterval, milliseconds: number, random: Random): RolloutState {
  if (state.phase === "failed") return state;
  const seen = weigh(spec, state, canary, primary, random);
  if (strength(seen.errors) >= ALARM) return { ...seen, phase: "failed", verdict: "errors" };
  if (strength(seen.slow) >= ALARM) return { ...seen, phase: "failed", verdict: "latency" };
  // An interval in which there was nothing to compare is no evidence, and has not passed as far as the release is concerned.
  const compared = canary.requests > 0 && (primary.requests > 0 || usualShare(state.usual.errors) !== undefined);
  if (!compared) return seen;
  return nextStep(spec, { ...seen, lasted: state.lasted + milliseconds, requests: state.requests + canary.requests });
}

/** Adds what the interval says about the canary, and about what is usual. */
function weigh(spec: RolloutSpec, state: RolloutState, canary: ArmInterval, primary: ArmInterval, random: Random): RolloutState {
  const { usual } = state;
  const above = slowAbove(spec.latency, usual.times);
  const errors = compare(state.errors, errorsOf(canary), errorsOf(primary), usual.errors, spec.errors, random);
  const times = addTimes(usual.times, primary.times);
  if (above === undefined) return { ...state, errors, usual: { ...usual, times, errors: addUsual(usual.errors, errorsOf(primary)) } };
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

/** The next step, when this one has lasted, had its requests, and nothing speaks against the canary. */
function nextStep({ steps }: RolloutSpec, state: RolloutState): RolloutState {
  const { step, lasted, requests, errors, slow } = state;
  const now = steps[step];
  if (now === undefined || step === steps.length - 1) return { ...state, phase: "ready" };
  if (lasted < now.lasts || requests < now.requests || doubt(errors) > 0 || doubt(slow) > 0) return state;
  const next = step + 1;
  const phase = next === steps.length - 1 ? "ready" : "advancing";
  return { ...state, phase, step: next, lasted: 0, requests: 0, errors: beginAnew(errors), slow: beginAnew(slow) };
}
