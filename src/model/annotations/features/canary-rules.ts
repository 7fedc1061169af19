/**
 * The canary annotations of one Ingress taken together: weights in range, and no rule that cannot apply.
 */
import type { Ingress } from "../../../source/objects.ts";
import * as found from "../../findings/catalogue.ts";
import type { Finding, Place } from "../../findings/findings.ts";
import type { Values } from "../slot.ts";
import { canary } from "./canary.ts";
import type { CanaryValues } from "./canary.ts";

/** The edge draws a number up to the total in 32 bits. */
const LARGEST_TOTAL = 2 ** 31 - 1;
/** ingress-nginx behaviour: a smaller total counts as 100. */
const SMALLEST_TOTAL = 100;

/** The canary annotations of one Ingress, with weights in range and rules that cannot apply left out. */
export function checkCanary(ingress: Ingress, prefix: string, values: Values, findings: Finding[]): Values {
  return canary.put(values, checkRules(ingress, prefix, canary.of(values), findings));
}

function checkRules(ingress: Ingress, prefix: string, values: CanaryValues, findings: Finding[]): CanaryValues {
  const place = (name: string): Place => ({ object: ingress, field: `metadata.annotations[${prefix}/${name}]` });
  const weightTotal = clamp(values.weightTotal, SMALLEST_TOTAL, LARGEST_TOTAL);
  const weight = clamp(values.weight, 0, weightTotal);
  if (weightTotal !== values.weightTotal) {
    const params = { name: "canary-weight-total", value: values.weightTotal, used: weightTotal, total: LARGEST_TOTAL };
    findings.push(found.canaryWeightOutOfRange(place("canary-weight-total"), params));
  }
  if (weight !== values.weight) {
    const params = { name: "canary-weight", value: values.weight, used: weight, total: weightTotal };
    findings.push(found.canaryWeightOutOfRange(place("canary-weight"), params));
  }
  const { enabled, header, headerValue, headerPattern, cookie } = values;
  if (header === undefined && headerValue !== undefined) {
    findings.push(found.canaryRuleNeedsHeader(place("canary-by-header-value"), { name: "canary-by-header-value" }));
  }
  if (header === undefined && headerPattern !== undefined) {
    findings.push(found.canaryRuleNeedsHeader(place("canary-by-header-pattern"), { name: "canary-by-header-pattern" }));
  }
  return {
    enabled,
    weight,
    weightTotal,
    ...(header === undefined ? {} : { header }),
    ...(header === undefined || headerValue === undefined ? {} : { headerValue }),
    ...(header === undefined || headerPattern === undefined || headerValue !== undefined ? {} : { headerPattern }),
    ...(cookie === undefined ? {} : { cookie }),
  };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
