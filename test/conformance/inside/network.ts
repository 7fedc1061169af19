/** The network of the ground: a loopback with all addresses of Gateways, and a bridge for pods. Needs namespaces of its own. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { GATEWAY_ADDRESSES, NODE_ADDRESS } from "../shapes.ts";

export const BRIDGE = "br0";

/** Also mounts what programs would leave on the machine: memory for etcd and Sluice, and a place for names of namespaces. */
export function makeNetwork(): void {
  for (const at of ["/run", "/dev/shm"]) execFileSync("mount", ["-t", "tmpfs", "-o", "mode=1777", "tmpfs", at]);
  mkdirSync("/run/netns");
  const lines = [
    "link set lo up",
    // An address on lo makes all of its network local.
    `addr add ${GATEWAY_ADDRESSES.replace(/0\//, "1/")} dev lo`,
    `link add ${BRIDGE} type bridge`,
    `addr add ${NODE_ADDRESS}/16 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ];
  execFileSync("ip", ["-batch", "-"], { input: lines.join("\n"), stdio: ["pipe", "ignore", "pipe"] });
}
