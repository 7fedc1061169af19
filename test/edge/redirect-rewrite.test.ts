import assert from "node:assert/strict";
import { test } from "node:test";
import { rewriteLocation, rewriteRefresh } from "../../edge/src/redirect-rewrite.ts";

const never = (): undefined => undefined;
const by = { from: "http://app.internal:8080/", to: "/shop/" };

test("the beginning of Location is replaced", () => {
  assert.equal(rewriteLocation("http://app.internal:8080/a?b", by, never), "/shop/a?b");
  assert.equal(rewriteLocation("http://app.internal:8080", by, never), undefined);
  assert.equal(rewriteLocation("HTTP://app.internal:8080/", by, never), undefined);
  assert.equal(rewriteLocation("https://x/?u=http://app.internal:8080/", by, never), undefined);
});

test("of Refresh, what follows url=", () => {
  assert.equal(rewriteRefresh("5; url=http://app.internal:8080/a", by, never), "5; url=/shop/a");
  assert.equal(rewriteRefresh("0;URL=http://app.internal:8080/", by, never), "0;URL=/shop/");
  assert.equal(rewriteRefresh("5; url=http://x/", by, never), undefined);
  assert.equal(rewriteRefresh("5", by, never), undefined);
});

test("where a pattern matches, the whole text is replaced; one that cannot be run replaces nothing", () => {
  const matches = (text: string, pattern: string): boolean => new RegExp(pattern).test(text);
  assert.equal(rewriteLocation("http://a.internal/x", { from: "a.internal", to: "http://b/", pattern: true }, matches), "http://b/");
  assert.equal(rewriteLocation("http://a.internal/x", { from: "a.internal", to: "http://b/", pattern: true }, never), undefined);
});
