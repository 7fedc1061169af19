import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { chooseCanary } from "../../edge/src/canary.ts";
import type { EdgeCanary } from "../../edge/src/program.ts";
import { asked, canary } from "./routes.ts";

const chosen = (canaries: EdgeCanary[], variables: Record<string, string> = {}, drawn = 100): string =>
  chooseCanary(canaries, 100, asked(variables, () => drawn))?.pool ?? "primary";

test("header: always takes, never leaves, anything else falls through to cookie and weight", () => {
  const one = [canary("c", { header: "http_h", cookie: "cookie_k", to: 100 })];
  assert.equal(chosen(one, { http_h: "always" }), "c");
  assert.equal(chosen(one, { http_h: "never", cookie_k: "always" }), "primary");
  assert.equal(chosen([canary("c", { header: "http_h" })], { http_h: "yes" }), "primary");
  assert.equal(chosen(one, { http_h: "Always", cookie_k: "never" }), "primary");
  assert.equal(chosen(one, { http_h: "" }), "c");
});

test("with a value, always and never mean nothing; with a value the pattern is not looked at", () => {
  const one = [canary("c", { header: "http_h", value: "v1", pattern: ".*" })];
  assert.equal(chosen(one, { http_h: "v1" }), "c");
  for (const value of ["always", "never", "V1", "v1 ", ""]) assert.equal(chosen(one, { http_h: value }), "primary");
  assert.equal(chosen([canary("c", { header: "http_h", value: "v1", to: 100 })], { http_h: "never" }), "c");
});

test("a pattern is not anchored; one that cannot be run keeps requests with the header on the primary", () => {
  assert.equal(chosen([canary("c", { header: "http_h", pattern: "b" })], { http_h: "abc" }), "c");
  assert.equal(chosen([canary("c", { header: "http_h", pattern: "^b" })], { http_h: "abc" }), "primary");
  const broken = [canary("c", { header: "http_h", pattern: "(", cookie: "cookie_k", to: 100 })];
  assert.equal(chosen(broken, { http_h: "x", cookie_k: "always" }), "primary");
  assert.equal(chosen(broken, {}), "c");
});

test("several canaries: any header comes before any cookie, any cookie before any weight", () => {
  const both = [canary("weight", { to: 100 }), canary("cookie", { cookie: "cookie_k" }), canary("header", { header: "http_h" })];
  assert.equal(chosen(both, {}), "weight");
  assert.equal(chosen(both, { cookie_k: "always" }), "cookie");
  assert.equal(chosen(both, { cookie_k: "always", http_h: "always" }), "header");
  assert.equal(chosen(both, { cookie_k: "never", http_h: "never" }), "weight");
});

test("never takes one canary out: its share goes to the primary, the others keep theirs", () => {
  const two = [canary("c", { cookie: "cookie_c", to: 30 }), canary("d", { from: 30, to: 50 })];
  const shares = (variables: Record<string, string>): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (let drawn = 1; drawn <= 100; drawn++) {
      const pool = chosen(two, variables, drawn);
      counts[pool] = (counts[pool] ?? 0) + 1;
    }
    return counts;
  };
  assert.deepEqual(shares({}), { c: 30, d: 20, primary: 50 });
  assert.deepEqual(shares({ cookie_c: "never" }), { d: 20, primary: 80 });
});

test("a canary's share of all draws is its weight, exactly, for any number of canaries", () => {
  const weights = fc.array(fc.nat(60), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, fc.integer({ min: 100, max: 400 }), (given, total) => {
      let from = 0;
      const canaries = given.map((weight, index) => {
        const to = Math.min(total, from + weight);
        const one = canary(`c${index}`, { from, to });
        from = to;
        return one;
      });
      const counts = new Map<EdgeCanary | undefined, number>();
      for (let drawn = 1; drawn <= total; drawn++) {
        const one = chooseCanary(canaries, total, asked({}, () => drawn));
        counts.set(one, (counts.get(one) ?? 0) + 1);
      }
      for (const one of canaries) assert.equal(counts.get(one) ?? 0, one.to - one.from);
      assert.equal(counts.get(undefined) ?? 0, total - from);
    }),
  );
});

test("of many canaries, whose patterns together take too long, none takes the request by its rules", () => {
  const many = Array.from({ length: 100 }, (_, i) => canary(`c${i}`, { header: "http_h", pattern: `never${i}` }));
  let tried = 0;
  const view = { ...asked({ http_h: "x" }, () => 1), matches: () => (tried++, false), isPast: () => tried >= 20 };
  assert.equal(chooseCanary(many, 100, view), undefined);
  assert.ok(tried >= 20 && tried < 30, `${tried} were tried`);
});
