import assert from "node:assert/strict";
import { test } from "node:test";
import { whyNoPattern } from "../../src/model/grammar/path-pattern.ts";

test("what PCRE refuses for certain is refused, in words", () => {
  for (const [text, why] of [
    ["/(", /nothing closes/], ["/((a)", /nothing closes/], ["/a)", /nothing opens/], ["/(?:", /nothing closes/], ["/[a", /nothing closes/], ["/[]", /nothing closes/],
    ["/[^]", /nothing closes/], ["/a\\", /ends with/], ["/a**", /repeat before "\*"/], ["/a+*", /repeat/], ["/a+++", /repeat/], ["/a|*", /repeat/], ["/(+a)", /repeat/],
    ["/^*", /repeat/], ["*", /repeat/], ["/a*?+", /repeat/], ["/[[:alpha:]", /nothing closes/],
  ] as const) assert.match(whyNoPattern(text) ?? "nothing", why, text);
});

test("what PCRE takes, or what only PCRE can tell, is left to it", () => {
  for (const text of [
    "/", "/foo", "/foo(/|$)(.*)", "/a++b*?c??", "/a{2}", "/{", "/{2}", "/a{2,", "/]", "/[]a]", "/[^]a]", "/[a\\]]", "/[[:alpha:]]*", "/(?i)a", "/(?<n>a)", "/(?P<n>a)", "/(?>a)", "/(?=a)*",
    "/(?<!a)b", "/()*", "/\\Q(\\E", "/\\Q(", "/\\(", "/(*FAIL)", "/(?#(", "/(?x) a # (", "/é*", "/a.b", "/*",
  ]) assert.equal(whyNoPattern(text), undefined, text);
});
