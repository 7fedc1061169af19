import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { searchAmong, searched } from "../../src/engine/step/culprit-search.ts";

/** Runs a search to its end. @param refuses whether nginx refuses a configuration with the first `count` snippets. */
function search(snippets: number, refuses: (count: number) => boolean): { culprit: number | "nobody"; tests: number } {
  let state = searchAmong(snippets);
  for (let tests = 1; ; tests++) {
    const result = searched(state, refuses(state.asks) ? `refused with ${state.asks}` : "");
    if (result === "nobody") return { culprit: "nobody", tests };
    if ("culprit" in result) {
      assert.equal(result.problem, `refused with ${result.culprit + 1}`);
      return { culprit: result.culprit, tests };
    }
    state = result.search;
  }
}

test("the first with which nginx refuses, after all before it, in a few tests", () => {
  const many = fc.integer({ min: 1, max: 500 }).chain((snippets) => fc.record({ snippets: fc.constant(snippets), culprit: fc.nat({ max: snippets - 1 }) }));
  fc.assert(
    fc.property(many, ({ snippets, culprit }) => {
      const found = search(snippets, (count) => count > culprit);
      assert.equal(found.culprit, culprit);
      assert.ok(found.tests <= Math.ceil(Math.log2(snippets)) + 2, `${found.tests} tests for ${snippets}`);
    }),
  );
});

test("nobody is blamed for what does not happen again, or happens without any", () => {
  assert.deepEqual(search(9, () => false), { culprit: "nobody", tests: 1 });
  assert.deepEqual(search(9, () => true), { culprit: "nobody", tests: 2 });
});
