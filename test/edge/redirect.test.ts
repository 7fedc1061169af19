import assert from "node:assert/strict";
import { test } from "node:test";
import { httpsLocation, slashLocation } from "../../edge/src/redirect.ts";

test("the slash goes before the query", () => {
  assert.equal(slashLocation("http", "shop.example", "/foo"), "http://shop.example/foo/");
  assert.equal(slashLocation("https", "shop.example", "/foo?a=/b?c"), "https://shop.example/foo/?a=/b?c");
});

test("the port goes, an IPv6 address stays", () => {
  assert.equal(httpsLocation("shop.example:8080", "/a", false), "https://shop.example/a");
  assert.equal(httpsLocation("Shop.Example", "/a", false), "https://Shop.Example/a");
  assert.equal(httpsLocation("[::1]:8080", "/a", false), "https://[::1]/a");
  assert.equal(httpsLocation("[::1]", "/a", false), "https://[::1]/a");
});

test("one trailing slash goes unless it is to be kept", () => {
  assert.equal(httpsLocation("x", "/", false), "https://x");
  assert.equal(httpsLocation("x", "/a//", false), "https://x/a/");
  assert.equal(httpsLocation("x", "/a/?b=/", false), "https://x/a/?b=");
  assert.equal(httpsLocation("x", "/a/", true), "https://x/a/");
});
