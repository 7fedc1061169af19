/**
 * What the claims on a host say about the host as a whole: whether its paths are regular expressions, where `/`
 * leads, and by which other names it goes.
 */
import { CATCH_ALL, type Piece } from "../../../edge/src/program.ts";
import { oncePer } from "../../support/once-per.ts";
import { printable } from "../../support/text.ts";
import { claimantOf, placeOfPath } from "../claims/claim.ts";
import type { DraftRoute, HostClaim } from "../claims/claim.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding, Place } from "../findings/findings.ts";
import { groupCount, whyNoExpression } from "../grammar/path-pattern.ts";
import type { AliasClaim } from "./aliases.ts";
import { dropBeyond } from "./expressions.ts";
import type { Take } from "./expressions.ts";
import { addConflict, declareRoutes, describe, patternKey, rootOf, routeKey } from "./paths.ts";
import type { HostContext, RouteKey } from "./paths.ts";

export interface DeclaredRoutes {
  readonly drafts: Map<string, DraftRoute>;
  /** Paths are regular expressions. */
  readonly regex: boolean;
  readonly keyOf: RouteKey;
  /** Takes from the room for annotations that the routes leave. */
  readonly sizes: Take;
}

/** The routes of a host, and whether their paths are regular expressions. @param claims oldest first. */
export function declareHost(name: string, claims: readonly HostClaim[], context: HostContext, findings: Finding[]): DeclaredRoutes {
  const root = rootOf(name, claims, context, findings);
  if ([root, ...claims.flatMap(({ routes }) => routes)].some(({ filters }) => filters.regex)) {
    const said: Finding[] = [];
    const drafts = declareRoutes(name, root, claims, context, said, patternKey);
    const asking = [...drafts.values()].find(({ filters }) => filters.regex);
    if (asking) {
      findings.push(...said);
      checkPatterns(name, drafts, asking, findings);
      return { drafts, regex: true, keyOf: patternKey, sizes: dropBeyond(name, drafts, true, findings) };
    }
  }
  const drafts = declareRoutes(name, root, claims, context, findings, routeKey);
  const sizes = dropBeyond(name, drafts, false, findings);
  checkLiterals(name, drafts, findings);
  return { drafts, regex: false, keyOf: routeKey, sizes };
}

/** Signs of regular expressions, of globs, and of placeholders: a path that is meant as it stands hardly ever holds one. */
const EXPRESSION = /[*|^\\?]|\[.*\]|\{.*\}|\.\+|\$$/;

/** Reports paths that look like expressions, because they are compared as they stand. */
function checkLiterals(host: string, drafts: ReadonlyMap<string, DraftRoute>, findings: Finding[]): void {
  for (const draft of drafts.values()) {
    const { path, pathType } = draft;
    const place = placeOfPath(draft);
    if (!place || !EXPRESSION.test(path)) continue;
    const query = /^([^?]*)\?[\w.-]+=/.exec(path);
    if (query) findings.push(found.pathWithQuery(place, { path, before: query[1] || "/", what: describe(host, path, pathType) }));
    else findings.push(found.pathLooksLikeExpression(place, { path, literal: literalOf(path), what: describe(host, path, pathType) }));
  }
}

/**
 * Drops the paths that are no regular expressions. Reports paths that take nothing because an older rule has the same
 * text, and paths of other objects than `asking`, which come to mean something else.
 * @param asking a route that makes the host's paths regular expressions.
 */
