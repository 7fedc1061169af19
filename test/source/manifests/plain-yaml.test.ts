import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { readPlainYaml } from "../../../src/source/manifests/plain-yaml.ts";

const PLAIN = `# a comment
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations:
    nginx.ingress.kubernetes.io/canary: "true"
    empty:
spec:
  rules:
  - host: 'shop.example'
    http:
      paths:
      - path: /a
        backend: {service: web}
      - path: /b
  tags: [a, "b c", 1]
  none: []
  big: 0080
  truth: True
`;

test("the plain subset is read like the complete parser reads it", () => {
  assert.deepEqual(readPlainYaml(PLAIN), parse(PLAIN));
});

for (const [what, text] of [
  ["a block scalar", "a: |\n  x\n"],
  ["an anchor", "a: &x 1\nb: *x\n"],
  ["an escape", 'a: "x\\n"\n'],
  ["a doubled key", "a: 1\na: 2\n"],
  ["a float", "a: 1.5\n"],
  ["a hexadecimal number", "a: 0x1f\n"],
  ["a continued scalar", "a: b\n  c\n"],
  ["a comment behind a value", "a: b # c\n"],
  ["a tab", "a:\tb\n"],
  ["a carriage return", "a: b\r\n"],
  ["a comma within quotes within a list", 'a: ["b, c"]\n'],
  ["a list at the top", "- a\n"],
  ["wrong indentation", "a:\n  b: 1\n c: 2\n"],
  ["a value and children", "a: b\n  c: d\n"],
] as const) {
  test(`${what} is left to the complete parser`, () => assert.equal(readPlainYaml(text), undefined));
}

const word = fc.oneof(
  fc.constantFrom("true", "null", "~", "1", "007", "1e3", "0x1", "0o7", ".inf", "1.2.3.4", "a:b", "a: b", "a #b", "-", "- a", "[a]", "{}", ""),
  fc.string({ maxLength: 8 }),
  fc.stringMatching(/^[\w/. :#,-]{0,10}$/),
);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    word,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(word, tie("value"), { maxKeys: 3 }),
  ),
})).value;

function agrees(text: string): void {
  const plain = readPlainYaml(text);
  if (plain !== undefined) assert.deepEqual(plain, parse(text, { logLevel: "silent" }), text);
}

test("whatever can be written is read alike or not at all", () => {
  const style = fc.record({ indent: fc.integer({ min: 1, max: 4 }), indentSeq: fc.boolean() });
  fc.assert(fc.property(fc.dictionary(word, value), style, (object, options) => agrees(stringify(object, options))), { numRuns: 500 });
});

test("mangled texts are read alike or not at all", () => {
  const line = fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom("", "- ", "-", "k: ", "k:", "- k: ", "j:", "j: ", "'k': ", "k : "), word)
    .map(([indent, head, rest]) => " ".repeat(indent) + head + rest);
  fc.assert(fc.property(fc.array(line, { maxLength: 8 }), (lines) => agrees(["a:", ...lines].join("\n"))), { numRuns: 5000 });
});
