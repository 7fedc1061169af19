/**
 * Conditions beyond host and path: routes of one path that differ by method, header, cookie or query
 * (`sluice.ingress/match`). Pure.
 */
import type { Condition } from "./program.ts";
import { parameterOf } from "./query.ts";
import type { RequestView } from "./request-view.ts";

/** True when all conditions of one alternative hold. @param namespace the route's. */
export function holds(alternatives: Condition[][], request: RequestView, namespace: string): boolean {
  for (const conditions of alternatives) {
    if (allHold(conditions, request, namespace)) return true;
  }
  return false;
}

function allHold(conditions: Condition[], request: RequestView, namespace: string): boolean {
  for (const condition of conditions) {
    if (!isMet(condition, request, namespace)) return false;
  }
  return true;
}

/** A condition whose pattern cannot be run is not met. */
function isMet({ variable, query, values, pattern }: Condition, request: RequestView, namespace: string): boolean {
  const given = request.variable(variable);
  const value = query === undefined || given === undefined ? given : parameterOf(given, query);
  if (value === undefined) return false;
  if (pattern !== undefined) return request.matches(value, pattern, namespace) === true;
  if (values === undefined) return true;
  for (const one of values) {
    if (one === value) return true;
  }
  return false;
}
