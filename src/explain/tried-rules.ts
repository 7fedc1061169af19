/** The rules of a host in the order in which the matcher tries them for a path, and what becomes of each. */
import { holds } from "../../edge/src/conditions.ts";
import type { Condition, EdgeHost, EdgeRoute, PathPattern } from "../../edge/src/program.ts";
import type { RequestView } from "../../edge/src/request-view.ts";
import { subjectText } from "../model/findings/findings.ts";
import { canaryTexts, isWritten, routePath, routeTarget } from "../model/routes/route-text.ts";
import type { Alternatives, Host, Route } from "../model/shapes/routing.ts";
import { utf8Text } from "./request.ts";
import { conditionText } from "./steps.ts";

export interface TriedRule {
  /** `/cart (prefix)`. */
  readonly rule: string;
  /** Where its requests go: `shop/web:80`. */
  readonly target: string;
  /** `Ingress shop/web`, or what else declares it. */
  readonly object: string;
  /** `takes`: the request is this rule's. `matches`: it would be, without the rule that takes it. `no`: it is for other requests. */
  readonly outcome: "takes" | "matches" | "no";
  readonly why: string;
  /** The host's `/` that nobody declares: it is what Sluice does without a rule. */
  readonly undeclared?: true;
}

/** A place where the matcher looks. */
interface Tried {
  readonly index: number;
  readonly matched: boolean | undefined;
  readonly how: "exact" | "pattern" | "prefix" | "root";
}

/** @param path nginx's `$uri`. @param chosen the route that the matcher took; undefined: the host has answered before. */
export function triedRules(host: Host, table: EdgeHost, path: string, chosen: EdgeRoute | undefined, request: RequestView): readonly TriedRule[] {
  const tried = triedFor(table, path, request);
  const order = [...tried, ...others(table, tried)];
  const taken = order.findIndex(({ index }) => table.routes[index] === chosen);
  return order.map((one, place) => candidate(one, host, table, { place, taken }, request));
}

function candidate({ index, matched, how }: Tried, host: Host, table: EdgeHost, { place, taken }: { readonly place: number; readonly taken: number }, request: RequestView): TriedRule {
  const edge = table.routes[index] as EdgeRoute;
  const route = host.routes[index];
  const what: Omit<TriedRule, "outcome" | "why"> = route ? declaredText(route) : { rule: `${utf8Text(edge.path)} (without its last /)`, target: "redirect to the path with it", object: `Ingress ${edge.namespace}/${edge.ingress}` };
  if (place === taken) return { ...what, outcome: "takes", why: "" };
  if (matched === undefined) return { ...what, outcome: "no", why: "only nginx can tell whether it matches" };
  if (!matched) return { ...what, outcome: "no", why: how === "pattern" ? "its expression does not match" : "another path" };
  if (edge.when !== undefined && !holds(edge.when, request, edge.namespace)) return { ...what, outcome: "no", why: whyNot(edge.when, route?.when, (one) => holds([[one]], request, edge.namespace)) };
  const why = taken < 0 ? "the host answers first" : { exact: "it comes later", pattern: "a rule before it matches", prefix: "another rule is more exact", root: "another rule is more exact" }[how];
  return { ...what, outcome: "matches", why };
}

/** Of one alternative the first condition that does not hold. @param declared the same as people wrote them */
function whyNot(when: NonNullable<EdgeRoute["when"]>, declared: Alternatives | undefined, isTrue: (one: Condition) => boolean): string {
  const [only] = when;
  const at = when.length === 1 && only ? only.findIndex((one) => !isTrue(one)) : -1;
  const failed = declared?.[0]?.[at];
  return failed ? `${conditionText(failed)} does not hold` : "its conditions do not hold";
}

function declaredText(route: Route): Omit<TriedRule, "outcome" | "why"> {
  const canaries = canaryTexts(route);
  return {
    rule: routePath(route),
    target: `${routeTarget(route)}${canaries.length > 0 ? `, canaries ${canaries.join(", ")}` : ""}`,
    object: objectText(route),
    ...(route.synthesized && !isWritten(route) ? { undeclared: true as const } : {}),
  };
}

function objectText(route: Route): string {
  const { origin, synthesized } = route;
  if (origin.kind === "Flag") return synthesized ? "no rule" : origin.field;
  if (origin.kind !== "Ingress") return `${subjectText(origin)} ${origin.field}`;
  return isWritten(route) ? subjectText(origin) : `no rule (the annotations are those of ${subjectText(origin)})`;
}

/** The rules that may take the path, first those that are tried first; of a host with expressions, all expressions. */
function triedFor(table: EdgeHost, path: string, request: RequestView): Tried[] {
  const found = new Map<number, Tried>();
  const chain = (first: number | undefined, how: Tried["how"]): void => {
    for (let index = first; index !== undefined && index >= 0; index = table.routes[index]?.otherwise) {
      if (!found.has(index)) found.set(index, { index, matched: true, how });
    }
  };
  chain(table.exact[path], "exact");
  for (const { pattern, route } of table.special?.patterns ?? ([] as readonly PathPattern[])) {
    const matched = request.matches(path, pattern, table.routes[route]?.namespace ?? "");
    if (!found.has(route) || matched === true) found.set(route, { index: route, matched, how: "pattern" });
  }
  for (const length of table.lengths) if (length <= path.length) chain(table.prefix[path.substring(0, length)], "prefix");
  chain(table.root, "root");
  return [...found.values()];
}

/** Those that no path of this request leads to, but for the routes of shares, which no path leads to at all. */
function others({ routes }: EdgeHost, tried: readonly Tried[]): Tried[] {
  const ofShares = routes.flatMap(({ canaries = [] }) => canaries.flatMap((share) => share.route ?? []));
  const known = new Set([...tried.map(({ index }) => index), ...ofShares]);
  return routes.flatMap((_, index) => (known.has(index) ? [] : [{ index, matched: false, how: "prefix" as const }]));
}
