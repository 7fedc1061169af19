/**
 * What can be wrong with manifest files, said once. Every sentence names the remedy.
 */
import type { Finding, FindingKind, Severity, Subject } from "../../model/findings/findings.ts";
import { visibleTexts } from "../../support/text.ts";

/** What a finding is about. Given field by field, because what cannot be read is no object yet. */
export interface Where {
  readonly subject: Subject;
  readonly field: string;
  readonly file: string;
  readonly line: number;
  /** Absent: the file as a whole. */
  readonly column?: number;
}

export interface ManifestFinding<P> extends FindingKind<P> {
  (where: Where, params: P): Finding;
}

function declare<P>(
  code: string,
  severity: Severity,
  sentence: (params: P) => string,
  effect: (params: P) => string,
): ManifestFinding<P> {
  const make = ({ subject, field, file, line, column }: Where, params: P): Finding => {
    const visible = visibleTexts(params);
    return { code, severity, object: subject, field, sentence: sentence(visible), effect: effect(visible), file, line, ...(column === undefined ? {} : { column }) };
  };
  return Object.assign(make, { code, severity, sentence, effect });
}

export function fileSubject(file: string): Subject {
  return { kind: "File", namespace: "", name: file };
}

const LEFT_OUT = "this object is left out; if it was readable before, that version keeps serving";

export const fileUnreadable = declare<{ reason: string }>(
  "file-unreadable",
  "error",
  (p) => `This file or folder cannot be read (${p.reason}): make it readable for the user that runs Sluice`,
  () => "what was read from it before keeps serving; nothing newer does",
);

export const fileEmptied = declare<object>(
  "file-emptied",
  "warning",
  () => "This file has just become empty, which it also is while it is written anew: delete it to take its objects away at once",
  () => "what was read from it before serves for ten more seconds",
);

export const fileCut = declare<object>(
  "file-cut",
  "warning",
  () => "This file has just become a beginning of what it was, and ends within a line, which it also does while it is written anew: end its last line to have it read at once",
  () => "what was read from it before serves for ten more seconds",
);

export const tooLarge = declare<{ what: "file" | "document"; most: string }>(
  "too-large",
  "error",
  (p) => `This ${p.what} has more than ${p.most}: split it${p.what === "document" ? " into several (---), or write it as JSON" : ""}`,
  (p) => `this ${p.what} is not read; the objects that it held before keep serving`,
);

export const yamlInvalid = declare<{ reason: string; key: string | undefined; template: boolean }>(
  "yaml-invalid",
  "error",
  (p) =>
    `This document is not valid YAML${p.key === undefined ? "" : `, at or after the key "${p.key}"`}: ${p.reason}` +
    (p.template ? "; it looks like a template: render it first and point Sluice at the result" : ": mend it at this line"),
  () => "this document is left out; the objects that this file held before keep serving until it can be read",
);

export const fieldType = declare<{ field: string; expected: string; found: string }>(
  "field-type",
  "error",
  (p) => `${p.field} must be ${p.expected}, ${p.found === "" ? "and is missing" : `not ${p.found}`}`,
  () => LEFT_OUT,
);

export const kindUnknown = declare<{ kind: string; apiVersion: string; near: string }>(
  "kind-unknown",
  "error",
  (p) => `There is no kind ${p.kind} of apiVersion ${p.apiVersion}: did you mean "${p.near}"?`,
  () => LEFT_OUT,
);

export const kindMissing = declare<{ meant: string | undefined }>(
  "kind-missing",
  "error",
  (p) => `This document does not say of which kind it is: ${p.meant === undefined ? 'write "kind: Ingress", or whatever it is' : `write "kind" in place of "${p.meant}"`}`,
  () => "this document is left out; the objects that this file held before keep serving until it can be read",
);

export const documentList = declare<object>(
  "document-list",
  "error",
  () => 'This document is a list of objects: write each as a document of its own, with --- between them, or all of them under "items" of an object of kind List',
  () => "this document is left out, as kubectl would; the objects that this file held before keep serving until it can be read",
);

