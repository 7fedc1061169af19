import assert from "node:assert/strict";
import { test } from "node:test";
import { compileHost } from "../../src/compile/host.ts";
import { build, buildWith, expectFindings, findingOf, routeOf } from "../support/build.ts";
import { ingress, ingressClass, secret, service, slice, testConfig } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";
import type { Built } from "../../src/model/model.ts";

const web = [ingressClass("nginx"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")];

function patterns({ model }: Built, name = "shop.example"): readonly string[] | undefined {
  const host = model.hosts.get(name);
  assert.ok(host);
  return compileHost(host, testConfig).table.special?.patterns?.map(({ pattern }) => pattern);
}

test("a target that is the path itself asks for nothing; the / that nobody declares counts as well", () => {
  const root = ingress("shop/web").host("shop.example").path("/", "web:80");
  assert.equal(patterns(build(root.annotate("rewrite-target", "/"), ...web)), undefined);
  assert.deepEqual(patterns(build(root.annotate("rewrite-target", "/x"), ...web)), ["(?i)^/"]);
  const foo = ingress("shop/web").host("shop.example").path("/foo", "web:80").annotate("rewrite-target", "/foo");
  assert.deepEqual(patterns(build(foo, ...web)), ["(?i)^/foo/", "(?i)^/foo", "(?i)^/"]);
});

test("the longest text first, in bytes, then the greater; of one text the first one declared", () => {
  const one = ingress("shop/one").created(0).host("shop.example").path("/b", "web:80").path("/a", "web:80", "Exact").annotate("use-regex", "true");
  const two = ingress("shop/two").created(1).host("shop.example").path("/a", "web:80").path("/\u00e9", "web:80").path("/ab", "web:80", "Exact");
  assert.deepEqual(
    patterns(build(one, two, ...web)),
    ["/\u00e9/", "/\u00e9", "/ab", "/b", "/a", "/a/", "/"].map((text) => `(?i)^${text}`),
  );
});

test("an annotation of one path makes expressions of all", () => {
  const own = ingress("shop/web").host("shop.example").path("/app/(.*)", "web:80").path("/plain", "web:80")
    .rawAnnotation("sluice.ingress/path-annotations", '"/app/(.*)": {nginx.ingress.kubernetes.io/rewrite-target: /$1}');
  const built = build(own, ...web);
  assert.deepEqual(patterns(built), ["(?i)^/app/(.*)", "(?i)^/plain/", "(?i)^/plain", "(?i)^/"]);
  assert.deepEqual(routeOf(built, "shop.example", "/app/(.*)").filters.rewrite, { pattern: "(?i)/app/(.*)", target: ["/", { group: 1 }] });
  assert.equal(routeOf(built, "shop.example", "/plain").filters.rewrite, undefined);
  expectFindings(built);
});

test("an alias goes to the older Ingress, and to the next when that gives it up", () => {
  const a = ingress("shop/a").created(2).host("a.example").path("/", "web:80").annotate("server-alias", "x.example");
  const b = ingress("shop/b").created(1).host("b.example").path("/", "web:80").annotate("server-alias", "x.example");
  const named = (built: Built): string | undefined => built.model.aliases.get("x.example")?.host;
  assert.equal(named(build(a, b, ...web)), "b.example");
  assert.equal(named(build(a, ...web)), "a.example");
  assert.equal(named(build(a, b, ingress("shop/x").host("x.example").path("/", "web:80"), ...web)), undefined);
});

test("the default certificate is shown under an alias that it covers, where the host has it", () => {
  const { chain, key } = selfSigned(["x.example"]);
  const pair = secret("shop/default", { "tls.crt": chain, "tls.key": key });
  const one = ingress("shop/a").host("a.example").path("/", "web:80").tls(undefined, "a.example").annotate("server-alias", "x.example,y.example");
  const { model } = buildWith({ defaultSslCertificate: "shop/default" }, one, pair, ...web);
  assert.deepEqual([...model.tls.keys()].sort(), ["_", "a.example", "x.example"]);
});

test("names times hosts are bounded, whoever lists thousands of both", () => {
  const names = Array.from({ length: 15_000 }, (_, n) => `x${n}.example`).join(",");
  const many = Array.from({ length: 30 }, (_, n) => n).reduce((draft, n) => draft.host(`h${n}.example`).path("/", "web:80"), ingress("shop/a"));
  const built = build(many.annotate("server-alias", names), ...web);
  assert.equal(built.model.aliases.size, 333);
  assert.match(findingOf(built, "alias-invalid").sentence, /^"x333\.example" is no name for server-alias: .*each of its 30 has room for 333/);
  assert.equal(build(ingress("shop/a").host("a.example").path("/", "web:80").annotate("server-alias", names), ...web).model.aliases.size, 10_000);
});

test("a rewrite target is taken apart once for all paths of an Ingress that have no names of their own", () => {
  const own = ingress("shop/web").host("shop.example").path("/a/(.*)", "web:80").path("/b/(.*)", "web:80").path("/c/(?<rest>.*)", "web:80").annotate("rewrite-target", "/$1$rest");
  const built = build(own, ...web);
  const target = (path: string): unknown => routeOf(built, "shop.example", path).filters.rewrite?.target;
  assert.ok(target("/a/(.*)"));
  assert.equal(target("/a/(.*)"), target("/b/(.*)"));
  assert.deepEqual(target("/c/(?<rest>.*)"), ["/", { group: 1 }, { group: "rest" }]);
});

test("a path without the groups that its rewrite-target names is told, alone", () => {
  const told = (target: string, ...paths: readonly string[]): readonly string[] => {
    const draft = paths.reduce((made, path) => made.path(path, "web:80", "ImplementationSpecific"), ingress("shop/web").host("shop.example"));
    return build(draft.annotate("rewrite-target", target), ...web).findings().filter(({ code }) => code === "rewrite-group-missing").map(({ field, sentence, effect }) => `${field.slice("spec.rules[0].http.".length)}: ${/has (.*?):/.exec(sentence)?.[1]}; ${effect}`);
  };
  assert.deepEqual(told("/$2", "/app(/|$)(.*)", "/app(/|$)([^)(]*)", "/a(?:b)(?<c>d)(e)", "/[(](x)(y)"), []);
  assert.deepEqual(told("/$2", "/app(/|$)(.*)", "/api", "/\\(x\\)(y)"), [
    'paths[1].path: none; all requests for "/api" ask the backend for "/"', "paths[2].path: 1 only; the group is empty in what the backend is asked for",
  ]);
  assert.deepEqual(told("/x", "/api"), []);
  assert.deepEqual(told("https://x.example/$1", "/api"), ["paths[0].path: none; the group is empty in what the backend is asked for"]);
  assert.deepEqual(told("/$1$arg_x", "/"), ["paths[0].path: none; the group is empty in what the backend is asked for"]);
});
