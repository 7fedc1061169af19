/**
 * From the API server's JSON to our objects: only the fields we read, so that ten thousand objects stay small.
 *
 * Never throws: the API server has checked the schema, but a field of the wrong type is treated as absent all the
 * same, because one odd object must not stop its neighbours. An object without a name is no object (`undefined`).
 */
import { exact } from "../../support/exact.ts";
import { GATEWAY_KINDS, type GatewayKindName, type SpecOf } from "../gateway/kinds.ts";
import { cutToShape, type Shape } from "../gateway/shape.ts";
import { oneOfAll } from "../../support/kept-text.ts";
import { PrivateBytes } from "../../support/private-bytes.ts";
import type {
  ConfigMap, EndpointSlice, GatewayObject, Ingress, IngressAddress, IngressBackend, IngressClass, IngressPath, IngressRule, IngressTLS, Meta,
  Namespace, Node, Secret, Service, ServicePort, SliceEndpoint, SlicePort,
} from "../objects.ts";
import { ownerOfPod } from "../pod-owner.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The annotation in which `kubectl apply` keeps a copy of the whole object: as large as the object, and of no use here. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

export function trimIngress(raw: unknown): Ingress | undefined {
  const metadata = trimMeta(raw);
  if (!metadata) return undefined;
  const spec = fields(fields(raw)["spec"]);
  return {
    kind: "Ingress",
    metadata,
    spec: present({
      ingressClassName: textOrNone(spec["ingressClassName"]),
      defaultBackend: isFields(spec["defaultBackend"]) ? trimBackend(spec["defaultBackend"]) : undefined,
      tls: list(spec["tls"], trimTls),
      rules: list(spec["rules"], trimRule),
    }),
    ...present({ status: trimIngressStatus(raw) }),
  };
}

/** Ten thousand Ingresses have the same addresses: they share what is read of them. */
let lastStatus: { readonly text: string; readonly status: Ingress["status"] } | undefined;

function trimIngressStatus(raw: unknown): Ingress["status"] {
  const ingress = list(fields(fields(fields(raw)["status"])["loadBalancer"])["ingress"], trimAddress);
  if (ingress === undefined || ingress.length === 0) return undefined;
  const shown = JSON.stringify(ingress);
  if (lastStatus?.text !== shown) lastStatus = { text: shown, status: { loadBalancer: { ingress } } };
  return lastStatus.status;
}

export function trimAddress(raw: unknown): IngressAddress {
  const address = fields(raw);
  return present({ ip: textOrNone(address["ip"]), hostname: textOrNone(address["hostname"]) });
}

export function trimIngressClass(raw: unknown): IngressClass | undefined {
  const metadata = trimMeta(raw);
  if (!metadata) return undefined;
  return { kind: "IngressClass", metadata, spec: present({ controller: textOrNone(fields(fields(raw)["spec"])["controller"]) }) };
}

export function trimService(raw: unknown): Service | undefined {
  const metadata = trimMeta(raw);
  if (!metadata) return undefined;
  const spec = fields(fields(raw)["spec"]);
  return {
    kind: "Service",
    metadata,
    spec: present({
      type: textOrNone(spec["type"]),
      clusterIP: textOrNone(spec["clusterIP"]),
      externalName: textOrNone(spec["externalName"]),
      trafficDistribution: textOrNone(spec["trafficDistribution"]),
      ports: list(spec["ports"], trimServicePort),
    }),
  };
}

export function trimEndpointSlice(raw: unknown): EndpointSlice | undefined {
  const metadata = trimMeta(raw);
  if (!metadata) return undefined;
  const slice = fields(raw);
  return {
    kind: "EndpointSlice",
    metadata,
    ...present({
      addressType: textOrNone(slice["addressType"]),
      endpoints: list(slice["endpoints"], trimEndpoint),
      ports: list(slice["ports"], trimSlicePort),
    }),
  };
}

/** Decodes `data` (base64). Call it only for a Secret that somebody refers to. */
export function trimSecret(raw: unknown): Secret | undefined {
  const metadata = trimMeta(raw);
  if (!metadata) return undefined;
  const encoded = Object.entries(textRecord(fields(raw)["data"]) ?? {});
  const data = Object.fromEntries(encoded.map(([key, value]) => [key, new PrivateBytes(Buffer.from(value, "base64"))]));
  return { kind: "Secret", metadata, ...present({ type: textOrNone(fields(raw)["type"]) }), data };
}

export function trimConfigMap(raw: unknown): ConfigMap | undefined {
  const metadata = trimMeta(raw);
  if (!metadata) return undefined;
  return { kind: "ConfigMap", metadata, ...present({ data: textRecord(fields(raw)["data"]) }) };
}

export function trimNamespace(raw: unknown): Namespace | undefined {
  const metadata = trimMeta(raw);
  return metadata && { kind: "Namespace", metadata: withoutAnnotations(metadata) };
}

export function trimNode(raw: unknown): Node | undefined {
  const metadata = trimMeta(raw);
  return metadata && { kind: "Node", metadata: withoutAnnotations(metadata) };
}

function withoutAnnotations(metadata: Meta): Meta {
  const { annotations: _annotations, ...rest } = metadata;
  return rest;
}

/** Where an object stands, without reading the rest of it; `undefined` when it has no name. */
export function nameOf(raw: unknown): { readonly namespace: string; readonly name: string } | undefined {
  const meta = fields(fields(raw)["metadata"]);
  const name = textOrNone(meta["name"]);
  return name ? { namespace: textOrNone(meta["namespace"]) ?? "", name } : undefined;
}

/** The resourceVersion of an object, a list or a bookmark. */
export function versionOf(raw: unknown): string | undefined {
  return textOrNone(fields(fields(raw)["metadata"])["resourceVersion"]);
}

