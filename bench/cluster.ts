/**
 * The clusters of the benchmark, as Kubernetes objects: each host is an Ingress, a Service and an EndpointSlice.
 * They are written as JSON, which is YAML too, and which an API server takes.
 */

/** An object with what is needed to send it to an API server. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: "Namespace" | "Ingress" | "Service" | "EndpointSlice" | "IngressClass" | "ConfigMap" | "Secret" | "GatewayClass" | "Gateway" | "HTTPRoute";
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [more: string]: unknown };
  readonly [more: string]: unknown;
}

export const CONFIG_MAP = "bench/sluice";
export const NAMESPACE = "bench";

export function configMap(data: Readonly<Record<string, string>>): ApiObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "sluice", namespace: NAMESPACE }, data };
}

export function ingressClass(): ApiObject {
  return {
    apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx" },
    spec: { controller: "k8s.io/ingress-nginx" },
  };
}

/** `host-<i>.bench` with objects of its own. */
export function host(i: number, port: number): [ingress: ApiObject, service: ApiObject, slice: ApiObject] {
  const name = `host-${i}`;
  const [serviceObject, sliceObject] = service(name, port);
  return [ingress({ name, host: `${name}.bench`, paths: [{ path: "/", service: name }] }), serviceObject, sliceObject];
}

/** A Service and an EndpointSlice for each of its endpoints: ports of 127.0.0.1. */
export function service(name: string, port: number, ...more: readonly number[]): [service: ApiObject, slice: ApiObject, ...slices: ApiObject[]] {
  const spec = { ports: [{ name: "http", port: 80, targetPort: more.length === 0 ? port : "http" }] };
  return [
    { apiVersion: "v1", kind: "Service", metadata: { name, namespace: NAMESPACE }, spec }, slice(name, port), ...more.map((other, i) => slice(name, other, i + 2)),
  ];
}

export function slice(name: string, port: number, number = 1): ApiObject {
  return {
    apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4",
    metadata: { name: `${name}-${number}`, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": name } },
    ports: [{ name: "http", port, protocol: "TCP" }],
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
  };
}

export interface IngressInput {
  readonly name: string;
  readonly host: string;
  readonly paths: readonly { readonly path: string; readonly service: string; readonly pathType?: "ImplementationSpecific" }[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** The Secret of its certificate. */
  readonly secret?: string;
}

export function ingress({ name, host: hostName, paths, annotations = {}, secret }: IngressInput): ApiObject {
  const http = { paths: paths.map(({ path, service: to, pathType = "Prefix" }) => ({ path, pathType, backend: { service: { name: to, port: { number: 80 } } } })) };
  return {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress",
    metadata: { name, namespace: NAMESPACE, annotations, creationTimestamp: "2024-01-01T00:00:00Z" },
    spec: { ingressClassName: "nginx", rules: [{ host: hostName, http }], ...(secret === undefined ? {} : { tls: [{ hosts: [hostName], secretName: secret }] }) },
  };
}

/** The text of a manifest file. */
export function manifest(...objects: readonly ApiObject[]): string {
  return objects.map((object) => JSON.stringify(object)).join("\n---\n") + "\n";
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
