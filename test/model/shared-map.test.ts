import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SharedMap } from "../../src/model/memory/shared-map.ts";

test("a shared map is a map, and the older ones stay as they were", () => {
  const changes = fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.option(fc.nat(), { nil: undefined })), { maxLength: 5 });
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 10 }), (history) => {
      let map = SharedMap.empty<number>();
      const expected = new Map<string, number>();
      for (const step of history) {
        const [older, olderContent] = [map, new Map(map)];
        map = map.with(new Map(step));
        for (const [key, value] of new Map(step)) {
          if (value === undefined) expected.delete(key);
          else expected.set(key, value);
        }
        assert.deepEqual([new Map(map), map.size], [expected, expected.size]);
        for (const key of expected.keys()) assert.deepEqual([map.has(key), map.get(key)], [true, expected.get(key)]);
        assert.deepEqual(new Map(older), olderContent);
      }
      assert.deepEqual([new Set(map.keys()), [...map.values()].sort()], [new Set(expected.keys()), [...expected.values()].sort()]);
    }),
  );
});

test("no change gives the same map", () => {
  const map = SharedMap.empty<number>().with(new Map([["a", 1]]));
  assert.equal(map.with(new Map()), map);
});
