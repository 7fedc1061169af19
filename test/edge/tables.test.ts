import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Frame, EdgeHost, PartKind, PartValues } from "../../edge/src/program.ts";
import { byName, discard, newStaging, newTables, take, type Staging, type Tables } from "../../edge/src/tables.ts";

const decode = (text: string): Frame => JSON.parse(text) as Frame;

function hostNamed(name: string, path = "/"): EdgeHost {
  return { name, routes: [{ path, pool: "p", namespace: "", ingress: "", service: "", port: "", host: name }], exact: {}, prefix: { "/": 0 }, lengths: [], root: 0 };
}

const set = (kind: PartKind, id: string, value: PartValues[PartKind]): Frame => ({ op: "set", kind, id, value });
const pool = (id: string, port = 80): Frame => set("pool", id, { name: id, endpoints: [["10.0.0.1", port]] });
const commit = (generation: number): Frame => ({ op: "commit", generation, digest: `d${generation}` });

function feed(tables: Tables, staging: Staging, ...frames: readonly Frame[]): boolean[] {
  return frames.map((frame) => take(tables, staging, frame, decode));
}

test("nothing is true before the commit, everything at it", () => {
  const tables = newTables();
  const staging = newStaging();
  assert.deepEqual(feed(tables, staging, pool("a"), set("host", "x.example", hostNamed("x.example"))), [false, false]);
  assert.equal(tables.pools["a"], undefined);
  assert.equal(tables.generation, 0);
  assert.deepEqual(feed(tables, staging, commit(7)), [true]);
  assert.ok(tables.pools["a"] && tables.hosts["x.example"]);
  assert.deepEqual([tables.generation, tables.digest], [7, "d7"]);
});

test("a value is replaced, so who holds the old one keeps a whole one", () => {
  const tables = newTables();
  const staging = newStaging();
  feed(tables, staging, pool("a", 80), commit(1));
  const held = tables.pools["a"];
  feed(tables, staging, pool("a", 81), commit(2));
  assert.deepEqual(held?.endpoints, [["10.0.0.1", 80]]);
  assert.deepEqual(tables.pools["a"]?.endpoints, [["10.0.0.1", 81]]);
});

test("what a lost connection staged is forgotten, half a piece included", () => {
  const tables = newTables();
  const staging = newStaging();
  feed(tables, staging, pool("a"), { op: "piece", text: '{"op":"set"', last: false });
  discard(staging);
  feed(tables, staging, { op: "piece", text: JSON.stringify(pool("b")), last: true }, commit(1));
  assert.equal(tables.pools["a"], undefined);
  assert.ok(tables.pools["b"]);
});

test("a reset takes everything away but the settings, at the commit", () => {
  const tables = newTables();
  const staging = newStaging();
  feed(tables, staging, pool("a"), set("host", "*.x.example", hostNamed("*.x.example")), set("tls", "x.example", "c"), set("tls", "*.x.example", "c"),
    set("certificate", "c", { chain: "", key: "" }), set("settings", "", { ...newTables().settings, redirectCode: 301, forwardedProto: true }), commit(1));
  feed(tables, staging, { op: "reset" }, pool("b"));
  assert.ok(tables.pools["a"], "not before the commit");
  feed(tables, staging, commit(2));
  const { hosts, wildcards, pools, certificates, names, wildcardNames, settings } = tables;
  assert.deepEqual(Object.keys(pools), ["b"]);
  for (const table of [hosts, wildcards, certificates, names, wildcardNames]) assert.deepEqual(Object.keys(table), []);
  assert.equal(settings.redirectCode, 301);
});

test("an exact name comes before a wildcard, a wildcard stands for one label, anything else is the catch-all's", () => {
  const tables = newTables();
  const staging = newStaging();
  const names = ["_", "a.example", "*.example", "*.a.example", "constructor"];
  feed(tables, staging, ...names.map((name) => set("host", name, hostNamed(name))), commit(1));
  const found = (name: string): string | undefined => byName(tables.hosts, tables.wildcards, name)?.name;
  assert.equal(found("a.example"), "a.example");
  assert.equal(found("b.example"), "*.example");
  assert.equal(found("b_-9.example"), "*.example");
  assert.equal(found("x.a.example"), "*.a.example");
  for (const name of ["x.b.example", "example", ".example", "b c.example", "\u00e9.example", "toString", "__proto__", ""]) assert.equal(found(name), "_", name);
  assert.equal(found("constructor"), "constructor");
});

/** The parts that result from frames, read in the plainest way: a map that changes at commits only. */
function reading(frames: readonly Frame[]): Map<string, string> {
  const parts = new Map<string, string>();
  let staged: Frame[] = [];
  for (const frame of frames) {
    if (frame.op !== "commit") staged.push(frame);
    else {
      for (const one of staged) {
        if (one.op === "reset") parts.clear();
        else if (one.op === "set") parts.set(`${one.kind} ${one.id}`, sent(one.value));
        else if (one.op === "drop") parts.delete(`${one.kind} ${one.id}`);
      }
      staged = [];
    }
  }
  return parts;
}

