/** The log of changes: what changed, and how soon it was live. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createChangeLog, type ChangeLog } from "../../src/dashboard/changes.ts";
import type { ServedChange } from "../../src/dashboard/shapes.ts";

interface Try {
  readonly log: ChangeLog;
  readonly told: ServedChange[];
  readonly at: { applied: number; served: number; observed: number; reloads: number; now: number; clock: number };
  /** A turn of so many milliseconds whose Program is not served yet. */
  turn(parts: readonly string[], objects?: readonly string[]): void;
}

/** A log after its first turn, which is live. */
function started(): Try {
  const at = { applied: 0, served: 0, observed: 0, reloads: 0, now: 1000, clock: 0 };
  const log = createChangeLog(() => at, () => at.now, () => at.now + at.clock);
  const told: ServedChange[] = [];
  const turn = (parts: readonly string[], objects: readonly string[] = []): void => {
    at.applied++;
    at.observed++;
    log.turned(new Set(parts), new Set(objects), 2);
  };
  turn(["host a.example", "pool a/b/80"], []);
  at.served = 1;
  log.look();
  log.listen((changes) => told.push(...changes));
  return { log, told, at, turn };
}

test("the first turn takes in everything", () => {
  const { log } = started();
  assert.deepEqual(log.newest(), [{ id: 0, time: 998, objects: ["what was there at the start"], parts: [], more: 0, generation: 1, liveAfter: 2, reloaded: false }]);
});

test("a change is told when it happens, and again when every worker has it", () => {
  const { at, log, told, turn } = started();
  turn(["host shop.example", "tls shop.example", "certificate 0123abcd", "pool shop/web/80", "settings ", "host _", "stream tcp 127.0.0.1 9000", "pool target:db.example:443", "pool upstream-default-backend"], ["Ingress shop/web"]);
  const [first] = told;
  assert.deepEqual(first, {
    id: 1, time: 998, objects: ["Ingress shop/web"], more: 0, generation: 2, reloaded: false,
    parts: ["certificate of shop.example", "endpoints of db.example:443", "endpoints of shop/web:80", "endpoints of tcp 127.0.0.1 9000", "endpoints of upstream-default-backend", "host * (every other name)", "host shop.example", "settings of all hosts"],
  });
  at.now = 1010;
  log.look();
  assert.equal(told.length, 1, "it is not live yet");
  at.served = 2;
  log.look();
  assert.deepEqual(told[1], { ...first, liveAfter: 12 });
  log.look();
  assert.equal(told.length, 2);
  assert.deepEqual(log.newest().at(-1), told[1]);
});

test("a change that waits for a reload does not hold up those behind it", () => {
  const { at, log, told, turn } = started();
  turn(["host slow.example"]);
  turn(["host b.example"]);
  at.served = 3;
  at.reloads = 1;
  at.now = 1500;
  log.look();
  assert.deepEqual(told.slice(2).map(({ id, liveAfter, reloaded }) => [id, liveAfter, reloaded]), [[1, 502, true], [2, 502, true]]);
});

test("many names are cut, and counted", () => {
  const { told, turn } = started();
  turn(Array.from({ length: 30 }, (_, index) => `host h${String(index).padStart(2, "0")}.example`), Array.from({ length: 10 }, (_, index) => `Ingress shop/i${index}`));
  const [{ objects, parts, more } = { objects: [], parts: [], more: 0 }] = told;
  assert.deepEqual([objects.length, parts.length, more], [8, 8, 24]);
});

test("endpoints that come and go never push out other changes, and all is bounded", () => {
  const { log, turn } = started();
  turn(["host kept.example"], ["Ingress shop/kept"]);
  for (let times = 0; times < 1000; times++) turn(["pool shop/web/80"]);
  assert.ok(log.newest().some(({ objects }) => objects[0] === "Ingress shop/kept"));
  assert.equal(log.newest().length, 102);
  for (let times = 0; times < 1000; times++) turn([`host h${times}.example`]);
  assert.equal(log.newest().length, 400);
  assert.deepEqual(log.newest().at(-1)?.parts, ["host h999.example"]);
  const ids = log.newest().map(({ id }) => id);
  assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
});

test("changes that nobody acknowledges take bounded room, and what is kept of them goes live at last", () => {
  const { at, log, told, turn } = started();
  turn(["host first.example"]);
  for (let times = 0; times < 5000; times++) turn(["pool shop/web/80"]);
  told.length = 0;
  at.served = at.applied;
  log.look();
  assert.ok(told.length <= 1000, `${told.length} changes were waited for`);
  assert.ok(told.some(({ parts }) => parts.includes("host first.example")));
  assert.ok(log.newest().every(({ liveAfter }) => liveAfter !== undefined));
});

test("a machine that slept, or whose clock was set, tells the time of day right, and how long a change took", () => {
  const { at, log, turn } = started();
  at.clock = 3_600_000;
  turn(["host shop.example"]);
  at.clock = 0;
  at.now += 7;
  at.served = at.applied;
  log.look();
  assert.deepEqual(log.newest().at(-1), { id: 1, time: 3_600_998, objects: [], parts: ["host shop.example"], more: 0, generation: 2, liveAfter: 9, reloaded: false });
});
