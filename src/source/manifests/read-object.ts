/**
 * One document of a manifest file to the objects that it declares.
 *
 * Guarantee: never throws, and one bad object never hides its neighbours, not even in the same List.
 */
import type { Finding } from "../../model/findings.ts";
import { exact } from "../../support/exact.ts";
import type { AnyObject, Kind, Meta } from "../objects.ts";
import { keyAt, lineOfField, ManifestOrigin, parseDocument } from "./documents.ts";
import type { DocumentText, Place } from "./documents.ts";
import { at, isObject, items, members, note, present, required, rootField, text } from "./fields.ts";
import type { Field } from "./fields.ts";
import { apiVersionOld, fieldType, fileSubject, shown, yamlInvalid } from "./findings.ts";
import { unknownFields } from "./known-fields.ts";
import type { KnownKind } from "./known-fields.ts";
import { readIngress } from "./read-ingress.ts";
import type { Context } from "./read-ingress.ts";
import { readConfigMap, readEndpoints, readEndpointSlice, readIngressClass, readNamespace, readSecret, readService, readStrings } from "./read-kinds.ts";

/** `Kind namespace/name`: names one object among all kinds. */
export type RefKey = string;

export function refKeyOf(kind: Kind, { namespace, name }: Meta): RefKey {
  return `${kind} ${namespace}/${name}`;
}

/** One object and where it stands. The object is replaced by an equal older one to keep its identity. */
export interface Declared {
  object: AnyObject;
  place: Place;
}

/** All that one document says. Lines of findings count from 1 within the document. */
export interface DocumentRead {
  readonly declared: readonly Declared[];
  readonly findings: readonly Finding[];
  /** Objects that are named but cannot be used: an earlier version of them stays. */
  readonly broken: readonly RefKey[];
  /** True when nothing says which objects were meant: all earlier ones of the file stay. */
  readonly unreadable: boolean;
  /** `apps/v1 Deployment` and the like. */
  readonly ignored: readonly string[];
}

interface KindShape {
  readonly kind: Kind;
  readonly modern: string;
  readonly old?: readonly string[];
  readonly clusterScoped?: boolean;
  read(root: Field, metadata: Meta, context: Context): AnyObject | readonly AnyObject[] | undefined;
}

const SHAPES: Readonly<Record<KnownKind, KindShape>> = {
  Ingress: {
    kind: "Ingress",
    modern: "networking.k8s.io/v1",
    old: ["extensions/v1beta1", "networking.k8s.io/v1beta1"],
    read: readIngress,
  },
  IngressClass: {
    kind: "IngressClass",
    modern: "networking.k8s.io/v1",
    old: ["networking.k8s.io/v1beta1"],
    clusterScoped: true,
    read: readIngressClass,
  },
  EndpointSlice: {
    kind: "EndpointSlice",
    modern: "discovery.k8s.io/v1",
    old: ["discovery.k8s.io/v1beta1", "discovery.k8s.io/v1alpha1"],
    read: readEndpointSlice,
  },
  Endpoints: { kind: "EndpointSlice", modern: "v1", read: readEndpoints },
  Service: { kind: "Service", modern: "v1", read: readService },
  ConfigMap: { kind: "ConfigMap", modern: "v1", read: readConfigMap },
  Secret: { kind: "Secret", modern: "v1", read: readSecret },
  Namespace: { kind: "Namespace", modern: "v1", clusterScoped: true, read: readNamespace },
};

/** RFC 1123 label and subdomain: what the Kubernetes API accepts as names. */
const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

interface Collected {
  declared: Declared[];
  findings: Finding[];
  broken: RefKey[];
  unreadable: boolean;
  ignored: string[];
}

export function readDocument(file: string, document: DocumentText): DocumentRead {
  const into: Collected = { declared: [], findings: [], broken: [], unreadable: false, ignored: [] };
  const parsed = parseDocument(document.text);
  if (!parsed.valid) {
    const where = { subject: fileSubject(file), field: "", file, line: parsed.line };
    into.findings.push(yamlInvalid(where, { reason: parsed.reason, key: keyAt(document.text, parsed.line), template: document.text.includes("{{") }));
    return { ...into, unreadable: true };
  }
  readRoot(parsed.value, { file, document, prefix: "" }, into);
  const { declared, findings, broken, unreadable, ignored } = into;
  return { declared: exact(declared), findings: exact(findings), broken: exact(broken), unreadable, ignored: exact(ignored) };
}

