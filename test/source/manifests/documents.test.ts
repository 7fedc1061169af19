import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { ManifestOrigin, parseDocument, positionOfField, splitDocuments, splitFieldPath } from "../../../src/source/manifests/documents.ts";

test("documents keep their first line, and empty ones do not count", () => {
  const text = "\uFEFF# head\n---\na: 1\n--- # second\nb: 2\n---\n# nothing\n---\n{c: 3}\n...\nd: 4\n";
  const documents = splitDocuments(text);
  assert.deepEqual(documents.map(({ index, startLine }) => [index, startLine]), [[0, 3], [1, 4], [2, 9], [3, 11]]);
  assert.deepEqual(documents.map(({ text: one }) => parseDocument(one)).map((one) => one.valid && one.value), [{ a: 1 }, { b: 2 }, { c: 3 }, { d: 4 }]);
});

test("dashes within a block scalar are text unless they start a line", () => {
  assert.equal(splitDocuments("a: |\n  ---\n  x\n").length, 1);
  assert.deepEqual(splitDocuments("# only\n\n---\n# comments\n"), []);
});

test("what is wrong is said with its line and without a piece of the text", () => {
  const parsed = parseDocument("data:\n  key: *S3CRET\n");
  assert.equal(parsed.valid, false);
  assert.doesNotMatch(inspect(parsed), /S3CRET/);
  const tagged = parseDocument('a: 1\nb: "S3CRET\nc: [S3CRET\n');
  assert.ok(!tagged.valid);
  assert.doesNotMatch(tagged.reason, /S3CRET/);
  assert.deepEqual(parseDocument("a: 1\nb: {c\nd: 2\n").valid, false);
});

test("aliases cannot eat the memory", () => {
  const layers = Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i},*l${i},*l${i},*l${i}]`);
  assert.equal(parseDocument(`l0: &l0 x\n${layers.join("\n")}\n`).valid, false);
});

test("merge keys are read", () => {
  assert.deepEqual(parseDocument("a: &a {b: 1}\nc:\n  <<: *a\n"), { valid: true, value: { a: { b: 1 }, c: { b: 1 } } });
});

test("field paths", () => {
  assert.deepEqual(splitFieldPath("metadata.annotations[a.b/c].x[0]"), ["metadata", "annotations", "a.b/c", "x", "0"]);
});

const INGRESS = `kind: Ingress
metadata:
  annotations:
    x.y/z: "1"
spec:
  rules:
  - host: a
    http:
      paths:
      - path: /a
      - path: /b
        backend:
          serviceName: web
  backend:
    serviceName: old
`;
for (const [field, line, column] of [
  ["metadata.annotations[x.y/z]", 4, 5],
  ["spec.rules[0].http.paths[1].path", 11, 9],
  ["spec.rules[0].http.paths[1].backend.service.name", 13, 11],
  ["spec.rules[0].http.paths[0].pathType", 10, 9],
  ["spec.defaultBackend", 14, 3],
  ["spec.tls[3].secretName", 5, 1],
  ["status", 1, 1],
] as const) {
  test(`${field} stands on line ${line}, in column ${column}`, () => assert.deepEqual(positionOfField(INGRESS, field), { line, column }));
}

test("columns are those of the text, in JSON on one line as well", () => {
  const text = `{"kind":"Ingress","spec":{"rules":[{"host":"a"}]}}`;
  assert.deepEqual(positionOfField(text, "spec.rules[0].host"), { line: 1, column: text.indexOf('"host"') + 1 });
});

test("an origin does not show its text", () => {
  const origin = new ManifestOrigin({ file: "a.yaml", prefix: "", namespace: "default", document: { index: 0, startLine: 1, text: "S3CRET" } });
  assert.doesNotMatch(inspect(origin, { depth: 9, showHidden: true }) + JSON.stringify(origin), /S3CRET/);
});
