/**
 * What in an object's text has one right answer, and that answer: old shapes of the API, what a cluster demands and
 * files left out, values that lack their quotes, and names that ingress-nginx gave up.
 */
import { isMap, isScalar, isSeq, type YAMLMap } from "yaml";
import { isOldBoolean } from "../../source/manifests/old-boolean.ts";
import { insertedBehind, insertedFirst, keyAlike, mapAt, merged, nameScalar, pairOf, pairsOf, quoted, removed, replaced } from "./yaml-edits.ts";
import type { Edit, KeyPair, EditPlace } from "./yaml-edits.ts";

export interface Fix {
  /** What was done, in a few words. */
  readonly what: string;
  readonly edits: readonly Edit[];
}

export interface FixContext {
  readonly text: string;
  /** Names of the IngressClasses that are there: an annotation may become the field only where its class exists. */
  readonly classes: ReadonlySet<string>;
  /** What annotations begin with, without the slash. */
  readonly prefix: string;
}

const MODERN = "networking.k8s.io/v1";
const OLD: ReadonlySet<string> = new Set(["extensions/v1beta1", "networking.k8s.io/v1beta1"]);
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
/** Annotations that have another name today, and take the same values. */
const RENAMED: Readonly<Record<string, string>> = {
  "enable-opentracing": "enable-opentelemetry",
  "opentracing-trust-incoming-span": "opentelemetry-trust-incoming-span",
  "opentracing-operation-name": "opentelemetry-operation-name",
};

/** Fixes after which an object means the same. */
export function shapeFixes(object: YAMLMap, context: FixContext): readonly Fix[] {
  const { text } = context;
  const fixes: Fix[] = [];
  const add = (what: string, edits: readonly Edit[]): void => void (edits.length > 0 && fixes.push({ what, edits }));
  const [kind, apiVersion] = [scalarAt(object, "kind"), scalarAt(object, "apiVersion")];
  // The values of a chart are no object, and Ingress is a kind of others, too.
  if (typeof kind !== "string" || typeof apiVersion !== "string") return [];
  const metadata = mapAt(object, "metadata");
  for (const map of [mapAt(metadata, "annotations"), mapAt(metadata, "labels"), kind === "ConfigMap" ? mapAt(object, "data") : undefined]) {
    for (const { key, value } of map ? pairsOf(map) : []) {
      if (isScalar(value) && (typeof value.value === "boolean" || typeof value.value === "number" || (typeof value.value === "string" && isOldBoolean(value.value)))) add(`quotes around ${String(key.value)}`, quoted(value, text));
    }
  }
  if (!isOfNetworking(kind, apiVersion)) return fixes;
  const version = pairOf(object, "apiVersion")?.value;
  if (isScalar(version) && typeof version.value === "string" && OLD.has(version.value) && (kind === "Ingress" || version.value === "networking.k8s.io/v1beta1")) {
    add(`apiVersion: ${MODERN}`, replaced(version, MODERN));
  }
  const spec = mapAt(object, "spec");
  if (kind === "Ingress" && spec) {
    fixes.push(...classFixes(object, spec, context), ...backendFixes(spec, text), ...pathFixes(spec, text));
  }
  return fixes;
}

function isOfNetworking(kind: unknown, apiVersion: unknown): boolean {
  return (kind === "Ingress" || kind === "IngressClass") && typeof apiVersion === "string" && (apiVersion === MODERN || OLD.has(apiVersion));
}

/** Fixes after which what was without effect has the effect that its name once had. */
export function renamedFixes(object: YAMLMap, { prefix }: FixContext): readonly Fix[] {
  const annotations = isOfNetworking(scalarAt(object, "kind"), scalarAt(object, "apiVersion")) ? mapAt(mapAt(object, "metadata"), "annotations") : undefined;
  return (annotations ? pairsOf(annotations) : []).flatMap(({ key }): Fix[] => {
    const name = String(key.value);
    const last = name.startsWith(`${prefix}/`) ? name.slice(prefix.length + 1) : "";
    const to = Object.hasOwn(RENAMED, last) ? `${prefix}/${RENAMED[last]}` : undefined;
    if (to === undefined || !annotations || pairOf(annotations, to)) return [];
    return [{ what: `${name} is ${to} today`, edits: replaced(key, to) }];
  });
}

function scalarAt(map: YAMLMap, key: string): unknown {
  const value = pairOf(map, key)?.value;
  return isScalar(value) ? value.value : undefined;
}

