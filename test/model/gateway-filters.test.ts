/** Filters of routes: what is read of them, and why some cannot be honoured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { originAllowed } from "../../edge/src/cross-origin.ts";
import { changePath } from "../../edge/src/path-change.ts";
import { forwardedHeaders } from "../../src/compile/forwarding.ts";
import { readFilters } from "../../src/model/gateway/http-filters.ts";
import { readMatch } from "../../src/model/gateway/http-match.ts";
import { pathChangeOf, readPathChange } from "../../src/model/gateway/path-changes.ts";
import type { RouteFilter } from "../../src/source/gateway/shared.ts";
import { testConfig } from "../support/objects.ts";

/** What is said of one filter; what is read of it, without what every rule has. */
function said(...filters: readonly RouteFilter[]): unknown {
  const read = readFilters(filters, "spec.rules[0].filters");
  return typeof read === "string" ? read.replace("spec.rules[0].filters", "filters") : Object.fromEntries(Object.entries(read).filter(([, value]) => !Array.isArray(value) || value.length > 0));
}

const answers = (responseHeaderModifier: NonNullable<RouteFilter["responseHeaderModifier"]>): RouteFilter => ({ type: "ResponseHeaderModifier", responseHeaderModifier });

test("changes of headers are read in the order set, add, remove", () => {
  const changes = { set: [{ name: "X-Set", value: "1" }], add: [{ name: "X-Add", value: "2" }], remove: ["X-Gone"] };
  const read = [{ name: "X-Set", value: "1" }, { name: "X-Add", value: "2", add: true }, { name: "X-Gone" }];
  assert.deepEqual(said(answers(changes), { type: "RequestHeaderModifier", requestHeaderModifier: changes }), { requestHeaders: read, responseHeaders: read });
});

test("headers that are not a rule's are refused, and the host is one of requests alone", () => {
  const set = (name: string, value = "x"): NonNullable<RouteFilter["responseHeaderModifier"]> => ({ set: [{ name, value }] });
  assert.equal(said(answers(set("Content-Length"))), 'filters[0] changes the header "Content-Length", which belongs to the connection or the routing: remove it');
  assert.equal(said({ type: "RequestHeaderModifier", requestHeaderModifier: set("Host") }), 'filters[0] changes the header "Host", which belongs to the connection or the routing: remove it');
  assert.equal(said(answers(set("a b"))), 'filters[0] names "a b", which is no header: correct the name');
  assert.equal(said(answers(set("X-A", "1\r\nX-B: 2"))), 'filters[0] gives the header "X-A" a value with control characters: remove them');
  assert.deepEqual(said(answers(set("Host"))), { responseHeaders: [{ name: "Host", value: "x" }] });
});

test("what Sluice tells backends of the client, and headers that nginx and the edge pass to each other, no rule changes unseen", () => {
  const sent = forwardedHeaders(testConfig).map(([name]) => name).filter((name) => name !== "X-Request-ID");
  assert.ok(sent.includes("X-Forwarded-For"));
  for (const name of [...sent, "X-Original-URI", "sluice%3aclient"]) {
    for (const changes of [{ set: [{ name, value: "x" }] }, { add: [{ name: name.toUpperCase(), value: "x" }] }, { remove: [name.toLowerCase()] }]) {
      assert.match(String(said({ type: "RequestHeaderModifier", requestHeaderModifier: changes })), /^filters\[0\]\.?\w* (?:changes|names) .*: (?:remove it|correct the name)$/, name);
    }
  }
});

test("a filter that is unknown, says nothing or comes twice is not left out", () => {
  assert.match(said({ type: "Unheard" }) as string, /^filters\[0\] is a filter of the type "Unheard", which is not supported: remove it, or use one of RequestHeaderModifier, /);
  assert.equal(said({ type: "ResponseHeaderModifier" }), 'filters[0] has the type "ResponseHeaderModifier" and nothing of it: write what it is to do');
  assert.equal(said(answers({}), answers({})), 'filters[1] is a second filter of the type "ResponseHeaderModifier": make one of both');
});

