/**
 * Answers the API server's questions with the model's judgement, in the sentences of the findings.
 *
 * An object that is no Ingress of ours is always allowed, whatever is in it: a webhook that stands in the way of others
 * does more harm than good.
 */
import type { Candidate, Judgement } from "../model/build/candidate.ts";
import { findingText, subjectText } from "../model/findings/findings.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Ingress } from "../source/objects.ts";
import { asSentence } from "../support/text.ts";
import { INGRESS_RESOURCE } from "./review.ts";
import type { ReviewAnswer, Question } from "./review.ts";

/** Undefined while there is no model yet. */
export type Consider = (candidate: Candidate) => Judgement | undefined;

/** `checked`: how many Ingresses were looked at; absent: the Ingress was not judged. */
export interface ReviewVerdict {
  readonly answer: ReviewAnswer;
  readonly checked?: number;
}

/** Findings that are told at most: an API server shortens long answers, and drops warnings beyond 4 KiB. */
const MOST_FINDINGS = 10;
/** Bytes that an API server accepts as annotations of one object. */
const ANNOTATION_BYTES = 256 * 1024;
/** An Ingress with more paths is not judged. So many take a few hundredths of a second; an Ingress of 1.5 MiB could have ten times as many. */
const MOST_PATHS = 2000;

/** Undefined while there is no model yet. */
export function judgeQuestion(question: Question, consider: Consider): ReviewVerdict | undefined {
  const { operation, resource, object, oldObject, deleting } = question;
  if (resource !== INGRESS_RESOURCE) {
    const warning = `Sluice's webhook was asked about ${resource || "an unknown resource"}: let its rules name ${INGRESS_RESOURCE} alone`;
    return { answer: { allowed: true, ...(isOfIngresses(resource) ? {} : { warnings: [warning] }) } };
  }
  if (operation === "DELETE" || deleting || !object) return { answer: { allowed: true } };
  if (isTooLarge(object) || (oldObject && isTooLarge(oldObject))) {
    return { answer: { allowed: true, warnings: [`This Ingress is too large to be checked before it is served: use at most ${MOST_PATHS} paths in one`] } };
  }
  const judgement = consider({ ingress: object, ...(operation === "UPDATE" && oldObject ? { before: oldObject } : {}) });
  return judgement && { answer: answerOf(judgement, object), ...(judgement.ours ? { checked: judgement.ingresses } : {}) };
}

function isOfIngresses(resource: string): boolean {
  return resource.startsWith("ingresses/");
}

function isTooLarge({ metadata, spec }: Ingress): boolean {
  const annotations = Object.entries(metadata.annotations ?? {}).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const paths = (spec.rules ?? []).reduce((sum, { http }) => sum + 1 + (http?.paths.length ?? 0), 0);
  return annotations > ANNOTATION_BYTES || paths > MOST_PATHS;
}

function answerOf({ denials, warnings }: Judgement, ingress: Ingress): ReviewAnswer {
  const texts = warnings.slice(0, MOST_FINDINGS).map((finding) => textOf(finding, ingress));
  const passed = { allowed: denials.length === 0, ...(texts.length > 0 ? { warnings: texts } : {}) };
  if (denials.length === 0) return passed;
  const more = denials.length > MOST_FINDINGS ? [`and ${denials.length - MOST_FINDINGS} more`] : [];
  return { ...passed, message: [...denials.slice(0, MOST_FINDINGS).map((finding) => textOf(finding, ingress)), ...more].join("\n") };
}

/** `spec.rules[0].host: … Effect: … (host-invalid)`; a finding about another Ingress begins with that Ingress's name. */
function textOf(finding: Finding, { metadata }: Ingress): string {
  const { object, field, code } = finding;
  const isOwn = object.kind === "Ingress" && object.name === metadata.name && object.namespace === metadata.namespace;
  const whose = isOwn ? field : `It would change what the ${subjectText(object)} does, ${field}`;
  return `${whose}: ${asSentence(findingText(finding))} (${code})`.replace(/\.\.? \(/, ". (");
}
