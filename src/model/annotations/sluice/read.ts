/**
 * Sluice's own annotations, `sluice.ingress/…`: what ingress-nginx has no words for.
 *
 * Guarantee: conditions that cannot be read never widen what a path takes (the path is ignored), and annotations for a
 * path that cannot be read never open it (it answers 503).
 */
import type { Condition } from "../../../../edge/src/program.ts";
import type { Ingress } from "../../../source/objects.ts";
import { closest } from "../../../support/edit-distance.ts";
import { printable } from "../../../support/text.ts";
import type { RolloutSpec } from "../../shapes/rollout.ts";
import * as found from "../../findings/catalogue.ts";
import { altered, REFUSED } from "../../findings/findings.ts";
import type { Finding, Place } from "../../findings/findings.ts";
import { readAnnotations } from "../read.ts";
import type { ReadAnnotations, ReadContext } from "../read.ts";
import type { Values } from "../slot.ts";
import { annotationsByName } from "../table.ts";
import { readMatches } from "./match.ts";
import { readPathAnnotations } from "./path-annotations.ts";
import { OWN_PREFIX } from "./prefix.ts";
import { readRollout } from "./rollout.ts";
import { Malformed } from "./yaml-text.ts";

const OWN_ANNOTATIONS = ["match", "path-annotations", "rollout"] as const;

/** What holds for one path and not for its Ingress. */
export interface OwnOfPath {
  /** The path is not served: its conditions cannot be read. */
  readonly ignored?: boolean;
  readonly closed?: boolean;
  readonly values?: Values;
  readonly when?: readonly (readonly Condition[])[];
}

export interface Own {
  /** What holds for single paths, by the path as it is declared. */
  readonly paths: ReadonlyMap<string, OwnOfPath>;
  readonly closed: boolean;
  readonly refused: boolean;
  /** `unreadable`: the canary gets nothing by weight. Absent: there is none. */
  readonly rollout?: RolloutSpec | "unreadable";
}

const NOTHING: Own = { paths: new Map(), closed: false, refused: false };

/** @param read what the Ingress's other annotations say. */
export function readOwn(ingress: Ingress, context: ReadContext, read: ReadAnnotations, findings: Finding[]): Own {
  const { annotations = {} } = ingress.metadata;
  const given = Object.keys(annotations).filter((key) => key.startsWith(`${OWN_PREFIX}/`));
  if (given.length === 0) return NOTHING;
  for (const key of given) reportUnknown(ingress, key, findings);
  const declared = new Set((ingress.spec.rules ?? []).flatMap((rule) => (rule.http?.paths ?? []).map(({ path }) => path || "/")));
  const reader: Reader = { ingress, context, read, declared, findings, paths: new Map(), closed: false, refused: false };
  const match = yamlOf(annotations[`${OWN_PREFIX}/match`]);
  const pathAnnotations = yamlOf(annotations[`${OWN_PREFIX}/path-annotations`]);
  if (match) takeMatches(reader, match);
  if (pathAnnotations) takePathAnnotations(reader, pathAnnotations);
  if (annotations[`${OWN_PREFIX}/rollout`] !== undefined) reader.rollout = takeRollout(reader, yamlOf(annotations[`${OWN_PREFIX}/rollout`]));
  return reader;
}

/** The text without blank lines at its ends. Blanks before its first word stay: to YAML they say how deep the word stands. */
function yamlOf(text = ""): string {
  return text.trimEnd().replace(/^(?:[ \t\r]*\n)+/, "");
}

interface Reader extends Own {
  readonly ingress: Ingress;
  readonly context: ReadContext;
  readonly read: ReadAnnotations;
  readonly declared: ReadonlySet<string>;
  readonly findings: Finding[];
  readonly paths: Map<string, OwnOfPath>;
  closed: boolean;
  refused: boolean;
  rollout?: RolloutSpec | "unreadable";
}

function placeOf({ ingress }: Pick<Reader, "ingress">, name: string): Place {
  return { object: ingress, field: `metadata.annotations[${OWN_PREFIX}/${name}]` };
}

function reportUnknown(ingress: Ingress, key: string, findings: Finding[]): void {
  const name = key.slice(OWN_PREFIX.length + 1);
  if (OWN_ANNOTATIONS.some((known) => known === name)) return;
  const near = closest(name, OWN_ANNOTATIONS);
  const params = { name: printable(key), ...(near === undefined ? {} : { near: `${OWN_PREFIX}/${near}` }) };
  findings.push(found.annotationUnknown(placeOf({ ingress }, name), params));
}

