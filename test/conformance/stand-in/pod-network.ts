/** The network namespace of a pod: an interface on the bridge, and everything else by the node. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { BRIDGE } from "../inside/network.ts";
import { NODE_ADDRESS, POD_NETWORK } from "../shapes.ts";

const run = promisify(execFile);
const ip = (...args: readonly string[]): Promise<unknown> => run("ip", args);

/** @param number from 2 to 65535, of the pod alone */
export function podAddress(number: number): string {
  return `${POD_NETWORK}.${number >> 8}.${number & 255}`;
}

export function podNamespace(number: number): string {
  return `pod-${number}`;
}

export async function makePodNetwork(number: number): Promise<void> {
  const name = podNamespace(number);
  await ip("netns", "add", name);
  await ip("link", "add", `veth${number}`, "master", BRIDGE, "up", "type", "veth", "peer", "name", "eth0", "netns", name);
  const inside = (...args: readonly string[]): Promise<unknown> => ip("-n", name, ...args);
  await inside("link", "set", "lo", "up");
  await inside("addr", "add", `${podAddress(number)}/16`, "dev", "eth0");
  await inside("link", "set", "eth0", "up");
  await inside("route", "add", "default", "via", NODE_ADDRESS);
}

/** The interface goes with the namespace, as soon as no process is in that. */
export async function removePodNetwork(number: number): Promise<void> {
  await ip("link", "del", `veth${number}`);
  await ip("netns", "del", podNamespace(number));
}