/** The path that becomes of one where a prefix is replaced. */
function replaced(path: string, prefix: string, replacement: string): unknown {
  const change = readPathChange({ type: "ReplacePrefixMatch", replacePrefixMatch: replacement }, "path");
  const match = readMatch({ path: { type: "PathPrefix", value: prefix } }, "match");
  assert.ok(typeof change !== "string" && typeof match !== "string");
  return changePath(pathChangeOf(change, match), path);
}

test("a replaced prefix gives what the API's table says, and the same for what the table leaves out", () => {
  const table: readonly (readonly [path: string, prefix: string, replacement: string, result: string])[] = [
    ["/foo/bar", "/foo", "/xyz", "/xyz/bar"],
    ["/foo/bar", "/foo", "/xyz/", "/xyz/bar"],
    ["/foo/bar", "/foo/", "/xyz", "/xyz/bar"],
    ["/foo/bar", "/foo/", "/xyz/", "/xyz/bar"],
    ["/foo", "/foo", "/xyz", "/xyz"],
    ["/foo/", "/foo", "/xyz", "/xyz/"],
    ["/foo/bar", "/foo", "", "/bar"],
    ["/foo/", "/foo", "", "/"],
    ["/foo", "/foo", "", "/"],
    ["/foo/", "/foo", "/", "/"],
    ["/foo", "/foo", "/", "/"],
  ];
  const more: typeof table = [
    ["/foo", "/foo/", "/xyz/", "/xyz"], ["/", "/", "/xyz", "/xyz/"], ["/foo", "/", "/xyz/", "/xyz/foo"], ["/foo", "/", "/", "/foo"], ["/foo/bar", "/foo", "xyz", "/xyz/bar"],
    ["/caf\u00c3\u00a9/a b?", "/caf\u00e9", "/t\u00e9?", "/t%E9%3F/a%20b%3F"],
  ];
  for (const [path, prefix, replacement, result] of [...table, ...more]) assert.equal(replaced(path, prefix, replacement), result, `${path}, ${prefix} by ${replacement}`);
});

const rewrite = (urlRewrite: NonNullable<RouteFilter["urlRewrite"]>): RouteFilter => ({ type: "URLRewrite", urlRewrite });

test("what cannot be rewritten is refused", () => {
  assert.deepEqual(said(rewrite({ hostname: "Other.Example", path: { type: "ReplaceFullPath", replaceFullPath: "" } })), { rewrite: { host: "other.example", path: { full: "" } } });
  assert.equal(said(rewrite({ hostname: "*.example" })), 'filters[0].urlRewrite.hostname "*.example" is no host name: correct it');
  assert.equal(said(rewrite({ path: { type: "Regex" } })), 'filters[0].urlRewrite.path.type "Regex" is not supported: use ReplaceFullPath or ReplacePrefixMatch');
  assert.equal(said(rewrite({ path: { type: "ReplaceFullPath", replacePrefixMatch: "/" } })), "filters[0].urlRewrite.path.replaceFullPath is missing: write the path that takes the place");
  assert.equal(said(rewrite({ path: { type: "ReplaceFullPath", replaceFullPath: "/a/../b" } })), 'filters[0].urlRewrite.path.replaceFullPath "/a/../b" has a segment that is a dot or two: write the path without it');
  assert.equal(said(rewrite({}), { type: "RequestRedirect", requestRedirect: {} }), "filters holds a RequestRedirect and a URLRewrite, which exclude each other: remove one of them");
  const exact = readMatch({ path: { type: "Exact", value: "/x" } }, "spec.rules[0].matches");
  assert.ok(typeof exact !== "string");
  const prefixed = rewrite({ path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } });
  const moved: RouteFilter = { type: "RequestRedirect", requestRedirect: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } } };
  for (const filter of [prefixed, moved]) assert.equal(readFilters([filter], "filters", [exact]), "filters replaces the prefix of a match, and spec.rules[0].matches is for an exact path: match by PathPrefix, or use ReplaceFullPath");
});

const cors = (given: NonNullable<RouteFilter["cors"]>): RouteFilter => ({ type: "CORS", cors: given });

