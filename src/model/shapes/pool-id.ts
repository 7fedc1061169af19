/** The ids of pools: what a pool stands for can be read from its id. */

import { flatText } from "../../support/kept-text.ts";

/** Ends the id of a pool that holds a Service's own address alone. */
export const CLUSTER_IP = "cluster-ip";

/** @param clusterIp the pool of the Service's own address (service-upstream). */
export function poolId(namespace: string, service: string, port: string, clusterIp = false): string {
  return flatText(namespace, "/", service, "/", port, clusterIp ? `/${CLUSTER_IP}` : "");
}

/** How ingress-nginx names the pool of a Service port, in logs and in cookies. */
export function poolName(id: string): string {
  return id.split("/").slice(0, 3).join("-");
}

const TARGET = "target:";

/** Id of the pool of a name (or IP address) that an annotation chooses. No namespace holds a colon, so no Service's pool has this id. */
export function targetPoolId(name: string, port: number): string {
  return `${TARGET}${name}:${port}`;
}

/** The name and port that a `targetPoolId` is made of; undefined for ids of other pools. */
export function targetOf(id: string): { readonly name: string; readonly port: number } | undefined {
  if (!id.startsWith(TARGET)) return undefined;
  const colon = id.lastIndexOf(":");
  return { name: id.slice(TARGET.length, colon), port: Number(id.slice(colon + 1)) };
}
