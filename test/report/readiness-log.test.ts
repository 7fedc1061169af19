import assert from "node:assert/strict";
import { test } from "node:test";
import { logReadiness } from "../../src/report/readiness-log.ts";

test("readiness is logged when it comes, goes and comes back; a start says each thing that it waits for", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const lines: string[] = [];
  const ending = new AbortController();
  let problem: string | undefined = "nothing is programmed yet; waiting for the first reading";
  const readiness = logReadiness(() => problem, (level, message) => lines.push(`${level} ${message}`), ending.signal);
  const said = (): string[] => {
    readiness.touch();
    t.mock.timers.tick(5000);
    return lines.splice(0);
  };
  readiness.touch();
  assert.deepEqual(lines, [], "a start may take a moment");
  assert.deepEqual(said(), ["warn not ready: nothing is programmed yet; waiting for the first reading"]);
  assert.deepEqual(said(), []);
  problem = "nothing is programmed yet; waiting for agent (not connected)";
  assert.deepEqual(said(), ["warn not ready: nothing is programmed yet; waiting for agent (not connected)"]);
  problem = undefined;
  readiness.touch();
  assert.deepEqual(said(), ["info ready: every worker serves what was read"]);
  problem = "generation 7 is not acknowledged by nginx";
  assert.deepEqual(said(), ["warn not ready: generation 7 is not acknowledged by nginx"]);
  problem = "generation 8 is not acknowledged by nginx";
  assert.deepEqual(said(), []);
  problem = undefined;
  assert.deepEqual(said(), ["info ready: every worker serves what was read"]);
  ending.abort();
  problem = "shutting down";
  assert.deepEqual(said(), []);
});
