/**
 * Every finding of the model stage, without those about the controller's ConfigMap (config/findings.ts): its code, its
 * severity, and what it says.
 *
 * Codes are stable. A sentence names the offending value and the remedy; the effect says what happens meanwhile.
 */
import type { ObjectRef } from "../../source/objects.ts";
import { splitName } from "../../support/namespaced-name.ts";
import { NO_SUCH_OBJECT } from "../shapes/lookup.ts";
import { CLOSED, finding, REFUSED } from "./findings.ts";

export * from "./access.ts";
export * from "./admission.ts";
export * from "./backends.ts";
export * from "./balance.ts";
export * from "./certificates.ts";
export * from "./external-auth.ts";
export * from "./gateway.ts";
export { furtherFindings } from "./findings.ts";
export * from "./host-tls.ts";
export * from "./program.ts";
export * from "./routing.ts";
export * from "./snippets.ts";
export * from "./streams.ts";
export * from "./tracing.ts";
export * from "./upstream.ts";

function objectOf(kind: ObjectRef["kind"], key: string): ObjectRef | undefined {
  const name = splitName(key);
  return name && { kind, ...name };
}

// Which Ingresses are ours

export const ingressClassUnknown = finding<{ name: string; known: readonly string[] }>(
  "ingress-class-unknown",
  "warning",
  ({ name, known }) =>
    `There is no IngressClass "${name}": create it` +
    (known.length > 0 ? `, or use ${known.map((one) => `"${one}"`).join(" or ")}` : ""),
  () => "the Ingress is ignored",
);

export const ingressClassMissing = finding<{ name: string }>(
  "ingress-class-missing",
  "info",
  ({ name }) => `The Ingress names no class and there is no default one: set spec.ingressClassName, for example to "${name}"`,
  () => "the Ingress is ignored",
);

export const classAnnotationUnusable = finding<{ annotation: string; value: string; ours: string }>(
  "class-annotation-unusable",
  "warning",
  ({ annotation, value, ours }) =>
    value === "" ? `${annotation} is empty, which is the class of nobody: write "${ours}", or spec.ingressClassName: ${ours}` : `${annotation} is "${value}", which is not "${ours}": write it so, or spec.ingressClassName: ${ours}`,
  () => "the Ingress is ignored",
);

export const catchAllDisabled = finding<Record<never, never>>(
  "catch-all-disabled",
  "warning",
  () => "spec.defaultBackend is not allowed here (--disable-catch-all): remove it",
  () => "the Ingress is ignored",
);

// What an Ingress declares

export const hostInvalid = finding<{ host: string; instead?: string }>(
  "host-invalid",
  "error",
  ({ host, instead }) =>
    `"${host}" is not a host name: ` + (instead === undefined ? 'use lower-case labels joined by dots, with at most one leading "*."' : `write ${instead}`),
  () => "this rule is ignored",
);

export const pathInvalid = finding<{ path: string; why: string }>(
  "path-invalid",
  "error",
  ({ path, why }) => `The path "${path}" ${why}`,
  () => "this path is ignored",
);

export const pathTypeUnknown = finding<{ pathType: string }>(
  "path-type-unknown",
  "error",
  ({ pathType }) => `"${pathType}" is not a path type: use Prefix, Exact or ImplementationSpecific`,
  () => "this path is ignored",
);

export const backendInvalid = finding<{ why: string; effect: string }>(
  "backend-invalid",
  "error",
  ({ why }) => `${why}: name a Service and one of its ports`,
  ({ effect }) => effect,
);

export const pathConflict = finding<{ what: string; winner: string }>(
  "path-conflict",
  "warning",
  ({ what, winner }) => `${what} is declared by the Ingress ${winner} already, which comes first: change or remove one of them`,
  ({ winner }) => `requests go where ${winner} sends them`,
  ({ what }, loser) => `The Ingress ${loser} declares ${what} too, and comes later: requests go where this Ingress sends them`,
);

// Annotations

interface BadValue {
  readonly name: string;
  /** Printable. */
  readonly value: string;
  readonly expects: string;
  readonly used: string;
}

