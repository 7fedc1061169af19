/** The names of pools: what they stand for can be read from them. */

/** Ends the names of pools of a Service's own address. */
export const CLUSTER_IP = "cluster-ip";

/** @param clusterIp the pool of the Service's own address (service-upstream). */
export function poolId(namespace: string, service: string, port: string, clusterIp = false): string {
  return `${namespace}/${service}/${port}${clusterIp ? `/${CLUSTER_IP}` : ""}`;
}

/** How ingress-nginx names the pool of a Service port, in logs and in cookies. */
export function poolName(id: string): string {
  return id.split("/").slice(0, 3).join("-");
}

const TARGET = "target:";

/** The pool of a name (or IP address) that an annotation chooses; no namespace holds a colon. */
export function targetPoolId(name: string, port: number): string {
  return `${TARGET}${name}:${port}`;
}

/** The name and port of such a pool; undefined for the others. */
export function targetOf(id: string): { readonly name: string; readonly port: number } | undefined {
  if (!id.startsWith(TARGET)) return undefined;
  const colon = id.lastIndexOf(":");
  return { name: id.slice(TARGET.length, colon), port: Number(id.slice(colon + 1)) };
}
