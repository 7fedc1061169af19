/** Addresses and networks, for people and for the edge's look-up. */
import { includes, type Networks } from "../../edge/src/networks.ts";
import { compileNetworks } from "../model/grammar/networks.ts";
import { listed } from "../support/text.ts";

/** The address as nginx's `$binary_remote_addr`. */
export function binaryAddress(address: string): string {
  const { v4, v6 } = compileNetworks([address]);
  const bytes = v4 ? Buffer.alloc(4) : Buffer.alloc(16);
  if (v4) bytes.writeUInt32BE(v4[0] ?? 0);
  else for (let word = 0; word < 4; word++) bytes.writeUInt32BE(v6?.[word] ?? 0, word * 4);
  return bytes.toString("latin1");
}

export function isIn(networks: Networks, address: string): boolean {
  return includes(networks, binaryAddress(address));
}

const MOST = 4;

/** `10.0.0.0/8, 192.0.2.1 and 3 more`. */
export function networksText({ v4 = [], v6 = [] }: Networks): string {
  const ranges = [...rangesOf(v4, 1, 32), ...rangesOf(v6, 4, 128)];
  return listed(ranges.map(rangeText), MOST);
}

interface Range {
  readonly first: bigint;
  readonly last: bigint;
  readonly bits: number;
}

function rangesOf(numbers: readonly number[], words: number, bits: number): Range[] {
  const value = (at: number): bigint => numbers.slice(at, at + words).reduce((sum, word) => (sum << 32n) + BigInt(word), 0n);
  return Array.from({ length: numbers.length / (2 * words) }, (_, index) => {
    const at = index * 2 * words;
    return { first: value(at), last: value(at + words), bits };
  });
}

/** A range as a network where it is one, else its first and last address. */
function rangeText({ first, last, bits }: Range): string {
  const size = last - first + 1n;
  const free = size.toString(2).length - 1;
  if (size !== 1n << BigInt(free) || first % size !== 0n) return `${entranceText(first, bits)} to ${entranceText(last, bits)}`;
  return free === 0 ? entranceText(first, bits) : `${entranceText(first, bits)}/${bits - free}`;
}

function entranceText(value: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  // A URL writes an IPv6 address in its short form, with `::`.
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