function checkPatterns(host: string, drafts: Map<string, DraftRoute>, asking: DraftRoute, findings: Finding[]): void {
  const because = `${asking.origin.namespace}/${asking.origin.name}`;
  const first = new Map<string, DraftRoute>();
  for (const [key, draft] of drafts) {
    const { path, pathType, object } = draft;
    const place = placeOfPath(draft);
    if (place && !draft.synthesized) checkGroups(draft, place, findings);
    if (!place || path === "/") continue;
    const why = whyNoExpression(path);
    if (why !== undefined) {
      findings.push(found.pathPatternInvalid(place, { path: printable(path), why }));
      drafts.delete(key);
      continue;
    }
    // A rule with conditions comes before those without.
    const winner = draft.when === undefined ? first.get(path) : undefined;
    if (winner) addConflict(host, winner, draft, findings);
    // A Prefix path that is no expression leaves the path itself to an Exact one.
    else if (draft.when === undefined && (pathType === "exact" || draft.filters.regex)) first.set(path, draft);
    if (!draft.filters.regex && object !== asking.object) {
      findings.push(found.regexMode(place, { what: describe(host, path, pathType), because }));
    }
  }
}

/** Reports a path that lacks a group of its rewrite-target: the group is empty then, as in ingress-nginx. */
function checkGroups({ path, filters: { rewrite, redirect } }: DraftRoute, place: Place, findings: Finding[]): void {
  const target = (rewrite ?? redirect?.rewrite)?.target;
  const { group, empty } = target ? groupsNamed(target) : { group: 0, empty: undefined };
  const groups = group === 0 ? undefined : groupCount(path);
  if (groups === undefined || groups >= group) return;
  findings.push(found.rewriteGroupMissing(place, { path: printable(path), group, groups, asked: groups === 0 && !redirect ? empty : undefined }));
}

/** The highest group that a target names, and what is left of it without groups; undefined: there are variables in it. Paths share targets, which may be long. */
const groupsNamed = oncePer((target: readonly Piece[]): { readonly group: number; readonly empty: string | undefined } => {
  const groups = target.map((piece) => (typeof piece !== "string" && "group" in piece && typeof piece.group === "number" ? piece.group : 0));
  const isPlain = target.every((piece) => typeof piece === "string" || "group" in piece);
  return { group: Math.max(0, ...groups), empty: isPlain ? target.filter((piece) => typeof piece === "string").join("") : undefined };
});

/** The whole segments of a path before the first sign of an expression. Before `(/`, as in `/foo(/|$)(.*)`, the last segment is whole. */
function literalOf(path: string): string {
  const at = path.search(/[*|^\\?$([{]|\.\+/);
  return path.slice(0, path.startsWith("(/", at) ? at : path.lastIndexOf("/", at)) || "/";
}

/** The app-root of the oldest claim that has one. */
export function appRootOf(claims: readonly HostClaim[], findings: Finding[]): string | undefined {
  const [first, ...others] = claims.filter(({ appRoot }) => appRoot !== undefined);
  if (!first) return undefined;
  for (const other of others) {
    if (other.appRoot !== first.appRoot) findings.push(found.appRootShadowed(against(first, other.placeOf("app-root")), { winner: claimantOf(first) }));
  }
  return first.appRoot;
}

function against({ object }: HostClaim, place: Place): Place {
  return { ...place, other: object };
}

/** The names that a host wants beside its own: the aliases of the oldest claim that lists some, and the name with or without `www.`. */
export function aliasesWanted(host: string, claims: readonly HostClaim[], findings: Finding[]): readonly AliasClaim[] {
  const wanted: AliasClaim[] = [];
  const [first, ...others] = claims.filter(({ aliases }) => aliases.length > 0);
  if (first) {
    const { age } = first;
    const place = first.placeOf("server-alias");
    wanted.push(...first.aliases.filter((name) => name !== host).map((name) => ({ name, host, redirect: false, age, place })));
    for (const other of others) findings.push(found.aliasesShadowed(against(first, other.placeOf("server-alias")), { host, winner: claimantOf(first) }));
  }
  const www = claims.find((claim) => claim.www);
  if (!www) return wanted;
  const place = www.placeOf("from-to-www-redirect");
  const name = host.startsWith("www.") ? host.slice("www.".length) : `www.${host}`;
  if (host === CATCH_ALL || host.startsWith("*.") || name.length > 253) findings.push(found.wwwImpossible(place, { host: host === CATCH_ALL ? "*" : host }));
  else wanted.push({ name, host, redirect: true, age: www.age, place });
  return wanted;
}
