/**
 * The annotations that make an Ingress a canary: an alternative backend for some requests of another Ingress.
 */
import { annotation } from "./annotation.ts";
import type { Honoured, Risk, ValueType } from "./annotation.ts";
import { basicText, boolean, integer, pattern } from "./value-types.ts";
import type { CanaryValues } from "./values.ts";

export const canaryDefaults: CanaryValues = { enabled: false, weight: 0, weightTotal: 100 };

export const canaryAnnotations: readonly Honoured[] = [
  canary("canary", "enabled", boolean, "Low", "Makes the Ingress an alternative backend of the paths that it shares with another one."),
  canary("canary-weight", "weight", integer, "Low", "How many out of `canary-weight-total` requests go to the canary."),
  canary("canary-weight-total", "weightTotal", integer, "Low", "What `canary-weight` is a part of; at least 100."),
  canary("canary-by-header", "header", basicText, "Medium", "Request header that decides: `always` takes the canary, `never` does not."),
  canary("canary-by-header-value", "headerValue", basicText, "Medium", "The exact header value that takes the canary, instead of `always`."),
  canary("canary-by-header-pattern", "headerPattern", pattern, "Medium", "Regular expression (PCRE, not anchored) of header values that take the canary; ignored with `canary-by-header-value`."),
  canary("canary-by-cookie", "cookie", basicText, "Medium", "Cookie that decides: `always` takes the canary, `never` does not."),
];

function canary<K extends keyof CanaryValues>(
  name: string,
  field: K,
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
    get: (values) => values.canary[field] ?? undefined,
    set: (values, value) => ({ ...values, canary: { ...values.canary, [field]: value } }),
  });
}
