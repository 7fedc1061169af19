/** The rules of GRPCRoutes: a call is a POST request for `/service/method`. */
import type { Condition } from "../../../edge/src/program.ts";
import type { GrpcMatch, GrpcRule } from "../../source/gateway/kinds.ts";
import type { GrpcRoute } from "../../source/objects.ts";
import { LONGEST_PATH } from "../shapes/bounds.ts";
import type { RouteLookup } from "./backend-refs.ts";
import { readFilters } from "./http-filters.ts";
import { headerConditions, type RouteMatch } from "./route-match.ts";
import { parseRoute, readRuleMatches, readShares, type FilterReader, type ParsedRoute, type RouteRule, type RuleReading } from "./route.ts";

export function parseGrpcRoute(object: GrpcRoute, lookup: RouteLookup): ParsedRoute {
  const { rules = [] } = object.spec;
  return parseRoute({ object, rules: rules.length === 0 ? [{}] : rules, readRule }, lookup);
}

/** Filters that calls can have. Mirrors would be asked over HTTP/1.1. */
const FILTERS: ReadonlySet<string> = new Set(["RequestHeaderModifier", "ResponseHeaderModifier", "ExtensionRef"]);

function readRule({ name = "", matches: given = [], filters = [], backendRefs = [], sessionPersistence }: GrpcRule, field: string, reading: RuleReading): RouteRule {
  const { problems } = reading;
  const matches = readRuleMatches(given.length === 0 ? [{}] : given, field, readGrpcMatch, reading);
  const done = readCallFilters(filters, `${field}.filters`);
  if (typeof done === "string") problems.push(done);
  const odd = sessionPersistence !== undefined;
  if (odd) problems.push(`${field}.sessionPersistence is not supported`);
  return { name, field, matches, filters: typeof done === "string" || odd ? undefined : done, shares: readShares(backendRefs, field, reading, readCallFilters) };
}

const readCallFilters: FilterReader = (filters, field) => {
  const foreign = filters.findIndex(({ type = "" }) => !FILTERS.has(type));
  return foreign < 0 ? readFilters(filters, field) : `${field}[${foreign}] is a filter of the type "${filters[foreign]?.type ?? ""}", which a GRPCRoute cannot have here: remove it`;
};

/** A match, or why it cannot be served: a sentence without its full stop. */
function readGrpcMatch({ method: asked = {}, headers = [] }: GrpcMatch, field: string): RouteMatch | string {
  const { type = "Exact", service = "", method = "" } = asked;
  const isPattern = type === "RegularExpression";
  if (!isPattern && type !== "Exact") return `${field}.method.type "${type}" is not supported: use Exact or RegularExpression`;
  const odd = isPattern ? undefined : [service, method].find((one) => /[/\p{Cc}]/u.test(one));
  if (odd !== undefined || Buffer.byteLength(service) + Buffer.byteLength(method) > LONGEST_PATH - 2) return `${field}.method names "${odd ?? "more than a path can hold"}", which is no service and no method`;
  const ofHeaders = headerConditions(headers, field);
  if (typeof ofHeaders === "string") return ofHeaders;
  const place = placeOf(service, method, isPattern);
  const ofPath: readonly Condition[] = place.pattern === undefined ? [] : [{ variable: "uri", pattern: place.pattern }];
  return { path: place.path, pathType: place.pathType, conditions: [...ofPath, ...ofHeaders], rank: [ofPath.length, ofHeaders.length, 0], field };
}

interface Place extends Pick<RouteMatch, "path" | "pathType"> {
  /** Of the whole path, where it decides as well. */
  readonly pattern?: string;
}

/** Where the calls of a service and a method are; "": of all. What the path cannot say is said by a pattern. */
function placeOf(service: string, method: string, isPattern: boolean): Place {
  if (isPattern && service + method !== "") return { path: "/", pathType: "prefix", pattern: `^/(?:${service === "" ? ANY : service})/(?:${method === "" ? ANY : method})$` };
  if (service !== "") return method === "" ? { path: `/${service}`, pathType: "prefix" } : { path: `/${service}/${method}`, pathType: "exact" };
  return { path: "/", pathType: "prefix", ...(method === "" ? {} : { pattern: `^/${ANY}/${method.replace(/[^\w]/g, "\\$&")}$` }) };
}

const ANY = "[^/]+";
