/** Manifests for tests that need no more than a host and its pods: one text, a host per call. */

export interface Site {
  readonly name: string;
  readonly host: string;
  /** `address:port`, all on one port per slice. */
  readonly endpoints: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly tlsSecret?: string;
  /** The path of type Prefix that is declared; absent: `/`. */
  readonly path?: string;
}

/** An Ingress for a host, its Service with port 80 and a slice per endpoint, in the namespace `shop`. */
export function site({ name, host, endpoints, annotations = {}, tlsSecret, path = "/" }: Site): string {
  const ingress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace: "shop", annotations: prefixed(annotations) },
    spec: {
      ingressClassName: "nginx",
      ...(tlsSecret === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecret }] }),
      rules: [{ host, http: { paths: [{ path, pathType: "Prefix", backend: { service: { name, port: { number: 80 } } } }] } }],
    },
  };
  const service = { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "shop" }, spec: { ports: [{ port: 80 }] } };
  return documents(ingress, service, ...endpoints.map((endpoint, index) => slice(name, endpoint, index)));
}

function slice(name: string, endpoint: string, index: number): object {
  const [address = "", port = ""] = endpoint.split(":");
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-${index}`, namespace: "shop", labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ port: Number(port) }],
    endpoints: [{ addresses: [address] }],
  };
}

/** The ConfigMap `sluice/sluice`. */
export function configMap(data: Readonly<Record<string, string>>): string {
  return documents({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "sluice", namespace: "sluice" }, data });
}

export function tlsSecret(name: string, { chain, key }: { readonly chain: string; readonly key: string }, namespace = "shop"): string {
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  const data = { "tls.crt": base64(chain), "tls.key": base64(key) };
  return documents({ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { name, namespace }, data });
}

/** JSON is YAML. */
export function documents(...objects: readonly object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join("---\n");
}

function prefixed(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]));
}
