/** What the benchmarks' commands read from flags, and what they need: each mistake is one sentence. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { choice, chosen, readFlags, whole, wholes } from "../../bench/command-line.ts";
import { needFolder, needTools } from "../../bench/tools.ts";
import { UserError } from "../../src/support/user-error.ts";

const folder = mkdtempSync(join(tmpdir(), "bench-command-line-"));
after(() => rmSync(folder, { recursive: true }));

const FLAGS = { output: { type: "string", default: "table" }, quick: { type: "boolean", default: false } } as const;

test("flags, their defaults, and words where there may be any", () => {
  assert.deepEqual({ ...readFlags("x", [], FLAGS).values }, { help: false, output: "table", quick: false });
  assert.equal(readFlags("x", ["-h"], FLAGS).values.help, true);
  assert.deepEqual(readFlags("x", ["v1.2.0", "--quick"], FLAGS, true).positionals, ["v1.2.0"]);
  assert.equal(whole("n", undefined, 7, 9), 7);
  assert.equal(whole("n", "0", 7, 9, 0), 0);
  assert.deepEqual(wholes("n", "1, 20", [3], 20), [1, 20]);
  assert.deepEqual(chosen("only", "b,a, b", ["a", "b"], "letter"), ["b", "a", "b"]);
});

for (const [what, mistake, sentence] of [
  ["an unknown flag", () => readFlags("x", ["--fast"], FLAGS), "Unknown option '--fast' (npm run x -- --help lists the flags)."],
  ["a word too many", () => readFlags("x", ["word"], FLAGS), "Unexpected argument 'word' (npm run x -- --help lists the flags)."],
  ["a flag without its value", () => readFlags("x", ["--output"], FLAGS), "--output needs a value (npm run x -- --help lists the flags)."],
  ["a flag before another one", () => readFlags("x", ["--output", "--quick"], FLAGS), "--output needs a value (npm run x -- --help lists the flags)."],
  ["a value too many", () => readFlags("x", ["--quick=1"], FLAGS), "Option '--quick' does not take an argument (npm run x -- --help lists the flags)."],
  ["no number", () => whole("n", "", 7, 9), "--n= is not a whole number from 1 to 9."],
  ["another kind of number", () => whole("n", "0x5", 7, 9), "--n=0x5 is not a whole number from 1 to 9."],
  ["a number that is too small", () => whole("n", "99", 7, 999, 100), "--n=99 is not a whole number from 100 to 999."],
  ["a word that is no number", () => whole("", "often", 7, 9), '"often" is not a whole number from 1 to 9.'],
  ["a list with a hole", () => wholes("n", "1,,2", [3, 4], 9), "--n=1,,2 is not a list of whole numbers from 1 to 9: write them as in --n=3,4."],
  ["another word", () => choice("output", "xml", ["table", "json"]), "--output=xml is not known: use table or json."],
  ["another name", () => chosen("only", "a,", ["a", "b", "c"], "letter"), "--only= names no letter: use a, b or c."],
  ["missing programs", () => needTools(["valgrind", "git", "callgrind_control"], [folder]), "This needs valgrind and git and callgrind_control: apt-get install valgrind git."],
  ["a folder below /proc", () => needFolder("results", "/proc/nope/deeper"), "--results: nothing can be written to the folder /proc/nope/deeper (ENOENT)."],
] as const) {
  test(`${what} is one sentence`, () => assert.throws(mistake, (error: Error) => error instanceof UserError && (assert.equal(error.message, sentence), true)));
}

test("a folder is made with those around it, and a file is none", () => {
  needFolder("results", join(folder, "a/b"));
  assert.deepEqual(readdirSync(join(folder, "a/b")), []);
  writeFileSync(join(folder, "file"), "");
  assert.throws(() => needFolder("results", join(folder, "file")), /nothing can be written to the folder .*\/file \(ENOTDIR\)\.$/);
});