export const annotationUnknown = finding<{ name: string; near?: string }>(
  "annotation-unknown",
  "warning",
  ({ name, near }) => `There is no annotation "${name}"` + (near === undefined ? ": remove it" : `: did you mean "${near}"?`),
  () => "it has no effect",
);

export const annotationFormer = finding<{ name: string; instead: string }>(
  "annotation-former",
  "warning",
  ({ name, instead }) => `${name} is no annotation, or none any more: in its place there is ${instead}`,
  () => "it has no effect",
);

/** `meant`: the annotation's whole name. */
export const annotationWithoutPrefix = finding<{ key: string; meant: string }>(
  "annotation-without-prefix",
  "warning",
  ({ key, meant }) => `"${key}" is no annotation of Sluice's: did you mean "${meant}"?`,
  () => "Sluice does not read it: what it should keep out or change, is not",
);

interface OfOthers {
  readonly keys: string;
  readonly several: boolean;
  readonly whose: string;
  /** What some of them are here: `it is rewrite-target`. */
  readonly here: readonly string[];
}

export const annotationOfOthers = finding<OfOthers>(
  "annotation-of-others",
  "warning",
  ({ keys, several, whose, here }) =>
    `${keys} ${several ? "are annotations" : "is an annotation"} of ${whose}: ` +
    (here.length === 0 ? "look for what does the same here, or remove what is not needed" : `here ${here.join("; ")}`),
  ({ several }) => `Sluice does not read ${several ? "them: what they" : "it: what it"} should keep out or change, is not`,
);

export const annotationInvalid = finding<BadValue>(
  "annotation-invalid",
  "warning",
  ({ name, value, expects }) => `"${value}" is not valid for ${name}: it must be ${expects}`,
  ({ used }) => `the default is used: ${used}`,
);

export const annotationRefused = finding<Omit<BadValue, "used">>(
  "annotation-refused",
  "error",
  ({ name, value, expects }) => `"${value}" is not valid for ${name}: it must be ${expects}`,
  () => REFUSED,
);

export const annotationClosed = finding<Omit<BadValue, "used">>(
  "annotation-closed",
  "error",
  ({ name, value, expects }) => `"${value}" is not valid for ${name}: it must be ${expects}`,
  () => CLOSED,
);

/** A Secret, ConfigMap or Service that an annotation names and that cannot be used. */
export const annotationReference = finding<{ name: string; kind: string; key: string; why: string; effect: string }>(
  "annotation-reference",
  "error",
  ({ name, kind, key, why }) => `${name} names the ${kind} "${key}", which ${why}`,
  ({ effect }) => effect,
  undefined,
  ({ kind, key, why }) => (why === NO_SUCH_OBJECT && (kind === "Secret" || kind === "ConfigMap") ? objectOf(kind, key) : undefined),
);

/** An annotation that does nothing without another one. */
export const annotationIncomplete = finding<{ name: string; needs: string }>(
  "annotation-incomplete",
  "warning",
  ({ name, needs }) => `${name} does nothing without ${needs}: add it, or remove ${name}`,
  () => "it has no effect",
);

export const corsOriginSkipped = finding<{ origins: readonly string[]; effect: string }>(
  "cors-origin-skipped",
  "warning",
  ({ origins }) => `${origins.map((one) => `"${one}"`).join(", ")} in cors-allow-origin has no scheme: write it like https://shop.example`,
  ({ effect }) => effect,
);

export const annotationReduced = finding<BadValue>(
  "annotation-reduced",
  "warning",
  ({ name, value, expects }) => `${value} is too much for ${name}: it must be ${expects}`,
  ({ used }) => `${used} is used`,
);

export const annotationOnCanary = finding<{ name: string }>(
  "annotation-on-canary",
  "info",
  ({ name }) => `${name} has no effect on a canary: set it on the Ingress that the canary joins`,
  () => "requests to the canary follow the annotations of that Ingress",
);

// Sluice's own annotations

interface Unreadable {
  readonly what: string;
  readonly why: string;
  readonly effect: string;
}

export const matchUnreadable = finding<Unreadable>(
  "match-unreadable",
  "error",
  ({ what, why }) => `${what} cannot be read: ${why}`,
  ({ effect }) => effect,
);

