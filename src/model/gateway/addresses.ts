/** The addresses of Gateways: those that they ask for, or free ones of the networks that the operator gave. */
import { BlockList, isIP } from "node:net";
import type { Gateway } from "../../source/objects.ts";
import { condition, type StatusCondition } from "../shapes/object-status.ts";

export interface GatewayAddresses {
  /** Absent: the Gateway shares the addresses that http is listened for on. */
  readonly own?: readonly string[];
  /** `Accepted`, where the Gateway asks for a kind of address that there is not. */
  readonly refused?: StatusCondition;
  /** `Programmed`, where it cannot have what it asks for. */
  readonly unusable?: StatusCondition;
}

/** How many addresses of a network are looked at for one that is free. */
const MOST_TRIED = 65_536;

/**
 * @param gateways the oldest first. One that got an address keeps it, as its status says.
 * @param networks where Gateways may have addresses
 * @param reserved addresses that are never a Gateway's
 */
export function assignAddresses(gateways: readonly Gateway[], networks: readonly string[], reserved: readonly string[]): ReadonlyMap<Gateway, GatewayAddresses> {
  const allowed = addressesIn(networks, reserved);
  const assigned = new Map<Gateway, GatewayAddresses>();
  const kept = new Set<string>();
  for (const gateway of gateways) {
    if (!wantsAny(gateway)) continue;
    const before = statusAddresses(gateway).find((one) => allowed(one) && !kept.has(one));
    if (before === undefined) continue;
    kept.add(before);
    assigned.set(gateway, { own: [before] });
  }
  const taken = new Set([...kept, ...gateways.flatMap((one) => askedFor(one).flatMap(({ value }) => (value === undefined ? [] : normal(value))))]);
  const free = freeAddresses(networks, taken, allowed);
  for (const gateway of gateways) assigned.set(gateway, assigned.get(gateway) ?? assign(gateway, { allowed, free, networks, kept }));
  return assigned;
}

interface Ground {
  readonly allowed: (address: string) => boolean;
  readonly free: Iterator<string>;
  readonly networks: readonly string[];
  /** Addresses that Gateways got, which nobody else may ask for. */
  readonly kept: ReadonlySet<string>;
}

function assign(gateway: Gateway, { allowed, free, networks, kept }: Ground): GatewayAddresses {
  const asked = askedFor(gateway);
  const odd = asked.find(({ type }) => type !== "IPAddress");
  if (odd) return { refused: condition("Accepted", false, "UnsupportedAddress", `Addresses of type "${odd.type}" are not supported: use IPAddress`) };
  const values = [...new Set(asked.flatMap(({ value }) => (value === undefined ? [] : [normal(value)])))];
  const foreign = values.find((value) => isIP(value) === 0 || !allowed(value) || kept.has(value));
  if (foreign !== undefined) {
    const where = networks.length === 0 ? "no Gateway has an address of its own here (--gateway-addresses)" : `use one of ${networks.join(", ")}, or none`;
    return { unusable: condition("Programmed", false, "AddressNotUsable", `The address "${foreign}" cannot be had: ${where}`) };
  }
  if (values.length > 0) return { own: values };
  if (networks.length === 0) return {};
  const next = free.next();
  if (!next.done) return { own: [next.value] };
  return { unusable: condition("Programmed", false, "AddressNotAssigned", "No address is free: give --gateway-addresses another network") };
}

function askedFor({ spec: { addresses = [] } }: Gateway): readonly { readonly type: string; readonly value: string | undefined }[] {
  return addresses.map(({ type = "IPAddress", value }) => ({ type, value: value === "" ? undefined : value }));
}

function wantsAny(gateway: Gateway): boolean {
  return askedFor(gateway).every(({ type, value }) => type === "IPAddress" && value === undefined);
}

function statusAddresses({ status }: Gateway): readonly string[] {
  const addresses = (status as { readonly addresses?: unknown } | undefined)?.addresses;
  if (!Array.isArray(addresses)) return [];
  return addresses.flatMap((one: { readonly value?: unknown } | null) => (typeof one?.value === "string" ? [one.value] : []));
}

/** As nginx writes an address in `$server_addr`; what is none stays as it is. */
function normal(address: string): string {
  return isIP(address) === 6 && !address.includes("%") ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}

function addressesIn(networks: readonly string[], reserved: readonly string[]): (address: string) => boolean {
  const never = new Set(reserved.map(normal));
  const list = new BlockList();
  for (const network of networks) {
    const { base, family, length } = parts(network);
    list.addSubnet(base, length, family);
  }
  return (address) => isIP(address) !== 0 && !never.has(normal(address)) && list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

function parts(network: string): { readonly base: string; readonly family: "ipv4" | "ipv6"; readonly length: number } {
  const [base = "", length] = network.split("/");
  const four = isIP(base) === 4;
  return { base, family: four ? "ipv4" : "ipv6", length: length === undefined ? (four ? 32 : 128) : Number(length) };
}

/** Addresses that nobody has, in order, without that of the network itself. Of an IPv6 network only the address that it is written with. */
function* freeAddresses(networks: readonly string[], taken: ReadonlySet<string>, allowed: (address: string) => boolean): Generator<string, undefined> {
  for (const network of networks) {
    const { base, family, length } = parts(network);
    const count = family === "ipv6" ? 1 : Math.min(2 ** (32 - length), MOST_TRIED);
    const first = family === "ipv6" ? 0 : Math.floor(numberOf(base) / 2 ** (32 - length)) * 2 ** (32 - length);
    for (let i = count > 1 ? 1 : 0; i < count; i++) {
      const address = family === "ipv6" ? normal(base) : textOfNumber(first + i);
      if (!taken.has(address) && allowed(address)) yield address;
    }
  }
  return undefined;
}

function numberOf(address: string): number {
  return address.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

function textOfNumber(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
