/**
 * One release of a canary: how far it is, what it is a release of, and what people did with it.
 *
 * Contract: pure, and plain JSON, which a file or an annotation holds. Each change gives the release as it is then, and what is to be told. A release that
 * is not known begins at its first step; nothing but evidence, or a person, raises its weight.
 */
import type { RolloutSpec } from "../model/shapes/rollout.ts";
import { isPodAlone } from "../source/pod-owner.ts";
import type { Random } from "./evidence.ts";
import { areReplaced, leavingOf, STAYED_MS, withoutLeaving, type Leaving } from "./leaving.ts";
import { addTimes, quantileOfTimes, slowAbove, slowOnes, type Times } from "./latency.ts";
import { addUsual, NOTHING_USUAL, usualShare } from "./usual.ts";
import { advance, AT_THE_START, judgedAnew, skipped, weightOf, type ArmsInterval, type RolloutState } from "./rollout.ts";
import type { DeclaredRollout, ArmSum, Release } from "./shapes.ts";

/** What an arm did at the present step; times are those that this process heard of. */
export interface Seen {
  readonly canary: Times;
  readonly primary: Times;
}

export const NOTHING_SEEN: Seen = { canary: {}, primary: {} };

export type RolloutReason = "RolloutStarted" | "RolloutStep" | "RolloutReady" | "RolloutFailed" | "RolloutPaused" | "RolloutResumed" | "RolloutAborted" | "RolloutPromoted" | "RolloutChanged";

/** Something to be told of a release. */
export interface Told {
  readonly reason: RolloutReason;
  readonly message: string;
}

export interface Changed {
  readonly release: Release;
  readonly told: readonly Told[];
}

const NO_SUM: ArmSum = { requests: 0, errors: 0 };
const NO_SUMS = { canary: NO_SUM, primary: NO_SUM };

/** Per cent of the requests that the canary gets by its release, before `most` of its declaration. */
export function weightOfRelease({ spec, state, over, leaving = [] }: Release): number {
  return over === undefined && leaving.length === 0 ? weightOf(spec, state) : 0;
}

export function begin(declared: DeclaredRollout, now: number, why: string, { leaving = [], refused }: Leaving = {}): Changed {
  const { spec, uid, canary, owners } = declared;
  const [first] = spec.steps;
  const gets = leaving.length > 0 ? `nothing until the pods of ${leaving.join(", ")} are gone` : `${Math.min(first?.weight ?? 0, declared.most)} % of the requests (step 1 of ${spec.steps.length})`;
  const message = `${why}: the canary gets ${gets}`;
  const release: Release = { uid, canary, owners, ...(leaving.length > 0 ? { leaving, ...(refused ? { refused } : {}) } : {}), spec, state: AT_THE_START, paused: false, begun: now, since: now, sums: NO_SUMS, last: message };
  return { release, told: [{ reason: "RolloutStarted", message }] };
}

/**
 * Takes in how the canary is declared now.
 * @param before undefined: nothing is known of a release of it
 */
export function declare(before: Release | undefined, declared: DeclaredRollout, now: number): Changed {
  const why = before === undefined ? "A release begins" : whyAnother(before, declared);
  if (before === undefined || why !== undefined) {
    const { release, told } = begin(declared, now, why ?? "", before && leavingOf(before, declared, isTakenBack(before)));
    // Of a release that nobody followed there is nothing to tell.
    return isPromoted(declared) ? { release: promoted(release, now), told: [] } : { release, told };
  }
  const known = { ...before, ...identityOf(before, declared) };
  if (before.over === "promoted") return isPromotedAnywhere(declared) ? { release: known, told: [] } : demoted(known, declared, now);
  if (isPromoted(declared)) {
    const release = promoted(known, now);
    return { release, told: [{ reason: "RolloutPromoted", message: release.last }] };
  }
  if (before.leaving) return left(known, declared, now);
  return sameSpec(before.spec, declared.spec) ? { release: known, told: [] } : respecified(known, declared.spec, now);
}

/** Pods of the release before may have gone: when all have, the canary gets its first step. */
function left(before: Release, declared: DeclaredRollout, now: number): Changed {
  const { leaving = [] } = before;
  const { owners, spec, most } = declared;
  const waits = { ...before, spec };
  // Without any pod nobody knows whose the next one is.
  if (owners.length === 0) return { release: waits, told: [] };
  if (owners.some((owner) => leaving.includes(owner))) return stayed(waits, declared, now);
  const message = `The pods of ${leaving.join(", ")} are gone: the canary gets ${Math.min(spec.steps[0]?.weight ?? 0, most)} % of the requests (step 1 of ${spec.steps.length})`;
  return { release: { ...withoutLeaving(waits), owners, since: now, last: message }, told: [{ reason: "RolloutStep", message }] };
}

