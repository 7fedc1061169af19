/** Texts with variables: which values the variables get, and what texts cannot do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { expand, headerValue, requestTarget, scriptName } from "../../edge/src/upstream.ts";
import type { Variable } from "../../edge/src/template.ts";

const values: Readonly<Record<string, string>> = { host: "shop.example", request_uri: "/a?b", sluice_tls_key: "key", "1": "one" };
const variable: Variable = (name) => values[name];

test("variables are filled in, with and without braces", () => {
  const cases: [string, string][] = [
    ["", ""], ["plain", "plain"], ["$host", "shop.example"], ["${host}x", "shop.examplex"], ["/stage$request_uri", "/stage/a?b"], ["$hostx", ""],
    ["a$host/$1/b", "ashop.example/one/b"], ["$nosuch-", "-"], ["$", "$"], ["a$", "a$"], ["$$host", "$shop.example"], ["${host", "${host"], ["${}", "${}"], ["$-", "$-"], ["$host$host", "shop.exampleshop.example"],
  ];
  for (const [text, expected] of cases) assert.equal(expand(text, variable), expected, text);
});

test("what Sluice keeps in variables of its own cannot be read", () => {
  assert.equal(expand("$sluice_tls_key${sluice_tls_key}", variable), "");
});

test("values are never filled in again", () => {
  assert.equal(expand("$a", (name) => (name === "a" ? "$host" : "no")), "$host");
});

test("a request target holds no space, no control character and begins with a slash", () => {
  assert.equal(requestTarget("/a b\r\nX: 1\u00e9"), "/a%20b%0D%0AX:%201%E9");
  assert.equal(requestTarget(".evil"), "/.evil");
  assert.equal(requestTarget(""), "/");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.match(requestTarget(Buffer.from(text).toString("latin1")), /^\/[\x21-\x7e]*$/)));
});

test("a header's value holds no control character", () => {
  assert.equal(headerValue("a\r\nb\0c\u007f d"), "abc d");
  assert.equal(headerValue("plain"), "plain");
});

test("the index stands behind a slash", () => {
  assert.deepEqual([scriptName("/a/", "index.php"), scriptName("/a", "index.php"), scriptName("/", undefined)], ["/a/index.php", "/a", "/"]);
});