/** An object of the Gateway API. Its status is kept whole, because others write to it as well. */
export function trimGatewayObject<K extends GatewayKindName>(kind: K, raw: unknown): GatewayObject<K> | undefined {
  const metadata = trimMeta(raw);
  if (!metadata) return undefined;
  const { spec, status } = fields(raw);
  return { kind, metadata, spec: (cutToShape(GATEWAY_KINDS[kind].spec as Shape, spec) ?? {}) as SpecOf<K>, ...(isFields(status) ? { status } : {}) };
}

function trimMeta(raw: unknown): Meta | undefined {
  const name = nameOf(raw);
  if (!name) return undefined;
  const meta = fields(fields(raw)["metadata"]);
  return {
    ...name,
    ...present({
      uid: textOrNone(meta["uid"]),
      resourceVersion: textOrNone(meta["resourceVersion"]),
      generation: integerOrNone(meta["generation"]),
      creationTimestamp: textOrNone(meta["creationTimestamp"]),
      labels: textRecord(meta["labels"]),
      annotations: textRecord(meta["annotations"], LAST_APPLIED),
    }),
  };
}

function trimBackend(raw: unknown): IngressBackend {
  const backend = fields(raw);
  const service = fields(backend["service"]);
  const port = fields(service["port"]);
  const serviceName = textOrNone(service["name"]);
  const resource = fields(backend["resource"]);
  const kind = textOrNone(resource["kind"]);
  const name = textOrNone(resource["name"]);
  return present({
    service: serviceName === undefined ? undefined : {
      name: serviceName,
      ...(isFields(service["port"])
        ? { port: present({ name: textOrNone(port["name"]), number: integerOrNone(port["number"]) }) }
        : {}),
    },
    resource: kind === undefined || name === undefined
      ? undefined
      : { ...present({ apiGroup: textOrNone(resource["apiGroup"]) }), kind, name },
  });
}

function trimRule(raw: Fields): IngressRule {
  const http = raw["http"];
  return present({
    host: textOrNone(raw["host"]),
    http: isFields(http) ? { paths: list(http["paths"], trimPath) ?? [] } : undefined,
  });
}

function trimPath(raw: Fields): IngressPath {
  return { ...present({ path: textOrNone(raw["path"]), pathType: textOrNone(raw["pathType"]) }), backend: trimBackend(raw["backend"]) };
}

function trimTls(raw: Fields): IngressTLS {
  return present({ hosts: texts(raw["hosts"]), secretName: textOrNone(raw["secretName"]) });
}

function trimServicePort(raw: Fields): ServicePort | undefined {
  const port = integerOrNone(raw["port"]);
  if (port === undefined) return undefined;
  return {
    port,
    ...present({
      name: textOrNone(raw["name"]),
      protocol: textOrNone(raw["protocol"]),
      targetPort: integerOrNone(raw["targetPort"]) ?? textOrNone(raw["targetPort"]),
      appProtocol: textOrNone(raw["appProtocol"]),
    }),
  };
}

function ownerOf({ kind, name, uid }: Fields): string | undefined {
  const named = kind === "Pod" ? textOrNone(name) : undefined;
  return named === undefined ? undefined : oneOfAll(ownerOfPod(named, textOrNone(uid) ?? ""));
}

function trimEndpoint(raw: Fields): SliceEndpoint {
  const conditions = raw["conditions"];
  return {
    addresses: texts(raw["addresses"]) ?? [],
    ...present({
      conditions: isFields(conditions)
        ? present({
          ready: flag(conditions["ready"]),
          serving: flag(conditions["serving"]),
          terminating: flag(conditions["terminating"]),
        })
        : undefined,
      owner: isFields(raw["targetRef"]) ? ownerOf(raw["targetRef"]) : undefined,
      hints: isFields(raw["hints"]) ? trimHints(raw["hints"]) : undefined,
    }),
  };
}

function trimHints(raw: Fields): SliceEndpoint["hints"] {
  const name = (zone: Fields): { readonly name: string } | undefined => {
    const found = textOrNone(zone["name"]);
    return found === undefined ? undefined : { name: found };
  };
  return present({ forZones: list(raw["forZones"], name) });
}

function trimSlicePort(raw: Fields): SlicePort {
  return present({ name: textOrNone(raw["name"]), port: integerOrNone(raw["port"]), protocol: textOrNone(raw["protocol"]) });
}

type Present<T> =
  & { [K in keyof T as undefined extends T[K] ? never : K]: T[K] }
  & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };

/** The same object without its undefined fields: absent means absent. */
function present<T extends object>(all: T): Present<T> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(all)) if (value !== undefined) kept[key] = value;
  return kept as Present<T>;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object to look into; an empty one when it is something else. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function textOrNone(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function integerOrNone(value: unknown): number | undefined {
  return Number.isInteger(value) ? (value as number) : undefined;
}

function flag(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? exact(value.filter((item) => typeof item === "string")) : undefined;
}

/** The members that are objects, each through `trim`; members that `trim` refuses are left out. */
export function list<T>(value: unknown, trim: (raw: Fields) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const kept: T[] = [];
  for (const item of value) {
    const trimmed = isFields(item) ? trim(item) : undefined;
    if (trimmed !== undefined) kept.push(trimmed);
  }
  return exact(kept);
}

/** Entries that are strings. Made with `fromEntries`, because `__proto__` is a legal key of a ConfigMap or a Secret. */
export function textRecord(value: unknown, without?: string): Record<string, string> | undefined {
  if (!isFields(value)) return undefined;
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
  return Object.fromEntries(Object.entries(value).filter(isText).filter(([key]) => key !== without));
}
