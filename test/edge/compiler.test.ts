/** Code that LuaJIT compiled decides as its interpreter does, with the LuaJIT of this machine's nginx. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runLua } from "../support/in-nginx.ts";

const SCRIPT = fileURLToPath(new URL("../support/compiler.lua", import.meta.url));
/** How many functions are tried: enough that Debian 12 and 13 compile some of them wrongly, unless the edge prevents it. */
const FUNCTIONS = 2000;

interface Found {
  readonly version: string;
  readonly arch: string;
  /** How many functions were compiled wrongly: with LuaJIT as it comes (`before`), and with the edge's settings (`after`). */
  readonly before: number;
  readonly after: number;
}

test("no compiled comparison goes the wrong way", (t) => {
  const { version, arch, before, after } = JSON.parse(runLua(SCRIPT, "", { functions: FUNCTIONS })) as Found;
  t.diagnostic(`${version} on ${arch}: of ${FUNCTIONS} functions ${before} are compiled wrongly without the edge's settings, ${after} with them`);
  assert.equal(after, 0);
});
