/**
 * One HTTPRoute, read: which requests its rules take, what becomes of them, and what is said of it whatever its parents are.
 *
 * A rule that cannot be honoured answers 500, so that no other rule takes its requests (HTTPRouteRule).
 */
import type { HttpBackend, HttpRule } from "../../source/gateway/kinds.ts";
import type { ParentReference } from "../../source/gateway/shared.ts";
import type { HttpRoute } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import { exact } from "../../support/exact.ts";
import { oneOfAll } from "../../support/kept-text.ts";
import { printable } from "../../support/text.ts";
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { normalHost } from "../grammar/host-name.ts";
import { ageOf, type Age } from "../shapes/age.ts";
import { resolveBackend, type ResolvedBackend, type RouteLookup } from "./backend-refs.ts";
import { routeParty } from "./grants.ts";
import { readFilters, type RuleFilters } from "./http-filters.ts";
import { readMatch, type RouteMatch } from "./http-match.ts";
import { condition, type StatusCondition } from "../shapes/object-status.ts";

/** Where the requests of a rule go: to one of its backends, by weight. A share without backend answers 500. */
export interface RuleShare {
  readonly weight: number;
  readonly backend: ResolvedBackend | undefined;
  readonly field: string;
}

export interface RouteRule {
  readonly name: string;
  /** `spec.rules[0]`. */
  readonly field: string;
  readonly matches: readonly RouteMatch[];
  /** Undefined: the rule cannot be honoured. */
  readonly filters: RuleFilters | undefined;
  readonly shares: readonly RuleShare[];
}

export interface ParsedRoute {
  /** `namespace/name`. */
  readonly key: string;
  readonly object: HttpRoute;
  readonly age: Age;
  readonly parents: readonly ParentReference[];
  /** As they are compared; `_`, and nothing else, where the route names none. */
  readonly hostnames: readonly string[];
  readonly rules: readonly RouteRule[];
  /** `Accepted`, where no parent stands in the way. */
  readonly accepted: StatusCondition;
  readonly partiallyInvalid: StatusCondition | undefined;
  readonly resolved: StatusCondition;
}

/** Never throws: a route that this code cannot cope with is refused alone, and its condition asks for a report. */
export function parseHttpRoute(object: HttpRoute, lookup: RouteLookup): ParsedRoute {
  try {
    return parse(object, lookup);
  } catch (error) {
    const { metadata: { namespace, name }, spec: { parentRefs = [] } } = object;
    const accepted = condition("Accepted", false, "UnsupportedValue", `Sluice cannot read the route (please report it): ${printable((error as Error).message)}`);
    const resolved = condition("ResolvedRefs", true, "ResolvedRefs", "No reference was followed");
    return { key: keyOf(namespace, name), object, age: ageOf(object), parents: parentRefs, hostnames: [CATCH_ALL], rules: [], accepted, partiallyInvalid: undefined, resolved };
  }
}

function parse(object: HttpRoute, lookup: RouteLookup): ParsedRoute {
  const { metadata: { namespace, name }, spec: { parentRefs = [], hostnames = [], rules: declared = [] } } = object;
  const rules = declared.length === 0 ? [{}] : declared;
  const problems: string[] = [];
  const unresolved: StatusCondition[] = [];
  const names = hostnames.flatMap((one) => normalHost(one) ?? []);
  if (names.length < hostnames.length) problems.push(`spec.hostnames holds "${hostnames.find((one) => normalHost(one) === undefined)}", which is no host name`);
  const read = rules.map((rule, index) => readRule(rule, oneOfAll(`spec.rules[${index}]`), namespace, { lookup, problems, unresolved }));
  const dropped = read.every(({ filters, matches }) => filters === undefined || matches.length === 0);
  const [first] = problems;
  return {
    key: keyOf(namespace, name), object, age: ageOf(object), parents: parentRefs,
    hostnames: hostnames.length === 0 ? [CATCH_ALL] : exact([...new Set(names)]),
    rules: exact(read),
    accepted: first !== undefined && (dropped || names.length < hostnames.length)
      ? condition("Accepted", false, "UnsupportedValue", problems.join("; "))
      : condition("Accepted", true, "Accepted", "The route is valid"),
    partiallyInvalid: first !== undefined && !dropped ? condition("PartiallyInvalid", true, "UnsupportedValue", `Dropped Rule: ${problems.join("; ")}`) : undefined,
    resolved: unresolved[0]
      ? condition("ResolvedRefs", false, unresolved[0].reason, unresolved.map(({ message }) => message).join("; "))
      : condition("ResolvedRefs", true, "ResolvedRefs", "All references are resolved"),
  };
}

interface Reading {
  readonly lookup: RouteLookup;
  readonly problems: string[];
  readonly unresolved: StatusCondition[];
}

function readRule({ name = "", matches: given = [], filters = [], backendRefs = [], timeouts, retry, sessionPersistence }: HttpRule, field: string, namespace: string, reading: Reading): RouteRule {
  const { lookup, problems, unresolved } = reading;
  const matches = given.length === 0 ? [{}] : given;
  const read = matches.map((match, index) => readMatch(match, oneOfAll(matches.length === 1 ? `${field}.matches` : `${field}.matches[${index}]`)));
  for (const one of read) if (typeof one === "string") problems.push(one);
  const done = readFilters(filters, `${field}.filters`);
  if (typeof done === "string") problems.push(done);
  const odd = Object.entries({ timeouts, retry, sessionPersistence }).find(([, value]) => value !== undefined);
  if (odd) problems.push(`${field}.${odd[0]} is not supported`);
  const from = routeParty("HTTPRoute", namespace);
  const share = (backend: HttpBackend, index: number): RuleShare => {
    const where = oneOfAll(`${field}.backendRefs[${index}]`);
    const resolved = resolveBackend(backend, from, where, lookup);
    if ("reason" in resolved) unresolved.push(resolved);
    const unable = (backend.filters ?? []).length > 0;
    if (unable) problems.push(`${where}.filters are not supported`);
    return { weight: backend.weight ?? 1, backend: "reason" in resolved || unable ? undefined : resolved, field: where };
  };
  return {
    name, field,
    matches: exact(read.filter((one) => typeof one !== "string")),
    filters: typeof done === "string" || odd ? undefined : done,
    shares: exact(backendRefs.map(share)),
  };
}
