/**
 * The annotations that make an Ingress a canary: an alternative backend for some requests of another Ingress.
 */
import type { ValueType } from "../../grammar/value-type.ts";
import { basicText, boolean, integer, pattern } from "../../grammar/value-types.ts";
import type { CanaryRollout } from "../../shapes/rollout.ts";
import type { CanaryRule } from "../../shapes/routing.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured, Risk } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import { slot } from "../slot.ts";

export interface CanaryValues extends CanaryRule {
  readonly enabled: boolean;
  readonly weight: number;
  readonly weightTotal: number;
  /** Of `sluice.ingress/rollout`; the weight follows from it. */
  readonly rollout?: CanaryRollout;
}

const DEFAULTS: CanaryValues = { enabled: false, weight: 0, weightTotal: 100 };

/** What the annotations of an Ingress say about whether it is a canary, and for which requests. */
export const canary = slot<CanaryValues>("canary", () => DEFAULTS);

const annotations: readonly Honoured[] = [
  row("canary", "enabled", boolean, "Low", "Makes the Ingress an alternative backend of the paths that it shares with another one."),
  row("canary-weight", "weight", integer, "Low", "How many out of `canary-weight-total` requests go to the canary."),
  row("canary-weight-total", "weightTotal", integer, "Low", "What `canary-weight` is a part of; at least 100."),
  row("canary-by-header", "header", basicText, "Medium", "Request header that decides: `always` takes the canary, `never` does not."),
  row("canary-by-header-value", "headerValue", basicText, "Medium", "The exact header value that takes the canary, instead of `always`."),
  row("canary-by-header-pattern", "headerPattern", pattern, "Medium", "Regular expression (PCRE, not anchored) of header values that take the canary; ignored with `canary-by-header-value`."),
  row("canary-by-cookie", "cookie", basicText, "Medium", "Cookie that decides: `always` takes the canary, `never` does not."),
];

function row<K extends keyof CanaryValues>(
  name: string,
  key: K,
  type: ValueType<NonNullable<CanaryValues[K]>>,
  risk: Risk,
  doc: string,
): Honoured {
  return annotation<NonNullable<CanaryValues[K]>>({
    name,
    group: "canary",
    risk,
    scope: "ingress",
    type,
    doc,
    ...field(canary, key),
  });
}

export const canaryFeature: Feature = { slot: canary, annotations };
