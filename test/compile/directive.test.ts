import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { block, directive, expression, luaBlock, luaString, mapRow, print, type Argument, type Directive } from "../../src/compile/directive.ts";
import { readConf, type ReadDirective } from "../support/read-conf.ts";

/** Characters that mean something to nginx, and some that do not. */
const character = fc.oneof(
  fc.constantFrom(..." \t\r\n;{}\"'\\#()~*^|?[]$@%=+-.,:/ab0nrt"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((c) => c !== "\0"),
);
const text = fc.oneof(fc.array(character, { maxLength: 12 }).map((all) => all.join("")), fc.constantFrom("", "#", "\\", "\\\\", '\\"', "a;b", "}", "~*", "$", "${", "a\\"));
const literal = text.map((all) => all.replaceAll("$", ""));
const argument: fc.Arbitrary<Argument> = fc.oneof(literal, text.map(expression), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 1e6 }));
const name = fc.constantFrom("server", "map", "a", "x_1");

const { tree } = fc.letrec<{ tree: Directive[]; one: Directive }>((tie) => ({
  tree: fc.array(tie("one"), { maxLength: 4 }),
  one: fc.oneof(
    { depthSize: "small" },
    fc.tuple(name, fc.array(argument, { maxLength: 4 })).map(([word, args]) => directive(word, ...args)),
    fc.tuple(argument, argument).map(([key, value]) => mapRow(key, value)),
    fc.tuple(name, fc.array(argument, { maxLength: 3 }), tie("tree")).map(([word, args, children]) => block(word, args, children)),
  ),
}));

function expected(directives: readonly Directive[]): ReadDirective[] {
  return directives.map(({ name: word, args, children }) => {
    const values = args.map((arg) => (typeof arg === "object" ? arg.expression : String(arg)));
    return { words: [...(word === "" ? [] : [word]), ...values], ...(children ? { children: expected(children) } : {}) };
  });
}

test("whatever a tree holds, its text reads back to the same tree", () => {
  fc.assert(fc.property(tree, (directives) => assert.deepEqual(readConf(print(directives)), expected(directives))), { numRuns: 2000 });
});

test("a literal cannot hold a variable, nothing can hold NUL", () => {
  fc.assert(fc.property(literal, literal, (before, after) => assert.throws(() => print([directive("a", `${before}$${after}`)]), RangeError)));
  assert.throws(() => print([directive("a", "x\0")]), RangeError);
  assert.throws(() => print([directive("a", expression("x\0"))]), RangeError);
  for (const number of [NaN, Infinity, -Infinity]) assert.throws(() => print([directive("a", number)]), RangeError);
});

test("a directive's name is a name", () => {
  for (const wrong of ["a b", "a;", "A", "1", "a\n", "a{", "$a"]) assert.throws(() => print([directive(wrong, "x")]), RangeError, wrong);
});

test("a Lua string of any bytes stays one string in one block", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (bytes) => {
      const conf = print([luaBlock("init_by_lua_block", `x = ${luaString(bytes)}`), directive("after", "y")]);
      assert.deepEqual(readConf(conf), [{ words: ["init_by_lua_block"] }, { words: ["after", "y"] }]);
      assert.equal(Buffer.from(luaBytes(luaString(bytes))).toString("utf8"), Buffer.from(bytes, "utf8").toString("utf8"));
    }),
  );
});

/** Reads a Lua string literal (Lua 5.1 manual, 2.1), as far as `luaString` uses it. */
function luaBytes(quoted: string): number[] {
  assert.match(quoted, /^"(?:[^"\\{}\n]|\\\d{3})*"$/);
  return [...quoted.slice(1, -1).matchAll(/\\(\d{3})|[\s\S]/g)].map(([whole, digits]) => (digits === undefined ? whole.charCodeAt(0) : Number(digits)));
}
