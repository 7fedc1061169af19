import assert from "node:assert/strict";
import { test } from "node:test";
import { decide, isDeclared } from "../../edge/src/match.ts";
import { commitPatterns, setAlias } from "../../edge/src/aliases.ts";
import type { EdgeAlias, Frame } from "../../edge/src/program.ts";
import { newStaging, take, type Tables } from "../../edge/src/tables.ts";
import { asked, host, route, tablesWith } from "./routes.ts";

const HOSTS = ["_", "a.example", "b.example", "*.wild.example"];

function tablesOf(aliases: Readonly<Record<string, string>>): Tables {
  const tables = tablesWith(HOSTS.map((name) => host(name, { "/": route("p") })), ["p"]);
  for (const [name, to] of Object.entries(aliases)) setAlias(tables.aliases, name, { host: to });
  commitPatterns(tables.aliases);
  return tables;
}

const found = (tables: Tables, name: string): string | undefined => decide(tables, asked(), name, "/", false).host?.name;

test("hosts, exact aliases, the longest parent, the longest start, a rule's wildcard, expressions, everybody else's", () => {
  const tables = tablesOf({
    "b.example": "a.example", "www.b.example": "b.example", "x.wild.example": "a.example", "*.b.example": "a.example", "*.c.b.example": "b.example",
    "shop.*": "a.example", "shop.de.*": "b.example", "~^r[0-9]+\\.": "b.example", "~^R1\\.": "a.example", "*.com": "*.wild.example",
  });
  for (const [name, expected] of [
    ["b.example", "b.example"], ["www.b.example", "b.example"], ["x.wild.example", "a.example"], ["y.wild.example", "*.wild.example"],
    ["y.b.example", "a.example"], ["y.z.b.example", "a.example"], ["y.c.b.example", "b.example"], ["c.b.example", "a.example"],
    ["shop.fr", "a.example"], ["shop.de.x", "b.example"], ["shop.de", "a.example"], ["shop", "_"], ["ashop.fr", "_"], ["a.com", "*.wild.example"],
    ["r1.net", "a.example"], ["r2.net", "b.example"], ["r.net", "_"], ["r1.wild.example", "*.wild.example"], ["nobody", "_"], ["constructor", "_"],
  ] as const) {
    assert.equal(found(tables, name), expected, name);
    assert.equal(isDeclared(tables, asked(), name), expected !== "_", name);
  }
  assert.equal(isDeclared(tables, asked(), "_"), false);
});

test("the order in which expressions come does not matter, only whose they are", () => {
  const aliases: [string, EdgeAlias][] = [["~x", { host: "b.example" }], ["~xx", { host: "a.example" }], ["~x+", { host: "a.example" }]];
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]]) {
    const tables = tablesOf({});
    for (const index of order) {
      setAlias(tables.aliases, ...(aliases[index] as [string, EdgeAlias]));
      if (index === 1) commitPatterns(tables.aliases);
    }
    commitPatterns(tables.aliases);
    assert.deepEqual(tables.aliases.patterns.map(({ id }) => id), ["~x+", "~xx", "~x"]);
  }
});

test("an alias that goes is gone, one that changes leads elsewhere, and a list that is held stays", () => {
  const tables = tablesOf({ "www.a.example": "a.example", "~^r": "a.example" });
  const held = tables.aliases.patterns;
  setAlias(tables.aliases, "~^r", { host: "b.example" });
  commitPatterns(tables.aliases);
  assert.equal(found(tables, "r.net"), "b.example");
  setAlias(tables.aliases, "www.a.example", undefined);
  setAlias(tables.aliases, "~^r", undefined);
  commitPatterns(tables.aliases);
  assert.equal(found(tables, "www.a.example"), "_");
  assert.equal(found(tables, "r.net"), "_");
  assert.equal(held.length, 1);
});

test("an alias of a host that is not there is everybody else's", () => {
  assert.equal(found(tablesOf({ "www.gone.example": "gone.example" }), "www.gone.example"), "_");
});

