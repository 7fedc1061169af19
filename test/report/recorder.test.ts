/** Which Events are written, and when, while the API server is away, busy, or refuses. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { ClusterApi } from "../../src/report/cluster/api.ts";
import { createRecorder, type Recorder } from "../../src/report/events/recorder.ts";
import type { EventDraft } from "../../src/report/events/event.ts";
import { Refused, Unreachable } from "../../src/source/kubernetes/failures.ts";
import { mockTime, pass, STEP, unmockTime } from "../support/mock-time.ts";

const FORBIDDEN = new Refused(403, 'events is forbidden: User "x" cannot create resource "events" in API group "" at the cluster scope');

let failure: Error | undefined;
let asked: number;
/** Message of each Event that was created → its count. */
let written: Map<string, number>;
let recorder: Recorder;
let end: AbortController;

beforeEach(() => {
  [failure, asked, written, end] = [undefined, 0, new Map(), new AbortController()];
  mockTime(0.99);
  const ask: ClusterApi["ask"] = async (_, _path, signal, details) => {
    signal.throwIfAborted();
    asked++;
    if (failure) throw failure;
    const { message, count } = JSON.parse(details?.body ?? "{}") as { message: string; count: number };
    written.set(message, count);
    return {};
  };
  recorder = createRecorder({ api: { ask } as unknown as ClusterApi, instance: "a", namespace: "", log: () => undefined });
  void recorder.run(end.signal);
});
afterEach(async () => {
  end.abort();
  await pass(STEP);
  unmockTime();
});

function draft(message: string): EventDraft {
  const object = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace: "shop", name: message, uid: message };
  return { object, type: "Warning", reason: "PathConflict", message, fresh: true };
}

for (const away of [new Unreachable("connection refused"), new Refused(503, "shutting down"), new Refused(429, "too many requests", 30_000)]) {
  test(`${away.message}: nothing that was told is lost, however long it takes`, async () => {
    failure = away;
    for (const name of ["a", "b", "c"]) recorder.tell(draft(name));
    await pass(200_000);
    assert.equal(written.size, 0);
    assert.ok(asked >= 5 && asked < 20, `${asked} tries`);
    failure = undefined;
    await pass(70_000);
    assert.deepEqual([[...written.keys()].sort(), recorder.counts.failed], [["a", "b", "c"], 0]);
  });
}

test("an Event that the server cannot take is given up after a few tries, and the others are written", async () => {
  failure = new Refused(500, "no");
  recorder.tell(draft("a"));
  await pass(30_000);
  assert.deepEqual([recorder.counts.failed, asked], [1, 5]);
});

for (const [what, problem] of [["away", new Unreachable("connection refused")], ["without our right", FORBIDDEN]] as const) {
  test(`what was told before the queue was emptied is not written, with an API server that is ${what}`, async () => {
    failure = problem;
    recorder.tell(draft("a"));
    await pass(STEP);
    recorder.clear();
    failure = undefined;
    recorder.tell(draft("b"));
    await pass(120_000);
    assert.deepEqual([...written.keys()], ["b"]);
  });
}

test("without the right the server is asked less and less often; what is told again meanwhile is counted", async () => {
  failure = FORBIDDEN;
  for (let times = 0; times < 3; times++) {
    recorder.tell(draft("a"));
    await pass(1000);
  }
  await pass(600_000);
  const before = asked;
  await pass(600_000);
  assert.ok(asked - before <= 11, `${asked - before} tries in ten minutes`);
  failure = undefined;
  await pass(61_000);
  assert.deepEqual([...written], [["a", 3]]);
});
