/**
 * Reads the objects that one document of a manifest file declares.
 *
 * Guarantee: never throws, and one bad object never hides its neighbours, not even in the same List.
 */
import { furtherFindings, MOST_OF_A_CODE } from "../../model/findings/findings.ts";
import type { Finding, Subject } from "../../model/findings/findings.ts";
import { closest } from "../../support/edit-distance.ts";
import { exact } from "../../support/exact.ts";
import { flatText } from "../../support/kept-text.ts";
import { GATEWAY_GROUP, GATEWAY_KINDS, isGatewayKind, type GatewayKindName } from "../gateway/kinds.ts";
import type { AnyObject, Kind, Meta } from "../objects.ts";
import { keyAt, ManifestOrigin, MOST_YAML, parseDocument, positionOfField } from "./documents.ts";
import type { DoubledKey, DocumentPlace } from "./documents.ts";
import { at, isObject, items, members, note, present, required, rootField, textOfField } from "./fields.ts";
import type { Field } from "./fields.ts";
import { apiVersionOld, documentList, fieldType, fileSubject, keyDoubled, kindMissing, kindUnknown, separatorMissing, shown, tooLarge, valueNotString, yamlInvalid } from "./findings.ts";
import type { Where } from "./findings.ts";
import { unknownFields } from "./known-fields.ts";
import type { KnownKind } from "./known-fields.ts";
import { readGatewayKind } from "./read-gateway.ts";
import { readIngress } from "./read-ingress.ts";
import type { Context } from "./read-ingress.ts";
import { readConfigMap, readEndpoints, readEndpointSlice, readIngressClass, readNamespace, readSecret, readService, readStrings } from "./read-kinds.ts";
import { secretPromisedBy } from "./promised.ts";
import type { DocumentText } from "./split.ts";
import type { PromisedSecret } from "../source.ts";

/** Stands among the kinds that are not read, for documents that are no objects. */
export const WITHOUT_KIND = "document without a kind";

/** `Kind namespace/name`: names one object among all kinds. */
export type RefKey = string;

export function refKeyOf(kind: Kind, { namespace, name }: Meta): RefKey {
  return flatText(kind, " ", namespace, "/", name);
}

/** One object and where it stands. An equal object that was there before takes its place, so that it keeps its identity. */
export interface Declared {
  object: AnyObject;
  place: DocumentPlace;
}

/** All that one document says. Lines of findings count from 1 within the document. */
export interface DocumentRead {
  readonly declared: readonly Declared[];
  readonly findings: readonly Finding[];
  /** Objects that are named but cannot be used: an earlier version of them stays. */
  readonly broken: readonly RefKey[];
  /** True when nothing says which objects were meant: all earlier ones of the file stay. */
  readonly unreadable: boolean;
  /** What Sluice does not read, one text per object: `apps/v1 Deployment` and the like. */
  readonly ignored: readonly string[];
  /** Secrets that such objects make in a cluster. */
  readonly promised: readonly PromisedSecret[];
}

interface KindShape {
  readonly kind: Kind;
  readonly modern: string;
  readonly old?: readonly string[];
  /** Versions that are as good as `modern`. */
  readonly also?: readonly string[];
  readonly clusterScoped?: boolean;
  read(root: Field, metadata: Meta, context: Context): AnyObject | readonly AnyObject[] | undefined;
}

function gatewayShape(kind: GatewayKindName): KindShape {
  const { versions: [modern, ...others], namespaced } = GATEWAY_KINDS[kind];
  const named = (version: string): string => `${GATEWAY_GROUP}/${version}`;
  return { kind, modern: named(modern), also: others.map(named), clusterScoped: !namespaced, read: (root, metadata) => readGatewayKind(kind, root, metadata) as AnyObject };
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
  GatewayClass: gatewayShape("GatewayClass"),
  Gateway: gatewayShape("Gateway"),
  ListenerSet: gatewayShape("ListenerSet"),
  HTTPRoute: gatewayShape("HTTPRoute"),
  GRPCRoute: gatewayShape("GRPCRoute"),
  ReferenceGrant: gatewayShape("ReferenceGrant"),
};

