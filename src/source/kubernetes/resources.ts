/**
 * The kinds that the source reads: where they are in the API, and how an object is cut down.
 */
import { GATEWAY_GROUP, GATEWAY_KINDS, type GatewayKindName } from "../gateway/kinds.ts";
import type { ConfigMap, EndpointSlice, Ingress, IngressClass, Namespace, Node, ObjectOfKind, Secret, Service } from "../objects.ts";
import {
  trimConfigMap, trimEndpointSlice, trimGatewayObject, trimIngress, trimIngressClass, trimNamespace, trimNode, trimSecret, trimService,
} from "./trim.ts";

export interface Resource<K extends keyof ObjectOfKind> {
  readonly kind: K;
  /** As RBAC and kubectl write it: `ingresses.networking.k8s.io`. */
  readonly name: string;
  /** `/api/v1` or `/apis/<group>/<version>`. */
  readonly api: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Objects per page of a list. */
  readonly page: number;
  trim(raw: unknown): ObjectOfKind[K] | undefined;
}

/** client-go's page size: large enough to be quick, small enough for one turn of the event loop. */
const PAGE = 500;
/** Smaller, because a Secret may have a megabyte. */
const SECRETS_PAGE = 100;

const NETWORKING = { api: "/apis/networking.k8s.io/v1", page: PAGE };
const CORE = { api: "/api/v1", page: PAGE };

export const INGRESS_CLASSES: Resource<IngressClass["kind"]> = {
  ...NETWORKING, kind: "IngressClass", name: "ingressclasses.networking.k8s.io", plural: "ingressclasses",
  namespaced: false, trim: trimIngressClass,
};
export const INGRESSES: Resource<Ingress["kind"]> = {
  ...NETWORKING, kind: "Ingress", name: "ingresses.networking.k8s.io", plural: "ingresses",
  namespaced: true, trim: trimIngress,
};
export const SERVICES: Resource<Service["kind"]> = {
  ...CORE, kind: "Service", name: "services", plural: "services", namespaced: true, trim: trimService,
};
export const ENDPOINT_SLICES: Resource<EndpointSlice["kind"]> = {
  api: "/apis/discovery.k8s.io/v1", page: PAGE, kind: "EndpointSlice", name: "endpointslices.discovery.k8s.io",
  plural: "endpointslices", namespaced: true, trim: trimEndpointSlice,
};
export const CONFIG_MAPS: Resource<ConfigMap["kind"]> = {
  ...CORE, kind: "ConfigMap", name: "configmaps", plural: "configmaps", namespaced: true, trim: trimConfigMap,
};
export const SECRETS: Resource<Secret["kind"]> = {
  ...CORE, page: SECRETS_PAGE, kind: "Secret", name: "secrets", plural: "secrets", namespaced: true, trim: trimSecret,
};
export const NAMESPACES: Resource<Namespace["kind"]> = {
  ...CORE, kind: "Namespace", name: "namespaces", plural: "namespaces", namespaced: false, trim: trimNamespace,
};
export const NODES: Resource<Node["kind"]> = {
  ...CORE, kind: "Node", name: "nodes", plural: "nodes", namespaced: false, trim: trimNode,
};

/** A kind of the Gateway API, in the newest version of its group. */
export function gatewayResource<K extends GatewayKindName>(kind: K): Resource<K> {
  const { plural, namespaced, versions: [version] } = GATEWAY_KINDS[kind];
  return {
    api: `/apis/${GATEWAY_GROUP}/${version}`, page: PAGE, kind, name: `${plural}.${GATEWAY_GROUP}`, plural, namespaced,
    trim: (raw) => trimGatewayObject(kind, raw) as ObjectOfKind[K] | undefined,
  };
}

/** One list of the API server: a resource, in one namespace or in all, perhaps narrowed by a field selector. */
export interface Collection<K extends keyof ObjectOfKind> {
  readonly resource: Resource<K>;
  readonly path: string;
  /** Empty: all namespaces, or cluster-scoped. */
  readonly namespace: string;
  readonly fieldSelector?: string;
}

/** `namespace` empty: all of them. */
export function collectionOf<K extends keyof ObjectOfKind>(
  resource: Resource<K>, namespace: string, fieldSelector?: string,
): Collection<K> {
  const scope = resource.namespaced ? namespace : "";
  const within = scope ? `/namespaces/${encodeURIComponent(scope)}` : "";
  return {
    resource,
    path: `${resource.api}${within}/${resource.plural}`,
    namespace: scope,
    ...(fieldSelector ? { fieldSelector } : {}),
  };
}
