/** The rules of HTTPRoutes. */
import type { HttpRule } from "../../source/gateway/kinds.ts";
import type { HttpRoute } from "../../source/objects.ts";
import type { RouteLookup } from "./backend-refs.ts";
import { readFilters } from "./http-filters.ts";
import { readMatch } from "./http-match.ts";
import { parseRoute, readRuleMatches, readShares, withTargets, type ParsedRoute, type RouteRule, type RuleReading } from "./route.ts";

export function parseHttpRoute(object: HttpRoute, lookup: RouteLookup): ParsedRoute {
  const { rules = [] } = object.spec;
  return parseRoute({ object, rules: rules.length === 0 ? [{}] : rules, readRule }, lookup);
}

function readRule({ name = "", matches: given = [], filters = [], backendRefs = [], timeouts, retry, sessionPersistence }: HttpRule, field: string, reading: RuleReading): RouteRule {
  const { problems } = reading;
  const matches = readRuleMatches(given.length === 0 ? [{}] : given, field, readMatch, reading);
  const done = readFilters(filters, `${field}.filters`, matches);
  if (typeof done === "string") problems.push(done);
  const odd = Object.entries({ timeouts, retry, sessionPersistence }).find(([, value]) => value !== undefined);
  if (odd) problems.push(`${field}.${odd[0]} is not supported`);
  return { name, field, matches, filters: typeof done === "string" || odd ? undefined : withTargets(done, reading), shares: readShares(backendRefs, field, reading, (own, where) => readFilters(own, where, matches, "backend")) };
}