test("aliases come and go with frames, and a reset takes all of them", () => {
  const tables = tablesOf({});
  const staging = newStaging();
  const feed = (...frames: readonly Frame[]): void => frames.forEach((frame) => take(tables, staging, frame, (text) => JSON.parse(text) as Frame));
  const commit: Frame = { op: "commit", generation: 2, digest: "" };
  feed({ op: "set", kind: "alias", id: "www.a.example", value: { host: "a.example" } }, { op: "set", kind: "alias", id: "*.a.test", value: { host: "a.example" } });
  assert.equal(found(tables, "www.a.example"), "_", "not before the commit");
  feed(commit);
  assert.deepEqual([found(tables, "www.a.example"), found(tables, "x.y.a.test")], ["a.example", "a.example"]);
  feed({ op: "drop", kind: "alias", id: "www.a.example" }, commit);
  assert.deepEqual([found(tables, "www.a.example"), found(tables, "x.a.test")], ["_", "a.example"]);
  feed({ op: "reset" }, { op: "set", kind: "host", id: "_", value: host("_", { "/": route("p") }) }, commit);
  assert.equal(found(tables, "x.a.test"), "_");
  assert.equal(tables.aliases.wild, false);
});

/** How often the edge reads hosts of aliases while it takes `frames` as one commit. It reads a host when it compares two aliases. */
function readsOf(count: number, frames: (ids: readonly string[], value: EdgeAlias) => readonly Frame[]): number {
  const tables = tablesOf({});
  const staging = newStaging();
  let reads = 0;
  const value: EdgeAlias = { get host() {
    reads++;
    return "a.example";
  } };
  const ids = Array.from({ length: count }, (_, i) => `~^${(i * 7919) % count}\\.`);
  const feed = (all: readonly Frame[]): void => all.forEach((frame) => take(tables, staging, frame, (text) => JSON.parse(text) as Frame));
  feed([...ids.map((id): Frame => ({ op: "set", kind: "alias", id, value })), { op: "commit", generation: 2, digest: "" }]);
  assert.equal(tables.aliases.patterns.length, count);
  reads = 0;
  feed([...frames(ids, value), { op: "commit", generation: 3, digest: "" }]);
  return reads;
}

test("what a commit of expressions costs grows with what it changes, and with one walk through the list", () => {
  const all = (ids: readonly string[], value: EdgeAlias): Frame[] => ids.map((id): Frame => ({ op: "set", kind: "alias", id, value }));
  const none = (ids: readonly string[]): Frame[] => ids.map((id): Frame => ({ op: "drop", kind: "alias", id }));
  assert.equal(readsOf(10_000, none), 0, "what goes is compared with nothing");
  assert.ok(readsOf(10_000, all) < 10_000 * 14 * 4, "what comes is sorted");
  assert.ok(readsOf(10_000, (ids, value) => all(ids.slice(0, 1), value)) <= 10_000 * 4, "one is put in its place");
});

test("a name that no DNS holds is looked for as a whole, not label by label", () => {
  const tables = tablesOf({ "*.example": "a.example", "shop.*": "a.example", "~^exp": "b.example" });
  let looks = 0;
  const counting = (table: Record<string, EdgeAlias>): Record<string, EdgeAlias> => new Proxy(table, { get: (target, key: string) => (looks++, target[key]) });
  tables.aliases.parents = counting(tables.aliases.parents);
  tables.aliases.starts = counting(tables.aliases.starts);
  assert.equal(found(tables, `${"a.".repeat(4000)}example`), "_");
  assert.equal(looks, 0);
  assert.equal(found(tables, `exp.${"a.".repeat(4000)}example`), "b.example");
  assert.equal(found(tables, `${"a.".repeat(100)}example`), "a.example");
});

test("an expression that gives up on a name, and time that is up, end the search", () => {
  const tables = tablesOf({ "~^/slow": "a.example", "~zzz": "b.example" });
  assert.equal(found(tables, "zzz"), "_", "a name that is made to be too hard is nobody's");
  const many = tablesOf(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`~never${i}`, "a.example"])));
  let tried = 0;
  const view = { ...asked(), matches: () => (tried++, false), isPast: () => tried >= 20 };
  assert.equal(decide(many, view, "x.test", "/", false).host?.name, "_");
  assert.ok(tried >= 20 && tried < 30, `${tried} were tried`);
});
