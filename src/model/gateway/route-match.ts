/** What requests a rule of a route takes. */
import type { Condition } from "../../../edge/src/program.ts";
import type { TypedValue } from "../../source/gateway/shared.ts";
import { isToken } from "../grammar/token.ts";
import type { PathType } from "../shapes/routing.ts";

/** One match of a rule: with each the path and the conditions of a route. */
export interface RouteMatch {
  readonly path: string;
  readonly pathType: PathType;
  readonly conditions: readonly Condition[];
  /** Among matches of one path: more specific ones are greater, from left to right (HTTPRouteRule.matches). */
  readonly rank: readonly [method: number, headers: number, queries: number];
  /** `spec.rules[0].matches[1]`; of a rule without matches the rule. */
  readonly field: string;
}

/** Conditions on headers, one for each name; or why they cannot be served, a sentence without its full stop. @param field of the match */
export function headerConditions(headers: readonly TypedValue[], field: string): readonly Condition[] | string {
  const found = new Map<string, Condition>();
  for (const { type = "Exact", name = "", value = "" } of headers) {
    const lower = name.toLowerCase();
    if (!isToken(name)) return `${field}.headers names "${name}", which is no header`;
    // The first entry of a name counts.
    if (found.has(lower)) continue;
    const asked = comparison(type, value);
    if (asked === undefined) return `${field}.headers has the type "${type}", which is not supported: use Exact or RegularExpression`;
    found.set(lower, { variable: `http_${lower.replaceAll("-", "_")}`, ...asked });
  }
  return [...found.values()];
}

/** A regular expression stands for the whole value, as it does with other implementations. */
export function comparison(type: string, value: string): Pick<Condition, "values" | "pattern"> | undefined {
  if (type === "Exact") return { values: [value] };
  return type === "RegularExpression" ? { pattern: `^(?:${value})$` } : undefined;
}
