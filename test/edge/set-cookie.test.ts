import assert from "node:assert/strict";
import { test } from "node:test";
import { rewriteSetCookie, type CookieRewrite } from "../../edge/src/set-cookie.ts";

const rewrite = (header: string, by: CookieRewrite): string | undefined =>
  rewriteSetCookie(header, by, (text, pattern) => new RegExp(pattern).test(text));

const domain: CookieRewrite = { domain: { from: "app.example", to: "shop.example" } };
const path: CookieRewrite = { path: { from: "/app/", to: "/" } };

test("a domain is compared as a whole, in any case; a dot in front stays", () => {
  assert.equal(rewrite("a=b; Domain=app.example", domain), "a=b; Domain=shop.example");
  assert.equal(rewrite("a=b; domain=.App.Example; Secure", domain), "a=b; domain=.shop.example; Secure");
  assert.equal(rewrite("a=b; Domain=x.app.example", domain), undefined);
  assert.equal(rewrite("a=b; Domain=app.example.x", domain), undefined);
});

test("a path is compared from its beginning", () => {
  assert.equal(rewrite("a=b; Path=/app/x; HttpOnly", path), "a=b; Path=/x; HttpOnly");
  assert.equal(rewrite("a=b; Path=/app", path), undefined);
  assert.equal(rewrite("a=b; Path=/App/", path), undefined);
});

test("spaces around names and values go when something is replaced, and stay when not", () => {
  assert.equal(rewrite("a = b ;path = /app/ ;  Secure;", path), "a=b; path=/; Secure; ");
  assert.equal(rewrite("a = b ;path = /x", path), undefined);
});

test("the cookie itself, and what is no cookie, are left alone", () => {
  assert.equal(rewrite("path=/app/", path), undefined);
  assert.equal(rewrite("Domain=app.example; Path=/", domain), undefined);
  assert.equal(rewrite("nothing; Path=/app/", path), undefined);
  assert.equal(rewrite("a=b; Path", path), undefined);
  assert.equal(rewrite("", path), undefined);
});

test("values with = and both attributes at once", () => {
  assert.equal(rewrite("a=b=c; Domain=app.example; Path=/app/", { ...domain, ...path }), "a=b=c; Domain=shop.example; Path=/");
});

test("where a pattern matches, the whole value is replaced", () => {
  assert.equal(rewrite("a=b; Path=/x/app/y", { path: { from: "/app.", to: "/z", pattern: true } }), "a=b; Path=/z");
  assert.equal(rewrite("a=b; Domain=.x.example", { domain: { from: "x.e", to: "z", pattern: true } }), "a=b; Domain=z");
  assert.equal(rewrite("a=b; Path=/x", { path: { from: "/app", to: "/z", pattern: true } }), undefined);
});