/** Pods of the release before still answer. When none come for them, because somebody took the new ones away, they are the canary, and nothing is waited for. */
function stayed({ alone, ...before }: Release, declared: DeclaredRollout, now: number): Changed {
  const { leaving = [], refused } = before;
  const { owners } = declared;
  if (areReplaced(leaving, owners)) return { release: before, told: [] };
  if (alone === undefined || now - alone < STAYED_MS) return { release: { ...before, alone: alone ?? now }, told: [] };
  const stay = owners.filter((owner) => leaving.includes(owner)).join(", ");
  if (!refused || owners.some((owner) => !leaving.includes(owner))) return begin(declared, now, `The pods of ${stay} stay, and a release begins`);
  const message = `The pods of ${stay} stay, which were taken back: the canary gets nothing by weight until "restart", or until it has another Service or other pods`;
  return { release: { ...withoutLeaving(before), owners, over: "aborted", since: now, last: message }, told: [{ reason: "RolloutAborted", message }] };
}

/** Why the canary is another release than the one that is known; undefined: it is the same. */
function whyAnother(before: Release, declared: DeclaredRollout): string | undefined {
  const { uid, canary, owners } = declared;
  if (uid !== before.uid) return "The Ingress was made anew, and a release begins";
  // One that is missing is none: its primary may be away for a moment, and what was taken back must not come back for that.
  if (canary.some((one) => !before.canary.includes(one))) return `The canary is ${servicesOf(canary)} now, and a release begins`;
  // New pods of a canary that is the primary, too, are the primary's.
  if (owners.length === 0 || (before.over === "promoted" && isPromoted(declared))) return undefined;
  const fresh = owners.find((owner) => !isPodAlone(owner) && !before.owners.includes(owner));
  if (fresh !== undefined && before.owners.length > 0) return `Pods of ${fresh} answer for the canary, and a release begins`;
  const alone = before.owners.filter(isPodAlone);
  const allReplaced = alone.length > 0 && owners.every(isPodAlone) && !owners.some((owner) => alone.includes(owner));
  return allReplaced ? "All pods of the canary were replaced, and a release begins" : undefined;
}

/** Each once: how many places have which primary says nothing of the canary. */
function servicesOf(canary: readonly string[]): string {
  return [...new Set(canary)].join(", ");
}

/** Of what it is a release from now on: of what it began with, in the ReplicaSets that are there now. */
function identityOf(before: Release, { uid, owners }: DeclaredRollout): Pick<Release, "uid" | "canary" | "owners"> {
  const { canary } = before;
  if (owners.length === 0) return { uid, canary, owners: before.owners };
  // ReplicaSets whose pods come and go must not begin what was taken back, nor anew what waits for some to go.
  const sets = before.state.phase === "failed" || before.over === "aborted" || before.leaving ? [...before.owners, ...owners] : owners;
  const alone = before.owners.filter(isPodAlone);
  const kept = alone.length > 0 ? alone : owners.filter(isPodAlone);
  return { uid, canary, owners: [...new Set([...sets.filter((owner) => !isPodAlone(owner)), ...kept])].sort() };
}

function isTakenBack({ over, state, spec }: Release): boolean {
  return over === "aborted" || (over === undefined && state.phase === "failed" && weightOf(spec, state) === 0);
}

function isPromoted({ canary, primary }: DeclaredRollout): boolean {
  return primary.length > 0 && primary.every((one, index) => one === canary[index]);
}

/** At one place at least, or at none that is known: another host, or a primary that is away for a moment, takes no promotion back. */
function isPromotedAnywhere({ canary, primary }: DeclaredRollout): boolean {
  return primary.some((one, index) => one === canary[index] || one === "");
}

function promoted(before: Release, now: number): Release {
  const { over, state, spec } = before;
  const early = over === "aborted" ? ", although it had been taken back" : state.phase === "failed" ? ", although it had failed" : state.phase === "advancing" ? ` at step ${state.step + 1} of ${spec.steps.length}, before it was ready` : "";
  const last = `Promoted${early}: the primary is ${servicesOf(before.canary)}, and the canary gets no requests of its own any more`;
  return { ...before, over: "promoted", since: now, sums: NO_SUMS, last };
}

/** The primary went back to another Service: whoever did so does not want the canary. */
function demoted(before: Release, { primary }: DeclaredRollout, now: number): Changed {
  const message = `The primary is ${servicesOf(primary)} again: the canary gets nothing by weight until "restart", or until it has another Service or other pods`;
  return { release: { ...before, over: "aborted", since: now, last: message }, told: [{ reason: "RolloutAborted", message }] };
}

