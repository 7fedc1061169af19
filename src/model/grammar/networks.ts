/**
 * Networks as people write them (`10.0.0.0/8`, `2001:db8::1`), and as the edge looks addresses up in them.
 */
import { isIPv4, isIPv6 } from "node:net";
import type { Networks } from "../../../edge/src/program.ts";

interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

const V4_BITS = 32;
const V6_BITS = 128;
const MAPPED = 0xffffn << 32n;

/** An IP address, or one with the length of its network. */
export function isNetwork(text: string): boolean {
  return rangeOf(text) !== undefined;
}

const compiled = new WeakMap<readonly string[], Networks>();

/**
 * The networks in the edge's shape, merged and sorted. Texts that are no networks are left out. The same list gives the
 * same value: all paths of an Ingress share their list, and it may be long.
 */
export function compileNetworks(texts: readonly string[]): Networks {
  const known = compiled.get(texts) ?? compile(texts);
  compiled.set(texts, known);
  return known;
}

function compile(texts: readonly string[]): Networks {
  const ranges = texts.flatMap((text) => rangeOf(text) ?? []);
  const v4 = merge(ranges.filter(({ bits }) => bits === V4_BITS)).flatMap(({ first, last }) => [Number(first), Number(last)]);
  const v6 = merge(ranges.filter(({ bits }) => bits === V6_BITS)).flatMap(({ first, last }) => [...words(first), ...words(last)]);
  return { ...(v4.length > 0 ? { v4 } : {}), ...(v6.length > 0 ? { v6 } : {}) };
}

function rangeOf(text: string): (Range & { readonly bits: number }) | undefined {
  const [address = "", length, ...rest] = text.split("/");
  // Node takes an address with a zone (fe80::1%eth0), and nginx does not.
  if (rest.length > 0 || address.includes("%")) return undefined;
  const bits = isIPv4(address) ? V4_BITS : isIPv6(address) ? V6_BITS : 0;
  if (bits === 0 || (length !== undefined && !(/^[0-9]{1,3}$/.test(length) && Number(length) <= bits))) return undefined;
  const host = BigInt(bits - Number(length ?? bits));
  const value = bits === V4_BITS ? v4Value(address) : v6Value(address);
  const first = (value >> host) << host;
  const last = first + (1n << host) - 1n;
  // ::ffff:192.0.2.0/120 is 192.0.2.0/24: nginx takes such clients for IPv4 ones.
  if (bits === V6_BITS && host <= 32n && first >> 32n === MAPPED >> 32n) return { first: first - MAPPED, last: last - MAPPED, bits: V4_BITS };
  return { first, last, bits };
}

function v4Value(address: string): bigint {
  return address.split(".").reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function v6Value(address: string): bigint {
  const dotted = /^(.*:)([0-9.]+\.[0-9]+)$/.exec(address);
  if (dotted) return v6Value(`${dotted[1]}0:0`) + v4Value(dotted[2] ?? "");
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}

function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const before = merged.at(-1);
    if (before && range.first <= before.last + 1n) {
      merged[merged.length - 1] = { first: before.first, last: range.last > before.last ? range.last : before.last };
    } else merged.push(range);
  }
  return merged;
}

function words(value: bigint): number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffffffffn));
}