/** A value of the tables as JSON, without the field that the tables add themselves. */
function sent(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === "id" ? undefined : inner));
}

function content(tables: Tables): Map<string, string> {
  const entries = (kind: PartKind, table: Record<string, unknown>, prefix = ""): [string, string][] =>
    Object.entries(table).filter(([, value]) => value !== undefined).map(([id, value]) => [`${kind} ${prefix}${id}`, sent(value)]);
  return new Map([
    ...entries("host", tables.hosts), ...entries("host", tables.wildcards, "*"), ...entries("pool", tables.pools),
    ...entries("tls", tables.names), ...entries("tls", tables.wildcardNames, "*"), ...entries("certificate", tables.certificates),
    ...entries("trust", tables.trusts),
  ]);
}

test("tables hold what the frames say, in pieces of any size", () => {
  const name = fc.constantFrom("_", "a.example", "*.example", "__proto__", "constructor");
  const value = (kind: PartKind, id: string, n: number): Frame =>
    kind === "host" ? set(kind, id, hostNamed(id, `/${n}`)) : kind === "pool" ? pool(id, n) : kind === "tls" ? set(kind, id, `c${n}`) : set("certificate", id, { chain: `${n}`, key: "" });
  const frame: fc.Arbitrary<Frame> = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom<PartKind>("host", "pool", "tls", "certificate"), name, fc.nat(3)).map(([kind, id, n]) => value(kind, id, n)) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom<PartKind>("host", "pool", "tls", "certificate"), name).map(([kind, id]): Frame => ({ op: "drop", kind, id })) },
    { weight: 1, arbitrary: fc.constant<Frame>({ op: "reset" }) },
    { weight: 3, arbitrary: fc.nat(9).map(commit) },
  );
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 40 }), fc.integer({ min: 1, max: 60 }), fc.infiniteStream(fc.boolean()), (frames, size, whole) => {
      const tables = newTables();
      const staging = newStaging();
      for (const one of frames) feed(tables, staging, ...(whole.next().value || one.op === "commit" ? [one] : pieces(one, size)));
      assert.deepEqual(sorted(content(tables)), sorted(reading(frames)));
    }),
  );
});

function pieces(frame: Frame, size: number): Frame[] {
  const text = JSON.stringify(frame);
  const cuts = Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size));
  return cuts.map((part, index) => ({ op: "piece", text: part, last: index === cuts.length - 1 }));
}

function sorted(map: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

test("a commit that fails in the middle leaves nothing claimed", () => {
  const tables = newTables();
  const staging = newStaging();
  feed(tables, staging, pool("a", 80), commit(1));
  Object.freeze(tables.pools);
  assert.throws(() => feed(tables, staging, pool("a", 81), commit(2)));
  assert.deepEqual([tables.generation, tables.digest], [1, ""], "what was known of it holds no more");
});

test("a frame that nobody can read changes nothing", () => {
  const tables = newTables();
  const staging = newStaging();
  feed(tables, staging, pool("a", 80), commit(1));
  const { digest } = tables;
  assert.throws(() => feed(tables, staging, pool("a", 81), set("host", "x.example", { name: "x.example" } as EdgeHost), commit(2)));
  assert.deepEqual([tables.generation, tables.digest, tables.pools["a"]?.endpoints], [1, digest, [["10.0.0.1", 80]]]);
});

test("hosts without paths of their own share what they have in common, and nobody else has it", () => {
  const tables = newTables();
  const plain = (name: string): EdgeHost => ({ name, routes: [{ path: "/", pool: "a", namespace: "", ingress: "", service: "", port: "" }], exact: {}, prefix: { "/": 0 }, lengths: [], root: 0 });
  const other: EdgeHost = { ...plain("other.example"), exact: { "/x": 0 }, prefix: { "/": 0, "/y/": 0 }, lengths: [3] };
  const catchAll: EdgeHost = { ...plain("_"), exact: {}, prefix: { "/": 1 }, root: 1 };
  feed(tables, newStaging(), ...[plain("a.example"), plain("b.example"), other, catchAll].map((host) => set("host", host.name, structuredClone(host))), commit(1));
  const { "a.example": a, "b.example": b, "other.example": c, _: d } = tables.hosts;
  assert.ok(a && b && a.exact === b.exact && a.prefix === b.prefix && a.lengths === b.lengths);
  assert.deepEqual([{ ...a.exact }, { ...a.prefix }, a.lengths], [{}, { "/": 0 }, []]);
  assert.deepEqual([c?.exact, c?.prefix, c?.lengths, d?.prefix], [{ "/x": 0 }, { "/": 0, "/y/": 0 }, [3], { "/": 1 }]);
});
