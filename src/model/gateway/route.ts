/**
 * One route, read, whatever its kind: which requests its rules take, what becomes of them, and what is said of it whatever its parents are.
 *
 * A rule that cannot be honoured answers 500, so that no other rule takes its requests (HTTPRouteRule).
 */
import type { RouteBackend } from "../../source/gateway/kinds.ts";
import type { ParentReference, RouteFilter } from "../../source/gateway/shared.ts";
import type { GrpcRoute, HttpRoute } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import { exact } from "../../support/exact.ts";
import { oneOfAll } from "../../support/kept-text.ts";
import { printable } from "../../support/text.ts";
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { normalHost } from "../grammar/host-name.ts";
import { ageOf, type Age } from "../shapes/age.ts";
import { condition, type StatusCondition } from "../shapes/object-status.ts";
import { resolveBackend, type ResolvedBackend, type RouteLookup } from "./backend-refs.ts";
import { routeParty, type Party } from "./grants.ts";
import { NO_FILTERS, type RuleFilters } from "./http-filters.ts";
import type { RouteMatch } from "./route-match.ts";

/** Routes of these kinds have host names, and share their hosts. */
export type HostRoute = HttpRoute | GrpcRoute;

/** Where the requests of a rule go: to one of its backends, by weight. A share without backend answers 500. */
export interface RuleShare {
  readonly weight: number;
  readonly backend: ResolvedBackend | undefined;
  /** Those of the backend itself, beside the rule's. */
  readonly filters?: RuleFilters;
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
  readonly object: HostRoute;
  readonly age: Age;
  readonly parents: readonly ParentReference[];
  /** As they are compared; `_`, and nothing else, where the route names none. */
  readonly hostnames: readonly string[];
  readonly rules: readonly RouteRule[];
  /** `Accepted`, where no parent stands in the way. */
  readonly accepted: StatusCondition;
  readonly partiallyInvalid: StatusCondition | undefined;
  readonly resolved: StatusCondition;
  /** What cannot be honoured, and which references lead nowhere: sentences without a full stop that begin with the field. */
  readonly problems: readonly string[];
  readonly unresolved: readonly string[];
}

/** What a reader of rules reads beside the rule, and what it notes. */
export interface RuleReading {
  /** The route, as what refers to backends. */
  readonly from: Party;
  readonly lookup: RouteLookup;
  /** Sentences without their full stop. */
  readonly problems: string[];
  readonly unresolved: StatusCondition[];
}

/** @param field `spec.rules[0]` */
export type RuleReader<R> = (rule: R, field: string, reading: RuleReading) => RouteRule;

/** A route and what reads its rules. A route without rules has what `{}` says. */
export interface RouteReading<R> {
  readonly object: HostRoute;
  readonly rules: readonly R[];
  readonly readRule: RuleReader<R>;
}

/** Never throws: a route that this code cannot cope with is refused alone, and its condition asks for a report. */
export function parseRoute<R>(reading: RouteReading<R>, lookup: RouteLookup): ParsedRoute {
  try {
    return parse(reading, lookup);
  } catch (error) {
    const accepted = condition("Accepted", false, "UnsupportedValue", `Sluice cannot read the route (please report it): ${printable((error as Error).message)}`);
    const resolved = condition("ResolvedRefs", true, "ResolvedRefs", "No reference was followed");
    return { ...identity(reading.object), hostnames: [CATCH_ALL], rules: [], accepted, partiallyInvalid: undefined, resolved, problems: [accepted.message], unresolved: [] };
  }
}

function identity(object: HostRoute): Pick<ParsedRoute, "key" | "object" | "age" | "parents"> {
  const { metadata: { namespace, name }, spec: { parentRefs = [] } } = object;
  return { key: keyOf(namespace, name), object, age: ageOf(object), parents: parentRefs };
}

