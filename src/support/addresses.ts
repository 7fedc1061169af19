/** Addresses that a tenant's name or URL must not lead to, unless the operator allows it. */
import { BlockList, isIP } from "node:net";

const LOCAL = new BlockList();
for (const [network, bits] of [["0.0.0.0", 8], ["127.0.0.0", 8], ["169.254.0.0", 16], ["224.0.0.0", 3]] as const) {
  LOCAL.addSubnet(network, bits, "ipv4");
}
for (const [network, bits] of [["::", 127], ["fe80::", 10], ["ff00::", 8]] as const) LOCAL.addSubnet(network, bits, "ipv6");

/** Loopback, link-local, unspecified, multicast, reserved: never a backend on the network (IPv4-mapped ones too). */
export function isLocalAddress(address: string): boolean {
  return LOCAL.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** A local address, or that of the API server as the pod's environment names it. */
export function isProtectedAddress(address: string, env: NodeJS.ProcessEnv = process.env): boolean {
  return isLocalAddress(address) || address === env["KUBERNETES_SERVICE_HOST"];
}
