import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { exact } from "../src/support/exact.ts";
import { StringSets } from "../src/support/string-sets.ts";

test("sets by key hold what ordinary sets would hold, in the same order", () => {
  const key = fc.constantFrom("a", "b");
  const member = fc.constantFrom("x", "y", "z");
  const step = fc.oneof(
    fc.record({ what: fc.constant("add" as const), key, member }),
    fc.record({ what: fc.constant("delete" as const), key, member }),
    fc.record({ what: fc.constant("set" as const), key, members: fc.array(member) }),
  );
  fc.assert(fc.property(fc.array(step), (steps) => {
    const sets = new StringSets();
    const model = new Map<string, Set<string>>();
    for (const one of steps) {
      const kept = model.get(one.key) ?? new Set<string>();
      if (one.what === "set") sets.set(one.key, one.members);
      else sets[one.what](one.key, one.member);
      const next = one.what === "set" ? new Set(one.members) : kept;
      if (one.what !== "set") next[one.what](one.member);
      if (next.size > 0) model.set(one.key, next);
      else model.delete(one.key);
      assert.deepEqual([...sets.keys()].sort(), [...model.keys()].sort());
      for (const name of ["a", "b", "c"]) {
        assert.deepEqual([...sets.of(name)], [...(model.get(name) ?? [])]);
        assert.equal(sets.has(name), model.has(name));
      }
    }
  }));
});

test("a list in the room that it needs is the same list, and a copy", () => {
  const list = ["a"];
  assert.deepEqual(exact(list), list);
  assert.notEqual(exact(list), list);
  assert.equal(exact([]), exact([]));
});
