/**
 * Findings: what is wrong (or old, or ignored) in what people wrote, as data.
 *
 * One list feeds logs, `explain`, Events and metrics, so a finding is made once, by a factory declared with
 * `finding(…)`; those of the model stand in `catalogue.ts`. A finding never stops its neighbours.
 */
import type { FileOrigin, Kind, ObjectRef } from "../../source/objects.ts";
import { asSentence, visibleTexts } from "../../support/text.ts";

export type Severity = "error" | "warning" | "info";

export interface Subject {
  readonly kind: Kind | "File" | "Engine" | "Event" | "Lease" | "Node" | "Pod";
  readonly namespace: string;
  readonly name: string;
}

export interface Finding {
  /** Stable, kebab-case: what people search for and write alerts on. */
  readonly code: string;
  readonly severity: Severity;
  readonly object: Subject;
  /** `spec.rules[0].http.paths[1].backend`, `metadata.annotations[nginx.ingress.kubernetes.io/canary-weight]`, … */
  readonly field: string;
  /** What is wrong, with the offending value, and how to mend it. One sentence. */
  readonly sentence: string;
  /** What may have been meant instead, as a sentence; it may change while the finding stays the same. */
  readonly hint?: string;
  /** What happens because of it: "requests to shop.example/ (prefix) get 503". */
  readonly effect: string;
  /** The fault may lie in an object that this one names: what is written here may be right as soon as that object is. */
  readonly elsewhere?: true;
  /** The object that is named and does not exist: a hint may tell which one was meant. */
  readonly missing?: ObjectRef;
  /** Where the field stands, when the object was read from a file. The line is looked for only when it is read: that takes parsing the text again. */
  readonly file?: string;
  readonly line?: number;
  /** Column of the line, from 1, in UTF-16 units. */
  readonly column?: number;
  /** The object that this one collides with, and a sentence for the author of that object. */
  readonly other?: { readonly object: Subject; readonly sentence: string };
}

/** The part of a finding that says where: an object and a field of it. */
export interface Place {
  readonly object: Named;
  readonly field: string;
  /** The object that this one collides with, if there is one. */
  readonly other?: Named;
}

/** Any object, as far as a finding looks at it. */
export interface Named {
  readonly kind: Subject["kind"];
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly origin?: FileOrigin;
}

/** What every factory tells about itself: the reference page is made from it. */
export interface FindingKind<P> {
  readonly code: string;
  readonly severity: Severity;
  readonly sentence: (params: P) => string;
  readonly effect: (params: P) => string;
}

export interface FindingFactory<P> extends FindingKind<P> {
  (place: Place, params: P): Finding;
}

/** The effect of everything about an Ingress that fails closed. */
export const CLOSED = "every path of this Ingress answers 503";

/** The effect of everything that refuses an Ingress. */
export const REFUSED = "the whole Ingress is refused: none of its rules is served";

/** The finding as it is told of an Ingress that is refused for another reason: it has to be mended as well, but has no effect until then. */
export function besideRefusal(finding: Finding): Finding {
  return finding.effect === REFUSED ? finding : altered(finding, { effect: "nothing more: the Ingress is refused for another reason" });
}

/**
 * Declares one kind of finding. `sentence` and `effect` are made from typed parameters; `toOther` makes the sentence for
 * the author of the object that is collided with, `missing` names the object that does not exist.
 */
export function finding<P>(
  code: string,
  severity: Severity,
  sentence: (params: P) => string,
  effect: (params: P) => string,
  toOther?: (params: P, loser: string) => string,
  missing?: (params: P) => ObjectRef | undefined,
): FindingFactory<P> {
  const make = ({ object, field, other }: Place, params: P): Finding => {
    const { origin } = object;
    const shown = visibleTexts(params);
    const made = {
      code,
      severity,
      object: subjectOf(object),
      field,
      sentence: sentence(shown),
      effect: effect(shown),
      ...(origin ? { file: origin.file } : {}),
      ...(other && toOther ? { other: { object: subjectOf(other), sentence: toOther(shown, `${object.metadata.namespace}/${object.metadata.name}`) } } : {}),
      ...absent(missing?.(params)),
    };
    return placed(made, { object, field });
  };
  return Object.assign(make, { code, severity, sentence, effect });
}

