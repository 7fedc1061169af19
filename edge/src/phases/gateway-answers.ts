/**
 * What rules of Gateways' routes change about answers, after everything that holds for all routes. Only where there may be Gateways: the phases of
 * other workers do not come here.
 */
import type { Decision } from "../match.ts";
import type { HeaderChange } from "../program.ts";
import { reasonOf } from "../reasons.ts";
import { dress, respond } from "./response.ts";
import { recall } from "./state.ts";

/** Header filter phase, in place of `respond`. The changes are for answers of backends: an answer that stands for one keeps its headers. */
export function respondAtGateways(): void {
  respond();
  const state = recall();
  const filters = state?.route?.filters;
  if (state === undefined || filters === undefined) return;
  if (filters.answerChanges !== undefined && state.refused === 0 && reasonOf(ngx.status, ngx.var.upstream_header_time) === undefined) changeAnswer(filters.answerChanges);
}

/** In place of `dress`: redirects have the changes, refusals do not. */
export function dressAtGateways(decision: Decision, path: string): void {
  dress(decision, path);
  const changes = decision.route?.filters?.answerChanges;
  if (changes !== undefined && decision.status < 400) changeAnswer(changes);
}

function changeAnswer(changes: HeaderChange[]): void {
  const { header } = ngx;
  for (const { name, value, add } of changes) {
    const before = add === true ? header[name] : undefined;
    if (before === undefined || value === undefined) header[name] = value;
    else header[name] = typeof before === "string" ? [before, value] : [...before, value];
  }
}