/** What a rule with these origins says to an origin. */
function allows(allowOrigins: readonly string[], origin: string | undefined, allowCredentials = false): string | undefined {
  const read = readFilters([cors({ allowOrigins, allowCredentials })], "filters");
  assert.ok(typeof read !== "string" && read.crossOrigin);
  return originAllowed(read.crossOrigin, origin);
}

test("origins are compared as a whole, without the default port, and a * stands for any labels", () => {
  const listed = ["https://www.foo.com", "https://*.bar.com", "http://shop.example:8080", "https://*", "HTTP://Big.Example:80"];
  for (const origin of ["https://www.foo.com", "https://www.foo.com:443", "HTTPS://WWW.FOO.COM", "https://a.bar.com", "https://x.a.bar.com", "http://shop.example:8080", "http://big.example"]) {
    assert.equal(allows(listed, origin), origin);
  }
  const some = listed.filter((one) => one !== "https://*");
  for (const origin of ["https://foobar.com", "http://www.foo.com", "https://www.foo.com:8443", "https://bar.com", "https://evil.example/.bar.com", "https://evil.example:1.bar.com", "http://shop.example", "null", "", undefined]) {
    assert.equal(allows(some, origin), undefined, origin);
  }
  assert.equal(allows(["https://*"], "https://any.example"), "https://any.example");
  assert.equal(allows(["https://*"], "https://any.example:1"), undefined);
  assert.equal(allows([], "https://any.example"), undefined);
});

test("every origin is a * without credentials, and the one that asks with them", () => {
  assert.equal(allows(["*"], "https://any.example"), "*");
  assert.equal(allows(["*"], undefined), "*");
  assert.equal(allows(["*"], "https://any.example", true), "https://any.example");
  assert.equal(allows(["*"], undefined, true), undefined);
});

test("what CORS cannot mean is refused", () => {
  assert.match(said(cors({ allowOrigins: ["shop.example"] })) as string, /^filters\[0\]\.cors\.allowOrigins holds "shop.example", which is no origin: /);
  assert.match(said(cors({ allowOrigins: ["https://*.*.example"] })) as string, /which is no origin/);
  assert.equal(said(cors({ allowHeaders: ["a b"] })), 'filters[0].cors.allowHeaders holds "a b", which is no name: correct it');
  assert.equal(readFilters([cors({})], "filters", [], "backend"), 'filters[0] is a filter of the type "CORS", which acts before a backend is chosen: move it to the rule');
  assert.deepEqual(said(cors({ allowOrigins: ["*"], allowCredentials: true, exposeHeaders: ["*", "X-A"], allowMethods: ["*"] })), { crossOrigin: { credentials: true, methods: "*", expose: "X-A", maxAge: "5" } });
});

test("a mirror takes a share of the requests, and several mirrors follow each other", () => {
  const mirror = (more: NonNullable<RouteFilter["requestMirror"]>): RouteFilter => ({ type: "RequestMirror", requestMirror: more });
  const backendRef = { name: "web", port: 80 };
  const read = (index: number, taking: number, of: number): object => ({ ref: backendRef, field: `spec.rules[0].filters[${index}].requestMirror.backendRef`, taking, of });
  const given = [mirror({ backendRef }), mirror({ backendRef, percent: 20 }), mirror({ backendRef, fraction: { numerator: 5, denominator: 1000 } }), mirror({ backendRef, fraction: { numerator: 5 } })];
  assert.deepEqual(said(...given), { mirrors: [read(0, 100, 100), read(1, 20, 100), read(2, 5, 1000), read(3, 5, 100)] });
  assert.equal(said(mirror({})), "filters[0].requestMirror.backendRef is missing: name the Service that gets the requests");
  assert.equal(said(mirror({ backendRef, percent: 1, fraction: { numerator: 1 } })), "filters[0].requestMirror has percent and fraction: remove one of them");
  assert.equal(said(mirror({ backendRef, fraction: { numerator: 3, denominator: 2 } })), "filters[0].requestMirror.fraction is more than the whole: make the numerator at most 2");
  assert.equal(said(...Array.from({ length: 17 }, () => mirror({ backendRef }))), "filters[16] is one mirror more than 16: remove it");
});
