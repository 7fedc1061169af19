/**
 * What rules of Gateways' routes change about answers, after everything that holds for all routes. Only where there may be Gateways: the phases of
 * other workers do not come here.
 */
import { varyByOrigin } from "../cors.ts";
import { dependsOnOrigin, originAllowed, type CrossOrigin } from "../cross-origin.ts";
import type { Decision } from "../match.ts";
import type { HeaderChange } from "../program.ts";
import { reasonOf } from "../reasons.ts";
import { dress, joinedValues, respond } from "./response.ts";
import { recall } from "./state.ts";

/** Header filter phase, in place of `respond`. The changes are for answers of backends: an answer that stands for one keeps its headers. */
export function respondAtGateways(): void {
  respond();
  const state = recall();
  const filters = state?.route?.filters;
  if (state === undefined || filters === undefined) return;
  if (filters.answerChanges !== undefined && state.refused === 0 && reasonOf(ngx.status, ngx.var.upstream_header_time) === undefined) changeAnswer(filters.answerChanges);
  if (filters.crossOrigin !== undefined) allowUse(filters.crossOrigin, false);
}

/** In place of `dress`: redirects have the changes, refusals do not. */
export function dressAtGateways(decision: Decision, path: string): void {
  dress(decision, path);
  const filters = decision.route?.filters;
  if (filters === undefined || decision.status >= 400) return;
  if (filters.answerChanges !== undefined) changeAnswer(filters.answerChanges);
  if (filters.crossOrigin !== undefined) allowUse(filters.crossOrigin, decision.status === 204);
}

function changeAnswer(changes: HeaderChange[]): void {
  const { header } = ngx;
  for (const { name, value, add } of changes) {
    const before = add === true ? header[name] : undefined;
    if (before === undefined || value === undefined) header[name] = value;
    else header[name] = typeof before === "string" ? [before, value] : [...before, value];
  }
}

const CROSS_ORIGIN = [
  "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age",
];

/** The rule has the word about all headers of CORS: what a backend says of them is not passed on. */
function allowUse(rule: CrossOrigin, preflight: boolean): void {
  const { header, var: vars } = ngx;
  for (const name of CROSS_ORIGIN) header[name] = undefined;
  if (dependsOnOrigin(rule)) header.Vary = varyByOrigin(joinedValues(header.Vary));
  const origin = originAllowed(rule, vars.http_origin);
  if (origin === undefined) return;
  header["Access-Control-Allow-Origin"] = origin;
  if (rule.credentials === true) header["Access-Control-Allow-Credentials"] = "true";
  if (rule.expose !== undefined) header["Access-Control-Expose-Headers"] = rule.expose;
  if (!preflight) return;
  header["Access-Control-Allow-Methods"] = rule.methods === "*" ? vars.http_access_control_request_method : rule.methods;
  header["Access-Control-Allow-Headers"] = rule.headers === "*" ? vars.http_access_control_request_headers : rule.headers;
  header["Access-Control-Max-Age"] = rule.maxAge;
}
