/**
 * Chooses the findings that are told: for each mistake the one whose remedy mends it, and of very many of a kind the first.
 * They are sorted, so that their order does not depend on that of the changes.
 */
import * as config from "../model/config/findings.ts";
import * as found from "../model/findings/catalogue.ts";
import { boundFindings, sortFindings, type Finding } from "../model/findings/findings.ts";
import { valueNotString } from "../source/manifests/findings.ts";

/** Codes of findings whose remedy is to replace or remove the value. Then it does not matter how the present value is written. */
const OF_VALUES: ReadonlySet<string> = new Set([
  found.affinityCanaryBehavior, found.aliasInvalid, found.annotationAboveRisk, found.annotationBlocked, found.annotationClosed, found.annotationForbidden, found.annotationIneffective,
  found.annotationInvalid, found.annotationReduced, found.annotationReference, found.annotationRefused, found.authUrlUnusable,
  found.canaryWeightOutOfRange, found.corsOriginSkipped, found.hostInvalid, found.matchUnreadable, found.mirrorTargetInvalid, found.pathAnnotationsUnreadable,
  found.pathInvalid, found.pathTypeUnknown, found.redirectDropped, found.rewriteVariableUnknown, found.rulesUnreadable, found.sizeAdjusted, found.snippetFails, found.snippetForbidden,
  found.snippetRefused, found.snippetUnreadable, found.snippetWithoutPlace,
  config.configHeaderInvalid, config.configKeyRefused, config.configKeyWithoutEffect, config.configObjectUnusable, config.configRulesRefused, config.configValueInvalid,
].map(({ code }) => code));

export function toldFindings(findings: readonly Finding[]): Finding[] {
  return sortFindings(boundFindings(withoutIdleAdvice(findings)));
}

/** The findings without the advice to put quotes around a value that is to be replaced anyway. */
function withoutIdleAdvice(findings: readonly Finding[]): readonly Finding[] {
  if (!findings.some(({ code }) => code === valueNotString.code)) return findings;
  const replaced = new Set(findings.filter(({ code, elsewhere }) => OF_VALUES.has(code) && elsewhere !== true).map(fieldOf));
  return findings.filter((one) => one.code !== valueNotString.code || !replaced.has(fieldOf(one)));
}

/** `data[hsts]` and `data.hsts` are one field. */
function fieldOf({ object: { kind, namespace, name }, field }: Finding): string {
  return `${kind} ${namespace}/${name} ${field.replace(/\[([A-Za-z]\w*)\]/g, ".$1")}`;
}
