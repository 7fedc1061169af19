/** What a release is, and what it is a release of: plain JSON, which a file or an annotation holds. */
import type { RolloutSpec } from "../model/shapes/rollout.ts";
import type { RolloutState } from "./rollout.ts";

/** A canary Ingress with a rollout, as it is declared now. */
export interface DeclaredRollout {
  readonly spec: RolloutSpec;
  /** Per cent of the requests that it may have at most (`canary-weight`). */
  readonly most: number;
  /** Of its object; empty: it comes from a file. */
  readonly uid: string;
  /** The Service ports of the canary, and those of the primaries at the same places. */
  readonly canary: readonly string[];
  readonly primary: readonly string[];
  /** What the canary's ready endpoints are of (source/pod-owner.ts). */
  readonly owners: readonly string[];
}

/** Requests and errors of an arm, at the present step. */
export interface ArmSum {
  readonly requests: number;
  readonly errors: number;
}

export interface Release {
  readonly uid: string;
  readonly canary: readonly string[];
  readonly owners: readonly string[];
  /** ReplicaSets of the release before whose pods still answer: until they are gone the canary gets nothing, and is not judged by them. */
  readonly leaving?: readonly string[];
  /** What those are of was taken back. */
  readonly refused?: true;
  /** Since when no pods but those answer: milliseconds since 1970. */
  readonly alone?: number;
  readonly spec: RolloutSpec;
  readonly state: RolloutState;
  readonly paused: boolean;
  /** It is over: the primary has the canary's Service, or a person took it back. */
  readonly over?: "promoted" | "aborted";
  /** When it began, and when it came to be as it is: milliseconds since 1970. */
  readonly begun: number;
  readonly since: number;
  readonly sums: { readonly canary: ArmSum; readonly primary: ArmSum };
  /** What happened last, in a sentence. */
  readonly last: string;
}

/** `namespace/name` of the canary's Ingress → its release. */
export type KeptReleases = Readonly<Record<string, Release>>;
