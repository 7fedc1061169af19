/** The objects of the scenarios: one Gateway, and HTTPRoutes that attach to it. Host names are all of the form `NAME.bench`. */
import type { ApiObject } from "../cluster.ts";
import { NAMESPACE } from "../change/objects.ts";

const API = "gateway.networking.k8s.io/v1";
export const GATEWAY = "bench";

export function gatewayClass(): ApiObject {
  return { apiVersion: API, kind: "GatewayClass", metadata: { name: "sluice" }, spec: { controllerName: "sluice.ingress/gateway" } };
}

/** A Gateway for `*.bench` at the addresses that Sluice has. */
export function gatewayAt(port: number): ApiObject {
  return {
    apiVersion: API, kind: "Gateway", metadata: { name: GATEWAY, namespace: NAMESPACE },
    spec: { gatewayClassName: "sluice", listeners: [{ name: "http", port, protocol: "HTTP", hostname: "*.bench" }] },
  };
}

/** What a rule does beside sending its requests to a Service. */
export interface RuleGiven {
  readonly path: string;
  readonly service: string;
  /** 80 when absent. */
  readonly port?: number;
  /** Value of the header X-Version that the backend gets. */
  readonly version?: string;
}

export function routeOf(name: string, rules: readonly RuleGiven[]): ApiObject {
  return {
    apiVersion: API, kind: "HTTPRoute", metadata: { name, namespace: NAMESPACE },
    spec: {
      parentRefs: [{ name: GATEWAY }], hostnames: [`${name}.bench`],
      rules: rules.map(({ path, service, port = 80, version }) => ({
        matches: [{ path: { type: "PathPrefix", value: path } }],
        ...(version === undefined ? {} : { filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "X-Version", value: version }] } }] }),
        backendRefs: [{ name: service, port }],
      })),
    },
  };
}
