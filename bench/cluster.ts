/**
 * The clusters of the benchmark, as Kubernetes objects: each host is an Ingress, a Service and an EndpointSlice.
 * They are written as JSON, which is YAML too, and which an API server takes.
 */
import type { KeyPair } from "../test/support/openssl.ts";

/** An object with what is needed to send it to an API server. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: "Namespace" | "Ingress" | "Service" | "EndpointSlice" | "IngressClass" | "ConfigMap" | "Secret";
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [more: string]: unknown };
  readonly [more: string]: unknown;
}

export const CONFIG_MAP = "bench/sluice";
const NAMESPACE = "bench";
const CANARY = "nginx.ingress.kubernetes.io/canary";

export function configMap(data: Readonly<Record<string, string>>): ApiObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "sluice", namespace: NAMESPACE }, data };
}

export function ingressClass(): ApiObject {
  return {
    apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx" },
    spec: { controller: "k8s.io/ingress-nginx" },
  };
}

/** The hosts of the data plane's cases, behind the Services `first` and `second`: a canary of each kind, one host over TLS. */
export function shop(backend: { first: number; second: number }, certificate: KeyPair): ApiObject[] {
  const canary = (name: string, rules: Readonly<Record<string, string>>): ApiObject[] => [
    ingress(name, `${name}.bench`, "first"),
    ingress(`${name}-canary`, `${name}.bench`, "second", { [CANARY]: "true", ...rules }),
  ];
  return [
    ingressClass(),
    ...service("first", backend.first),
    ...service("second", backend.second),
    ingress("plain", "plain.bench", "first"),
    ingress("paths", "paths.bench", "first", {}, ["/", ...Array.from({ length: 11 }, (_, i) => `/p${"x".repeat(i)}`)]),
    ...canary("weight", { [`${CANARY}-weight`]: "30" }),
    ...canary("header", { [`${CANARY}-by-header`]: "test" }),
    ...canary("cookie", { [`${CANARY}-by-cookie`]: "like_music" }),
    {
      ...ingress("tls", "tls.bench", "first"),
      spec: { ...rules("tls.bench", "first"), tls: [{ hosts: ["tls.bench"], secretName: "tls" }] },
    },
    {
      apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { name: "tls", namespace: NAMESPACE },
      data: { "tls.crt": base64(certificate.chain), "tls.key": base64(certificate.key) },
    },
  ];
}

/** `host-<i>.bench` with objects of its own. */
export function host(i: number, port: number): [ingress: ApiObject, service: ApiObject, slice: ApiObject] {
  const name = `host-${i}`;
  const [serviceObject, sliceObject] = service(name, port);
  return [ingress(name, `${name}.bench`, name), serviceObject, sliceObject];
}

export function service(name: string, port: number): [ApiObject, ApiObject] {
  return [
    { apiVersion: "v1", kind: "Service", metadata: { name, namespace: NAMESPACE }, spec: { ports: [{ name: "http", port: 80, targetPort: port }] } },
    slice(name, port),
  ];
}

export function slice(name: string, port: number): ApiObject {
  return {
    apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4",
    metadata: { name: `${name}-1`, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": name } },
    ports: [{ name: "http", port, protocol: "TCP" }],
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
  };
}

function ingress(name: string, hostName: string, serviceName: string, annotations: Readonly<Record<string, string>> = {}, paths = ["/"]): ApiObject {
  return {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", spec: rules(hostName, serviceName, paths),
    metadata: { name, namespace: NAMESPACE, annotations, creationTimestamp: "2024-01-01T00:00:00Z" },
  };
}

function rules(hostName: string, serviceName: string, paths = ["/"]): object {
  const backend = { service: { name: serviceName, port: { number: 80 } } };
  return { ingressClassName: "nginx", rules: [{ host: hostName, http: { paths: paths.map((path) => ({ path, pathType: "Prefix", backend })) } }] };
}

/** The text of a manifest file. */
export function manifest(...objects: readonly ApiObject[]): string {
  return objects.map((object) => JSON.stringify(object)).join("\n---\n") + "\n";
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
