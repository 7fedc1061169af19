import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { PartKind } from "../../edge/src/program.ts";
import type { Part } from "../../src/compile/program.ts";
import { Ledger } from "../../src/engine/ledger.ts";
import { LONGEST_FRAME } from "../../src/engine/protocol.ts";
import { follower, holdings, holdingsOf, type Follower } from "./follower.ts";
import { hostPart, poolPart, somePart } from "./parts.ts";

const changed = (...parts: readonly Part[]): Map<string, Part | undefined> => new Map(parts.map((one) => [one.key, one]));
const opOf = (line: string): string => (JSON.parse(line) as { op: string }).op;

test("what is sent ends with a commit of the generation and digest", () => {
  const ledger = new Ledger();
  ledger.publish(changed(poolPart("a", 1)));
  ledger.publish(changed(poolPart("b", 1)));
  for (const lines of [ledger.latest(), ledger.catchUp(""), ledger.catchUp("unknown"), ledger.catchUp(ledger.digest)].map((frames) => [...frames])) {
    assert.deepEqual(JSON.parse(lines.at(-1) ?? ""), { op: "commit", generation: 2, digest: ledger.digest });
    assert.equal(lines.filter((line) => opOf(line) === "commit").length, 1);
  }
});

test("the same content has the same digest, whatever came before and in whatever order", () => {
  const [one, other] = [new Ledger(), new Ledger()];
  one.publish(changed(poolPart("a", 1), hostPart("x.example", "/")));
  other.publish(changed(hostPart("x.example", "/old"), poolPart("gone", 1)));
  other.publish(new Map([...changed(hostPart("x.example", "/")), ["pool gone", undefined]]));
  assert.notEqual(one.digest, other.digest);
  other.publish(changed(poolPart("a", 1)));
  assert.equal(one.digest, other.digest);
});

test("a subscriber that holds everything already gets a commit alone; one that holds something unknown is reset", () => {
  const ledger = new Ledger();
  ledger.publish(changed(poolPart("a", 1), poolPart("b", 1)));
  const first = ledger.digest;
  ledger.publish(changed(poolPart("b", 2)));
  assert.deepEqual(Array.from(ledger.catchUp(ledger.digest), opOf), ["commit"]);
  assert.deepEqual(Array.from(ledger.catchUp(first), opOf), ["set", "commit"]);
  assert.deepEqual(Array.from(ledger.catchUp("f00"), opOf), ["reset", "set", "set", "commit"]);
});

test("generations are forgotten when they are too many to remember, and their holders reset", () => {
  const ledger = new Ledger();
  ledger.publish(changed(poolPart("first", 1)));
  const digest = ledger.digest;
  for (let batch = 0; batch < 3; batch++) {
    ledger.publish(changed(...Array.from({ length: 9000 }, (_, index) => poolPart(`p${index}`, batch + 1))));
  }
  const lines = [...ledger.catchUp(digest)];
  assert.equal(opOf(lines[0] ?? ""), "reset");
  assert.equal(lines.length, 1 + 9001 + 1);
});

test("workers of an older nginx get endpoints and no promise to hold a whole Program", () => {
  const ledger = new Ledger();
  ledger.publish(changed(poolPart("a", 1), hostPart("x.example", "/")));
  const lines = Array.from(ledger.poolsSince(0), (line) => JSON.parse(line) as { op: string; kind?: string; digest?: string });
  assert.deepEqual(lines.map(({ op, kind, digest }) => [op, kind, digest]), [["set", "pool", undefined], ["commit", undefined, ""]]);
});

const kind = fc.constantFrom<PartKind>("host", "pool", "certificate", "tls", "settings");
const id = fc.constantFrom("a", "b", "*.c", "_", "__proto__");
const change = fc.tuple(kind, id, fc.nat(2), fc.boolean());
type Step = { readonly publish: readonly [PartKind, string, number, boolean][] } | { readonly lose: number; readonly midway: number } | { readonly join: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.array(change, { maxLength: 5 }).map((publish) => ({ publish })) },
  { weight: 1, arbitrary: fc.record({ lose: fc.nat(2), midway: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ join: fc.nat(2) }) },
);

test("whatever a subscriber missed, catching up brings it to the same content", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const ledger = new Ledger();
      const followers = [follower(), follower(), follower()];
      const connected = new Set<Follower>();
      const join = (one: Follower): void => {
        if (!connected.has(one)) one.hear([...ledger.catchUp(one.tables.digest)]);
        connected.add(one);
      };
      for (const one of steps) {
        if ("publish" in one) {
          ledger.publish(new Map(one.publish.map(([of, name, version, drop]) => {
            const made = somePart(of, name, version);
            return [made.key, drop && of !== "settings" ? undefined : made];
          })));
          for (const each of connected) each.hear([...ledger.latest()]);
        } else if ("join" in one) {
          if (ledger.generation > 0) join(followers[one.join] as Follower);
        } else {
          const lost = followers[one.lose] as Follower;
          // Before the connection breaks, some of the next frames arrive, but not their commit.
          if (!connected.has(lost)) lost.hear([...ledger.catchUp(lost.tables.digest)].slice(0, -1).slice(0, one.midway));
          connected.delete(lost);
          lost.lose();
        }
      }
      ledger.publish(changed(poolPart("last", 1)));
      for (const each of connected) each.hear([...ledger.latest()]);
      for (const each of followers) {
        join(each);
        assert.deepEqual(holdings(each.tables), holdingsOf(ledger.parts()));
        assert.deepEqual([each.tables.digest, each.tables.generation], [ledger.digest, ledger.generation]);
      }
    }),
    { numRuns: 500 },
  );
});

test("no line is longer than 64 KiB, and long parts arrive whole", () => {
  const nasty = fc.tuple(fc.constantFrom("\\", '"', "a", "é", "日", "\u0001", "\ud83d\ude00", "\\\""), fc.integer({ min: 1, max: 200_000 }));
  fc.assert(
    fc.property(nasty, ([text, count]) => {
      const ledger = new Ledger();
      ledger.publish(changed(hostPart("x.example", `/${text.repeat(Math.ceil(count / text.length))}`)));
      const lines = [...ledger.latest()];
      for (const line of lines) assert.ok(line.length <= LONGEST_FRAME, `${line.length}`);
      const worker = follower();
      worker.hear(lines);
      assert.deepEqual(holdings(worker.tables), holdingsOf(ledger.parts()));
    }),
    { numRuns: 60 },
  );
});

test("what is remembered is in proportion to what there is, whatever came and went", () => {
  const ledger = new Ledger();
  const many = Array.from({ length: 30_000 }, (_, index) => poolPart(`p${index}`, 1));
  ledger.publish(changed(...many));
  const { digest } = ledger;
  ledger.publish(changed(...many.slice(0, 10_000).map(({ id }) => poolPart(id, 2))));
  assert.equal(opOf([...ledger.catchUp(digest)][0] ?? ""), "set", "who was away for a third of everything gets a third");
  assert.ok(ledger.remembered <= 40_000);
  ledger.publish(new Map(many.slice(10).map(({ key }) => [key, undefined])));
  ledger.publish(changed(poolPart("p0", 3)));
  assert.ok(ledger.remembered <= 5000, `${ledger.remembered} for ${[...ledger.parts()].length} parts`);
  for (let i = 0; i < 20_000; i++) ledger.publish(new Map());
  assert.ok(ledger.remembered <= 5000, "generations without a change are not remembered for ever");
});