/** Gives the finding its line and column, as properties that look for them only when they are read: that takes parsing the text again. */
function placed(finding: Finding, { object: { origin }, field }: Place): Finding {
  if (!origin) return finding;
  let line: number | undefined;
  let column: number | undefined;
  return Object.defineProperties(finding, {
    line: { enumerable: true, configurable: true, get: () => (line ??= origin.line(field)) },
    column: { enumerable: true, configurable: true, get: () => (column ??= origin.column(field)) },
  });
}

/** The same finding with other members, perhaps at another place of its file. A spread would read its line, which is slow. */
export function altered(finding: Finding, members: Partial<Omit<Finding, "line" | "column">>, place?: Place): Finding {
  const copy = Object.create(Object.prototype, Object.getOwnPropertyDescriptors(finding)) as Finding;
  Object.assign(copy, members);
  return place ? placed(copy, place) : copy;
}

function absent(missing: ObjectRef | undefined): Pick<Finding, "missing"> {
  return missing ? { missing } : {};
}

function subjectOf({ kind, metadata: { namespace, name } }: Named): Subject {
  return { kind, namespace, name };
}

/** How people name an object: `Ingress shop/web`, `IngressClass nginx`, `File /k8s/web.yaml`; a kind as a whole: `Secret`. */
export function subjectText({ kind, namespace, name }: { readonly kind: string; readonly namespace: string; readonly name: string }): string {
  if (name === "") return namespace === "" ? kind : `${kind} in ${namespace}`;
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
}

/** What a finding says, as whole sentences. */
export function findingText({ sentence, hint, effect }: Finding): string {
  return `${asSentence(sentence)} ${hint === undefined ? "" : `${asSentence(hint)} `}Effect: ${asSentence(effect)}`;
}

/** Findings of one code that are told of one object: enough to see what is wrong. */
export const MOST_OF_A_CODE = 20;

export const furtherFindings = finding<{ code: string; count: number }>(
  "findings-further",
  "info",
  ({ code, count }) => `There are ${count} more findings ${code} about this object`,
  () => "they are not listed; they are told when those that are listed are mended",
);

/** Of each object and code the first findings, and one that says how many more there are: a tenant's object may have a hundred thousand mistakes. */
export function boundFindings(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= MOST_OF_A_CODE) return findings;
  const counts = new Map<string, { readonly first: Finding; count: number }>();
  const kept: Finding[] = [];
  for (const one of findings) {
    const key = `${one.code} ${one.object.kind} ${one.object.namespace}/${one.object.name}`;
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { first: one, count: 1 });
    if ((known?.count ?? 1) <= MOST_OF_A_CODE || one.code === furtherFindings.code) kept.push(one);
  }
  if (kept.length === findings.length) return findings;
  for (const { first, count } of counts.values()) {
    if (count <= MOST_OF_A_CODE || first.code === furtherFindings.code) continue;
    const { code, object: { kind, namespace, name }, file, line, column } = first;
    const more = furtherFindings({ object: { kind, metadata: { namespace, name } }, field: "" }, { code, count: count - MOST_OF_A_CODE });
    kept.push({ ...more, ...(file === undefined ? {} : { file, line: line ?? 1, column: column ?? 1 }) });
  }
  return kept;
}

/** Errors first, then by object, field and code: the same objects give the same list in any order of arrival. */
export function sortFindings(findings: Iterable<Finding>): Finding[] {
  const rank: Record<Severity, number> = { error: 0, warning: 1, info: 2 };
  const keyed = Array.from(findings, (one) => ({ one, rank: rank[one.severity], text: `${one.object.kind} ${one.object.namespace}/${one.object.name} ${one.field} ${one.code}` }));
  keyed.sort((a, b) => a.rank - b.rank || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return keyed.map(({ one }) => one);
}
