import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate } from "../../edge/src/template.ts";
import { parseTemplate, templateText } from "../../src/model/grammar/template.ts";

const VARIABLES: Readonly<Record<string, string>> = { host: "h", request_uri: "/u", arg_a: "1" };
const read = (text: string): string => evaluate(parseTemplate(text), (name) => VARIABLES[name]);

test("variables with and without braces, joined with text", () => {
  assert.equal(read("$host"), "h");
  assert.equal(read("${host}$request_uri"), "h/u");
  assert.equal(read("a-${arg_a}b_$host-c"), "a-1b_h-c");
  assert.equal(read("$HOST"), "h");
  assert.equal(read("plain"), "plain");
  assert.equal(read(""), "");
});

test("a variable that is missing is empty; a dollar that names nothing is itself", () => {
  assert.equal(read("a${nothing}b$1c"), "ab");
  assert.equal(read("$-${}$$host$"), "$-${}$h$");
});

test("the text can be written again", () => {
  assert.equal(templateText(parseTemplate("a$host-${arg_a}")), "a${host}-${arg_a}");
});
