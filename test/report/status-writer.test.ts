/** What the writer of statuses does when the API server refuses, or is cut off: everything is written soon after that is over. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { ClusterApi } from "../../src/report/cluster/api.ts";
import { addressWish, createStatusWriter, type StatusWriter } from "../../src/report/status/status-writer.ts";
import { Broken, Refused, Unreachable } from "../../src/source/kubernetes/failures.ts";
import type { Ingress } from "../../src/source/objects.ts";
import { ingress } from "../support/objects.ts";
import { mockTime, pass, STEP, unmockTime } from "../support/mock-time.ts";

/** As many as are written at once, and more. */
const NAMES = Array.from({ length: 30 }, (_, i) => `shop/i${i}`).sort();

/** What an API server says that starts, is on its way out, or is asked too much. */
const FAILURES: readonly Error[] = [
  new Refused(403, 'ingresses.networking.k8s.io "a" is forbidden: User "x" cannot patch resource "ingresses/status"'),
  new Refused(401, "Unauthorized"), new Refused(429, "too many requests", 1000), new Refused(500, "etcdserver: request timed out"), new Refused(503, "apiserver is shutting down"),
  new Broken("half an answer: other side closed"), new Broken("an answer that is not JSON"), new Unreachable("connection refused"),
];

let failure: Error | undefined;
/** Whose writes fail; undefined: all. */
let failing: ReadonlySet<string> | undefined;
let asked: string[];
let written: Set<string>;
let term: AbortController;
let writer: StatusWriter;

beforeEach(() => {
  mockTime(0.99);
  [failure, failing, asked, written, term] = [undefined, undefined, [], new Set(), new AbortController()];
  const ask = async (_: unknown, path: string): Promise<unknown> => {
    asked.push(path);
    const name = `shop/${path.split("/").at(-2) ?? ""}`;
    if (failure && (failing === undefined || failing.has(name))) throw failure;
    written.add(name);
    return { metadata: { resourceVersion: "2" } };
  };
  writer = createStatusWriter({
    api: { ask, manageWithout: () => undefined, findings: () => [] } as unknown as ClusterApi,
    namespace: "", log: () => undefined,
    wish: (key) => (written.has(key) ? undefined : addressWish(objectOf(key), [{ ip: "192.0.2.1" }])),
  });
  writer.lead(term.signal);
});
afterEach(async () => {
  term.abort();
  await pass(STEP);
  unmockTime();
});

function objectOf(key: string): Ingress {
  const { object } = ingress(key);
  return { ...object, metadata: { ...object.metadata, resourceVersion: "1" } };
}

for (const one of FAILURES) {
  test(`${one.name} ${one.message}: for two seconds, and all is written within five more`, async () => {
    failure = one;
    writer.look(NAMES);
    await pass(2000);
    assert.deepEqual([...written], []);
    assert.ok(asked.length >= 1);
    failure = undefined;
    await pass(5000);
    assert.deepEqual([...written].sort(), NAMES);
  });
}

test("while a right is missing the server is asked less and less often, down to once a minute", async () => {
  failure = FAILURES[0];
  writer.look(NAMES);
  await pass(600_000);
  const before = asked.length;
  await pass(600_000);
  assert.ok(asked.length - before <= 2 * 10 * 11, `${asked.length - before} requests in ten minutes`);
});

test("at the end what went wrong earlier is not waited for", async () => {
  failure = new Refused(503, "apiserver is shutting down");
  writer.look(NAMES);
  await pass(70_000);
  failure = undefined;
  let drained = false;
  void writer.drain(NAMES, term.signal).then(() => (drained = true));
  await pass(1000);
  assert.deepEqual([drained, [...written].sort()], [true, NAMES]);
});

test("Ingresses whose own writes always fail keep no other waiting, and are tried less and less often", async () => {
  failure = new Refused(500, 'Internal error occurred: failed calling webhook "a.example"');
  failing = new Set(NAMES.slice(0, 12));
  writer.look(failing);
  await pass(120_000);
  writer.look(NAMES.slice(12));
  await pass(STEP);
  assert.deepEqual([...written].sort(), NAMES.slice(12));
  const before = asked.length;
  await pass(300_000);
  assert.ok(asked.length - before <= failing.size * 12, `${asked.length - before} requests in five minutes`);
  failure = undefined;
  await pass(30_000);
  assert.deepEqual([...written].sort(), NAMES, "when they can be written again, they are");
});

test("an Ingress that fails and is gone, or is as wished, is tried no more", async () => {
  failure = new Refused(500, "Internal error occurred");
  writer.look(["shop/i0"]);
  await pass(1000);
  written.add("shop/i0");
  await pass(60_000);
  const before = asked.length;
  await pass(60_000);
  assert.equal(asked.length, before);
});
