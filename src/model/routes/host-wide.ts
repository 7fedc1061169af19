/**
 * What the Ingresses of a host say about the host as a whole: whether its paths are regular expressions, where `/`
 * leads, and by which other names it goes.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { oncePer } from "../../support/once-per.ts";
import { printable } from "../../support/text.ts";
import { alias } from "../annotations/features/alias.ts";
import { redirects } from "../annotations/features/redirects.ts";
import { rewrite } from "../annotations/features/rewrite.ts";
import type { Values } from "../annotations/slot.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding, Place } from "../findings/findings.ts";
import { whyNoExpression } from "../grammar/path-pattern.ts";
import { isCatchAll } from "../ingress/parsed.ts";
import type { ParsedIngress, PlaceOf } from "../ingress/parsed.ts";
import type { AliasClaim } from "./aliases.ts";
import type { DraftRoute, RouteKey, RoutingContext } from "./draft.ts";
import { dropBeyond } from "./expressions.ts";
import type { Take } from "./expressions.ts";
import { placeOfPath } from "./path-place.ts";
import { addConflict, declareRoutes, describe, patternKey, routeKey } from "./paths.ts";

export interface DeclaredRoutes {
  readonly drafts: Map<string, DraftRoute>;
  /** Paths are regular expressions. */
  readonly regex: boolean;
  readonly keyOf: RouteKey;
  /** Takes from the room for annotations that the routes leave. */
  readonly sizes: Take;
}

/** @param mains the ordinary Ingresses that name this host, oldest first. */
export function declareHost(name: string, mains: readonly ParsedIngress[], context: RoutingContext, findings: Finding[]): DeclaredRoutes {
  if (mains.some(mayAsk)) {
    const said: Finding[] = [];
    const drafts = declareRoutes(name, mains, context, said, patternKey);
    const asking = [...drafts.values()].find(({ filters }) => filters.regex);
    if (asking) {
      findings.push(...said);
      checkPatterns(name, drafts, asking, findings);
      return { drafts, regex: true, keyOf: patternKey, sizes: dropBeyond(name, drafts, true, findings) };
    }
  }
  const drafts = declareRoutes(name, mains, context, findings);
  const sizes = dropBeyond(name, drafts, false, findings);
  checkLiterals(name, drafts, findings);
  return { drafts, regex: false, keyOf: routeKey, sizes };
}

/** What paths that are meant as they stand hardly ever hold: signs of expressions, of globs, and of places for names. */
const EXPRESSION = /[*|^\\?]|\[.*\]|\{.*\}|\.\+|\$$/;

/** Says of paths that look like expressions that they are none here. */
function checkLiterals(host: string, drafts: ReadonlyMap<string, DraftRoute>, findings: Finding[]): void {
  for (const draft of drafts.values()) {
    const { path, pathType } = draft;
    const place = placeOfPath(draft);
    if (!place || !EXPRESSION.test(path)) continue;
    findings.push(found.pathLooksLikeExpression(place, { path, literal: literalOf(path), what: describe(host, path, pathType) }));
  }
}

function mayAsk({ values, rules }: ParsedIngress): boolean {
  const { useRegex, target } = rewrite.of(values);
  return useRegex || target !== undefined || rewriting(rules).length > 0;
}

const rewriting = oncePer((rules: ParsedIngress["rules"]) => rules.flatMap(({ paths }) => paths.filter(({ values }) => values && rewrite.of(values).target !== undefined)));

/**
 * Drops the paths that are no regular expressions, and names those that take nothing because an older rule has the same
 * text, and those of other Ingresses that come to mean something else.
 */