/** The deprecated annotation as the field. */
function classFixes(object: YAMLMap, spec: YAMLMap, { text, classes }: FixContext): readonly Fix[] {
  const metadata = mapAt(object, "metadata");
  const annotations = mapAt(metadata, "annotations");
  const pair = annotations && pairOf(annotations, CLASS_ANNOTATION);
  const name = pair && isScalar(pair.value) ? pair.value.value : undefined;
  const field = pairOf(spec, "ingressClassName");
  if (!metadata || !annotations || !pair || typeof name !== "string" || name === "" || !classes.has(name)) return [];
  if (field && scalarAt(spec, "ingressClassName") !== name) return [];
  const whole = pairsOf(annotations).length === 1 ? pairOf(metadata, "annotations") : undefined;
  const removal = whole ? removed({ text, map: metadata }, whole) : removed({ text, map: annotations }, pair);
  const first = pairsOf(spec)[0];
  const insertion = field || !first ? [] : insertedFirst({ text, map: spec }, "ingressClassName", nameScalar(name, first));
  if (removal.length === 0 || (!field && insertion.length === 0)) return [];
  return [{ what: `ingressClassName: ${name}, in the place of the annotation`, edits: [...removal, ...insertion] }];
}

function backendFixes(spec: YAMLMap, text: string): readonly Fix[] {
  const fixes: Fix[] = [];
  const old = pairOf(spec, "backend");
  if (old && isMap(old.value) && !pairOf(spec, "defaultBackend")) fixes.push({ what: "defaultBackend", edits: replaced(old.key, "defaultBackend") });
  const backends = [mapAt(spec, "backend"), mapAt(spec, "defaultBackend"), ...pathsOf(spec).map((path) => mapAt(path, "backend"))];
  for (const map of backends) if (map) fixes.push(...oldBackend({ text, map }));
  return fixes;
}

/** `serviceName` and `servicePort` as `service`. */
function oldBackend(place: EditPlace): readonly Fix[] {
  const { map } = place;
  const [name, port] = [pairOf(map, "serviceName"), pairOf(map, "servicePort")];
  if (!name || pairOf(map, "service") || pairOf(map, "resource") || !isScalar(name.value) || typeof name.value.value !== "string") return [];
  const given = port && isScalar(port.value) ? port.value.value : undefined;
  const written = typeof given === "string" || typeof given === "number" ? given : undefined;
  if (port && written === undefined) return [];
  const service = nameScalar(name.value.value, name);
  const portText = written === undefined ? undefined : numberOf(written) === undefined ? ["name", nameScalar(String(written), name)] as const : ["number", String(numberOf(written))] as const;
  const lines = ["service:", `  name: ${service}`, ...(portText ? ["  port:", `    ${portText[0]}: ${portText[1]}`] : [])];
  const inFlow = (key: string): string => keyAlike(key, name);
  const flow = `${inFlow("service")}: {${inFlow("name")}: ${service}${portText ? `, ${inFlow("port")}: {${inFlow(portText[0])}: ${portText[1]}}` : ""}}`;
  const edits = merged(place, name, port, lines, flow);
  return edits.length > 0 ? [{ what: `service: ${String(name.value.value)}`, edits }] : [];
}

/** A number in quotes counts as one, as the old field had it. */
function numberOf(port: string | number): number | undefined {
  return typeof port === "number" ? port : /^\d+$/.test(port) ? Number(port) : undefined;
}

/** What the API demands of paths. A path without a type matches as ImplementationSpecific does. */
function pathFixes(spec: YAMLMap, text: string): readonly Fix[] {
  return pathsOf(spec).flatMap((map): Fix[] => {
    const [path, pathType] = [pairOf(map, "path"), pairOf(map, "pathType")];
    const quote = (value: string): string => (firstKey(map)?.key.type === "QUOTE_DOUBLE" ? JSON.stringify(value) : value);
    if (!pathType) {
      const value = quote("ImplementationSpecific");
      const edits = path && isScalar(path.value) ? insertedBehind({ text, map }, path, "pathType", value) : insertedFirst({ text, map }, "pathType", value);
      return edits.length > 0 ? [{ what: "pathType: ImplementationSpecific", edits }] : [];
    }
    if (path || scalarAt(map, "pathType") === "ImplementationSpecific") return [];
    const edits = insertedFirst({ text, map }, "path", quote("/"));
    return edits.length > 0 ? [{ what: "path: /", edits }] : [];
  });
}

function firstKey(map: YAMLMap): KeyPair | undefined {
  return pairsOf(map)[0];
}

function pathsOf(spec: YAMLMap): YAMLMap[] {
  const itemsAt = (map: YAMLMap | undefined, key: string): YAMLMap[] => {
    const value = map && pairOf(map, key)?.value;
    return isSeq(value) ? value.items.filter(isMap) : [];
  };
  return itemsAt(spec, "rules").flatMap((rule) => itemsAt(mapAt(rule, "http"), "paths"));
}
