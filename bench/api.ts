/** What the benchmark does with an API server: fill it, and tell Sluice where it is. */
import type { ApiObject } from "./cluster.ts";

/** Creates the objects, a few at a time. `server` asks for no credentials. */
export async function fill(server: string, objects: readonly ApiObject[]): Promise<void> {
  const left = [...objects].reverse();
  const one = async (): Promise<void> => {
    for (let object = left.pop(); object; object = left.pop()) {
      const response = await fetch(`${server}${pathOf(object)}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(object),
      });
      if (response.status !== 201) throw new Error(`the API server answers ${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

/** The names of the kinds in paths. */
export const PLURALS: Readonly<Record<ApiObject["kind"], string>> = {
  Ingress: "ingresses", Service: "services", EndpointSlice: "endpointslices", IngressClass: "ingressclasses",
  ConfigMap: "configmaps", Secret: "secrets", Namespace: "namespaces",
  GatewayClass: "gatewayclasses", Gateway: "gateways", HTTPRoute: "httproutes",
};

export function pathOf({ apiVersion, kind, metadata }: ApiObject): string {
  const api = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  return `${api}${metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`}/${PLURALS[kind]}`;
}

/** The text of a kubeconfig. */
export function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: "v1", kind: "Config", "current-context": "bench",
    clusters: [{ name: "bench", cluster: { server } }],
    users: [{ name: "bench", user: { token: "bench" } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: "bench" } }],
  });
}
