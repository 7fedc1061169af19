/** A finding about two objects is told at both, so that the author of each one hears of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "../support/build.ts";
import { ingress } from "../support/objects.ts";

const elder = ingress("shop/elder").created(1).host("a.example").path("/", "x:80");
const younger = ingress("blog/younger").created(2).host("a.example").path("/other", "y:80");

for (const [code, one, other, sentence] of [
  ["path-conflict", elder, younger.path("/", "y:80"), "The Ingress blog/younger declares a.example/ (prefix) too, and comes later: requests go where this Ingress sends them"],
  ["app-root-shadowed", elder.annotate("app-root", "/a"), younger.annotate("app-root", "/b"), "The Ingress blog/younger has another app-root for a host of this one, and comes later: this Ingress's holds"],
  ["aliases-shadowed", elder.annotate("server-alias", "c.example"), younger.annotate("server-alias", "d.example"),
    "The Ingress blog/younger lists aliases of a.example too, and comes later: those of this Ingress hold"],
  ["alias-taken", elder.annotate("server-alias", "c.example"), ingress("blog/younger").created(2).host("b.example").path("/", "y:80").annotate("server-alias", "c.example"),
    'The Ingress blog/younger wants the alias "c.example" too, and comes later: this Ingress has it'],
  ["host-setting-decided", elder.annotate("ssl-ciphers", "HIGH"), younger.annotate("ssl-ciphers", "AES256-SHA"),
    "The Ingress blog/younger says something else of ssl-ciphers for a.example, and comes later: what this Ingress says holds"],
] as const) {
  test(`${code}: both are told`, () => {
    const found = build(one, other).findings().find((finding) => finding.code === code);
    assert.deepEqual(found?.object, { kind: "Ingress", namespace: "blog", name: "younger" });
    assert.deepEqual(found.other, { object: { kind: "Ingress", namespace: "shop", name: "elder" }, sentence });
  });
}

test("an Ingress that contradicts itself has no other", () => {
  const found = build(elder.path("/", "z:80")).findings().find(({ code }) => code === "path-conflict");
  assert.ok(found && !("other" in found));
});
