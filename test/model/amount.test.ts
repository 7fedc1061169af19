/** Bounds on how much work one text of an Ingress may cause for each request. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_PATH, MOST_AUTH_HEADERS, MOST_VARIABLES } from "../../src/model/shapes/bounds.ts";
import { annotations, defaultValues } from "../../src/model/annotations/table.ts";
import type { ConfigMap } from "../../src/source/objects.ts";
import { build, findingOf, routeOf } from "../support/build.ts";
import { ingress, ingressClass, testConfig } from "../support/objects.ts";

const web = ingress("shop/web").host("a.example").path("/x/(.*)", "web:80");
const configMap = (name: string, data: Record<string, string>): ConfigMap => ({ kind: "ConfigMap", metadata: { namespace: "shop", name }, data });
const variables = (count: number, one: string): string => Array.from({ length: count }, () => one).join("/");

test("no annotation takes a text that names very many variables or groups, whatever it would do with it", () => {
  for (const row of annotations) {
    if (row.status !== "honoured") continue;
    for (const one of ["$host", "${host}", "$1"]) {
      const { problem } = row.read(defaultValues(testConfig), `http://x.example/${variables(MOST_VARIABLES + 1, one)}`, testConfig);
      assert.equal(problem, "invalid", row.name);
    }
  }
});

test("what that does is what an invalid value does, and the finding says why", () => {
  const rewritten = build(web.annotate("rewrite-target", `/${variables(MOST_VARIABLES, "$1")}`), ingressClass("nginx"));
  assert.equal(routeOf(rewritten, "a.example", "/x/(.*)").filters.rewrite?.target.length, 2 * MOST_VARIABLES);
  const beyond = build(web.annotate("rewrite-target", `/${variables(MOST_VARIABLES + 1, "$1")}`), ingressClass("nginx"));
  assert.equal(routeOf(beyond, "a.example", "/x/(.*)").filters.rewrite, undefined);
  assert.match(findingOf(beyond, "annotation-invalid").sentence, /must be text that names at most 32 variables and groups/);
  const refused = build(web.annotate("auth-url", `http://auth.example/${variables(MOST_VARIABLES + 1, "$arg_x")}`), ingressClass("nginx"));
  assert.equal(refused.model.hosts.get("a.example"), undefined);
});

test("the headers for an authentication service are bounded, and so are their variables", () => {
  const guarded = web.annotate("auth-url", "http://10.0.0.9/").annotate("auth-proxy-set-headers", "shop/headers");
  const closed = (data: Record<string, string>): boolean => {
    const { backend } = routeOf(build(guarded, configMap("headers", data), ingressClass("nginx")), "a.example", "/x/(.*)");
    return backend.kind === "status";
  };
  const many = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, "y"]));
  assert.deepEqual([closed(many(MOST_AUTH_HEADERS)), closed(many(MOST_AUTH_HEADERS + 1))], [false, true]);
  assert.deepEqual([closed({ a: variables(MOST_VARIABLES, "$host") }), closed({ a: variables(MOST_VARIABLES, "$host"), b: "$host" })], [false, true]);
});

test("a path that no usual request can have is left out, and shown in part", () => {
  const long = `/${"x".repeat(LONGEST_PATH)}`;
  const built = build(ingress("shop/web").host("a.example").path(long, "web:80").path(long.slice(1).replace("x", "/"), "web:80"), ingressClass("nginx"));
  assert.equal(built.model.hosts.get("a.example")?.routes.length, 2);
  const { sentence } = findingOf(built, "path-invalid");
  assert.ok(sentence.length < 400 && sentence.includes("is longer than 4096 bytes"), sentence);
});
