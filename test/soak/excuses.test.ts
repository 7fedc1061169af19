/** A failed request is lost unless its own connection was to what was killed, or ARCHITECTURE.md says that it fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BUFFERED, DISK_FULL, excuse, IN_FLIGHT, judge, NO_LISTENER, SILENT, type Death, type Gap } from "../../bench/soak/excuses.ts";
import type { Note } from "../../bench/soak/notes.ts";

const death: Death = { pid: 7, from: 1000, at: 1010, ports: new Set([40_001]) };
const failure = (change: Partial<Note> = {}): Note => ({ kind: "HTTP/1.1 kept", begun: 990, ended: 1012, port: 40_001, problem: "ECONNRESET", ...change });

test("a request in flight in the worker that was killed is excused", () => {
  assert.equal(excuse(failure(), [death], []), IN_FLIGHT);
});

test("the same failure over another connection is lost", () => {
  assert.equal(excuse(failure({ port: 40_002 }), [death], []), undefined);
  assert.equal(excuse(failure({ port: undefined }), [death], []), undefined);
});

test("a failure before the kill, or long after it, is lost", () => {
  assert.equal(excuse(failure({ begun: 900, ended: 999 }), [death], []), undefined);
  assert.equal(excuse(failure({ begun: 9000, ended: 9010 }), [death], []), undefined);
});

test("a wrong answer is never excused", () => {
  assert.equal(excuse(failure({ wrong: true, problem: "backend b answered" }), [death], []), undefined);
});

test("nobody listens for a moment after agent and master were killed, and that alone is excused then", () => {
  const gap: Gap = { what: "no listener", from: 2000, until: 2500 };
  assert.equal(excuse(failure({ port: undefined, begun: 2100, ended: 2101, problem: "connect ECONNREFUSED 127.0.0.1:1" }), [], [gap]), NO_LISTENER);
  assert.equal(excuse(failure({ begun: 2100, ended: 2101, problem: "status 502" }), [], [gap]), undefined);
  assert.equal(excuse(failure({ port: undefined, begun: 2600, ended: 2601, problem: "connect ECONNREFUSED 127.0.0.1:1" }), [], [gap]), undefined);
});

test("on a full disk only bodies that nginx writes there may fail", () => {
  const gap: Gap = { what: "disk full", from: 2000, until: 2500 };
  const full = { begun: 2100, ended: 2200, port: 40_003, problem: "status 500" };
  assert.equal(excuse(failure({ ...full, kind: BUFFERED }), [], [gap]), DISK_FULL);
  assert.equal(excuse(failure(full), [], [gap]), undefined);
});

test("only a connection that was silent for the whole farewell may be closed under a request", () => {
  const closed = { port: 40_004, begun: 5000, ended: 5001, problem: "ECONNRESET socket hang up" };
  assert.equal(excuse(failure({ ...closed, silentMs: 1200 }), [], []), SILENT);
  assert.equal(excuse(failure({ ...closed, silentMs: 300 }), [], []), undefined);
  assert.equal(excuse(failure(closed), [], []), undefined);
  assert.equal(excuse(failure({ ...closed, silentMs: 1200, problem: "status 502" }), [], []), undefined);
});

test("judge tells lost from excused", () => {
  const { lost, excused } = judge([failure(), failure({ port: 1 })], [death], []);
  assert.equal(lost.length, 1);
  assert.deepEqual([...excused], [[IN_FLIGHT, 1]]);
});
