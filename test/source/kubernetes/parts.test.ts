/** The small parts of the Kubernetes source: lines, versions, back-off, outages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sliceLines } from "../../../src/source/kubernetes/lines.ts";
import { watchForOutage } from "../../../src/source/kubernetes/outage.ts";
import { TIMING } from "../../../src/source/kubernetes/timing.ts";
import { isOlder } from "../../../src/source/kubernetes/versions.ts";
import { createBackoff, inSeconds, pause } from "../../../src/support/backoff.ts";

async function linesOf(chunks: readonly Uint8Array[]): Promise<string[][]> {
  const slices: string[][] = [];
  for await (const lines of sliceLines((async function* () { yield* chunks; })())) slices.push(lines);
  return slices;
}

test("lines are the same however the stream is cut, and a last line without an end is dropped", async () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", "")).filter((text) => text.trim() !== "");
  await fc.assert(fc.asyncProperty(fc.array(line), fc.array(fc.nat(200)), fc.boolean(), async (lines, cuts, cutOff) => {
    const bytes = Buffer.from(lines.map((text) => `${text}\n`).join("") + (cutOff ? "half" : ""));
    const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
    const chunks = at.slice(1).map((end, n) => bytes.subarray(at[n], end));
    assert.deepEqual((await linesOf(chunks)).flat(), lines);
  }));
});

test("a large chunk comes in slices with turns of the event loop between them", async () => {
  const chunk = Buffer.from(`${"x".repeat(999)}\n`.repeat(1000));
  let turns = 0;
  let stop = false;
  const count = (): void => {
    turns++;
    if (!stop) setImmediate(count);
  };
  setImmediate(count);
  const slices = await linesOf([chunk]);
  stop = true;
  assert.equal(slices.flat().length, 1000);
  assert.ok(slices.every((lines) => lines.length <= 66));
  assert.ok(turns >= slices.length - 1, `${turns} turns for ${slices.length} slices`);
});

test("a line without an end is refused before it fills memory", async () => {
  const piece = Buffer.alloc(8 * 1024 * 1024, "x");
  await assert.rejects(linesOf([piece, piece, piece, piece, piece]), /a line of more than 32 MiB/);
});

test("versions compare as numbers of any length, and what is no number is never older", () => {
  const number = fc.bigInt({ min: 0n, max: 1n << 70n });
  fc.assert(fc.property(number, number, (a, b) => assert.equal(isOlder(`${a}`, `${b}`), a < b)));
  for (const odd of [undefined, "", "x", "-1", "01", "1.5"]) {
    assert.equal(isOlder(odd, "5"), false);
    assert.equal(isOlder("5", odd), false);
  }
});

test("back-off doubles its limit up to the cap, draws from all of it, and starts again after a reset", () => {
  const most = createBackoff(100, 1000, () => 1);
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => most.next()), [100, 200, 400, 800, 1000, 1000]);
  most.reset();
  assert.equal(most.next(), 100);
  assert.equal(createBackoff(100, 1000, () => 0).next(), 0);
  assert.deepEqual([0, 420, 2000, 9_949, 12_345].map(inSeconds), ["0 s", "0.4 s", "2 s", "9.9 s", "12 s"]);
});

test("a pause ends with its signal", async () => {
  const abort = new AbortController();
  const paused = pause(60_000, abort.signal);
  abort.abort();
  await paused;
  await pause(60_000, abort.signal);
});

test("however many fail at once, an outage is one line and one wait, and its end another", async () => {
  const lines: string[] = [];
  const log = (level: string, message: string): void => void lines.push(`${level} ${message}`);
  const outage = watchForOutage("https://10.0.0.1:6443", log, { ...TIMING, backoffBase: 1 }, new AbortController().signal);
  outage.answered();
  await Promise.all([1, 2, 3].map(() => outage.failed("connection refused")));
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^warn cannot reach https:\/\/10\.0\.0\.1:6443: connection refused; trying again in [\d.]+ s$/);
  await outage.failed("connection refused");
  outage.answered();
  outage.answered();
  assert.equal(lines.length, 3);
  assert.equal(lines[2], "info https://10.0.0.1:6443 answers again");
});
