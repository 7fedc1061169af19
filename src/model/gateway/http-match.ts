/** What requests a rule of an HTTPRoute takes. */
import type { Condition } from "../../../edge/src/program.ts";
import type { HttpMatch } from "../../source/gateway/kinds.ts";
import { isToken } from "../grammar/token.ts";
import { LONGEST_PATH } from "../shapes/bounds.ts";
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

/** A match, or why it cannot be served: a sentence without its full stop. */
export function readMatch({ path = {}, headers = [], queryParams = [], method }: HttpMatch, field: string): RouteMatch | string {
  const { type = "PathPrefix", value = "/" } = path;
  if (type !== "PathPrefix" && type !== "Exact") return `${field}.path.type "${type}" is not supported: use PathPrefix or Exact`;
  if (!value.startsWith("/") || /\p{Cc}/u.test(value) || Buffer.byteLength(value) > LONGEST_PATH) return `${field}.path.value is no path of up to ${LONGEST_PATH} bytes that begins with "/"`;
  const conditions: Condition[] = method === undefined ? [] : [{ variable: "request_method", values: [method] }];
  const seen = new Set<string>();
  for (const { type: how = "Exact", name = "", value: wanted = "" } of headers) {
    const lower = name.toLowerCase();
    if (!isToken(name)) return `${field}.headers names "${name}", which is no header`;
    // The first entry of a name counts.
    if (seen.has(lower)) continue;
    seen.add(lower);
    const asked = comparison(how, wanted);
    if (asked === undefined) return `${field}.headers has the type "${how}", which is not supported: use Exact or RegularExpression`;
    conditions.push({ variable: `http_${lower.replaceAll("-", "_")}`, ...asked });
  }
  const names = new Set<string>();
  for (const { type: how = "Exact", name = "", value: wanted = "" } of queryParams) {
    if (names.has(name)) continue;
    names.add(name);
    const asked = comparison(how, wanted);
    if (asked === undefined) return `${field}.queryParams has the type "${how}", which is not supported: use Exact or RegularExpression`;
    conditions.push({ variable: "args", query: name, ...asked });
  }
  return {
    // A prefix is made of whole elements, so a slash at its end means nothing.
    path: type === "PathPrefix" && value.length > 1 ? value.replace(/\/$/, "") : value,
    pathType: type === "Exact" ? "exact" : "prefix",
    conditions, rank: [method === undefined ? 0 : 1, seen.size, names.size], field,
  };
}

/** A regular expression stands for the whole value, as it does with other implementations. */
function comparison(type: string, value: string): Pick<Condition, "values" | "pattern"> | undefined {
  if (type === "Exact") return { values: [value] };
  return type === "RegularExpression" ? { pattern: `^(?:${value})$` } : undefined;
}
