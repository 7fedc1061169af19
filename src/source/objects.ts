/**
 * The Kubernetes objects that Sluice reads, cut down to the fields it reads.
 * Shapes follow the Kubernetes API (networking.k8s.io/v1, v1, discovery.k8s.io/v1); `test/types.test.ts` holds
 * them to `kubernetes-types`. Every value comes from outside: optional in the API means optional here.
 */
import type { GatewayKindName, SpecOf } from "./gateway/kinds.ts";


export interface Meta {
  readonly name: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  /** RFC 3339; absent for objects read from files. */
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where an object was read, when it comes from a file. */
export interface FileOrigin {
  readonly file: string;
  /** Position of the document in the file, from 0. */
  readonly document: number;
  /** Line (from 1) of a field path such as `spec.rules[0].http.paths[1].path`; of the nearest parent if absent. */
  line(fieldPath: string): number;
  /** Column (from 1, in UTF-16 units) where that field begins in its line. */
  column(fieldPath: string): number;
}

interface KubernetesObject {
  readonly metadata: Meta;
  /** Present on objects read from files. Not part of the Kubernetes object. */
  readonly origin?: FileOrigin;
}

export interface ServiceBackendPort {
  readonly name?: string;
  readonly number?: number;
}
export interface IngressServiceBackend {
  readonly name: string;
  readonly port?: ServiceBackendPort;
}
export interface IngressBackend {
  readonly service?: IngressServiceBackend;
  readonly resource?: { readonly apiGroup?: string; readonly kind: string; readonly name: string };
}
export interface IngressPath {
  readonly path?: string;
  readonly pathType?: string;
  readonly backend: IngressBackend;
}
export interface IngressRule {
  readonly host?: string;
  readonly http?: { readonly paths: readonly IngressPath[] };
}
export interface IngressTLS {
  readonly hosts?: readonly string[];
  readonly secretName?: string;
}
export interface Ingress extends KubernetesObject {
  readonly kind: "Ingress";
  readonly spec: {
    readonly ingressClassName?: string;
    readonly defaultBackend?: IngressBackend;
    readonly tls?: readonly IngressTLS[];
    readonly rules?: readonly IngressRule[];
  };
  /** Absent while the Ingress has no address. */
  readonly status?: { readonly loadBalancer: { readonly ingress: readonly IngressAddress[] } };
}

/** Where clients reach an Ingress, as its status says. */
export interface IngressAddress {
  readonly ip?: string;
  readonly hostname?: string;
}

export interface IngressClass extends KubernetesObject {
  readonly kind: "IngressClass";
  readonly spec: { readonly controller?: string };
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly targetPort?: number | string;
  /** What is spoken at the port, for routes of Gateways. */
  readonly appProtocol?: string;
  /** Read from files only. */
  readonly nodePort?: number;
}
export interface Service extends KubernetesObject {
  readonly kind: "Service";
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly externalName?: string;
    /** Not read from files. */
    readonly trafficDistribution?: string;
    /** Read from files only. */
    readonly sessionAffinity?: string;
    readonly ports?: readonly ServicePort[];
  };
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  /** What the endpoint's pod is of (source/pod-owner.ts); absent: not known. */
  readonly owner?: string;
  /** Not read from files. */
  readonly hints?: { readonly forZones?: readonly { readonly name: string }[] };
}
export interface SlicePort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
}
export interface EndpointSlice extends KubernetesObject {
  readonly kind: "EndpointSlice";
  readonly addressType?: string;
  readonly endpoints?: readonly SliceEndpoint[];
  readonly ports?: readonly SlicePort[];
}

export interface Secret extends KubernetesObject {
  readonly kind: "Secret";
  readonly type?: string;
  /** Decoded bytes (base64 of `data`, UTF-8 of `stringData`). Never printed: see `support/private-bytes.ts`. */
  readonly data: Readonly<Record<string, import("../support/private-bytes.ts").PrivateBytes>>;
  /** The Secret could not be read, because our account has no right to it; it may not even exist. Not part of the Kubernetes object. */
  readonly forbidden?: true;
}

export interface ConfigMap extends KubernetesObject {
  readonly kind: "ConfigMap";
  readonly data?: Readonly<Record<string, string>>;
  /** As `forbidden` of a Secret. */
  readonly forbidden?: true;
}

/** Read for its labels (--watch-namespace-selector). */
export interface Namespace extends KubernetesObject {
  readonly kind: "Namespace";
}

/** The node that this controller runs on, for its zone (--enable-topology-aware-routing); no other node is read. */
export interface Node extends KubernetesObject {
  readonly kind: "Node";
}

/** The addresses of a DNS name that an ExternalName Service points to; `namespace` is empty, `name` the DNS name. */
export interface ResolvedName extends KubernetesObject {
  readonly kind: "ResolvedName";
  /** IP addresses, IPv6 without brackets. Empty: the name does not resolve (or only to refused addresses). */
  readonly addresses: readonly string[];
  /** Addresses that resolution gave and policy refused (loopback, link-local). */
  readonly refused: readonly string[];
}

/** What a release gives its canary now, and of what it is one: an Ingress that was made anew, or another Service, gets nothing of it. */
export interface GivenWeight {
  /** Per cent of the requests. */
  readonly weight: number;
  /** Of the Ingress; empty: it comes from a file. */
  readonly uid: string;
  /** Pools of the canary. */
  readonly pools: readonly string[];
}

/** What the rollout of the canary Ingress with this name gives it now; no object of the cluster's. */
export interface RolloutWeight extends KubernetesObject {
  readonly kind: "RolloutWeight";
  readonly given: GivenWeight;
}

/** What nginx said of a snippet: `namespace` is empty, `name` is the snippet's digest. Written by the controller, never by a Source. */
export interface SnippetVerdict extends KubernetesObject {
  readonly kind: "SnippetVerdict";
  /** nginx's complaint, one printable line. */
  readonly problem: string;
}

/** An object of the Gateway API, cut down to its kind's shape. */
export interface GatewayObject<K extends GatewayKindName> extends KubernetesObject {
  readonly kind: K;
  readonly spec: SpecOf<K>;
  /** As it was written, whole: most of it may be others'. Absent on objects read from files. */
  readonly status?: unknown;
}
export type Gateway = GatewayObject<"Gateway">;
export type ListenerSet = GatewayObject<"ListenerSet">;
export type GatewayClass = GatewayObject<"GatewayClass">;
export type HttpRoute = GatewayObject<"HTTPRoute">;
export type GrpcRoute = GatewayObject<"GRPCRoute">;
export type ReferenceGrant = GatewayObject<"ReferenceGrant">;

type GatewayObjects = { [K in GatewayKindName]: GatewayObject<K> };

export interface ObjectOfKind extends GatewayObjects {
  Ingress: Ingress;
  IngressClass: IngressClass;
  Service: Service;
  EndpointSlice: EndpointSlice;
  Secret: Secret;
  ConfigMap: ConfigMap;
  Namespace: Namespace;
  Node: Node;
  ResolvedName: ResolvedName;
  SnippetVerdict: SnippetVerdict;
  RolloutWeight: RolloutWeight;
}
export type Kind = keyof ObjectOfKind;
export type AnyObject = ObjectOfKind[Kind];

/** Names one object. Cluster-scoped objects have the namespace "". */
export interface ObjectRef {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}