export const separatorMissing = declare<object>(
  "separator-missing",
  "error",
  () => "A second object begins in the middle of this document: put a line --- in front of it",
  () => "only the last one counts, with what it leaves of the others",
);

export const fieldUnknown = declare<{ kind: string; field: string; near: string | undefined }>(
  "field-unknown",
  "warning",
  (p) => `${p.kind} has no field ${p.field}: ` + (p.near === undefined ? "correct it, or move it where it belongs" : `did you mean "${p.near}"?`),
  () => "it has no effect; kubectl would refuse it",
);

export const secretNotBase64 = declare<{ key: string }>(
  "secret-not-base64",
  "error",
  (p) => `data.${p.key} of this Secret is not base64: encode it, or put the plain text under stringData`,
  () => LEFT_OUT,
);

export const apiVersionOld = declare<{ kind: string; found: string; modern: string }>(
  "api-version-old",
  "warning",
  (p) => `${p.kind} of apiVersion ${p.found} no longer exists in Kubernetes: write "apiVersion: ${p.modern}"`,
  (p) => `read as ${p.modern}; a cluster would refuse it`,
);

export const backendOldShape = declare<{ found: string; modern: string }>(
  "backend-old-shape",
  "warning",
  (p) => `${p.found} is the shape of the v1beta1 API: write "${p.modern}"`,
  () => "read as if written so; a cluster would refuse it",
);

export const pathTypeMissing = declare<{ path: string }>(
  "path-type-missing",
  "warning",
  (p) => `Path "${p.path}" has no pathType: write "pathType: Prefix" (or Exact, or ImplementationSpecific)`,
  () => "read as ImplementationSpecific, which matches as Prefix; a cluster would refuse it",
);

export const pathEmpty = declare<Record<never, never>>(
  "path-empty",
  "warning",
  () => 'This path is empty: write "path: /"',
  () => 'read as "/"; a cluster would refuse it',
);

export const classAnnotationDeprecated = declare<{ annotation: string; name: string; both: boolean }>(
  "class-annotation-deprecated",
  "info",
  (p) =>
    `The annotation ${p.annotation} is deprecated since Kubernetes 1.18: ` +
    (p.both ? "remove it, spec.ingressClassName is there" : `write "ingressClassName: ${p.name}" under spec in its place`),
  (p) => (p.both ? "spec.ingressClassName decides; a cluster would refuse the two together" : "it decides whose the Ingress is"),
);

export const valueNotString = declare<{ field: string; found: string }>(
  "value-not-string",
  "warning",
  (p) => `${p.field} must be a string: write "${p.found}" in quotes`,
  () => "read as if quoted; a cluster would refuse it",
);

export const keyDoubled = declare<{ path: string }>(
  "key-doubled",
  "warning",
  (p) => `${p.path} stands more than once in its mapping: remove all but one`,
  () => "the last one counts, as for kubectl",
);

export const duplicateObject = declare<{ kind: string; name: string; ignored: string; serving: string }>(
  "duplicate-object",
  "warning",
  (p) => `${p.kind} ${p.name} is declared in ${p.ignored} and again in ${p.serving}: remove one of them`,
  (p) => `the last in path order, ${p.serving}, serves; ${p.ignored} does not`,
);

export const chartUnrendered = declare<{ count: number; folder: string }>(
  "chart-unrendered",
  "warning",
  (p) => `This is a Helm chart, and its templates are no objects: check what it renders, helm template ${p.folder} | sluice check -`,
  (p) => `${p.count} ${p.count === 1 ? "template is" : "templates are"} not looked at`,
);

export const kustomizationUnbuilt = declare<{ folder: string }>(
  "kustomization-unbuilt",
  "warning",
  (p) => `This is a kustomization, and its patches are no objects: check what it builds, kubectl kustomize ${p.folder} | sluice check -`,
  () => "objects are judged as they are before it changes them, and patches are not looked at",
);

/** A value as it can stand in a sentence: short, on one line. Never call it with a Secret's value. */
export function shown(value: unknown): string {
  if (value === undefined) return "";
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 60 ? `${json.slice(0, 57)}…` : json;
}
