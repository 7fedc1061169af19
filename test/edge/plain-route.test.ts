/** What a feature costs those who do not use it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EDGE_DIR } from "../../src/engine/paths.ts";
import { plainBytecodes } from "../support/bytecodes.ts";

/**
 * What is off costs a plain request nothing, so a new feature leaves this number alone. It was 340 before there were
 * annotations, and with them must never be above 343, one per cent more. Whoever raises it says here what for.
 */
const MOST = 315;

test("a plain request costs no more bytecodes than it did", () => {
  const bytecodes = plainBytecodes(EDGE_DIR);
  assert.ok(bytecodes > 200, `${bytecodes}: the request was not run`);
  assert.ok(bytecodes <= MOST, `${bytecodes} bytecodes a plain request, at most ${MOST}: see which lines a request runs that has no use for them`);
});
