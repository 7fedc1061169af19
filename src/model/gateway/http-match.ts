/** What requests a rule of an HTTPRoute takes. */
import type { Condition } from "../../../edge/src/program.ts";
import type { HttpMatch } from "../../source/gateway/kinds.ts";
import { LONGEST_PATH } from "../shapes/bounds.ts";
import { comparison, headerConditions, type RouteMatch } from "./route-match.ts";

/** A match, or why it cannot be served: a sentence without its full stop. */
export function readMatch({ path = {}, headers = [], queryParams = [], method }: HttpMatch, field: string): RouteMatch | string {
  const { type = "PathPrefix", value = "/" } = path;
  if (type !== "PathPrefix" && type !== "Exact") return `${field}.path.type "${type}" is not supported: use PathPrefix or Exact`;
  if (!value.startsWith("/") || /\p{Cc}/u.test(value) || Buffer.byteLength(value) > LONGEST_PATH) return `${field}.path.value is no path of up to ${LONGEST_PATH} bytes that begins with "/"`;
  const ofMethod: readonly Condition[] = method === undefined ? [] : [{ variable: "request_method", values: [method] }];
  const ofHeaders = headerConditions(headers, field);
  if (typeof ofHeaders === "string") return ofHeaders;
  const queries = new Map<string, Condition>();
  for (const { type: how = "Exact", name = "", value: wanted = "" } of queryParams) {
    if (queries.has(name)) continue;
    const asked = comparison(how, wanted);
    if (asked === undefined) return `${field}.queryParams has the type "${how}", which is not supported: use Exact or RegularExpression`;
    queries.set(name, { variable: "args", query: name, ...asked });
  }
  return {
    // A prefix is made of whole elements, so a slash at its end means nothing.
    path: type === "PathPrefix" && value.length > 1 ? value.replace(/\/$/, "") : value,
    pathType: type === "Exact" ? "exact" : "prefix",
    conditions: [...ofMethod, ...ofHeaders, ...queries.values()],
    rank: [ofMethod.length, ofHeaders.length, queries.size], field,
  };
}
