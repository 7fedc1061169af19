import assert from "node:assert/strict";
import { test } from "node:test";
import { pathText, type PathText, type Groups } from "../../edge/src/path-text.ts";

const text = (pieces: PathText["pieces"], groups: Groups): string =>
  pathText({ pattern: "", pieces }, groups, (name) => (name === "host" ? "shop.example" : undefined));

test("groups by number and name, and variables, stand among the text", () => {
  assert.equal(text(["/", { group: 1 }, "/", { group: "rest" }, "-", { variable: "host" }], { 1: "a", rest: "b" }), "/a/b-shop.example");
});

test("what is missing is empty", () => {
  assert.equal(text(["/", { group: 1 }, { group: 2 }, { variable: "arg_x" }], { 1: false }), "/");
  assert.equal(text(["/x", { group: 1 }], undefined), "/x");
  assert.equal(text([], {}), "");
});
