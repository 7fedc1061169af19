/**
 * The fields that an object may have, for every kind that Sluice reads from files. Any other field is most often a slip
 * (`rulez`): a cluster refuses it, and Sluice must not ignore it in silence.
 *
 * Guarantee: no field of the Kubernetes API is called unknown, whether Sluice reads it or not, nor one of the older
 * shapes that it upgrades; `test/types.test.ts` holds the table to the published types.
 */
import type { Finding } from "../../model/findings/findings.ts";
import { closest } from "../../support/edit-distance.ts";
import { GATEWAY_KINDS, type GatewayKindName } from "../gateway/kinds.ts";
import type { Members, Shape } from "../gateway/shape.ts";
import { joinPath } from "./fields.ts";
import { fieldUnknown, shown } from "./findings.ts";
import type { Where } from "./findings.ts";

/** `"any"`: what lies below is not looked at. The fields of a list's items stand in the place of the list. */
export type KnownFields = "any" | { readonly [name: string]: KnownFields };

const META = {
  annotations: "any", clusterName: "any", creationTimestamp: "any", deletionGracePeriodSeconds: "any", deletionTimestamp: "any",
  finalizers: "any", generateName: "any", generation: "any", labels: "any", managedFields: "any", name: "any", namespace: "any",
  ownerReferences: "any", resourceVersion: "any", selfLink: "any", uid: "any",
} as const;

const OBJECT = { apiVersion: "any", kind: "any", metadata: META } as const;

const BACKEND = {
  service: { name: "any", port: { name: "any", number: "any" } },
  resource: { apiGroup: "any", kind: "any", name: "any" },
  serviceName: "any", servicePort: "any",
} as const;

const INGRESS = {
  ...OBJECT,
  spec: {
    ingressClassName: "any",
    defaultBackend: BACKEND,
    backend: BACKEND,
    tls: { hosts: "any", secretName: "any" },
    rules: { host: "any", http: { paths: { path: "any", pathType: "any", backend: BACKEND } } },
  },
  status: "any",
} as const;

const SERVICE = {
  ...OBJECT,
  spec: {
    allocateLoadBalancerNodePorts: "any", clusterIP: "any", clusterIPs: "any", externalIPs: "any", externalName: "any",
    externalTrafficPolicy: "any", healthCheckNodePort: "any", internalTrafficPolicy: "any", ipFamilies: "any", ipFamily: "any",
    ipFamilyPolicy: "any", loadBalancerClass: "any", loadBalancerIP: "any", loadBalancerSourceRanges: "any",
    ports: { appProtocol: "any", name: "any", nodePort: "any", port: "any", protocol: "any", targetPort: "any" },
    publishNotReadyAddresses: "any", selector: "any", sessionAffinity: "any", sessionAffinityConfig: "any", topologyKeys: "any",
    trafficDistribution: "any", type: "any",
  },
  status: "any",
} as const;

const ENDPOINT_PORT = { appProtocol: "any", name: "any", port: "any", protocol: "any" } as const;

const ENDPOINT_SLICE = {
  ...OBJECT,
  addressType: "any",
  endpoints: {
    addresses: "any", conditions: { ready: "any", serving: "any", terminating: "any" }, deprecatedTopology: "any", hints: "any",
    hostname: "any", nodeName: "any", targetRef: "any", topology: "any", zone: "any",
  },
  ports: ENDPOINT_PORT,
} as const;

const ADDRESS = { hostname: "any", ip: "any", nodeName: "any", targetRef: "any" } as const;

/** The fields of a shape. */
function fieldsOf(shape: Shape): KnownFields {
  if (shape.is === "list") return fieldsOf(shape.of as Shape);
  if (shape.is !== "object") return "any";
  return Object.fromEntries(Object.entries(shape.members as Members).map(([name, member]) => [name, fieldsOf(member)]));
}

const ofGateways = (kind: GatewayKindName): KnownFields => ({ ...OBJECT, spec: fieldsOf(GATEWAY_KINDS[kind].spec), status: "any" });

/** By kind as written in the file. */
export const KNOWN_FIELDS = {
  Ingress: INGRESS,
  IngressClass: {
    ...OBJECT,
    spec: { controller: "any", parameters: { apiGroup: "any", kind: "any", name: "any", namespace: "any", scope: "any" } },
  },
  Service: SERVICE,
  EndpointSlice: ENDPOINT_SLICE,
  Endpoints: { ...OBJECT, subsets: { addresses: ADDRESS, notReadyAddresses: ADDRESS, ports: ENDPOINT_PORT } },
  ConfigMap: { ...OBJECT, binaryData: "any", data: "any", immutable: "any" },
  Namespace: { ...OBJECT, spec: "any", status: "any" },
  GatewayClass: ofGateways("GatewayClass"),
  Gateway: ofGateways("Gateway"),
  ListenerSet: ofGateways("ListenerSet"),
  HTTPRoute: ofGateways("HTTPRoute"),
  GRPCRoute: ofGateways("GRPCRoute"),
  ReferenceGrant: ofGateways("ReferenceGrant"),
  Secret: { ...OBJECT, data: "any", immutable: "any", stringData: "any", type: "any" },
} as const satisfies Readonly<Record<string, KnownFields>>;

export type KnownKind = keyof typeof KNOWN_FIELDS;

/** Most unknown fields that are told of one object: where there are more, the first ones say enough. */
const MOST = 10;

interface Unknown {
  readonly path: string;
  readonly name: string;
  readonly known: readonly string[];
}

/** A finding for each field of `root`, an object as written, that its kind does not have. */
export function unknownFields(root: unknown, kind: KnownKind, where: (fieldPath: string) => Where): Finding[] {
  const found: Unknown[] = [];
  collect(root, KNOWN_FIELDS[kind], "", found);
  return found.slice(0, MOST).map(({ path, name, known }) => fieldUnknown(where(path), { kind, field: shown(path), near: closest(name, known) }));
}

/** Runs for every object of every file, so it makes paths for the few objects within, and not for each field. */
function collect(value: unknown, fields: KnownFields, path: string, found: Unknown[]): void {
  if (fields === "any" || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) collect(value[index], fields, `${path}[${index}]`, found);
    return;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(members)) {
    const below = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (below === undefined) found.push({ path: joinPath(path, name), name, known: Object.keys(fields) });
    else if (below !== "any") collect(members[name], below, path === "" ? name : `${path}.${name}`, found);
  }
}