function takeMatches(reader: Reader, text: string): void {
  const place = placeOf(reader, "match");
  const matches = attempt(() => readMatches(text));
  if (matches instanceof Malformed) {
    reader.refused = true;
    reader.findings.push(found.matchUnreadable(place, { what: "sluice.ingress/match", why: printable(matches.message), effect: REFUSED }));
    return;
  }
  for (const [path, when] of matches) {
    if (!isDeclared(reader, "match", path)) continue;
    if (!(when instanceof Malformed)) addTo(reader, path, { when });
    else {
      addTo(reader, path, { ignored: true });
      const what = `sluice.ingress/match of ${printable(path)}`;
      reader.findings.push(found.matchUnreadable(place, { what, why: printable(when.message), effect: "this path is ignored" }));
    }
  }
}

function takePathAnnotations(reader: Reader, text: string): void {
  const { annotationsPrefix } = reader.context;
  const place = placeOf(reader, "path-annotations");
  const all = attempt(() => readPathAnnotations(text, annotationsPrefix));
  if (all instanceof Malformed) {
    reader.closed = true;
    reader.findings.push(found.pathAnnotationsUnreadable(place, { what: "sluice.ingress/path-annotations", why: printable(all.message), effect: "every path of this Ingress answers 503" }));
    return;
  }
  for (const [path, annotations] of all) {
    if (!isDeclared(reader, "path-annotations", path)) continue;
    if (!(annotations instanceof Malformed)) addTo(reader, path, readPath(reader, path, annotations));
    else {
      addTo(reader, path, { closed: true });
      const what = `sluice.ingress/path-annotations of ${printable(path)}`;
      reader.findings.push(found.pathAnnotationsUnreadable(place, { what, why: printable(annotations.message), effect: "this path answers 503" }));
    }
  }
}

/** Reads the Ingress's annotations with those of one path over them. Of these, only annotations that hold for single paths are taken. */
function readPath(reader: Reader, path: string, annotations: Readonly<Record<string, string>>): OwnOfPath {
  const { ingress, context, read, findings } = reader;
  const { annotationsPrefix: prefix } = context;
  const place = placeOf(reader, "path-annotations");
  let unguarded = false;
  const ofLocation = Object.entries(annotations).filter(([key]) => {
    const row = key.startsWith(`${prefix}/`) ? annotationsByName.get(key.slice(prefix.length + 1)) : undefined;
    if (row === undefined || row.scope === "location") return true;
    const guards = row.onInvalid === "forbidden" || row.onInvalid === "closed";
    if (guards) unguarded = true;
    findings.push((guards ? found.guardNotOfPath : found.notOfPath)(place, { name: row.name, path: printable(path) }));
    return false;
  });
  const { annotations: own = {} } = ingress.metadata;
  const merged = { ...ingress, metadata: { ...ingress.metadata, annotations: { ...own, ...Object.fromEntries(ofLocation) } } };
  const { values, verdict, findings: said } = readAnnotations(merged, context);
  const known = new Set(read.findings.map((finding) => `${finding.code} ${finding.field} ${finding.sentence}`));
  for (const finding of said) {
    if (known.has(`${finding.code} ${finding.field} ${finding.sentence}`)) continue;
    const sentence = `At ${printable(path)}: ${finding.sentence}`;
    findings.push(altered(finding, { field: place.field, sentence, ...(verdict === "open" ? {} : { effect: "this path answers 503" }) }, place));
  }
  return { values, closed: unguarded || verdict !== "open" };
}

function takeRollout(reader: Reader, text: string): RolloutSpec | "unreadable" {
  const spec = attempt(() => readRollout(text));
  if (!(spec instanceof Malformed)) return spec;
  reader.findings.push(found.rolloutUnreadable(placeOf(reader, "rollout"), { why: printable(spec.message) }));
  return "unreadable";
}

const MOST_SUGGESTIONS = 20;

function isDeclared({ declared, ingress, findings }: Reader, name: "match" | "path-annotations", path: string): boolean {
  if (declared.has(path)) return true;
  // The search is slow, and there may be thousands of declared paths and of others.
  const near = findings.length < MOST_SUGGESTIONS ? closest(path, declared) : undefined;
  findings.push(found.pathNotDeclared(placeOf({ ingress }, name), { name: `${OWN_PREFIX}/${name}`, path: printable(path), ...(near === undefined ? {} : { near }) }));
  return false;
}

function addTo({ paths }: Reader, path: string, more: OwnOfPath): void {
  paths.set(path, { ...paths.get(path), ...more });
}

function attempt<T>(read: () => T): T | Malformed {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}
