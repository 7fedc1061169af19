/** The picture of a soak says what its record says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { soakPicture } from "../../bench/soak/picture.ts";

test("each kind of process has a line, the largest of a kind counts, and each disturbance a mark", () => {
  const one = (role: string, residentMiB: number, current = true) => ({ pid: 1, started: "1", role, current, ownMiB: 1, residentMiB, descriptors: 1 });
  const samples = [0, 5, 20, 40].map((at) => ({
    at, processes: [one("controller", 100 + at), one("worker", 30), one("worker", 40 + at), one("worker", 500, false), one("agent", 70), one("master", 20)],
    requestsPerSecond: 1, p99Ms: 1, reloads: 0, folderBytes: 0,
  }));
  const svg = soakPicture({ machine: "a <machine>", options: { minutes: 1, seed: 7 }, events: [{ at: 30, kind: "worker" }], samples } as Parameters<typeof soakPicture>[0]);
  assert.match(svg, /controller: 100 at 0, 120 at 0.33, 140 at 0.67/);
  assert.match(svg, /worker: 40 at 0, 60 at 0.33, 80 at 0.67/);
  assert.match(svg, /<title>worker<\/title>/);
  assert.match(svg, /seed 7; a &lt;machine&gt;/);
  assert.doesNotMatch(svg, /worker: 500/);
});
