/** A unified diff says how the one text becomes the other: patch, told so, makes it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { unifiedDiff } from "../src/support/unified-diff.ts";
import { runs } from "./support/runs.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-diff-"));
after(() => rmSync(folder, { recursive: true }));
const missing = spawnSync("patch", ["--version"]).status === 0 ? false : "SKIPPED, NOTHING PROVEN ABOUT WHAT PATCH MAKES OF A DIFF: patch is not installed";

const TEN = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

test("lines around a change, with their numbers; near changes stand together", () => {
  assert.deepEqual(unifiedDiff("a.yaml", TEN, TEN), []);
  assert.deepEqual(unifiedDiff("a.yaml", TEN, TEN.replace("5\n", "five\nand\n")), ["--- a.yaml", "+++ a.yaml", "@@ -2,7 +2,8 @@", " 2", " 3", " 4", "-5", "+five", "+and", " 6", " 7", " 8"]);
  assert.deepEqual(unifiedDiff("a.yaml", TEN, TEN.replace("1\n", "").replace("10", "ten")), ["--- a.yaml", "+++ a.yaml", "@@ -1,4 +1,3 @@", "-1", " 2", " 3", " 4", "@@ -7,4 +6,4 @@", " 7", " 8", " 9", "-10", "+ten"]);
  assert.deepEqual(unifiedDiff("a.yaml", "", "1\n"), ["--- a.yaml", "+++ a.yaml", "@@ -0,0 +1 @@", "+1"]);
  assert.deepEqual(unifiedDiff("a.yaml", "1\n2", "1\n2\n"), ["--- a.yaml", "+++ a.yaml", "@@ -1,2 +1,2 @@", " 1", "-2", "\\ No newline at end of file", "+2"]);
});

/** What patch makes of the one text with the difference to the other. */
function patched(before: string, after: string): string {
  const file = join(folder, "text");
  writeFileSync(file, before);
  const { status, stdout, stderr } = spawnSync("patch", ["-p0", "--fuzz=0", file], { input: `${unifiedDiff("text", before, after).join("\n")}\n`, encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return readFileSync(file, "utf8");
}

test("patch makes the one text of the other", { skip: missing }, () => {
  const line = fc.constantFrom("a", "b", "  c", "---", "", "}", "d: e");
  const text = fc.tuple(fc.array(line, { maxLength: 30 }), fc.boolean()).map(([lines, end]) => lines.join("\n") + (end ? "\n" : ""));
  fc.assert(fc.property(text, text, (before, now) => {
    fc.pre(before !== now && before !== "" && now !== "");
    assert.equal(patched(before, now), now);
  }), { numRuns: runs(200) });
});

test("two long texts without a line in common take no longer than reading them", { skip: missing }, () => {
  const [before, now] = ["old", "new"].map((word) => Array.from({ length: 20_000 }, (_, index) => `${word} ${index}\n`).join(""));
  assert.equal(unifiedDiff("text", before ?? "", now ?? "").length, 3 + 40_000);
});
