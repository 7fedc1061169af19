import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOSED, type Finding } from "../../src/model/findings/findings.ts";
import { cut, eventName, messageOf, newEvent, eventReason, type EventDraft } from "../../src/report/events/event.ts";
import { createTokens } from "../../src/report/events/tokens.ts";

const draft: EventDraft = {
  object: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace: "shop", name: "web", uid: "u-1" },
  type: "Warning", reason: "PathConflict", message: "m", fresh: true,
};
const finding = (code: string, effect = "e"): Finding =>
  ({ code, severity: "error", object: { kind: "Ingress", namespace: "shop", name: "web" }, field: "spec", sentence: "s", effect });

test("an Event is named by what it says of which object, and by nothing else", () => {
  const name = eventName(draft);
  assert.match(name, /^web\.[0-9a-f]{32}$/);
  assert.equal(eventName({ ...draft, fresh: false }), name);
  for (const other of [{ message: "n" }, { reason: "r" }, { type: "Normal" as const }, { object: { ...draft.object, uid: "u-2" } }]) {
    assert.notEqual(eventName({ ...draft, ...other }), name);
  }
  const long = eventName({ ...draft, object: { ...draft.object, name: `${"a".repeat(235)}.${"b".repeat(17)}` } });
  assert.ok(long.length <= 253, long);
  assert.match(long, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
});

test("reasons come from codes, but for what closes an Ingress", () => {
  assert.equal(eventReason(finding("path-conflict")), "PathConflict");
  assert.equal(messageOf(finding("path-conflict")), "s. Effect: e.");
  assert.equal(eventReason(finding("annotation-closed", CLOSED)), "AnnotationParsingFailed");
  assert.equal(messageOf(finding("annotation-closed", CLOSED)), `Error parsing annotations: s. Effect: ${CLOSED}.`);
});

test("messages are bounded, and cannot colour a terminal", () => {
  assert.equal(cut("x".repeat(2000)).length, 1024);
  assert.equal(cut("a\u001b[31m"), "a\\u001b[31m");
});

test("an Event about a cluster-scoped object lies in default; times are whole seconds", () => {
  const object = { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", namespace: "", name: "nginx", uid: "u" };
  const made = newEvent({ ...draft, object }, "pod-1", 2, new Date("2026-01-02T03:04:05.678Z")) as {
    metadata: { namespace: string }; involvedObject: object; lastTimestamp: string; count: number;
  };
  assert.equal(made.metadata.namespace, "default");
  assert.ok(!("namespace" in made.involvedObject));
  assert.deepEqual([made.lastTimestamp, made.count], ["2026-01-02T03:04:05Z", 2]);
});

test("tokens: a burst, then one each so often, and never more than the burst", () => {
  let now = 0;
  const tokens = createTokens(2, 1000, () => now);
  assert.deepEqual([tokens.take(), tokens.take(), tokens.take()], [true, true, false]);
  assert.equal(tokens.wait(), 1000);
  now = 1500;
  assert.deepEqual([tokens.take(), tokens.take()], [true, false]);
  now = 1_000_000;
  assert.deepEqual([tokens.take(), tokens.take(), tokens.take()], [true, true, false]);
});
