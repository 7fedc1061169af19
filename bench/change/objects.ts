/** The objects of the scenarios, for an API server. All are in one namespace; host names are all of the form `NAME.bench`. */
import { request } from "node:http";
import type { KeyPair } from "../../test/support/openssl.ts";
import type { ApiObject } from "../cluster.ts";
import { pathOf } from "../api.ts";

export const NAMESPACE = "bench";
export const CONFIG_MAP = `${NAMESPACE}/sluice`;

export interface PathTo {
  readonly path: string;
  readonly service: string;
  /** 80 when absent. */
  readonly port?: number;
}

/** An Ingress of one host. @param annotations under nginx.ingress.kubernetes.io; null takes one away from an Ingress that is there */
export function ingressOf(name: string, host: string, paths: readonly PathTo[], annotations: Readonly<Record<string, string | null>> = {}, tls = false): ApiObject {
  const named = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]));
  return {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, namespace: NAMESPACE, annotations: named },
    spec: {
      ingressClassName: "nginx",
      ...(tls ? { tls: [{ hosts: [host], secretName: name }] } : {}),
      rules: [{ host, http: { paths: paths.map(({ path, service, port = 80 }) => ({ path, pathType: "Prefix", backend: { service: { name: service, port: { number: port } } } })) } }],
    },
  };
}

/** A Service; `ports`: Service port → port of its endpoints. With its EndpointSlices, one for each port. */
export function serviceOf(name: string, ports: Readonly<Record<number, number>>): ApiObject[] {
  const all = Object.entries(ports);
  return [
    { apiVersion: "v1", kind: "Service", metadata: { name, namespace: NAMESPACE }, spec: { ports: all.map(([port, target]) => ({ name: `p${port}`, port: Number(port), targetPort: target })) } },
    endpointsOf(name, all.map(([port, target]) => ({ name: `p${port}`, port: target })), ["127.0.0.1"]),
  ];
}

/** One EndpointSlice of a Service. @param index several of one Service have different ones */
export function endpointsOf(service: string, ports: readonly { readonly name: string; readonly port: number }[], addresses: readonly string[], index = 1): ApiObject {
  return {
    apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4",
    metadata: { name: `${service}-${index}`, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": service } },
    ports: ports.map((port) => ({ ...port, protocol: "TCP" })),
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}

export function tlsSecretOf(name: string, { chain, key }: KeyPair): ApiObject {
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  return {
    apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { name, namespace: NAMESPACE },
    data: { "tls.crt": base64(chain), "tls.key": base64(key) },
  };
}

/**
 * Creates an object, or changes it (`change`: merge patch). Resolves when the API server has it, which is when watches hear of it. Each
 * write has a connection of its own, because the API server closes those that are silent, and that may be now.
 */
export function applyTo(server: string, object: ApiObject, change = false): Promise<void> {
  const url = `${server}${pathOf(object)}${change ? `/${object.metadata.name}` : ""}`;
  const headers = { "content-type": change ? "application/merge-patch+json" : "application/json" };
  return new Promise((resolve, reject) => {
    const write = request(url, { method: change ? "PATCH" : "POST", headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk)).on("error", reject);
      response.on("end", () => ((response.statusCode ?? 500) < 300 ? resolve() : reject(new Error(`the API server answers ${response.statusCode}: ${text}`))));
    });
    write.on("error", reject);
    write.end(JSON.stringify(object));
  });
}
