/** What the fuzzer found, each in the smallest form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fixText } from "../../src/check/fix/fix-text.ts";
import { readOldArguments } from "../../src/migrate/arguments.ts";
import { readTable } from "../../src/model/annotations/sluice/yaml-text.ts";
import { splitFieldPath } from "../../src/source/manifests/documents.ts";

test("the text of an annotation is no warning in the controller's log", () => {
  const warnings: string[] = [];
  const { emitWarning } = process;
  process.emitWarning = (warning) => void warnings.push(String(warning));
  try {
    readTable("? {a: evil}\n: b\n");
  } finally {
    process.emitWarning = emitWarning;
  }
  assert.deepEqual(warnings, []);
});

test("an argument of the old controller whose name goes on in other characters is unknown, and does not end the report", () => {
  const { all, settings } = readOldArguments({ words: ["--v.x=2", "--http-port=8080"], image: "" });
  assert.deepEqual(all.map(({ state }) => state), ["unknown", "works"]);
  assert.equal(settings.httpPort, 8080);
});

test("an argument without effect that lacks its value does not end the report either", () => {
  assert.deepEqual(readOldArguments({ words: ["--http-port=8080", "--v"], image: "" }).all.map(({ state }) => state), ["works", "no effect"]);
});

test("a document with more levels than the stack holds stays as it is when others are mended", () => {
  const deep = `a: ${"{a: ".repeat(20_000)}`;
  assert.deepEqual(fixText(deep, { prefix: "nginx.ingress.kubernetes.io", classes: new Set() }, "shapes"), { text: deep, fixed: [] });
});

test("brackets that nothing closes are looked through once", () => {
  // Once for each bracket, this took minutes.
  assert.deepEqual(splitFieldPath(`a[b].c${"[".repeat(1_000_000)}d`), ["a", "b", "c", "d"]);
});