/** RFC 1123 label and subdomain: what the Kubernetes API accepts as names. */
const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const MOST_NAME = 253;
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

interface Collected {
  declared: Declared[];
  findings: Finding[];
  broken: RefKey[];
  unreadable: boolean;
  ignored: string[];
  promised: PromisedSecret[];
  doubled: readonly DoubledKey[];
  readonly gateways: boolean;
}

export interface ReadingRules {
  /** Of objects that name none. */
  readonly namespace: string;
  /** Objects of the Gateway API are read; otherwise they are passed over like those of any other API. */
  readonly gateways: boolean;
}

export function readDocument(file: string, document: DocumentText, { namespace, gateways }: ReadingRules): DocumentRead {
  const into: Collected = { gateways, declared: [], findings: [], broken: [], unreadable: false, ignored: [], promised: [], doubled: [] };
  const parsed = parseDocument(document.text);
  if (!parsed.valid) {
    const where = { subject: fileSubject(file), field: "", file, line: parsed.line, ...(parsed.column === undefined ? {} : { column: parsed.column }) };
    if (parsed.tooLarge) into.findings.push(tooLarge(where, { what: "document", most: MOST_YAML }));
    else into.findings.push(yamlInvalid(where, { reason: parsed.reason, key: keyAt(document.text, parsed.line), template: document.text.includes("{{") }));
    return { declared: [], findings: exact(into.findings), broken: [], unreadable: true, ignored: [], promised: [] };
  }
  into.doubled = parsed.doubled ?? [];
  readRoot(parsed.value, { file, document, prefix: "", namespace }, into);
  const { declared, findings, broken, unreadable, ignored, promised } = into;
  return { declared: exact(declared), findings: exact(findings), broken: exact(broken), unreadable, ignored: exact(ignored), promised: exact(promised) };
}

function readRoot(value: unknown, place: DocumentPlace, into: Collected): void {
  const root = rootField(value);
  const kind = at(root, "kind").value;
  const apiVersion = at(root, "apiVersion").value;
  if (typeof kind !== "string") readWithoutKind(value, place, into);
  else if (kind.endsWith("List") && Array.isArray(at(root, "items").value)) {
    items(at(root, "items")).forEach((item, index) =>
      readRoot(withListKind(item.value, kind, apiVersion), { ...place, prefix: `${place.prefix}items[${index}].` }, into),
    );
  } else {
    const isOfGateways = typeof apiVersion === "string" && apiVersion.startsWith(`${GATEWAY_GROUP}/`);
    if (isKnownKind(kind) && (into.gateways || !isGatewayKind(kind)) && isServedBy(SHAPES[kind], apiVersion)) return readShape(root, kind, apiVersion, place, into);
    // Other kinds of the Gateway API are not read, and no slips.
    const meant = typeof apiVersion === "string" && !isOfGateways ? kindMeant(kind, apiVersion) : undefined;
    if (meant === undefined) {
      into.ignored.push(typeof apiVersion === "string" ? `${apiVersion} ${kind}` : kind);
      const secret = secretPromisedBy(root, kind, apiVersion, place.namespace);
      if (secret) into.promised.push(secret);
    } else leaveOut(root, meant, { kind, apiVersion: String(apiVersion) }, place, into);
  }
}

/** A document without a kind: no object, such as the values of a chart; or one that lacks its kind, which is a finding. */
function readWithoutKind(value: unknown, place: DocumentPlace, into: Collected): void {
  into.ignored.push(WITHOUT_KIND);
  const where = (field: string): Where => ({ subject: fileSubject(place.file), field, file: place.file, ...positionOfField(place.document.text, place.prefix + field) });
  const isMap = (one: unknown): one is Readonly<Record<string, unknown>> => typeof one === "object" && one !== null && !Array.isArray(one);
  if (Array.isArray(value) && value.some((one) => isMap(one) && typeof one["kind"] === "string")) into.findings.push(documentList(where(""), {}));
  else if (isMap(value) && isMap(value["metadata"]) && typeof value["apiVersion"] === "string") {
    const meant = closest("kind", Object.keys(value).filter((key) => typeof value[key] === "string"));
    into.findings.push(kindMissing(where(meant ?? "apiVersion"), { meant }));
  } else return;
  into.unreadable = true;
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
  return typeof apiVersion !== "string" || apiVersion === shape.modern || (shape.old?.includes(apiVersion) ?? false) || (shape.also?.includes(apiVersion) ?? false);
}

