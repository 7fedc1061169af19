/** The values of the annotations about session affinity, in a file of their own: other features that choose endpoints read them. */
import { slot } from "../slot.ts";

export interface AffinityValues {
  readonly enabled: boolean;
  readonly mode: "balanced" | "persistent";
  readonly canaryBehavior: "sticky" | "legacy";
  readonly name: string;
  readonly secure: boolean;
  /** Seconds. */
  readonly expires?: number;
  /** Seconds. */
  readonly maxAge?: number;
  readonly path?: string;
  readonly domain?: string;
  readonly sameSite?: "None" | "Lax" | "Strict";
  readonly conditionalNone: boolean;
  readonly changeOnFailure: boolean;
}

const DEFAULTS: AffinityValues = {
  enabled: false,
  mode: "balanced",
  canaryBehavior: "sticky",
  name: "INGRESSCOOKIE",
  secure: false,
  conditionalNone: false,
  changeOnFailure: false,
};

/** What the annotations of an Ingress say about session affinity. */
export const affinity = slot<AffinityValues>("affinity", () => DEFAULTS);
