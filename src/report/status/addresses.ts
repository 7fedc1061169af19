/**
 * The addresses that Ingresses get, from the flags, Services and Nodes that name them. Pure.
 *
 * ingress-nginx behaviour, but: a headless Service has no address, and a host name that
 * is an IP address is written as `ip`, because the API server refuses it as `hostname`.
 */
import { isIP } from "node:net";
import type { IngressAddress } from "../../source/objects.ts";
import { fields, list, textOrNone, trimAddress } from "../../source/kubernetes/trim.ts";
import { nameOfPod } from "../cluster/pod.ts";

/** An IP address, or otherwise a host name. */
export function addressOf(value: string): IngressAddress {
  return isIP(value) === 0 ? { hostname: value } : { ip: value };
}

/** @param raw a Service as the API server gives it. */
export function addressesOfService(raw: unknown): readonly IngressAddress[] {
  const spec = fields(fields(raw)["spec"]);
  const external = stringsOf(spec["externalIPs"]).map(addressOf);
  const clusterIp = textOrNone(spec["clusterIP"]) ?? "";
  const internal = isIP(clusterIp) === 0 ? [] : [{ ip: clusterIp }];
  switch (textOrNone(spec["type"])) {
    case "ExternalName":
      return [textOrNone(spec["externalName"]) ?? ""].filter((name) => name !== "").map(addressOf);
    case "LoadBalancer": {
      const given = list(fields(fields(fields(raw)["status"])["loadBalancer"])["ingress"], trimAddress) ?? [];
      return distinct([...given, ...external]);
    }
    case "NodePort":
      return external.length > 0 ? distinct(external) : internal;
    default:
      return internal;
  }
}

/** @param raws Nodes as the API server gives them. `internal`: their internal addresses, whatever others they have. */
export function addressesOfNodes(raws: readonly unknown[], internal: boolean): readonly IngressAddress[] {
  return distinct(raws.flatMap((raw) => {
    const all = list(fields(fields(raw)["status"])["addresses"], (one) => one) ?? [];
    const ofType = (type: string): IngressAddress[] =>
      all.flatMap((one) => (one["type"] === type ? [addressOf(textOrNone(one["address"]) ?? "")] : [])).filter(({ hostname }) => hostname !== "");
    const external = internal ? [] : ofType("ExternalIP");
    return external.length > 0 ? external : ofType("InternalIP");
  }));
}

/** The nodes of pods that run and are ready. Our own pod always counts: it serves, even if its probe has not said so yet. */
export function nodesOfPods(raws: readonly unknown[], own: string): readonly string[] {
  const names = raws.filter((raw) => nameOfPod(raw) === own || isReady(raw)).map((raw) => textOrNone(fields(fields(raw)["spec"])["nodeName"]) ?? "");
  return [...new Set(names)].filter((name) => name !== "").sort();
}

function isReady(raw: unknown): boolean {
  const status = fields(fields(raw)["status"]);
  const conditions = list(status["conditions"], (one) => one) ?? [];
  return status["phase"] === "Running" && conditions.some((one) => one["type"] === "Ready" && one["status"] === "True");
}

/** Sorted by host name, then by address, so that the same addresses are always written the same. */
export function sortAddresses(addresses: readonly IngressAddress[]): readonly IngressAddress[] {
  return [...addresses].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

export function sameAddresses(a: readonly IngressAddress[], b: readonly IngressAddress[]): boolean {
  return a === b || (a.length === b.length && a.map(keyOf).sort().join("\n") === b.map(keyOf).sort().join("\n"));
}

function distinct(addresses: readonly IngressAddress[]): readonly IngressAddress[] {
  return [...new Map(addresses.map((address) => [keyOf(address), address])).values()];
}

function keyOf({ ip = "", hostname = "" }: IngressAddress): string {
  return `${hostname} ${ip}`;
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string" && item !== "") : [];
}
