/** What LuaJIT compiles decides as its interpreter does, with the LuaJIT of this machine's nginx. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runLua } from "../support/in-nginx.ts";

const SCRIPT = fileURLToPath(new URL("../support/compiler.lua", import.meta.url));
/** Some of so many are compiled wrongly on Debian 12 and 13, unless the edge prevents it. */
const FUNCTIONS = 2000;

interface Found {
  readonly version: string;
  readonly arch: string;
  /** Functions that were wrong with LuaJIT as it comes, and with the edge's settings. */
  readonly before: number;
  readonly after: number;
}

test("no compiled comparison goes the wrong way", (t) => {
  const { version, arch, before, after } = JSON.parse(runLua(SCRIPT, "", { functions: FUNCTIONS })) as Found;
  t.diagnostic(`${version} on ${arch}: of ${FUNCTIONS} functions ${before} are compiled wrongly without the edge's settings, ${after} with them`);
  assert.equal(after, 0);
});
