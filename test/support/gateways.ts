/** Objects of the Gateway API for tests: the class, Gateways, routes, and Services with endpoints on loopback. */
import { documents } from "./manifests.ts";

const GROUP = "gateway.networking.k8s.io/v1";

export interface RouteGiven {
  readonly name: string;
  readonly namespace?: string;
  /** Names of Gateways, or whole references. */
  readonly parents: readonly (string | object)[];
  readonly hostnames?: readonly string[];
  readonly rules: readonly object[];
  /** Of two routes the older wins. */
  readonly created?: string;
}

export const GATEWAY_CLASS = { apiVersion: GROUP, kind: "GatewayClass", metadata: { name: "sluice" }, spec: { controllerName: "sluice.ingress/gateway" } };

export function gatewayOf(name: string, address: string | undefined, listeners: readonly object[], namespace = "shop"): object {
  const addresses = address === undefined ? {} : { addresses: [{ type: "IPAddress", value: address }] };
  return { apiVersion: GROUP, kind: "Gateway", metadata: { name, namespace }, spec: { gatewayClassName: "sluice", ...addresses, listeners } };
}

/** A ListenerSet for a Gateway of the namespace shop. */
export function listenerSetOf(name: string, gateway: string, listeners: readonly object[], namespace = "shop"): object {
  return { apiVersion: GROUP, kind: "ListenerSet", metadata: { name, namespace }, spec: { parentRef: { name: gateway, namespace: "shop" }, listeners } };
}

export function httpListener(name: string, port: number, more: object = {}): object {
  return { name, port, protocol: "HTTP", ...more };
}

export function httpRoute(given: RouteGiven): object {
  return routeOf("HTTPRoute", given);
}

export function grpcRoute(given: RouteGiven): object {
  return routeOf("GRPCRoute", given);
}

function routeOf(kind: string, { name, namespace = "shop", parents, hostnames, rules, created }: RouteGiven): object {
  const parentRefs = parents.map((one) => (typeof one === "string" ? { name: one } : one));
  const metadata = { name, namespace, ...(created === undefined ? {} : { creationTimestamp: created }) };
  return { apiVersion: GROUP, kind, metadata, spec: { parentRefs, ...(hostnames ? { hostnames } : {}), rules } };
}

/** A rule that sends what it matches to Services with port 80. */
export function ruleTo(services: string | Readonly<Record<string, number>>, more: object = {}): object {
  const backendRefs = typeof services === "string" ? [{ name: services, port: 80 }] : Object.entries(services).map(([name, weight]) => ({ name, port: 80, weight }));
  return { ...more, backendRefs };
}

export const prefix = (value: string): object => ({ path: { type: "PathPrefix", value } });
export const exactly = (value: string): object => ({ path: { type: "Exact", value } });

/** A Service with port 80, and its endpoint. */
export function serviceAt(name: string, port: number, namespace = "shop", appProtocol?: string): string {
  return documents(
    { apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec: { ports: [{ port: 80, ...(appProtocol === undefined ? {} : { appProtocol }) }] } },
    {
      apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } }, addressType: "IPv4",
      ports: [{ port }], endpoints: [{ addresses: ["127.0.0.1"] }],
    },
  );
}
