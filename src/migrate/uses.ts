/** Counts annotations of Ingresses and keys of the ConfigMap, and says of each what becomes of it, from their tables. */
import type { Annotation } from "../model/annotations/annotation.ts";
import { annotationsByName } from "../model/annotations/table.ts";
import { asksForNothing, findKey, stateOf, type ConfigKey } from "../model/config/keys.ts";
import type { PlacedFinding } from "../check/result.ts";
import type { ConfigMap, Ingress } from "../source/objects.ts";
import { asSentence, printable } from "../support/text.ts";
import { rewriteDiffers } from "./old-version.ts";

type UseState = "works" | "differs" | "refused" | "no effect" | "unknown";

export interface Use {
  readonly name: string;
  readonly uses: number;
  /** Uses with a finding that is an error. */
  readonly errors: number;
  readonly state: UseState;
  /** How it differs, or what is to be written instead; empty: it works. */
  readonly sentence: string;
}

/** A part of an object that differs from ingress-nginx on purpose. */
export interface OnPurpose {
  /** Of the annotation or key. */
  readonly name: string;
  readonly field: string;
  readonly sentence: string;
}

const ALLOWED_SNIPPET = "The operator allows it: nginx tests each alone before it is used, and a change costs a reload.";

interface Found {
  readonly row: Annotation | undefined;
  /** How it differs with its value; undefined: not at all. */
  readonly differs: string | undefined;
  readonly name: string;
  readonly field: string;
}

/** How the old controller read annotations. */
interface OldReading {
  readonly prefix: string;
  /** `rewrite-target` kept the rest of the path. */
  readonly keepsRest: boolean;
}

/** Annotations with the prefix that say something. */
function annotationsOf(ingress: Ingress, { prefix, keepsRest }: OldReading): readonly Found[] {
  const { annotations = {} } = ingress.metadata;
  const has = (name: string): boolean => (annotations[`${prefix}/${name}`]?.trim() ?? "") !== "";
  return Object.entries(annotations).flatMap(([key, value]) => {
    if (!key.startsWith(`${prefix}/`) || value.trim() === "") return [];
    const name = key.slice(prefix.length + 1);
    const row = annotationsByName.get(name);
    const today = row?.differsFor && !row.differsFor(value.trim(), has) ? undefined : row?.differs;
    const differs = (keepsRest && row?.name === "rewrite-target" ? rewriteDiffers(value) : undefined) ?? today;
    return [{ row, differs, name: row?.name ?? name, field: `metadata.annotations[${key}]` }];
  });
}

/** What works otherwise on this Ingress, and why. */
export function differencesOfIngress(ingress: Ingress, reading: OldReading): readonly OnPurpose[] {
  return annotationsOf(ingress, reading).flatMap(({ row, differs, name, field }) =>
    (row?.status === "honoured" && differs !== undefined ? [{ name, field, sentence: differs }] : []));
}

/** Most used first. @param findings of the same Ingresses. */
export function annotationUses(ingresses: readonly Ingress[], reading: OldReading, findings: readonly PlacedFinding[]): readonly Use[] {
  const told = byField(findings);
  const all = ingresses.flatMap((ingress) => annotationsOf(ingress, reading).map((found) => ({ ...found, findings: told(ingress, found.field) })));
  return [...Map.groupBy(all, ({ name }) => name)].map(([name, uses]): Use => {
    const own = uses.flatMap(({ findings: list }) => list);
    const errors = uses.filter(({ findings: list }) => list.some(isError)).length;
    const row = uses[0]?.row;
    return { name: printable(name), uses: uses.length, errors, ...stateOfAnnotation(row, [...new Set(uses.flatMap(({ differs }) => differs ?? []))], own) };
  }).sort(byUses);
}

function stateOfAnnotation(row: Annotation | undefined, differs: readonly string[], findings: readonly PlacedFinding[]): Pick<Use, "state" | "sentence"> {
  const [error] = findings.filter(isError);
  if (row === undefined) return { state: "unknown", sentence: asSentence(findings[0]?.sentence ?? "There is no such annotation, here or in ingress-nginx") };
  if (row.status === "snippet") return error ? { state: "refused", sentence: asSentence(error.sentence) } : { state: "differs", sentence: ALLOWED_SNIPPET };
  return differs.length === 0 ? { state: "works", sentence: error ? asSentence(error.sentence) : "" } : { state: "differs", sentence: differs.join(" ") };
}

/** What works otherwise of this ConfigMap. */
export function differencesOfConfig({ data = {} }: ConfigMap): readonly OnPurpose[] {
  return Object.entries(data).flatMap(([text, value]) => {
    const key = findKey(text);
    const { state, sentence } = key === undefined ? { state: "unknown", sentence: "" } : stateOfKey(key, value, []);
    return state === "differs" ? [{ name: key?.name ?? text, field: `data[${text}]`, sentence }] : [];
  });
}

/** @param findings of the ConfigMap. */
export function keyUses(configMap: ConfigMap, findings: readonly PlacedFinding[]): readonly Use[] {
  const told = byField(findings);
  return Object.entries(configMap.data ?? {}).map(([text, value]): Use => {
    const own = told(configMap, `data[${text}]`);
    const key = findKey(text);
    const head = { name: printable(key?.name ?? text), uses: 1, errors: own.some(isError) ? 1 : 0 };
    if (key === undefined) return { ...head, state: "unknown", sentence: asSentence(own[0]?.sentence ?? "There is no such key") };
    return { ...head, ...stateOfKey(key, value, own) };
  }).sort(byUses);
}

function stateOfKey(key: ConfigKey, value: string, findings: readonly PlacedFinding[]): Pick<Use, "state" | "sentence"> {
  const state = stateOf(key);
  const [first] = findings;
  if (key.field !== undefined) {
    const differs = key.row.differs !== undefined && value.trim() !== key.row.default;
    return differs ? { state: "differs", sentence: key.row.differs ?? "" } : { state: "works", sentence: first && isError(first) ? asSentence(first.sentence) : "" };
  }
  if (asksForNothing(key.row, value)) return { state: "works", sentence: "" };
  return { state, sentence: asSentence(first?.sentence ?? `It ${key.row.why}${key.row.instead === "" ? "" : `; instead: ${key.row.instead}`}`) };
}

function isError({ severity }: PlacedFinding): boolean {
  return severity === "error";
}

interface Subjected {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
}

/** Finds what was said of one field of an object; `data[hsts]` and `data.hsts` are one field. */
function byField(findings: readonly PlacedFinding[]): (object: Subjected, field: string) => readonly PlacedFinding[] {
  const one = (kind: string, namespace: string, name: string, field: string): string => `${kind} ${namespace}/${name} ${field.replace(/\[([A-Za-z]\w*)\]/g, ".$1")}`;
  const groups = Map.groupBy(findings, ({ object: { kind, namespace, name }, field }) => one(kind, namespace, name, field));
  return ({ kind, metadata: { namespace, name } }, field) => groups.get(one(kind, namespace, name, field)) ?? [];
}

function byUses(a: Use, b: Use): number {
  return b.uses - a.uses || (a.name < b.name ? -1 : 1);
}
