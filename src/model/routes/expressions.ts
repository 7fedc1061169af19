/**
 * How many regular expressions of tenants one request may have to be matched against.
 *
 * A request for a name that nobody declares is matched against the expressions of all `server-alias`; a request to a
 * host whose paths are expressions, or have conditions, against those of that host; and all paths of a host travel as
 * one table, each with what its Ingress says. So these lists are bounded: for an Ingress, for a namespace, and in all.
 * The characters that expressions stand for are bounded as well, so that a worker can keep all of a list compiled. Older
 * Ingresses get room first, and within an Ingress what is written first.
 */
import { aliasPattern, pathPattern, patternWeight } from "../../../edge/src/pattern-weight.ts";
import { printable } from "../../support/text.ts";
import { placeOfPath } from "../claims/claim.ts";
import type { DraftRoute } from "../claims/claim.ts";
import { closedDraft } from "../claims/closed.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding, Place } from "../findings/findings.ts";
import { byAge } from "../shapes/age.ts";
import { ALIAS_BOUNDS, MEAN_WEIGHT, PATH_BOUNDS, ROUTE_BOUNDS, SIZE_BOUNDS } from "../shapes/bounds.ts";
import type { Bounds } from "../shapes/bounds.ts";
import type { AliasClaim } from "./aliases.ts";

/** Takes room for `count` more. True: the Ingress, its namespace, and all together had room for them; else nothing is taken. */
export type Take = (namespace: string, ingress: string, count: number) => boolean;

interface Counter {
  readonly hasRoom: Take;
  readonly add: (namespace: string, ingress: string, count: number) => void;
}

function counter(bounds: Bounds): Counter {
  const taken = new Map<string, number>();
  const after = (whose: string, count: number): number => (taken.get(whose) ?? 0) + count;
  return {
    hasRoom: (namespace, ingress, count) =>
      after(`${namespace}/${ingress}`, count) <= bounds.ingress && after(namespace, count) <= bounds.namespace && after("", count) <= bounds.all,
    add: (namespace, ingress, count) => {
      for (const whose of [`${namespace}/${ingress}`, namespace, ""]) taken.set(whose, after(whose, count));
    },
  };
}

export function countUpTo(bounds: Bounds): Take {
  const { hasRoom, add } = counter(bounds);
  return (namespace, ingress, count) => {
    const fits = hasRoom(namespace, ingress, count);
    if (fits) add(namespace, ingress, count);
    return fits;
  };
}

/** Takes room for expressions, by their number and by the characters that they stand for; see Take. */
type TakeExpressions = (namespace: string, ingress: string, weights: readonly number[]) => boolean;

function expressionsUpTo({ ingress, namespace, all }: Bounds): TakeExpressions {
  const numbers = counter({ ingress, namespace, all });
  const weights = counter({ ingress: ingress * MEAN_WEIGHT, namespace: namespace * MEAN_WEIGHT, all: all * MEAN_WEIGHT });
  return (ofNamespace, ofIngress, taken) => {
    const weight = taken.reduce((sum, one) => sum + one, 0);
    if (!numbers.hasRoom(ofNamespace, ofIngress, taken.length) || !weights.hasRoom(ofNamespace, ofIngress, weight)) return false;
    numbers.add(ofNamespace, ofIngress, taken.length);
    weights.add(ofNamespace, ofIngress, weight);
    return true;
  };
}

/** The claims on expressions that there is no room for, oldest first. An expression that several claims want is counted once, for the oldest. */
export function claimsBeyond(claims: readonly AliasClaim[]): readonly AliasClaim[] {
  const take = expressionsUpTo(ALIAS_BOUNDS);
  const granted = new Set<string>();
  const sorted = [...claims].sort((a, b) => byAge(a.age, b.age) || compare(a.host, b.host) || compare(a.name, b.name));
  return sorted.filter(({ name, place }) => {
    if (granted.has(name)) return false;
    const { namespace, name: ingress } = place.object.metadata;
    if (!take(namespace, ingress, [patternWeight(aliasPattern(name))])) return true;
    granted.add(name);
    return false;
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One finding for each Ingress with such claims. */
export function aliasFindingsBeyond(claims: readonly AliasClaim[]): readonly Finding[] {
  const ofIngresses = Map.groupBy(claims, ({ place: { object: { metadata } } }) => `${metadata.namespace}/${metadata.name}`);
  return [...ofIngresses.values()].flatMap((lost) => {
    const [first] = lost;
    return first ? [found.aliasExpressionsExhausted(first.place, { left: lost.length, first: printable(first.name) })] : [];
  });
}

/**
 * Drops the routes of a host that it has no room for, or closes them. `drafts` come in the order of their objects' age. Gives the
 * Take of the room that is left for annotations. @param regex paths of the host are regular expressions.
 */
export function dropBeyond(host: string, drafts: Map<string, DraftRoute>, regex: boolean, findings: Finding[]): Take {
  const routes = countUpTo(ROUTE_BOUNDS);
  const expressions = expressionsUpTo(PATH_BOUNDS);
  const sizes = countUpTo(SIZE_BOUNDS);
  const reportOf = (draft: DraftRoute): Dropped["report"] | undefined => {
    const { origin: { namespace, name } } = draft;
    if (!routes(namespace, name, 1)) return found.pathsExhausted;
    if (!sizes(namespace, name, draft.characters ?? 0)) return found.hostTooLarge;
    const weights = weightsOf(draft, regex);
    return weights.length > 0 && !expressions(namespace, name, weights) ? found.pathExpressionsExhausted : undefined;
  };
  const dropped: Dropped[] = [];
  for (const [key, draft] of drafts) {
    const place = placeOfPath(draft);
    if (!place || draft.path === "/") continue;
    const report = reportOf(draft);
    if (!report) continue;
    // A route that is too large may keep requests out, so it is closed. One with conditions is dropped: they are part of
    // what is too large, and without them it could not be told from other routes of its path.
    if (report === found.hostTooLarge && !draft.when) drafts.set(key, closedDraft(draft));
    else drafts.delete(key);
    dropped.push({ place, report });
  }
  tellDropped(host, dropped, findings);
  return sizes;
}

/** Reports paths that were dropped, once for each Ingress and reason. */
export function tellDropped(host: string, dropped: readonly Dropped[], findings: Finding[]): void {
  for (const lost of Map.groupBy(dropped, ({ place: { object: { metadata } }, report }) => `${report.code} ${metadata.namespace}/${metadata.name}`).values()) {
    const [first] = lost;
    if (first) findings.push(first.report(first.place, { host, left: lost.length }));
  }
}

/** A path that a host has no room for. */
export interface Dropped {
  readonly place: Place;
  readonly report: typeof found.pathsExhausted;
}

/** The weights of the expressions that a route may be tried with: its path (a Prefix path also with a slash behind it), and its conditions. */
function weightsOf({ pathType, path, filters, when = [] }: DraftRoute, regex: boolean): readonly number[] {
  const texts = pathType === "exact" || filters.regex || path.endsWith("/") ? [path] : [`${path}/`, path];
  const ofPath = regex ? texts.map((text) => patternWeight(pathPattern(text))) : [];
  return [...ofPath, ...when.flat().map(({ pattern }) => (pattern === undefined ? 0 : patternWeight(pattern)))];
}
