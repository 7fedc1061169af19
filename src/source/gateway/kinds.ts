/** The kinds of the Gateway API: what Sluice reads of each. Fields and their meaning: gateway.networking.k8s.io/v1, release 1.7. */
import { json, listOf, objectOf, text, texts, unread, wholeNumber } from "./shape.ts";
import type { ValueOf } from "./shape.ts";
import {
  BACKEND_REFERENCE, MOST_INT32, NAMESPACES_ALLOWED, OBJECT_REFERENCE, PARENT_REFERENCE, ROUTE_FILTER, TYPED_VALUE,
} from "./shared.ts";

export const GATEWAY_GROUP = "gateway.networking.k8s.io";

const port = wholeNumber(1, 65535);

const CLASS = objectOf({ controllerName: text, parametersRef: OBJECT_REFERENCE, description: unread });

const VALIDATION = objectOf({ validation: objectOf({ caCertificateRefs: listOf(OBJECT_REFERENCE), mode: text }) });

const LISTENER = objectOf({
  name: text, hostname: text, port, protocol: text,
  tls: objectOf({ mode: text, certificateRefs: listOf(OBJECT_REFERENCE), options: texts }),
  allowedRoutes: objectOf({ namespaces: NAMESPACES_ALLOWED, kinds: listOf(objectOf({ group: text, kind: text })) }),
  filters: unread,
});
export type ListenerSpec = ValueOf<typeof LISTENER>;

const GATEWAY = objectOf({
  gatewayClassName: text,
  listeners: listOf(LISTENER),
  addresses: listOf(objectOf({ type: text, value: text, routability: unread })),
  infrastructure: objectOf({ labels: texts, annotations: texts, parametersRef: OBJECT_REFERENCE }),
  defaultScope: unread,
  allowedListeners: objectOf({ namespaces: NAMESPACES_ALLOWED }),
  tls: objectOf({
    backend: objectOf({ clientCertificateRef: OBJECT_REFERENCE }),
    frontend: objectOf({ default: VALIDATION, perPort: listOf(objectOf({ port, tls: VALIDATION })) }),
  }),
});
export type GatewaySpec = ValueOf<typeof GATEWAY>;

const LISTENER_SET = objectOf({ parentRef: OBJECT_REFERENCE, listeners: listOf(LISTENER) });

const HTTP_MATCH = objectOf({ path: objectOf({ type: text, value: text }), headers: listOf(TYPED_VALUE), queryParams: listOf(TYPED_VALUE), method: text });
export type HttpMatch = ValueOf<typeof HTTP_MATCH>;

const ROUTE_BACKEND = objectOf({ ...BACKEND_REFERENCE.members, weight: wholeNumber(0, 1_000_000), filters: listOf(ROUTE_FILTER) });
export type RouteBackend = ValueOf<typeof ROUTE_BACKEND>;

const HTTP_RULE = objectOf({
  name: text,
  matches: listOf(HTTP_MATCH),
  filters: listOf(ROUTE_FILTER),
  backendRefs: listOf(ROUTE_BACKEND),
  timeouts: objectOf({ request: text, backendRequest: text }),
  retry: objectOf({ codes: listOf(wholeNumber(100, 599)), attempts: wholeNumber(0, MOST_INT32), backoff: text }),
  sessionPersistence: json,
});
export type HttpRule = ValueOf<typeof HTTP_RULE>;

const HTTP_ROUTE = objectOf({ parentRefs: listOf(PARENT_REFERENCE), hostnames: listOf(text), rules: listOf(HTTP_RULE), useDefaultGateways: unread });
export type HttpRouteSpec = ValueOf<typeof HTTP_ROUTE>;

const GRPC_MATCH = objectOf({ method: objectOf({ type: text, service: text, method: text }), headers: listOf(TYPED_VALUE) });
export type GrpcMatch = ValueOf<typeof GRPC_MATCH>;

const GRPC_RULE = objectOf({ name: text, matches: listOf(GRPC_MATCH), filters: listOf(ROUTE_FILTER), backendRefs: listOf(ROUTE_BACKEND), sessionPersistence: json });
export type GrpcRule = ValueOf<typeof GRPC_RULE>;

const GRPC_ROUTE = objectOf({ parentRefs: listOf(PARENT_REFERENCE), hostnames: listOf(text), rules: listOf(GRPC_RULE), useDefaultGateways: unread });

const GRANT = objectOf({
  from: listOf(objectOf({ group: text, kind: text, namespace: text })),
  to: listOf(objectOf({ group: text, kind: text, name: text })),
});

interface GatewayKind {
  readonly plural: string;
  /** Versions of the group that have the same shape, the newest first. */
  readonly versions: readonly string[];
  readonly namespaced: boolean;
  readonly spec: ReturnType<typeof objectOf>;
}

export const GATEWAY_KINDS = {
  GatewayClass: { plural: "gatewayclasses", versions: ["v1", "v1beta1"], namespaced: false, spec: CLASS },
  Gateway: { plural: "gateways", versions: ["v1", "v1beta1"], namespaced: true, spec: GATEWAY },
  ListenerSet: { plural: "listenersets", versions: ["v1"], namespaced: true, spec: LISTENER_SET },
  HTTPRoute: { plural: "httproutes", versions: ["v1", "v1beta1"], namespaced: true, spec: HTTP_ROUTE },
  GRPCRoute: { plural: "grpcroutes", versions: ["v1"], namespaced: true, spec: GRPC_ROUTE },
  // Every release of the API serves v1beta1, and not every one v1.
  ReferenceGrant: { plural: "referencegrants", versions: ["v1beta1", "v1"], namespaced: true, spec: GRANT },
} as const satisfies Readonly<Record<string, GatewayKind>>;

export type GatewayKindName = keyof typeof GATEWAY_KINDS;
export type SpecOf<K extends GatewayKindName> = ValueOf<(typeof GATEWAY_KINDS)[K]["spec"]>;

export function isGatewayKind(kind: string): kind is GatewayKindName {
  return Object.hasOwn(GATEWAY_KINDS, kind);
}