function readRoot(value: unknown, place: Place, into: Collected): void {
  const root = rootField(value);
  const kind = at(root, "kind").value;
  const apiVersion = at(root, "apiVersion").value;
  if (typeof kind !== "string") {
    into.ignored.push("document without a kind");
  } else if (kind.endsWith("List") && Array.isArray(at(root, "items").value)) {
    items(at(root, "items")).forEach((item, index) =>
      readRoot(withListKind(item.value, kind, apiVersion), { ...place, prefix: `${place.prefix}items[${index}].` }, into),
    );
  } else {
    if (!isKnownKind(kind) || !isServedBy(SHAPES[kind], apiVersion)) into.ignored.push(typeof apiVersion === "string" ? `${apiVersion} ${kind}` : kind);
    else readShape(root, kind, apiVersion, place, into);
  }
}

function isKnownKind(kind: string): kind is KnownKind {
  return Object.hasOwn(SHAPES, kind);
}

/** The items of an IngressList or ServiceList need not repeat their kind. */
function withListKind(item: unknown, listKind: string, apiVersion: unknown): unknown {
  if (listKind === "List" || typeof item !== "object" || item === null || "kind" in item) return item;
  return { kind: listKind.slice(0, -4), apiVersion, ...item };
}

/** A missing version is the user's slip and is noted; a foreign one (Knative has Services too) is another kind. */
function isServedBy(shape: KindShape, apiVersion: unknown): boolean {
  return typeof apiVersion !== "string" || apiVersion === shape.modern || (shape.old?.includes(apiVersion) ?? false);
}

function readShape(root: Field, kind: KnownKind, apiVersion: unknown, place: Place, into: Collected): void {
  const shape: KindShape = SHAPES[kind];
  const meta = at(root, "metadata");
  const name = at(meta, "name").value;
  const namespace = shape.clusterScoped ? "" : (at(meta, "namespace").value ?? "default");
  const subject = { kind: shape.kind, namespace: String(namespace), name: typeof name === "string" ? name : "" };
  const where: Context["where"] = (field) => ({
    subject,
    field,
    file: place.file,
    line: lineOfField(place.document.text, place.prefix + field),
  });
  const findings: Finding[] = [];
  const context: Context = { apiVersion: typeof apiVersion === "string" ? apiVersion : shape.modern, findings, where };
  const version = at(root, "apiVersion");
  required(version, text(version), `"${shape.modern}"`);
  if (context.apiVersion !== shape.modern) {
    findings.push(apiVersionOld(where("apiVersion"), { kind, found: context.apiVersion, modern: shape.modern }));
  }
  const metadata = readMeta(meta, subject.namespace, context);
  const read = shape.read(root, metadata, context);
  for (const { field, expected, found } of root.notes) {
    findings.push(fieldType(where(field), { field, expected, found: shape.kind === "Secret" ? typeName(found) : shown(found) }));
  }
  into.findings.push(...findings, ...unknownFields(root.value, kind, where));
  if (read && root.notes.length === 0) declare(Array.isArray(read) ? (read as AnyObject[]) : [read as AnyObject], place, into);
  else if (kind === "Endpoints" || subject.name === "") into.unreadable = true;
  else into.broken.push(refKeyOf(shape.kind, subject));
}

function declare(objects: readonly AnyObject[], place: Place, into: Collected): void {
  for (const object of objects) into.declared.push({ object: { ...object, origin: new ManifestOrigin(place) }, place });
}

function readMeta(meta: Field, namespace: string, context: Context): Meta {
  isObject(meta);
  const nameField = at(meta, "name");
  const name = required(nameField, text(nameField), "the object's name") ?? "";
  if (name !== "" && !SUBDOMAIN.test(name)) note(nameField, "made of lower-case letters, digits, - and .");
  if (namespace !== "" && !LABEL.test(namespace)) note(at(meta, "namespace"), "made of lower-case letters, digits and -");
  const strings = (field: Field): Record<string, string> | undefined =>
    members(field).length > 0 ? readStrings(field, context) : undefined;
  return {
    name,
    namespace,
    ...present({
      uid: text(at(meta, "uid")),
      creationTimestamp: text(at(meta, "creationTimestamp")),
      labels: strings(at(meta, "labels")),
      annotations: strings(at(meta, "annotations")),
    }),
  };
}

/** What may be said of a Secret's value: its type. */
function typeName(value: unknown): string {
  if (value === undefined) return "";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
