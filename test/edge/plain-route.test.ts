/** What features cost requests that do not use them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EDGE_DIR } from "../../src/engine/paths.ts";
import { plainBytecodes } from "../support/bytecodes.ts";

/**
 * A feature that is off costs a plain request nothing, so a new feature does not raise this number. It was 340 before
 * there were annotations, and must never be above 343, one per cent more. Whoever raises it writes the reason here.
 */
const MOST = 315;

test("a plain request costs no more bytecodes than it did", () => {
  const bytecodes = plainBytecodes(EDGE_DIR);
  assert.ok(bytecodes > 200, `${bytecodes}: the request was not run`);
  assert.ok(bytecodes <= MOST, `${bytecodes} bytecodes a plain request, at most ${MOST}: see which lines a request runs that has no use for them`);
});
