/**
 * The canary annotations of one Ingress taken together: weights in range, and no rule that cannot apply.
 */
import type { Ingress } from "../../../source/objects.ts";
import * as found from "../../findings/catalogue.ts";
import type { Finding, Place } from "../../findings/findings.ts";
import type { CanaryRollout } from "../../shapes/rollout.ts";
import type { Values } from "../slot.ts";
import { canary } from "./canary.ts";
import type { CanaryValues } from "./canary.ts";

/** The edge draws a number up to the total in 32 bits. */
const LARGEST_TOTAL = 2 ** 31 - 1;
/** ingress-nginx behaviour: a smaller total counts as 100. */
const SMALLEST_TOTAL = 100;

/** What a rollout says of the Ingress's weight. `unreadable`: nothing that can be understood. */
export type GivenRollout = Omit<CanaryRollout, "most"> | "unreadable" | undefined;

/** The canary annotations of one Ingress, with weights in range, the weight of its rollout, and rules that cannot apply left out. */
export function checkCanary(ingress: Ingress, prefix: string, values: Values, given: GivenRollout, findings: Finding[]): Values {
  const rules = checkRules(ingress, prefix, canary.of(values), findings);
  return canary.put(values, given === undefined ? rules : { ...rules, ...weightOf(ingress, prefix, rules, given, findings) });
}

/** Per cents of rollouts have two decimals at most. */
const OF_PER_CENT = 100;

/** A weight that is declared beside a rollout is the most that the canary gets, so that whoever writes it in need is obeyed. */
function weightOf(ingress: Ingress, prefix: string, { weight, weightTotal }: CanaryValues, given: Exclude<GivenRollout, undefined>, findings: Finding[]): Partial<CanaryValues> {
  if (given === "unreadable") return { weight: 0 };
  const name = `${prefix}/canary-weight`;
  const most = ingress.metadata.annotations?.[name] === undefined ? undefined : (100 * weight) / weightTotal;
  const highest = Math.max(...given.spec.steps.map((step) => step.weight));
  if (most !== undefined) findings.push(found.rolloutLimited({ object: ingress, field: `metadata.annotations[${name}]` }, { name: "canary-weight", most, highest }));
  const total = `${prefix}/canary-weight-total`;
  if (most === undefined && ingress.metadata.annotations?.[total] !== undefined) {
    findings.push(found.rolloutIgnoresTotal({ object: ingress, field: `metadata.annotations[${total}]` }, { name: "canary-weight-total" }));
  }
  const now = Math.min(given.weight, most ?? 100);
  return { weight: Math.floor(now * OF_PER_CENT), weightTotal: 100 * OF_PER_CENT, rollout: { ...given, ...(most === undefined ? {} : { most }) } };
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
