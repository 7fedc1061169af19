/** Digests of sets: equal for equal sets only, even if an attacker chooses the contents, and cheap to keep up to date. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { contentDigest, SetDigest } from "../src/support/digest.ts";

const valueOf = (digests: Iterable<string>): string => {
  const set = new SetDigest();
  for (const digest of digests) set.add(digest);
  return set.value;
};

test("the digest is that of the set, in whatever order members came and went, and of no other set", () => {
  const member = fc.nat(40).map((n) => contentDigest(String(n)));
  fc.assert(
    fc.property(fc.array(fc.tuple(member, fc.boolean(), fc.boolean()), { maxLength: 60 }), fc.array(member, { maxLength: 10 }), (steps, others) => {
      const set = new SetDigest();
      const members = new Set<string>();
      for (const [digest, comes, looked] of steps) {
        if (comes) set.add(digest);
        else set.delete(digest);
        if (comes) members.add(digest);
        else members.delete(digest);
        if (looked) assert.equal(set.value, valueOf([...members].reverse()));
      }
      assert.equal(set.value, valueOf([...members].sort()));
      const other = new Set(others);
      assert.equal(valueOf(other) === set.value, other.size === members.size && [...other].every((one) => members.has(one)));
    }),
  );
});

/** Two different subsets whose members' exclusive or is the same: Gaussian elimination over 257 chosen contents. */
function sameExclusiveOr(): readonly [string[], string[]] {
  const rows: { value: bigint; readonly from: Set<string> }[] = [];
  for (let n = 0; ; n++) {
    const digest = contentDigest(`chosen ${n}`);
    const row = { value: BigInt(`0x${digest}`), from: new Set([digest]) };
    for (const { value, from } of rows) {
      if ((row.value ^ value) >= row.value) continue;
      row.value ^= value;
      for (const one of from) if (!row.from.delete(one)) row.from.add(one);
    }
    if (row.value === 0n) return [[...row.from].slice(1), [...row.from].slice(0, 1)];
    rows.push(row);
    rows.sort((a, b) => (a.value < b.value ? 1 : -1));
  }
}

test("contents that were chosen so that their digests add up to the same have another digest together", () => {
  const [one, other] = sameExclusiveOr();
  const sum = (digests: readonly string[]): bigint => digests.reduce((all, digest) => all ^ BigInt(`0x${digest}`), 0n);
  assert.ok(one.length > 0 && sum(one) === sum(other), "they are what an attacker would choose");
  assert.notEqual(valueOf(one), valueOf(other));
});
