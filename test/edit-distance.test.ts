import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { closest, editDistance } from "../src/support/edit-distance.ts";

test("a slip of the keyboard finds its word, another word finds none", () => {
  const words = ["use-gzip", "use-http2", "hsts"];
  assert.equal(closest("use-gzpi", words), "use-gzip");
  assert.equal(closest("USE-HTTP", words), "use-http2");
  assert.equal(closest("hts", words), "hsts");
  assert.equal(closest("proxy-body-size", words), undefined);
  assert.equal(closest("x", words), undefined);
});

test("one edit of each kind costs one", () => {
  for (const [a, b] of [["abc", "abcd"], ["abc", "ac"], ["abc", "axc"], ["abc", "acb"]] as const) assert.equal(editDistance(a, b), 1);
});

test("distance is symmetric, zero for equals, and a limit only caps it", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
  fc.assert(
    fc.property(word, word, fc.integer({ min: 1, max: 9 }), (a, b, limit) => {
      const distance = editDistance(a, b);
      assert.equal(editDistance(b, a), distance);
      assert.equal(distance === 0, a === b);
      assert.equal(editDistance(a, b, limit), Math.min(distance, limit));
    }),
  );
});
