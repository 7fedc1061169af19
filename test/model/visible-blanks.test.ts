/** Where a finding quotes a value, it makes blanks that are there by mistake visible: people would not see them otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findingText } from "../../src/model/findings/findings.ts";
import { printable, visible } from "../../src/support/text.ts";
import { build } from "../support/build.ts";
import { ingress, ingressClass, service, slice } from "../support/objects.ts";
import type { Given, IngressDraft } from "../support/objects.ts";

const shop = ingress("shop/web").host("shop.example");
const served: readonly Given[] = [service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"), ingressClass("nginx")];

/** Fields with values that may have such a blank: the field, an Ingress with a given value there, and a value without the blank. */
const FIELDS: readonly (readonly [string, (value: string) => IngressDraft, string])[] = [
  ["host", (value) => ingress("shop/web").host(value).path("/", "web:80"), "shop.example"],
  ["path", (value) => shop.path(value, "web:80"), "foo"],
  ["path type", (value) => shop.path("/", "web:80", value), "Prefix"],
  ["Service", (value) => shop.path("/", `${value}:80`), "web"],
  ["port name", (value) => shop.path("/", `web:${value}`), "http"],
  ["Secret", (value) => shop.path("/", "web:80").tls(value, "shop.example"), "cert"],
  ["class", (value) => shop.path("/", "web:80").className(value), "nginx"],
  ["name of an annotation", (value) => shop.path("/", "web:80").annotate(value, "true"), "canary-weigth"],
  ["item of a list", (value) => shop.path("/", "web:80").annotate("server-alias", `a.example,${value} b`), "b.example"],
  ["own annotation", (value) => shop.path("/", "web:80").rawAnnotation("sluice.ingress/path-annotations", JSON.stringify({ [value]: {} })), "/cart"],
];

/** Blanks, and how findings show them. */
const ENDS: readonly (readonly [string, string])[] = [
  [" ", "\u2423"], ["  ", "\u2423\u2423"], ["\t", "\\u0009"], ["\n", "\\u000a"], ["\u00a0", "\\u00a0"], ["\u200b", "\\u200b"], ["\ufeff", "\\ufeff"], ["\u202e", "\\u202e"],
];

for (const [field, draft, value] of FIELDS) {
  test(`a blank at the end of a ${field} is shown`, () => {
    for (const [blank, shown] of ENDS) {
      // The ends of an item of a list are trimmed, so a blank can only be inside.
      if (field === "item of a list" && blank.trim() !== blank) continue;
      const said = build(draft(`${value}${blank}`), ...served).findings().map(findingText);
      assert.ok(said.some((text) => text.includes(`${value}${shown}`)), `${JSON.stringify(blank)}: ${said.join("\n")}`);
      assert.ok(said.every((text) => printable(text) === text), said.join("\n"));
    }
  });
}

test("blanks within a text are left as they are, and what cannot be seen never passes", () => {
  assert.equal(visible(" a  b "), "\u2423a  b\u2423");
  assert.equal(visible(""), "");
  assert.equal(visible("a\u{e0001}\u2028b"), "a\\u{e0001}\\u2028b");
  assert.equal(visible(visible(" \ta ")), visible(" \ta "));
  assert.equal(printable("→ “quoted” 中文 é…"), "→ “quoted” 中文 é…");
});