function checkPatterns(host: string, drafts: Map<string, DraftRoute>, asking: DraftRoute, findings: Finding[]): void {
  const because = `${asking.origin.namespace}/${asking.origin.name}`;
  const first = new Map<string, DraftRoute>();
  for (const [key, draft] of drafts) {
    const { path, pathType, ingress } = draft;
    const place = placeOfPath(draft);
    if (!place || path === "/") continue;
    const why = whyNoExpression(path);
    if (why !== undefined) {
      findings.push(found.pathPatternInvalid(place, { path: printable(path), why }));
      drafts.delete(key);
      continue;
    }
    // A rule with conditions comes before those without.
    const winner = draft.when === undefined ? first.get(path) : undefined;
    if (winner) addConflict(host, winner, draft, place.field, findings);
    // A Prefix path that is no expression leaves the path itself to an Exact one.
    else if (draft.when === undefined && (pathType === "exact" || draft.filters.regex)) first.set(path, draft);
    if (!draft.filters.regex && ingress !== asking.ingress) {
      findings.push(found.regexMode(place, { what: describe(host, path, pathType), because }));
    }
  }
}

/** The whole segments before the first sign; `(/` begins the end of one in many an expression. */
function literalOf(path: string): string {
  const at = path.search(/[*|^\\?$([{]|\.\+/);
  return path.slice(0, path.startsWith("(/", at) ? at : path.lastIndexOf("/", at)) || "/";
}

/** The oldest Ingress's, if any has one. */
export function appRootOf(mains: readonly ParsedIngress[], findings: Finding[], placeOf: PlaceOf): string | undefined {
  const [first, ...others] = mains.filter(({ values, closed }) => rewrite.of(values).appRoot !== undefined && !closed);
  const appRoot = first && rewrite.of(first.values).appRoot;
  for (const other of others) {
    if (rewrite.of(other.values).appRoot === appRoot) continue;
    findings.push(found.appRootShadowed(against(first, placeOf(other, "app-root")), { winner: first?.key ?? "" }));
  }
  return appRoot;
}

/** ingress-nginx behaviour: redirects and rewrites of an Ingress without rules have no effect; see `declareRoutes`. Unlike there, it says so. */
export function checkCatchAll(mains: readonly ParsedIngress[], { defaults }: RoutingContext, findings: Finding[], placeOf: PlaceOf): void {
  for (const parsed of mains.filter(({ ingress }) => isCatchAll(ingress))) {
    for (const [name, valueOf] of NOT_ON_CATCH_ALL) {
      if (valueOf(parsed.values) !== valueOf(defaults)) findings.push(found.redirectOnCatchAll(placeOf(parsed, name), { name }));
    }
  }
}

const NOT_ON_CATCH_ALL: readonly (readonly [name: string, valueOf: (values: Values) => unknown])[] = [
  ["temporal-redirect", (values) => redirects.of(values).temporal],
  ["permanent-redirect", (values) => redirects.of(values).permanent],
  ["force-ssl-redirect", (values) => redirects.of(values).forceSslRedirect],
  ["rewrite-target", (values) => rewrite.of(values).target],
];

function against(first: ParsedIngress | undefined, place: Place): Place {
  return first ? { ...place, other: first.ingress } : place;
}

/** The names that a host wants beside its own: the list of the oldest Ingress that has one, and the one with or without `www.`. */
export function claimsOf(host: string, mains: readonly ParsedIngress[], findings: Finding[], placeOf: PlaceOf): readonly AliasClaim[] {
  const claims: AliasClaim[] = [];
  const [first, ...others] = mains.filter(({ values }) => alias.of(values).names.length > 0);
  if (first) {
    const place = placeOf(first, "server-alias");
    const names = alias.of(first.values).names.filter((name) => name !== host);
    claims.push(...names.map((name) => ({ name, host, redirect: false, age: first.age, place })));
  }
  for (const other of others) findings.push(found.aliasesShadowed(against(first, placeOf(other, "server-alias")), { host, winner: first?.key ?? "" }));
  const www = mains.find(({ values, closed }) => redirects.of(values).fromToWww && !closed);
  if (!www) return claims;
  const place = placeOf(www, "from-to-www-redirect");
  const name = host.startsWith("www.") ? host.slice("www.".length) : `www.${host}`;
  if (host === CATCH_ALL || host.startsWith("*.") || name.length > 253) findings.push(found.wwwImpossible(place, { host: host === CATCH_ALL ? "*" : host }));
  else claims.push({ name, host, redirect: true, age: www.age, place });
  return claims;
}
