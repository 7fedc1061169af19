import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { escapeUri, rewritePath, rewriteUrl, withQuery, type Piece } from "../../edge/src/rewrite-target.ts";
import { asked } from "./routes.ts";

const to = (pattern: string, path: string, ...target: Piece[]): string | number | undefined => rewritePath({ pattern: `(?i)${pattern}`, target }, path, "shop", asked({ host: "x.example" }));
const $ = (group: string | number): Piece => ({ group });

test("groups, names and variables are filled in; what took no part is empty", () => {
  assert.equal(to("/foo(/|$)(.*)", "/Foo/a/b", "/", $(2)), "/a/b");
  assert.equal(to("/foo(/|$)(.*)", "/foo", "/", $(2)), "/");
  assert.equal(to("/(?<lang>[a-z]+)/(.*)", "/en/x", "/", $("lang"), "-", $(2)), "/en-x");
  assert.equal(to("/a", "/a/b", "/", { variable: "host" }, { variable: "nothing" }, $(7)), "/x.example");
});

test("the path stays where the pattern does not match, and nobody is asked where it cannot be run", () => {
  assert.equal(to("/foo", "/bar", "/x"), undefined);
  assert.equal(to("/(", "/bar", "/x"), 500);
});

test("a path begins with a slash whatever the target says", () => {
  assert.equal(to("/foo(.*)", "/foo", $(1)), "/");
  assert.equal(to("/(.*)", "/profile:x", $(1)), "/profile:x");
});

test("captures can neither end the line nor begin a query", () => {
  assert.equal(to("/([^~]*)", "/a b?c#d%41\r\nX: y", "/", $(1)), "/a%20b%3Fc%23d%2541%0D%0AX:%20y");
});

test("a path that would climb is refused", () => {
  for (const path of ["/static../x", "/static..", "/static./x", "/static.", "/static./../x"]) assert.equal(to("/static(.*)", path, "/files/", $(1)), 400, path);
  for (const path of ["/static..x", "/static.x/y.", "/static..."]) assert.equal(typeof to("/static(.*)", path, "/files/", $(1)), "string", path);
});

test("a URL to redirect to is escaped, and keeps the query", () => {
  const url = (path: string, args?: string): string | undefined =>
    rewriteUrl({ pattern: "(?i)/old/([^~]*)", target: ["https://new.example/", $(1)] }, path, "shop", asked(args === undefined ? {} : { args }));
  assert.equal(url("/old/a\r\nb", "x=1"), "https://new.example/a%0D%0Ab?x=1");
  assert.equal(url("/old/", ""), "https://new.example/");
  assert.equal(url("/new"), undefined);
});

test("an empty query is none", () => {
  assert.equal(withQuery("/a", undefined), "/a");
  assert.equal(withQuery("/a", ""), "/a");
  assert.equal(withQuery("/a", "b"), "/a?b");
});

test("what is escaped is plain, and reads as what it was", () => {
  const bytes = fc.array(fc.nat(255), { maxLength: 30 }).map((codes) => String.fromCharCode(...codes));
  fc.assert(fc.property(bytes, (text) => {
    const escaped = escapeUri(text);
    assert.match(escaped, /^[!$&'()*+,\-./0-9:;=@A-Z[\]_a-z~%]*$/);
    assert.equal(Buffer.from(escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), "latin1").toString("latin1"), text);
  }));
});
