import assert from "node:assert/strict";
import { test } from "node:test";
import { annotations } from "../../src/model/annotations/table.ts";
import type { Config } from "../../src/model/config/config.ts";
import { buildWith, expectRoutes, findingOf } from "../support/build.ts";
import { ingress, service, slice } from "../support/objects.ts";

const shop = ingress("shop/web").host("shop.example").path("/", "web:80");
const web = [service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")];
const ROUTE = "shop.example  /  prefix -> shop/web/80 [10.0.0.1:80]";
const KEYS: readonly Partial<Config>[] = [false, true].flatMap((allowSnippetAnnotations) =>
  (["High", "Critical"] as const).map((annotationsRiskLevel) => ({ allowSnippetAnnotations, annotationsRiskLevel })));
const snippets = annotations.filter(({ status }) => status === "snippet").map(({ name }) => name);

test("a snippet that asks for nothing refuses and closes nothing, whatever is allowed", () => {
  for (const name of snippets) {
    for (const config of KEYS) {
      for (const text of ["", " \n\t ", "# deny all;", "\n  # a\n\n# b }\n"]) {
        const built = buildWith({ config }, shop.annotate(name, text), ...web);
        expectRoutes(built, ROUTE);
        assert.deepEqual(built.findings().map(({ code, severity }) => `${severity} ${code}`), text.includes("#") ? ["info snippet-empty"] : [], `${name} ${JSON.stringify(config)}`);
      }
    }
  }
});

test("a snippet that asks for something refuses its Ingress unless both keys are set, and the finding names those that are missing", () => {
  for (const name of snippets) {
    const text = name === "modsecurity-snippet" ? "SecRuleEngine On" : "return 403; # no";
    for (const config of KEYS) {
      const { allowSnippetAnnotations, annotationsRiskLevel } = config;
      const built = buildWith({ config }, shop.annotate(name, text), ...web);
      if (allowSnippetAnnotations && annotationsRiskLevel === "Critical") {
        assert.equal(built.findings().some(({ code }) => code === "snippet-refused"), false, name);
        continue;
      }
      expectRoutes(built);
      const { sentence } = findingOf(built, "snippet-refused");
      assert.equal(sentence.includes('allow-snippet-annotations: "true"'), !allowSnippetAnnotations, sentence);
      assert.equal(sentence.includes('annotations-risk-level: "Critical"'), annotationsRiskLevel !== "Critical", sentence);
    }
  }
});