function parse<R>({ object, rules, readRule }: RouteReading<R>, lookup: RouteLookup): ParsedRoute {
  const { kind, metadata: { namespace }, spec: { hostnames = [] } } = object;
  const problems: string[] = [];
  const unresolved: StatusCondition[] = [];
  const names = hostnames.flatMap((one) => normalHost(one) ?? []);
  if (names.length < hostnames.length) problems.push(`spec.hostnames holds "${hostnames.find((one) => normalHost(one) === undefined)}", which is no host name`);
  const reading = { from: routeParty(kind, namespace), lookup, problems, unresolved };
  const read = rules.map((rule, index) => readRule(rule, oneOfAll(`spec.rules[${index}]`), reading));
  const dropped = read.every(({ filters, matches }) => filters === undefined || matches.length === 0);
  const [first] = problems;
  return {
    ...identity(object),
    hostnames: hostnames.length === 0 ? [CATCH_ALL] : exact([...new Set(names)]),
    rules: exact(read),
    accepted: first !== undefined && (dropped || names.length < hostnames.length)
      ? condition("Accepted", false, "UnsupportedValue", problems.join("; "))
      : condition("Accepted", true, "Accepted", "The route is valid"),
    partiallyInvalid: first !== undefined && !dropped ? condition("PartiallyInvalid", true, "UnsupportedValue", `Dropped Rule: ${problems.join("; ")}`) : undefined,
    resolved: unresolved[0]
      ? condition("ResolvedRefs", false, unresolved[0].reason, unresolved.map(({ message }) => message).join("; "))
      : condition("ResolvedRefs", true, "ResolvedRefs", "All references are resolved"),
    problems, unresolved: unresolved.map(({ message }) => message),
  };
}

/** Filters, or why they cannot be honoured. @param field of the filters */
export type FilterReader = (filters: readonly RouteFilter[], field: string) => RuleFilters | string;

/** Where the requests of a rule go. @param field of the rule. @param read reads the filters of single backends */
export function readShares(backendRefs: readonly RouteBackend[], field: string, reading: RuleReading, read: FilterReader): readonly RuleShare[] {
  const { from, lookup, problems, unresolved } = reading;
  let spoken: ResolvedBackend["protocol"] | undefined;
  return exact(backendRefs.map((ref, index): RuleShare => {
    const where = oneOfAll(`${field}.backendRefs[${index}]`);
    let resolved = resolveBackend(ref, from, where, lookup);
    if ("protocol" in resolved) {
      spoken ??= resolved.protocol;
      if (resolved.protocol !== spoken) resolved = condition("ResolvedRefs", false, "UnsupportedProtocol", `${where} speaks another protocol than the backends before it, which one rule cannot have: give it a rule of its own`);
    }
    if ("reason" in resolved) unresolved.push(resolved);
    const own = read(ref.filters ?? [], `${where}.filters`);
    if (typeof own === "string") problems.push(own);
    const backend = "reason" in resolved || typeof own === "string" ? undefined : resolved;
    return { weight: ref.weight ?? 1, backend, field: where, ...(typeof own !== "string" && own !== NO_FILTERS ? { filters: withTargets(own, reading) } : {}) };
  }));
}

/** The filters with the backends that they lead to. A mirror whose backend cannot be used is left out where the rule is served, and its reference is told. */
export function withTargets(filters: RuleFilters, { from, lookup, unresolved }: RuleReading): RuleFilters {
  if (filters.mirrors.length === 0) return filters;
  const mirrors = filters.mirrors.map((mirror) => {
    const found = resolveBackend(mirror.ref, from, mirror.field, lookup);
    const target = "protocol" in found && found.protocol !== "HTTP" ? condition("ResolvedRefs", false, "UnsupportedProtocol", `${mirror.field} names a port that speaks HTTP/2 without TLS, in which no copies are sent: name another port`) : found;
    if ("reason" in target) unresolved.push(target);
    return "reason" in target ? mirror : { ...mirror, backend: target };
  });
  return { ...filters, mirrors };
}

/** What a rule's matches take. Of several each has a field of its own. A rule without matches has what `{}` says. */
export function readRuleMatches<M>(given: readonly M[], field: string, read: (match: M, field: string) => RouteMatch | string, { problems }: RuleReading): readonly RouteMatch[] {
  const all = given.map((match, index) => read(match, oneOfAll(given.length === 1 ? `${field}.matches` : `${field}.matches[${index}]`)));
  for (const one of all) if (typeof one === "string") problems.push(one);
  return exact(all.filter((one) => typeof one !== "string"));
}
