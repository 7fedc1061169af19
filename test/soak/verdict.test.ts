/** The soak's verdicts on numbers that are made up: what grows is found, what only swings is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessSample, Sample } from "../../bench/soak/series.ts";
import { fitLine } from "../../bench/soak/slope.ts";
import { lifeRows, livesOf } from "../../bench/soak/verdict.ts";
import { createRandom } from "../support/random.ts";

/** A controller that has `mib(second)` at each fifth second of twenty minutes. */
function samples(mib: (second: number) => number, change: Partial<ProcessSample> = {}): Sample[] {
  return Array.from({ length: 240 }, (_, i) => 5 * i).map((at) => ({
    at, requestsPerSecond: 0, p99Ms: undefined, reloads: 0, folderBytes: 0,
    processes: [{ pid: 1, started: "1", role: "controller", current: true, ownMiB: 100, liveMiB: mib(at), residentMiB: 0, descriptors: 20, ...change }],
  }));
}

const memoryOf = (all: readonly Sample[]): boolean | undefined => lifeRows(all).find(({ what }) => what === "live memory of the controller, MiB")?.holds;

test("the line through points is found, with its error", () => {
  const line = fitLine([[0, 1], [1, 3], [2, 5]]);
  assert.deepEqual(line, { slope: 2, error: 0, rise: 4, count: 3 });
  assert.equal(fitLine([[0, 1], [0, 2], [0, 3]]), undefined);
  assert.equal(fitLine([[0, 1], [1, 2]]), undefined);
});

test("a leak of 120 MiB an hour fails, under the noise of collected garbage", () => {
  const random = createRandom(1);
  assert.equal(memoryOf(samples((at) => 150 + at / 30 + 8 * random.next())), false);
});

test("memory that only swings passes", () => {
  const random = createRandom(2);
  assert.equal(memoryOf(samples((at) => 150 + 20 * ((at / 90) % 1) + 8 * random.next())), true);
});

test("memory of a controller is what is live: V8 keeps what it was given for long", () => {
  const saw = samples(() => 30).map((sample) => ({ ...sample, processes: sample.processes.map((one) => ({ ...one, ownMiB: 150 + sample.at / 15 })) }));
  assert.equal(memoryOf(saw), true);
});

test("what a process needs to become warm is not judged", () => {
  assert.equal(memoryOf(samples((at) => 150 + Math.min(at, 60) / 2)), true);
  // The controller of an hour's run: 40 MiB within eight minutes, and no more.
  assert.equal(memoryOf(samples((at) => 115 + Math.min(at, 480) / 12)), true);
  assert.equal(memoryOf(samples((at) => 115 + Math.min(at, 1200) / 12)), false);
});

test("descriptors that are never closed fail", () => {
  const leaking = samples(() => 150).map((sample) => ({ ...sample, processes: sample.processes.map((one) => ({ ...one, descriptors: 20 + Math.floor(sample.at / 10) })) }));
  assert.equal(lifeRows(leaking).find(({ what }) => what === "descriptors of the controller")?.holds, false);
});

test("a process that lived for three minutes is not judged, and the row says so", () => {
  const short = samples(() => 150).slice(0, 36);
  assert.deepEqual(livesOf(short), []);
  assert.match(lifeRows(short)[0]?.measured ?? "", /none lived long enough/);
});

test("a new process with the pid of an old one is another life", () => {
  const [first, second] = [samples(() => 150), samples(() => 150, { started: "2" })];
  assert.equal(livesOf([...first, ...second]).length, 2);
});
