/** The arithmetic of the benchmark's tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DataPlane } from "../../bench/data-plane.ts";
import { microsOf, ratioOf, type Sample } from "../../bench/samples.ts";
import { dataRows, rowLines } from "../../bench/report.ts";
import { costLines, memoryLines, pacedLines, speedLines, type Titles } from "../../bench/tables.ts";

function sample(workload: string, proxy: string, round: number, microsPerRequest: number, more: Partial<Sample> = {}): Sample {
  return { workload, proxy, round, requests: 1000, microsPerRequest, perSecond: 1000, p50Micros: 1000, p99Micros: 2000, failed: 0, ...more };
}

/** The machine is slower in round 1; in round 3 nginx was not measured. */
const SAMPLES: readonly Sample[] = [
  sample("plain", "sluice", 0, 11), sample("plain", "nginx", 0, 10),
  sample("plain", "sluice", 1, 24), sample("plain", "nginx", 1, 20),
  sample("plain", "sluice", 2, 10), sample("plain", "nginx", 2, 10),
  sample("plain", "sluice", 3, 99),
  sample("rewrite", "sluice", 0, 22), sample("rewrite", "sluice", 2, 10.5),
];
const TITLES: Titles = new Map([["sluice", "Sluice"], ["nginx", "nginx"], ["caddy", "Caddy"]]);

function plane(more: Partial<DataPlane> = {}): DataPlane {
  return { samples: SAMPLES, paced: [], memory: [], remarks: [], reloads: 0, ...more };
}

test("a ratio is the median of the ratios within a round, of rounds that have both", () => {
  const ratio = ratioOf(SAMPLES, { workload: "plain", proxy: "sluice" }, { workload: "plain", proxy: "nginx" });
  assert.deepEqual(ratio, { median: 1.1, low: 1, high: 1.2, rounds: 3 });
  assert.equal(ratioOf(SAMPLES, { workload: "rewrite", proxy: "sluice" }, { workload: "plain", proxy: "sluice" })?.rounds, 2);
  assert.equal(ratioOf(SAMPLES, { workload: "plain", proxy: "caddy" }, { workload: "plain", proxy: "nginx" }), undefined);
  assert.equal(microsOf(SAMPLES, { workload: "plain", proxy: "nginx" }), "10.0");
});

test("rows hold ratios to the goal, and leave out what was not measured", () => {
  const rows = dataRows(plane());
  const row = (part: string) => rows.find(({ what }) => what.includes(part));
  assert.deepEqual([row("plain route, Sluice ÷ nginx")?.within, row("plain route, Sluice ÷ nginx")?.goal], [false, "≤ 1.05 ×"]);
  assert.equal(row("plain route, Sluice ÷ nginx")?.measured, "1.100 × (11.0 and 10.0 µs, 1.00–1.20)");
  // 22 ÷ 11 and 10.5 ÷ 10: of two the lower one.
  assert.deepEqual([row("rewrite")?.within, row("rewrite")?.measured.slice(0, 7)], [true, "1.050 ×"]);
  assert.equal(row("HTTP/2"), undefined);
  assert.equal(row("failed requests")?.within, true);
  assert.ok(rowLines(rows).some((line) => line.includes("| NO ")));
});

test("failures of Sluice count, those of others are theirs; a reload counts", () => {
  const failing = [...SAMPLES, sample("h2", "sluice", 0, 1, { failed: 2 }), sample("h2", "caddy", 0, 1, { failed: 7 })];
  const rows = dataRows(plane({ samples: failing, reloads: 1 }));
  assert.deepEqual(rows.slice(-2).map(({ measured, within }) => [measured, within]), [["2", false], ["1", false]]);
});

test("the table of costs divides Sluice's by each other's, and has a dash where there is none", () => {
  const [, , plain, rewrite] = costLines(plane(), TITLES).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.deepEqual(plain, ["plain", "a plain route, 64 connections kept alive", "11.0", "1.10 × (10.0)", "–"]);
  assert.deepEqual(rewrite?.slice(2), ["10.5", "–", "–"]);
});

test("the table of speed has the least and the most of each case, and a dash where the tool tells no percentile", () => {
  const samples = [...SAMPLES, sample("h2", "nginx", 0, 5, { p50Micros: NaN, p99Micros: NaN, failed: 3 })];
  const lines = speedLines(plane({ samples }), TITLES).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.deepEqual(lines[2], ["plain", "Sluice", "11.0", "10.0", "99.0", "1000", "1.00", "2.00", "0"]);
  assert.deepEqual(lines.find(([id]) => id === "h2"), ["h2", "nginx", "5.0", "5.0", "5.0", "1000", "–", "–", "3"]);
});

test("latency and memory are told by proxy", () => {
  const paced = pacedLines([{ workload: "plain", proxy: "nginx", p50Micros: 100, p99Micros: 900, p999Micros: 1500, failed: 0, late: 0.0123 }], TITLES);
  assert.match(paced[2] ?? "", /plain +\| nginx \| 0\.10 +\| 0\.90 +\| 1\.50 +\| 0 +\| 1\.2 % /);
  const memory = memoryLines([
    { proxy: "nginx", hosts: 1000, workerMiB: 52.6, controllerMiB: undefined }, { proxy: "sluice", hosts: 16, workerMiB: 17, controllerMiB: 113 },
    { proxy: "sluice", hosts: 1000, workerMiB: 20.2, controllerMiB: 161 },
  ], TITLES).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.deepEqual(memory.slice(2), [["16", "17", "–", "–", "113"], ["1,000", "20", "53", "–", "161"]]);
});