/** Kubernetes' own groups. Their kinds and versions are all known, so a near miss there is a slip and not somebody else's kind. */
const OWN_GROUP = /^(?:[a-z]+\/)?v\d|^[a-z.]+\.k8s\.io\/v\d/;

/** The kind that was meant, as far as a near miss tells; undefined: some other kind, which Sluice does not need. */
function kindMeant(kind: string, apiVersion: string): KnownKind | undefined {
  if (isKnownKind(kind)) return OWN_GROUP.test(apiVersion) ? kind : undefined;
  return closest(kind, Object.keys(SHAPES).filter((one) => isKnownKind(one) && isServedBy(SHAPES[one], apiVersion))) as KnownKind | undefined;
}

/** Leaves out an object whose kind or version does not exist, with a finding; what was read of it before stays. */
function leaveOut(root: Field, meant: KnownKind, said: { readonly kind: string; readonly apiVersion: string }, place: DocumentPlace, into: Collected): void {
  const field = meant === said.kind ? "apiVersion" : "kind";
  const where = { subject: fileSubject(place.file), field, file: place.file, ...positionOfField(place.document.text, place.prefix + field) };
  into.findings.push(kindUnknown(where, { ...said, near: field === "kind" ? `kind: ${meant}` : `apiVersion: ${SHAPES[meant].modern}` }));
  const { kind, clusterScoped } = SHAPES[meant];
  const name = at(at(root, "metadata"), "name").value;
  const namespace = at(at(root, "metadata"), "namespace").value ?? place.namespace;
  if (meant === "Endpoints" || typeof name !== "string") into.unreadable = true;
  else into.broken.push(refKeyOf(kind, { name, namespace: clusterScoped ? "" : String(namespace) }));
}

function readShape(root: Field, kind: KnownKind, apiVersion: unknown, place: DocumentPlace, into: Collected): void {
  const shape: KindShape = SHAPES[kind];
  const meta = at(root, "metadata");
  const name = at(meta, "name").value;
  const namespace = shape.clusterScoped ? "" : (at(meta, "namespace").value ?? place.namespace);
  const subject = { kind: shape.kind, namespace: String(namespace), name: typeof name === "string" ? name : "" };
  const where = (field: string): Where => ({
    subject,
    field,
    file: place.file,
    ...positionOfField(place.document.text, place.prefix + field),
  });
  const findings: Finding[] = [];
  const { report, finish } = collect(findings, where);
  const context: Context = { apiVersion: typeof apiVersion === "string" ? apiVersion : shape.modern, report };
  const version = at(root, "apiVersion");
  required(version, textOfField(version), `"${shape.modern}"`);
  if (context.apiVersion !== shape.modern && !shape.also?.includes(context.apiVersion)) {
    context.report(apiVersionOld, "apiVersion", { kind, found: context.apiVersion, modern: shape.modern });
  }
  const metadata = readMeta(meta, subject.namespace, context);
  const read = shape.read(root, metadata, context);
  const isSecret = shape.kind === "Secret";
  for (const { field, expected, found, unquoted } of root.notes) {
    if (unquoted) context.report(valueNotString, field, { field, found: isSecret ? "it" : String(found) });
    else context.report(fieldType, field, { field, expected, found: isSecret ? typeName(found) : shown(found) });
  }
  finish(subject);
  for (const finding of doubledKeys(place, into, where)) findings.push(finding);
  for (const finding of [...findings, ...unknownFields(root.value, kind, where)]) into.findings.push(finding);
  if (read && root.notes.every(({ unquoted }) => unquoted)) declare(Array.isArray(read) ? (read as AnyObject[]) : [read as AnyObject], place, into);
  else if (kind === "Endpoints" || subject.name === "") into.unreadable = true;
  else into.broken.push(refKeyOf(shape.kind, subject));
}

