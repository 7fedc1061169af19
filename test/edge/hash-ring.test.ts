import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as reference } from "node:zlib";
import * as fc from "fast-check";
import { crc32, memberOf, ownerOf, pointOf, ringOf, subsetCount, subsetNames } from "../../edge/src/hash-ring.ts";

const peers = (count: number): string[] => Array.from({ length: count }, (_, i) => `10.0.${i % 7}.${i}:8080`);

/** The CRC-32 of `bytes`, computed bit by bit from the given state of the register, then inverted. */
function continued(register: number, bytes: Uint8Array): number {
  let crc = register >>> 0;
  for (const byte of bytes) {
    crc = (crc ^ byte) >>> 0;
    for (let bit = 0; bit < 8; bit++) crc = crc % 2 === 1 ? ((crc >>> 1) ^ 0xedb88320) >>> 0 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** The owner of a key, computed as the specification words it: a list of [hash, peer], searched from one end to the other. */
function slowOwner(all: readonly string[], key: string): number {
  const points: [number, number][] = [];
  for (const [index, peer] of all.entries()) {
    let previous = 0;
    for (let i = 0; i < 160; i++) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(previous);
      previous = continued(reference(peer), bytes);
      points.push([previous, index]);
    }
  }
  points.sort(([a], [b]) => a - b);
  const hash = reference(key);
  const below = points.filter(([point]) => point <= hash);
  return (below.at(-1) ?? points[0] ?? [0, -1])[1];
}

test("the checksum is CRC-32", () => {
  assert.equal(crc32("123456789"), 0xcbf43926);
  assert.equal(crc32(""), 0);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => crc32(Buffer.from(bytes).toString("latin1")) === reference(bytes)));
});

test("keys belong to the peers that ingress-nginx's ring gives them", () => {
  for (const count of [1, 2, 3, 10, 40]) {
    const all = peers(count);
    const ring = ringOf(all);
    for (let i = 0; i < 200; i++) assert.equal(ownerOf(ring, `key-${i}`), slowOwner(all, `key-${i}`), `key-${i} of ${count}`);
  }
});

test("points ascend, 160 of each peer", () => {
  const ring = ringOf(peers(9));
  assert.deepEqual(ring.hashes, [...ring.hashes].sort((a, b) => a - b));
  for (let peer = 0; peer < 9; peer++) assert.equal(ring.owners.filter((owner) => owner === peer).length, 160);
});

test("a key below every point belongs to the first point, one above every point to the last", () => {
  const ring = { hashes: [10, 2 ** 31, 2 ** 32 - 1], owners: [7, 8, 9] };
  assert.equal(pointOf(ring, ""), 0);
  assert.equal(reference("123456789") >= 2 ** 31, true);
  assert.equal(ownerOf(ring, "123456789"), 8);
  assert.equal(ownerOf({ hashes: [1, 2], owners: [3, 4] }, "123456789"), 4);
});

test("a peer more takes its share of the keys, and no key moves between the others", () => {
  const before = ringOf(peers(10));
  const after = ringOf(peers(11));
  let moved = 0;
  for (let i = 0; i < 5000; i++) {
    const owner = ownerOf(after, `k${i}`);
    if (owner === ownerOf(before, `k${i}`)) continue;
    assert.equal(owner, 10);
    moved++;
  }
  assert.ok(moved > 250 && moved < 750, `${moved} of 5000 keys moved`);
});

test("subsets: the endpoints in order, the last subset filled from the beginning", () => {
  assert.equal(subsetCount(7, 3), 3);
  assert.deepEqual(subsetNames(3), ["set1", "set2", "set3"]);
  const members = [0, 1, 2].map((subset) => [0, 1, 2].map((place) => memberOf(subset, place, 3, 7)));
  assert.deepEqual(members, [[0, 1, 2], [3, 4, 5], [6, 0, 1]]);
});

test("a ring has no more points than a request can wait for, and each endpoint of a large pool its share", () => {
  const sizes = [1000, 1001, 5000, 20_000].map((count) => ringOf(peers(count)).owners.length);
  assert.deepEqual(sizes, [160_000, 1001 * 159, 5000 * 32, 20_000 * 8]);
  const { owners } = ringOf(peers(5000));
  assert.equal(new Set(owners).size, 5000);
});
