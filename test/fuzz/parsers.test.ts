/**
 * Every parser of ours on texts that were changed at random: nothing throws, each answer holds what it promises, and long texts of
 * one piece over and over come to an end. That they take work in proportion counts parsers-growth.test.ts.
 *
 * SEED=… repeats a run, RUNS=… says how many texts each parser gets, PARSER=… takes the parsers with this in a name.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import { NO_PARSERS, PARSERS } from "./parsers.ts";
import { changedText, pumped } from "./texts.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env["RUNS"] ?? (process.env["NIGHTLY"] === "1" ? 30_000 : 150));
const ASKED = process.env["PARSER"] ?? "";
/**
 * Characters. A regular expression counts no work. In the nightly run texts are so long that one that goes over the text again
 * for each character does not come to an end within the runner's limit of time.
 */
const LONG = process.env["NIGHTLY"] === "1" ? 64 * 1024 : 4 * 1024;
const LIMIT_MS = 3_600_000;

/** What a library says by itself goes to the controller's log as it is. */
process.on("warning", (warning) => {
  throw warning;
});

test("every parser of ours is tried", () => {
  const tried = new Set([...PARSERS.flatMap(({ names }) => names), ...Object.keys(NO_PARSERS)]);
  const declared = globSync("{src,edge/src,edge/stream}/**/*.ts").flatMap((file) => [...readFileSync(file, "utf8").matchAll(/^export (?:async )?function ((?:parse|read|split|translate|decode|unescape|cut)[A-Z]\w*|heard|cut)\b/gm)].map(([, name = ""]) => name));
  assert.ok(declared.length > 50, "the functions are found");
  assert.deepEqual(declared.filter((name) => !tried.has(name)), [], "functions that read text, and that no table of test/fuzz has");
  assert.deepEqual(Object.keys(NO_PARSERS).filter((name) => !declared.includes(name)), [], "names that no function has any more");
});

for (const { names, seeds, take, longest = LONG } of PARSERS.filter(({ names: [...all] }) => all.some((name) => name.includes(ASKED)))) {
  test(`${names.join(", ")}: texts that were changed at random`, { timeout: LIMIT_MS }, () => {
    for (const seed of seeds) take(seed);
    fc.assert(fc.property(changedText(seeds), (text) => {
      take(text);
    }), { seed: SEED, numRuns: RUNS });
  });

  test(`${names.join(", ")}: long texts of one piece`, { timeout: LIMIT_MS }, () => {
    for (const text of pumped(seeds, Math.min(LONG, longest))) take(text);
  });
}