function sameSpec(one: RolloutSpec, other: RolloutSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Goes on by another spec: at the step that gives the canary no more than it has. What failed, or was taken back, stays so. */
function respecified(before: Release, spec: RolloutSpec, now: number): Changed {
  if (before.over !== undefined || before.state.phase === "failed") return { release: standingBy(before, spec), told: [] };
  const state = judgedAnew(spec, usualUnder(spec, before), weightOfRelease(before));
  const release: Release = { ...before, spec, state, since: now, sums: NO_SUMS };
  const message = `sluice.ingress/rollout was changed: the release goes on at ${stepText(release)}`;
  return { release: { ...release, last: message }, told: [{ reason: "RolloutChanged", message }] };
}

/** By another rule others of the primary's requests were slow: as its times say, or it would be nobody that the canary is slower than at 100 %. */
function usualUnder({ latency }: RolloutSpec, { spec, state }: Release): RolloutState {
  if (JSON.stringify(latency) === JSON.stringify(spec.latency)) return state;
  const { usual } = state;
  const above = latency && slowAbove(latency, usual.times);
  const slow = above === undefined ? NOTHING_USUAL : addUsual(NOTHING_USUAL, slowOnes(usual.times, above));
  return { ...state, usual: { ...usual, slow } };
}

/** A release that goes no further, by another spec: never with more weight than it has, and at a step that there is. */
function standingBy(before: Release, spec: RolloutSpec): Release {
  const { state } = before;
  // What was taken back comes back by no word of the annotation: "restart" does it.
  const onFailure = before.spec.onFailure === "back" && state.phase === "failed" ? "back" : spec.onFailure;
  const weight = weightOf(before.spec, { ...state, phase: "advancing" });
  const step = spec.steps.findLastIndex((one) => one.weight <= weight);
  const stands = { ...before, spec: { ...spec, onFailure }, state: { ...state, step: Math.max(0, step) } };
  // All its steps are above what the canary has: it stays as it was.
  return weightOfRelease(stands) > weightOfRelease(before) ? before : stands;
}

/** How a release is held where it is, and by what; undefined: nothing holds it. */
export function heldBy({ paused, spec, state }: Release, { most }: Pick<DeclaredRollout, "most">): string | undefined {
  if (paused) return "paused";
  const next = spec.steps[state.step + 1] ?? spec.steps[state.step];
  return next !== undefined && most < next.weight ? `canary-weight, which allows ${most} %` : undefined;
}

/** Adds what both arms did in an interval. */
export function observeArms(before: Release, seen: Seen, interval: ArmsInterval, now: number, random: Random): Changed & { readonly seen: Seen } {
  // What was taken back keeps the figures by which it was.
  if (before.over !== undefined || before.leaving || (before.state.phase === "failed" && weightOfRelease(before) === 0)) return { release: before, told: [], seen };
  const { canary, primary } = interval;
  const state = advance(before.spec, before.state, interval, random);
  const sums = { canary: addSums(before.sums.canary, canary), primary: addSums(before.sums.primary, primary) };
  const all: Seen = { canary: addTimes(seen.canary, canary.times), primary: addTimes(seen.primary, primary.times) };
  const release: Release = { ...before, state, sums };
  if (state.phase === before.state.phase && state.step === before.state.step) return { release, told: [], seen: all };
  return { ...moved(release, weightOfRelease(before), all, now), seen: state.phase === "failed" ? all : NOTHING_SEEN };
}

/** A sum, and what an arm did since. */
export function addSums(sum: ArmSum, { requests, errors }: ArmSum): ArmSum {
  return { requests: sum.requests + requests, errors: sum.errors + errors };
}

/** The release has come to another step or phase by evidence: it says by which. */
function moved(release: Release, before: number, seen: Seen, now: number): Changed {
  const { spec, state, sums } = release;
  const figures = `At ${before} %: ${figuresText(release, seen)}${state.verdict === "latency" ? `; ${slowText(release, seen)}` : ""}`;
  const weight = weightOfRelease(release);
  const [reason, message]: [RolloutReason, string] =
    state.phase === "failed"
      ? ["RolloutFailed", `${state.verdict === "errors" ? "The canary has more errors than the primary" : "The canary is slower than the primary"}: ${weight === 0 ? "it gets none by weight any more" : `it stays at ${weight} %`}. ${figures}`]
      : state.phase === "ready"
        ? ["RolloutReady", `Ready to promote: the canary has all steps behind it, and ${weight} % of the requests. ${figures}`]
        : ["RolloutStep", `The canary gets ${weight} % of the requests (step ${state.step + 1} of ${spec.steps.length}). ${figures}`];
  return { release: { ...release, since: now, sums: state.phase === "failed" ? sums : NO_SUMS, last: message }, told: [{ reason, message }] };
}

/** `canary 512 requests, 0.2 % errors, p99 84 ms; primary 9,731 requests, 0.1 % errors, p99 80 ms`. */
function figuresText({ sums, spec, state }: Release, seen: Seen): string {
  const quantile = spec.latency?.quantile ?? 0.99;
  const arm = ({ requests, errors }: ArmSum, times: Times): string => {
    const slow = spec.latency && quantileOfTimes(times, quantile);
    const took = slow === undefined ? "" : `, p${Number((quantile * 100).toFixed(1))} ${Math.round(slow)} ms`;
    return `${requests.toLocaleString("en")} requests, ${percent(requests === 0 ? 0 : errors / requests)} errors${took}`;
  };
  const primary = sums.primary.requests === 0 && state.usual.errors.all.requests > 0
    ? `primary none any more, ${percent(usualShare(state.usual.errors) ?? 0)} errors at its worst before` : `primary ${arm(sums.primary, seen.primary)}`;
  return `canary ${arm(sums.canary, seen.canary)}; ${primary}`;
}

/** `slower than 57 ms: canary 22 of 22, primary 0 of 23`. */
function slowText({ spec, state }: Release, seen: Seen): string {
  const above = spec.latency && slowAbove(spec.latency, state.usual.times);
  if (above === undefined) return "";
  const [canary, primary] = [slowOnes(seen.canary, above), slowOnes(seen.primary, above)];
  return `slower than ${Math.round(above)} ms: canary ${canary.bad} of ${canary.requests}, primary ${primary.bad} of ${primary.requests}`;
}

/** `0.15 %`. */
export function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

function stepText({ spec, state }: Release): string {
  return `${spec.steps[state.step]?.weight ?? 0} % (step ${state.step + 1} of ${spec.steps.length})`;
}

export const ROLLOUT_ACTIONS = ["pause", "resume", "skip", "abort", "restart"] as const;
export type RolloutAction = (typeof ROLLOUT_ACTIONS)[number];

/** Does what a person asks for. A text: why it cannot be done. */
export function act(before: Release, declared: DeclaredRollout, action: RolloutAction, now: number): Changed | string {
  if (action === "restart") return isPromoted(declared) ? "the primary has the canary's Service already" : begin(declared, now, "A person began the release anew");
  if (before.over === "promoted") return "it is promoted: to take it back, point the primary Ingress to its former Service";
  if (before.over === "aborted") return 'it is aborted: "restart" begins it anew';
  const told = (reason: RolloutReason, message: string, change: Partial<Release>): Changed => ({ release: { ...before, ...change, last: message }, told: [{ reason, message }] });
  if (action === "abort") return told("RolloutAborted", "A person took the canary back: it gets none by weight any more", { over: "aborted", since: now });
  if (action === "pause" && before.state.phase !== "advancing") return before.state.phase === "failed" ? "the canary failed already" : "it has all steps behind it";
  // Who asks for what is so already has it.
  if (action === "pause") return before.paused ? { release: before, told: [] } : told("RolloutPaused", `A person paused the release at ${stepText(before)}; it is judged all the same`, { paused: true });
  if (action === "resume") return resumed(before, now, told);
  if (before.state.phase === "failed") return 'the canary failed: "restart" begins its release anew';
  if (before.state.phase === "ready") return "it has all steps behind it";
  if (before.leaving) return skippedLeaving(before, now);
  const held = heldBy({ ...before, paused: false }, declared);
  if (held !== undefined) return `it is held by ${held}: raise it, or remove it`;
  const after = { ...before, state: skipped(before.spec, before.state), since: now, sums: NO_SUMS };
  return told("RolloutStep", `A person skipped a step: the canary is ${after.state.phase === "ready" ? "ready to promote" : `at ${stepText(after)}`}`, after);
}

/** The first thing that a release waits for is that pods are gone: whoever skips it has the first step. */
function skippedLeaving(before: Release, now: number): Changed {
  const message = `A person waits no longer for the pods of ${(before.leaving ?? []).join(", ")} to be gone: the canary is at ${stepText(before)}`;
  return { release: { ...withoutLeaving(before), since: now, last: message }, told: [{ reason: "RolloutStep", message }] };
}

function resumed(before: Release, now: number, told: (reason: RolloutReason, message: string, change: Partial<Release>) => Changed): Changed | string {
  if (before.state.phase === "failed") {
    if (before.spec.onFailure === "back") return 'the canary was taken back: "restart" begins its release anew';
    const state = judgedAnew(before.spec, before.state, weightOfRelease(before));
    return told("RolloutResumed", `A person resumed the release that had failed, at ${stepText({ ...before, state })}`, { state, paused: false, since: now, sums: NO_SUMS });
  }
  return before.paused ? told("RolloutResumed", `A person resumed the release at ${stepText(before)}`, { paused: false }) : { release: before, told: [] };
}
