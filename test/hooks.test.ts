/**
 * Tests end, even when they fail. `after` also runs when `before` failed half-way; if `after` then throws, it leaves servers
 * open that keep the process alive for ever. So `after` must not rely on anything that `before` makes.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./support/sluice.ts";

/** The `after` hooks of a test file, and the variables that `before` may leave without a value. */
function hooksOf(text: string): { readonly hooks: readonly string[]; readonly late: readonly string[] } {
  return {
    hooks: [...text.matchAll(/^( *)after\((?:.*\);$|[^]*?^\1\}\);$)/gm)].map(([hook]) => hook),
    late: [...text.matchAll(/^ *let (\w+)(?:: (?!.*(?:\[\]|undefined);$).*)?;$/gm)].map(([, name]) => name ?? ""),
  };
}

const unguarded = (text: string): readonly string[] => {
  const { hooks, late } = hooksOf(text);
  return late.filter((name) => hooks.some((hook) => new RegExp(`\\b${name}\\.\\w+\\(`).test(hook)));
};

test("a hook that takes something for made is seen", () => {
  const text = (close: string): string => `let one: Server;\nafter(async () => {\n  ${close};\n});\n`;
  assert.deepEqual(unguarded(text("await one.close()")), ["one"]);
  assert.deepEqual(unguarded("let one: Server;\nafter(() => one.close());\n"), ["one"]);
  assert.deepEqual(unguarded(text("await one?.close()")), []);
});

test("no `after` takes for made what its `before` makes", () => {
  const files = globSync("test/**/*.test.ts", { cwd: ROOT });
  assert.ok(files.length > 100, String(files.length));
  const found = files.flatMap((file) => unguarded(readFileSync(join(ROOT, file), "utf8")).map((name) => `${file}: ${name}`));
  assert.deepEqual(found, [], "say `name?.close()`");
});
