/** What a canary's Ingress says of how its release is to go on (`sluice.ingress/rollout`). */

export interface RolloutStep {
  /** Per cent of the requests. */
  readonly weight: number;
  /** Least time, milliseconds. */
  readonly lasts: number;
  /** Least number of requests of the canary. */
  readonly requests: number;
}

/** What is slow: more than `within` times the primary's `quantile`, or more than so many milliseconds. */
export interface LatencyRule {
  /** Share of the primary's requests that is faster than what is compared: 0.99. The canary may have `1 - quantile` more slow requests than the primary. */
  readonly quantile: number;
  readonly bound: { readonly within: number } | { readonly milliseconds: number };
}

export interface RolloutSpec {
  /** Ascending; one at least. */
  readonly steps: readonly RolloutStep[];
  /** Share of requests of the canary that may be errors beyond the primary's share: 0.01. */
  readonly errors: number;
  /** Absent: how long requests take does not count. */
  readonly latency?: LatencyRule;
  readonly onFailure: "back" | "hold";
  /** What clients keep their version by; absent: each request is drawn. */
  readonly sticky?: RolloutSticky;
}

/** By the client's address, by the value of a header, or by a cookie that Sluice gives out. Names as nginx's variables have them, and as declared. */
export type RolloutSticky = { readonly by: "client" } | { readonly by: "header" | "cookie"; readonly name: string };

/** The rollout of a canary, and what it gives the canary now. */
export interface CanaryRollout {
  readonly spec: RolloutSpec;
  /** The most that the canary may have, whatever the rollout says (`canary-weight`), in per cent; absent: all. */
  readonly most?: number;
  /** Per cent of the requests that the rollout gives the canary now. */
  readonly weight: number;
  /** Pools that the weight is for. */
  readonly pools: readonly string[];
}