/**
 * Findings about doubled keys. Where `kind` or `apiVersion` is doubled, a second object begins there: one finding
 * says so, in place of one for each key at the top.
 */
function doubledKeys({ prefix }: DocumentPlace, { doubled }: Collected, where: (field: string) => Where): Finding[] {
  const own = doubled.flatMap(({ path, line, column }) => (path.startsWith(prefix) ? [{ path: path.slice(prefix.length), line, column }] : []));
  const begins = own.filter(({ path }) => path === "kind" || path === "apiVersion").sort((a, b) => a.line - b.line)[0];
  const others = begins ? own.filter(({ path }) => /[.[]/.test(path)) : own;
  const told = others.map(({ path, line, column }) => ({ ...keyDoubled(where(path), { path }), line, column }));
  return begins ? [{ ...separatorMissing(where(begins.path), {}), line: begins.line, column: begins.column }, ...told] : told;
}

function declare(objects: readonly AnyObject[], place: DocumentPlace, into: Collected): void {
  for (const object of objects) into.declared.push({ object: { ...object, origin: new ManifestOrigin(place) }, place });
}

function readMeta(meta: Field, namespace: string, context: Context): Meta {
  isObject(meta);
  const nameField = at(meta, "name");
  const name = required(nameField, textOfField(nameField), "the object's name") ?? "";
  if (name !== "" && !SUBDOMAIN.test(name)) note(nameField, `made of lower-case letters, digits, - and .${name.length > MOST_NAME ? `, ${MOST_NAME} of them at most` : ""}`);
  textOfField(at(meta, "namespace"));
  if (namespace !== "" && !LABEL.test(namespace)) note(at(meta, "namespace"), "made of lower-case letters, digits and -");
  const annotationsField = at(meta, "annotations");
  const length = sizeOf(annotationsField);
  if (length > MOST_ANNOTATIONS) note({ ...annotationsField, value: length }, `${MOST_ANNOTATIONS} bytes long at most, names and values together`);
  const strings = (field: Field): Record<string, string> | undefined =>
    members(field).length > 0 ? readStrings(field, context) : undefined;
  return {
    name,
    namespace,
    ...present({
      uid: textOfField(at(meta, "uid")),
      creationTimestamp: textOfField(at(meta, "creationTimestamp")),
      labels: strings(at(meta, "labels")),
      annotations: length > MOST_ANNOTATIONS ? undefined : strings(annotationsField),
    }),
  };
}

/** Kubernetes' limit (apimachinery, TotalAnnotationSizeLimitB). */
const MOST_ANNOTATIONS = 256 * 1024;

/** Bytes of the names and the texts of a map. */
function sizeOf(map: Field): number {
  let size = 0;
  for (const [key, { value }] of typeof map.value === "object" ? members(map) : []) {
    size += Buffer.byteLength(key) + (typeof value === "string" ? Buffer.byteLength(value) : 0);
  }
  return size;
}

/** Takes findings of one object: of each code the first ones, and at the end how many more there were. */
function collect(findings: Finding[], where: (field: string) => Where): { readonly report: Context["report"]; finish(subject: Subject): void } {
  const counts = new Map<string, number>();
  return {
    report(factory, field, params) {
      const count = (counts.get(factory.code) ?? 0) + 1;
      counts.set(factory.code, count);
      if (count <= MOST_OF_A_CODE) findings.push(factory(where(field), params));
    },
    finish({ kind, namespace, name }) {
      for (const [code, count] of counts) {
        const more = count - MOST_OF_A_CODE;
        if (more <= 0) continue;
        // Asked for only here, because finding a line parses the whole document.
        const { file, line } = where("");
        findings.push({ ...furtherFindings({ object: { kind, metadata: { namespace, name } }, field: "" }, { code, count: more }), file, line });
      }
    },
  };
}

/** What may be said of a Secret's value: its type. */
function typeName(value: unknown): string {
  if (value === undefined) return "";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
