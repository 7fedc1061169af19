/**
 * Every annotation has a case: objects that use it, requests that show what it does, and a value that is not valid.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { annotations } from "../src/model/annotations/table.ts";
import { CASES } from "./support/cases/case.ts";

const files = readdirSync(CASES, { recursive: true, encoding: "utf8" });
const texts = (name: string): string => files.filter((file) => file.endsWith(`/${name}`)).map((file) => readFileSync(join(CASES, file), "utf8")).join("\n");
const manifests = texts("cluster.yaml");
const findings = texts("findings.yaml");

for (const { name, aliases = [], ...row } of annotations) {
  for (const one of [name, ...aliases]) {
    test(`${one} is in a case`, () => {
      assert.match(manifests, new RegExp(`nginx\\.ingress\\.kubernetes\\.io/${one}["']?:`), `write a case in test/cases/annotations that uses ${one}`);
    });
  }
  // A few annotations take any text: no value of theirs is bad.
  const anything = row.status === "honoured" && row.expects === "any text";
  if (!anything) {
    test(`a bad value of ${name} is in a case`, () => {
      assert.ok(findings.includes(`/${name}]`), `write a case in test/cases/annotations with a value of ${name} that is not valid`);
    });
  }
}
