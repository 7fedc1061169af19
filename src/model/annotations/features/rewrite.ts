/**
 * The annotations about paths: regular expressions, rewrites, and where `/` leads.
 */
import type { Piece } from "../../../../edge/src/program.ts";
import type { IngressPath } from "../../../source/objects.ts";
import { printable } from "../../../support/text.ts";
import * as found from "../../findings/catalogue.ts";
import { boolean, textOf } from "../../grammar/value-types.ts";
import { annotation, field, toldByFinding, whereVariables } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature, FilterContext, RouteFilters } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { redirectOf } from "./redirects.ts";

export interface RewriteValues {
  readonly target?: string;
  readonly useRegex: boolean;
  readonly appRoot?: string;
}

const DEFAULTS: RewriteValues = { useRegex: false };

/** What the annotations of an Ingress say about regular expressions, rewrites, and where `/` leads. */
export const rewrite = slot<RewriteValues>("rewrite", () => DEFAULTS);

/** ingress-nginx's character set, and every `$` begins a group or a name: nginx would not start with another. */
const TARGET = /^(?:[A-Za-z0-9\-._~/:]|\$(?:[1-9]|[A-Za-z_]\w*))+$/;
const APP_ROOT = /^\/[A-Za-z0-9\-._~/:]+$/;

const annotations: readonly Honoured[] = [
  annotation<string>({
    name: "rewrite-target",
    group: "rewrite",
    risk: "Medium",
    scope: "location",
    type: textOf(TARGET, "a path of letters, digits and - . _ ~ / :, with $1 to $9 for groups of the path"),
    doc: "The path that backends are asked for; `$1` to `$9` are groups of the Ingress's path, which becomes a regular expression, like all paths of its host. An absolute URL redirects (302).",
    differs: "A result with a segment `.` or `..` is answered with 400 and never sent to a backend.",
    differsFor: whereVariables,
    ...field(rewrite, "target"),
  }),
  annotation<boolean>({
    name: "use-regex",
    group: "rewrite",
    risk: "Low",
    scope: "host",
    type: boolean,
    doc: "All paths of the host are regular expressions (PCRE): without case, anchored at their start only, longest text first.",
    differs: "A path that is no regular expression is left out alone, with a finding.",
    differsFor: toldByFinding,
    ...field(rewrite, "useRegex"),
  }),
  annotation<string>({
    name: "app-root",
    group: "rewrite",
    risk: "Medium",
    scope: "host",
    type: textOf(APP_ROOT, "a path such as /app, of letters, digits and - . _ ~ / :, other than /"),
    doc: "Path that `/` of the host is redirected to (302), before everything else.",
    differs: "Of several on one host the oldest Ingress's holds, and variables are not expanded.",
    differsFor: whereVariables,
    ...field(rewrite, "appRoot"),
  }),
];

/** Variables of nginx that a target may name: they say nothing but what the client sent. */
const VARIABLES: ReadonlySet<string> = new Set([
  "args", "host", "http_host", "query_string", "remote_addr", "request_method", "request_uri", "scheme", "server_port", "uri",
]);
const FAMILY = /^(?:arg|cookie|http)_\w+$/;
const NAMED = /\(\?(?:P?<|')([A-Za-z_]\w*)[>']/g;

const resolver: Resolver = {
  groups: ["rewrite"],
  resolve(values, at) {
    const { target, ...others } = rewrite.of(values);
    if (target === undefined) return values;
    const all = (at.ingress.spec.rules ?? []).flatMap((rule) => rule.http?.paths ?? []);
    const paths = all.map(({ path = "" }) => path);
    const cut = cutPath(target, all);
    if (cut !== undefined) {
      const [from = "", to = ""] = [cut, target].map((text) => printable(text.replace(/\/+$/, "")));
      const kept = from === "" ? { from: "/(.*)", to: `${to}/$1` } : { from: `${from}(/|$)(.*)`, to: `${to}/$2` };
      at.report(found.rewriteDropsRest(at.place("rewrite-target"), { target: printable(target), path: printable(cut), ...kept }));
    }
    const groups = new Set(paths.flatMap((path) => [...namedGroups(path)]));
    const unknown = piecesOf(target, groups).find((piece) => typeof piece !== "string" && "variable" in piece && !isVariable(piece.variable));
    if (typeof unknown !== "object" || !("variable" in unknown)) return values;
    at.report(found.rewriteVariableUnknown(at.place("rewrite-target"), { value: printable(target), variable: unknown.variable }));
    return rewrite.put(values, others);
  },
};

/**
 * The first path that the target stands for with all that is below it; undefined: there is none. ingress-nginx before
 * 0.22 kept the rest of the path, and tutorials of that time are still followed.
 */
function cutPath(target: string, paths: readonly IngressPath[]): string | undefined {
  if (!target.startsWith("/") || target.includes("$")) return undefined;
  return paths.find(({ path, pathType }) => pathType !== "Exact" && path?.startsWith("/") && path !== target && !/[$()]/.test(path))?.path;
}

function isVariable(name: string): boolean {
  return VARIABLES.has(name) || FAMILY.test(name);
}

function namedGroups(path: string): ReadonlySet<string> {
  return new Set([...path.matchAll(NAMED)].flatMap(([, name]) => name ?? []));
}

function piecesOf(target: string, groups: ReadonlySet<string>): Piece[] {
  return target.split(/(\$(?:[1-9]|[A-Za-z_]\w*))/).flatMap((text): Piece[] => {
    if (text === "") return [];
    const name = text.startsWith("$") ? text.slice(1) : undefined;
    if (name === undefined) return [text];
    if (/^[1-9]$/.test(name)) return [{ group: Number(name) }];
    return [groups.has(name) ? { group: name } : { variable: name.toLowerCase() }];
  });
}

const withoutNames = new WeakMap<RewriteValues, Piece[]>();

/** The target's pieces for one path. All paths of an Ingress without named groups share them: the target may be long, and the paths many. */
function piecesFor(values: RewriteValues, target: string, groups: ReadonlySet<string>): Piece[] {
  if (groups.size > 0) return piecesOf(target, groups);
  const pieces = withoutNames.get(values) ?? piecesOf(target, groups);
  withoutNames.set(values, pieces);
  return pieces;
}

type OfPath = Pick<RouteFilters, "regex" | "rewrite" | "redirect">;

/** What the annotations mean for one path: nothing where the target is the path itself, as in ingress-nginx. */
export function rewriteOf(values: RewriteValues, path: string): OfPath {
  const { target, useRegex } = values;
  const regex: OfPath = useRegex ? { regex: true } : {};
  if (target === undefined || target === path) return regex;
  const rewritten = { pattern: `(?i)${path}`, target: piecesFor(values, target, namedGroups(path)) };
  // nginx redirects where the replacement begins with a scheme.
  if (/^(?:https?:\/\/|\$scheme)/.test(target)) return { regex: true, redirect: { status: 302, rewrite: rewritten } };
  return { regex: true, rewrite: rewritten };
}

function route(values: Values, { path }: FilterContext): OfPath {
  const { redirect, ...others } = rewriteOf(rewrite.of(values), path);
  return redirect === undefined || redirectOf(values) ? others : { ...others, redirect };
}

export const rewriteFeature: Feature = { slot: rewrite, annotations, resolver, route };
