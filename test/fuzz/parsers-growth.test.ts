/** Every parser of ours takes work in proportion to the length of its text, whatever piece the text is made of. */
import { workOf } from "../support/work.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { PARSERS } from "./parsers.ts";
import { pumped } from "./texts.ts";

/**
 * Characters. The work for all texts of a parser is counted together: of one that took the square of its length, nothing else
 * would be seen. Counting is slow, so that other runs than the nightly one take a text in three.
 */
const LENGTH = 400;
const SHARE = process.env["NIGHTLY"] === "1" ? 1 : 3;

for (const { names, seeds, take } of PARSERS) {
  test(`${names.join(", ")}: twice the text, twice the work`, { timeout: 3_600_000 }, async () => {
    const readAll = (length: number) => (): void => {
      for (const [index, text] of pumped(seeds, length).entries()) if (index % SHARE === 0) take(text);
    };
    readAll(10)(); // Takes out of the comparison what a process does only once.
    const [once, twice] = [await workOf(readAll(LENGTH)), await workOf(readAll(2 * LENGTH))];
    assert.ok(twice < 2.5 * once + 1000, `${LENGTH} characters: ${once}, twice as many: ${twice}`);
  });
}
