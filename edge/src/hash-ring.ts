/**
 * Consistent hashing with the ring of ingress-nginx (lua-resty-balancer's), so that a key has the same endpoint as
 * there, and a cookie that ingress-nginx issued stays good.
 *
 * 160 points per peer (fewer in pools of more than a thousand), numbered by CRC-32; the peer's text is `address:port`.
 * Hashes are kept unsigned. Bit operations give signed numbers, in V8 and in LuaJIT alike; only `>>> 0` differs between
 * the two, and is therefore not used.
 */

/** Points in ascending order of their hash. */
export interface Ring {
  hashes: number[];
  /** Index of the peer that each point belongs to. */
  owners: number[];
}

const POINTS_PER_PEER = 160;
/** A ring is made while a request waits, so its size is bounded: in pools of more than a thousand endpoints each has fewer points. */
const MOST_POINTS = 160_000;
const POLYNOMIAL = 0xedb88320;
const TABLE = crcTable();

function crcTable(): number[] {
  const table: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table.push(crc);
  }
  return table;
}

function unsigned(bits: number): number {
  return bits < 0 ? bits + 4294967296 : bits;
}

/** CRC-32 (IEEE) of the bytes of a text. */
export function crc32(text: string): number {
  let crc = -1;
  for (let i = 0; i < text.length; i++) crc = (TABLE[(crc ^ text.charCodeAt(i)) & 255] as number) ^ (crc >>> 8);
  return unsigned(~crc);
}

/** The point after `previous`: the register starts at the peer's finished CRC and takes the four bytes of `previous`. */
function pointAfter(previous: number, base: number): number {
  let crc = base;
  crc = (TABLE[(crc ^ previous) & 255] as number) ^ (crc >>> 8);
  crc = (TABLE[(crc ^ (previous >>> 8)) & 255] as number) ^ (crc >>> 8);
  crc = (TABLE[(crc ^ (previous >>> 16)) & 255] as number) ^ (crc >>> 8);
  crc = (TABLE[(crc ^ (previous >>> 24)) & 255] as number) ^ (crc >>> 8);
  return unsigned(~crc);
}

/** The ring over these peers, given as text. */
export function ringOf(peers: readonly string[]): Ring {
  const hashes: number[] = [];
  const owners: number[] = [];
  let at = 0;
  const count = peers.length;
  const points = Math.max(1, Math.min(POINTS_PER_PEER, Math.floor(MOST_POINTS / count)));
  for (let peer = 0; peer < count; peer++) {
    const base = crc32(peers[peer] as string);
    let hash = 0;
    for (let point = 0; point < points; point++) {
      hash = pointAfter(hash, base);
      hashes[at] = hash;
      owners[at] = peer;
      at++;
    }
  }
  return sorted(hashes, owners);
}

/**
 * Radix sort, a byte at a time: stable, so that peers that share a point come in their order in every worker, and
 * quick, because a pool of a thousand endpoints has 160,000 points and a worker serves nobody while it sorts.
 */
function sorted(hashes: number[], owners: number[]): Ring {
  let ring: Ring = { hashes, owners };
  for (let shift = 0; shift < 32; shift += 8) ring = sortedByByte(ring, shift);
  return ring;
}

function sortedByByte({ hashes, owners }: Ring, shift: number): Ring {
  const starts: number[] = [];
  const count = hashes.length;
  for (let byte = 0; byte <= 256; byte++) starts.push(0);
  for (let i = 0; i < count; i++) {
    const byte = (((hashes[i] as number) >>> shift) & 255) + 1;
    starts[byte] = (starts[byte] as number) + 1;
  }
  for (let byte = 1; byte <= 256; byte++) starts[byte] = (starts[byte] as number) + (starts[byte - 1] as number);
  const out: Ring = { hashes: [], owners: [] };
  // Filled first: arrays of both runtimes grow at their end only.
  for (let i = 0; i < count; i++) {
    out.hashes[i] = 0;
    out.owners[i] = 0;
  }
  for (let i = 0; i < count; i++) {
    const hash = hashes[i] as number;
    const byte = (hash >>> shift) & 255;
    const to = starts[byte] as number;
    starts[byte] = to + 1;
    out.hashes[to] = hash;
    out.owners[to] = owners[i] as number;
  }
  return out;
}

/** Index of the point that owns a key: the greatest that is not above its hash; the first, when all are. */
export function pointOf(ring: Ring, key: string): number {
  const hash = crc32(key);
  const hashes = ring.hashes;
  let low = 0;
  let high = hashes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((hashes[middle] as number) <= hash) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Index of the peer that owns a key. */
export function ownerOf(ring: Ring, key: string): number {
  return ring.owners[pointOf(ring, key)] as number;
}

/** The texts that stand for `count` subsets on their ring. */
export function subsetNames(count: number): string[] {
  const names: string[] = [];
  for (let i = 1; i <= count; i++) names.push(`set${i}`);
  return names;
}

/** How many subsets `count` endpoints make. */
export function subsetCount(count: number, size: number): number {
  return Math.ceil(count / size);
}

/** The `place`-th endpoint (from 0) of a subset; the last subset is filled up with endpoints from the beginning. */
export function memberOf(subset: number, place: number, size: number, count: number): number {
  return (subset * size + place) % count;
}
