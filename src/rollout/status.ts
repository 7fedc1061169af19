/** A release as people and programs are told of it. */
import { quantileOfTimes, type Times } from "./latency.ts";
import { failsTooOften, isBlind } from "./rollout.ts";
import { heldBy, weightOfRelease, type Seen } from "./release.ts";
import type { ArmSum, DeclaredRollout, Release } from "./shapes.ts";

/** `advancing`, `paused`, `ready` to promote, `failed` by evidence, `aborted` by a person, `promoted`. */
export type RolloutWord = "advancing" | "paused" | "ready" | "failed" | "aborted" | "promoted";

export interface ArmStatus {
  /** At the present step. */
  readonly requests: number;
  readonly errors: number;
  /** Milliseconds that the share `quantile` of the requests took at most; absent: too few requests to tell. */
  readonly took?: number;
}

export interface RolloutStatus {
  /** `namespace/name` of the canary's Ingress. */
  readonly ingress: string;
  readonly status: RolloutWord;
  /** Per cent of the requests that the canary gets now. */
  readonly weight: number;
  /** From 1 on. */
  readonly step: number;
  readonly steps: readonly number[];
  /** Seconds and requests that the step has had, and needs. */
  readonly lasted: number;
  readonly lasts: number;
  readonly requests: number;
  readonly requestsNeeded: number;
  /** What the release waits for at this step; absent: for nothing but its time. */
  readonly waitingFor?: string;
  /** Service ports of the canary. */
  readonly canary: readonly string[];
  /** Times of day: RFC 3339. */
  readonly begun: string;
  readonly since: string;
  readonly quantile?: number;
  readonly arms: { readonly canary: ArmStatus; readonly primary: ArmStatus };
  /** What happened last. */
  readonly last: string;
}

export function rolloutStatus(ingress: string, release: Release, declared: DeclaredRollout, seen: Seen, now: number): RolloutStatus {
  const { spec, state, sums, begun, since, last, canary } = release;
  const step = spec.steps[state.step];
  const waitingFor = waitsFor(release, declared);
  const quantile = spec.latency?.quantile;
  return {
    ingress,
    status: wordOf(release),
    weight: Math.min(weightOfRelease(release), declared.most),
    step: state.step + 1,
    steps: spec.steps.map(({ weight }) => weight),
    lasted: Math.round(state.lasted / 1000),
    lasts: (step?.lasts ?? 0) / 1000,
    requests: state.requests,
    requestsNeeded: step?.requests ?? 0,
    ...(waitingFor === undefined ? {} : { waitingFor }),
    canary: [...new Set(canary)],
    begun: new Date(begun).toISOString(),
    since: new Date(Math.min(since, now)).toISOString(),
    ...(quantile === undefined ? {} : { quantile }),
    arms: { canary: armOf(sums.canary, seen.canary, quantile), primary: armOf(sums.primary, seen.primary, quantile) },
    last,
  };
}

function armOf({ requests, errors }: ArmSum, times: Times, quantile = 0.99): ArmStatus {
  const took = quantileOfTimes(times, quantile);
  return { requests, errors, ...(took === undefined ? {} : { took: Math.round(took) }) };
}

export function wordOf({ over, state, paused }: Release): RolloutWord {
  if (over !== undefined) return over;
  if (state.phase !== "advancing") return state.phase;
  return paused ? "paused" : "advancing";
}

function waitsFor(release: Release, declared: DeclaredRollout): string | undefined {
  const { over, state, spec, sums, leaving } = release;
  if (over !== undefined || state.phase !== "advancing") return undefined;
  if (leaving) return `the pods of ${leaving.join(", ")} to be gone, which are of the release before`;
  const held = heldBy(release, declared);
  if (held !== undefined) return held === "paused" ? "somebody to resume it" : held;
  const step = spec.steps[state.step];
  if (!step) return undefined;
  if (sums.canary.requests === 0 && sums.primary.requests === 0) return "requests: neither version had one at this step";
  if (sums.canary.requests === 0) return "requests of the canary: it had none at this step, so look whether its Service has ready endpoints";
  if (sums.primary.requests === 0 && state.lasted === 0) return "requests of the primary, to compare with: it had fewer than 30 until now";
  if (state.requests >= step.requests && failsTooOften(spec, state)) return "fewer errors: too many of the canary's requests failed at this step, whoever is to blame, and it begins anew when its time is over";
  if (state.lasted < step.lasts) return undefined;
  if (state.requests < step.requests) return `${(step.requests - state.requests).toLocaleString("en")} more requests of the canary`;
  if (isBlind(spec, state)) return "requests of the primary, to know what is slow: it needs some 230 that are no errors";
  return "evidence: something speaks against the canary, and not enough yet to take it back";
}