export const pathAnnotationsUnreadable = finding<Unreadable>(
  "path-annotations-unreadable",
  "error",
  ({ what, why }) => `${what} cannot be read: ${why}`,
  ({ effect }) => effect,
);

export const pathNotDeclared = finding<{ name: string; path: string; near?: string }>(
  "path-not-declared",
  "warning",
  ({ name, path, near }) =>
    `${name} speaks of "${path}", which is no path of this Ingress` + (near === undefined ? ": write it as in spec.rules" : `: did you mean "${near}"?`),
  () => "what it says there has no effect",
);

export const notOfPath = finding<{ name: string; path: string }>(
  "annotation-not-of-path",
  "warning",
  ({ name, path }) => `${name} holds for more than the path "${path}": set it on the Ingress`,
  () => "it has no effect",
);

/** As `notOfPath`, for an annotation that keeps requests out. */
export const guardNotOfPath = finding<{ name: string; path: string }>(
  "guard-not-of-path",
  "error",
  ({ name, path }) => `${name} keeps requests out of more than the path "${path}": set it on the Ingress`,
  () => "this path answers 503",
);

// Canaries

export const canaryNotEnabled = finding<{ name: string; prefix: string }>(
  "canary-not-enabled",
  "warning",
  ({ name, prefix }) => `${name} needs ${prefix}/canary: "true" on the same Ingress`,
  () => "the Ingress is an ordinary one and may conflict with the one that it should join",
);

export const canaryWithoutMain = finding<{ what: string }>(
  "canary-without-main",
  "warning",
  ({ what }) => `No ordinary Ingress sends ${what} to a Service, with the same path and path type: a canary needs one to join`,
  () => "this canary path has no effect",
);

export const canaryRuleWithoutPaths = finding<Record<never, never>>(
  "canary-rule-without-paths",
  "warning",
  () => "This rule of a canary has no http.paths: declare the paths that the canary takes part in",
  () => "this rule is ignored",
);

export const canaryRuleNeedsHeader = finding<{ name: string }>(
  "canary-needs-header",
  "warning",
  ({ name }) => `${name} needs canary-by-header on the same Ingress`,
  () => "it has no effect",
);

export const canaryWeightOutOfRange = finding<{ name: string; value: number; used: number; total: number }>(
  "canary-weight-out-of-range",
  "warning",
  ({ name, value, total }) =>
    name === "canary-weight"
      ? `canary-weight ${value} is not within 0 and canary-weight-total, which is ${total}`
      : `canary-weight-total ${value} is not at least 100 and at most ${total}`,
  ({ used }) => `${used} is used`,
);

export const rolloutUnreadable = finding<{ why: string }>(
  "rollout-unreadable",
  "error",
  ({ why }) => `sluice.ingress/rollout cannot be read: ${why}`,
  () => "the canary gets no requests by weight",
);

export const rolloutWithoutCanary = finding<{ name: string }>(
  "rollout-without-canary",
  "warning",
  ({ name }) => `sluice.ingress/rollout is for canaries, and this Ingress is none: set ${name}: "true", or remove it`,
  () => "it has no effect",
);

export const rolloutLimited = finding<{ name: string; most: number; highest: number }>(
  "rollout-limited",
  "warning",
  ({ name, highest }) =>
    `${name} and sluice.ingress/rollout both say what the canary gets: the rollout would go up to ${highest} %. Remove ${name}, and have no other tool (Argo Rollouts, Flagger) write it, ` +
    `or remove the rollout`,
  ({ most }) => (most === 0 ? "the canary gets no requests by weight" : `the rollout goes no further than ${most} %`),
);

export const rolloutIgnoresTotal = finding<{ name: string }>(
  "rollout-ignores-total",
  "warning",
  ({ name }) => `${name} says what canary-weight is a part of, and here sluice.ingress/rollout stands in its place: remove it`,
  () => "it has no effect",
);

export const canaryWeightsExceedTotal = finding<{ what: string; weight: number | string; left: number | string }>(
  "canary-weights-exceed-total",
  "warning",
  ({ what, weight, left }) =>
    `The canaries of ${what} ask for more requests than there are: of its weight ${weight} only ${left} is left by older ones`,
  ({ left }) => `the weight ${left} is used, and the Ingress that they join gets nothing by weight`,
);
