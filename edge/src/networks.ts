/**
 * Lists of networks, compiled to ranges of addresses, and whether an address is in one.
 *
 * The controller merges what overlaps, so the ranges are ascending and apart, and a look-up is a binary search: it
 * allocates nothing and takes some twenty comparisons in a list of a million.
 */

export interface Networks {
  /** IPv4: first and last address of each range, as numbers. */
  v4?: number[];
  /** IPv6: first and last address of each range, four 32-bit words each. */
  v6?: number[];
}

const WORDS = 4;

/** `address` is nginx's `$binary_remote_addr`: 4 or 16 bytes; anything else (a unix socket) is in no network. */
export function includes(networks: Networks, address: string): boolean {
  if (address.length === 4) return inV4(networks.v4, word(address, 0));
  if (address.length !== 16) return false;
  // nginx takes ::ffff:192.0.2.1 for the IPv4 address that it is.
  if (word(address, 0) === 0 && word(address, 4) === 0 && word(address, 8) === 0xffff) {
    return inV4(networks.v4, word(address, 12));
  }
  return inV6(networks.v6, address);
}

function word(bytes: string, at: number): number {
  const high = bytes.charCodeAt(at) * 256 + bytes.charCodeAt(at + 1);
  return high * 65536 + bytes.charCodeAt(at + 2) * 256 + bytes.charCodeAt(at + 3);
}

function inV4(ranges: number[] | undefined, address: number): boolean {
  if (ranges === undefined) return false;
  // The last range that begins at or before the address.
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((ranges[middle * 2] as number) <= address) low = middle + 1;
    else high = middle;
  }
  return low > 0 && address <= (ranges[low * 2 - 1] as number);
}

function inV6(ranges: number[] | undefined, address: string): boolean {
  if (ranges === undefined) return false;
  let low = 0;
  let high = ranges.length / (2 * WORDS);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (compare(ranges, middle * 2 * WORDS, address) <= 0) low = middle + 1;
    else high = middle;
  }
  return low > 0 && compare(ranges, (low * 2 - 1) * WORDS, address) >= 0;
}

/** Below, at or above 0: the words at `at` come before the address, are it, come after it. */
function compare(ranges: number[], at: number, address: string): number {
  for (let i = 0; i < WORDS; i++) {
    const difference = (ranges[at + i] as number) - word(address, i * 4);
    if (difference !== 0) return difference;
  }
  return 0;
}
