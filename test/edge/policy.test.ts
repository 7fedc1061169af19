import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ownerOf, ringOf } from "../../edge/src/hash-ring.ts";
import { choose, type Attempt, type Balance, type Peers, type PolicyView, type SessionBalance } from "../../edge/src/policy.ts";
import { parseTemplate } from "../../src/model/grammar/template.ts";

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const poolOf = (count: number): Peers => ({ name: "shop-web-80", endpoints: Array.from({ length: count }, (_, i) => [`10.0.0.${i + 1}`, 8080]) });
const textsOf = (pool: Peers): string[] => pool.endpoints.map(([address, port]) => `${address}:${port}`);
const fresh = (): Attempt => ({ endpoint: -1, tried: undefined, session: undefined });

let serial = 0;
const asked = (variables: Readonly<Record<string, string>> = {}, more: Partial<PolicyView> = {}): PolicyView => ({
  variable: (name) => variables[name],
  random: (count) => 1 + Math.floor(Math.random() * count),
  groups: () => undefined,
  md5,
  newKey: (attempt) => `${1700000000.123 + attempt}.42.${++serial}`,
  score: () => 0,
  ...more,
});

/** The endpoints, by index, that `count` tries of one request get. */
function tries(balance: Balance, pool: Peers, view: PolicyView, count: number, attempt = fresh()): number[] {
  return Array.from({ length: count }, () => (attempt.endpoint = choose(balance, pool, attempt, view)));
}

const byUri: Balance = { kind: "hash", key: parseTemplate("$request_uri") };

test("hash: the endpoint that the ring says, the same for every request", () => {
  const pool = poolOf(5);
  const ring = ringOf(textsOf(pool));
  for (let i = 0; i < 50; i++) assert.deepEqual(tries(byUri, pool, asked({ request_uri: `/${i}` }), 1), [ownerOf(ring, `/${i}`)]);
  assert.deepEqual(tries(byUri, pool, asked(), 1), [ownerOf(ring, "")]);
});

test("hash: groups of the path are part of the key; one that took no part is empty", () => {
  const pool = poolOf(5);
  const ring = ringOf(textsOf(pool));
  const byGroup: Balance = { kind: "hash", key: parseTemplate("x"), grouped: { pattern: "/(.)", pieces: ["a-", { group: 1 }, { variable: "host" }] } };
  const groups = (pattern: string): Readonly<Record<number, string>> => ({ 1: pattern.slice(-2) });
  assert.deepEqual(tries(byGroup, pool, asked({ host: "h" }, { groups }), 1), [ownerOf(ring, "a-.)h")]);
  assert.deepEqual(tries(byGroup, pool, asked(), 1), [ownerOf(ring, "a-")]);
});

test("hash: retries go around the ring, to every endpoint once", () => {
  for (let i = 0; i < 20; i++) assert.deepEqual(tries(byUri, poolOf(5), asked({ request_uri: `/${i}` }), 5).sort(), [0, 1, 2, 3, 4]);
  assert.deepEqual(tries(byUri, poolOf(1), asked(), 3), [0, 0, 0]);
});

test("subset: any endpoint of the key's subset and no other; retries stay in it", () => {
  const balance: Balance = { kind: "hash", key: parseTemplate("$request_uri"), subset: 3 };
  const pool = poolOf(7);
  const subsets = [[0, 1, 2], [3, 4, 5], [0, 1, 6]];
  const ring = ringOf(["set1", "set2", "set3"]);
  for (let i = 0; i < 10; i++) {
    const view = asked({ request_uri: `/${i}` });
    const seen: Set<number | undefined> = new Set(Array.from({ length: 100 }, () => tries(balance, pool, view, 1)[0]));
    assert.deepEqual([...seen].sort(), subsets[ownerOf(ring, `/${i}`)]);
    assert.deepEqual(tries(balance, pool, view, 3).sort(), subsets[ownerOf(ring, `/${i}`)]);
  }
  assert.deepEqual(new Set(Array.from({ length: 50 }, () => tries(balance, poolOf(2), asked(), 1)[0])), new Set([0, 1]));
});

test("ewma: the faster one; a retry leaves out what failed", () => {
  const pool = poolOf(2);
  const view = asked({}, { score: (peer) => (peer === "10.0.0.1:8080" ? 5 : 1) });
  for (let i = 0; i < 20; i++) assert.deepEqual(tries({ kind: "ewma" }, pool, view, 2), [1, 0]);
});

const session = (more: Partial<SessionBalance> = {}): SessionBalance => ({
  kind: "session", key: "B", cookie: { name: "S", variable: "cookie_s", path: "/" }, ...more,
});

test("balanced session: a new one gets a cookie whose key leads to its endpoint; with it nothing is set", () => {
  const pool = poolOf(4);
  for (let i = 0; i < 30; i++) {
    const attempt = fresh();
    const [endpoint] = tries(session(), pool, asked(), 1, attempt);
    const key = attempt.session as string;
    assert.match(key, /^\d+\.\d+\.42\.\d+$/);
    assert.equal(endpoint, ownerOf(ringOf(textsOf(pool)), key));
    const again = fresh();
    assert.deepEqual(tries(session(), pool, asked({ cookie_s: `${key}|B` }), 1, again), [endpoint]);
    assert.equal(again.session, undefined);
  }
});

test("persistent session: the key is the digest of pool and endpoint; an unknown one begins a new session", () => {
  const pool = poolOf(4);
  const keys = textsOf(pool).map((text) => md5(`shop-web-80${text}`));
  const persistent = session({ persistent: true });
  for (const [index, key] of keys.entries()) assert.deepEqual(tries(persistent, pool, asked({ cookie_s: `${key}|B` }), 1), [index]);
  for (const value of ["gone|B", "constructor", "|B", ""]) {
    const attempt = fresh();
    const [endpoint = -1] = tries(persistent, pool, asked({ cookie_s: value }), 1, attempt);
    assert.equal(attempt.session, keys[endpoint]);
  }
});

test("a session's retry goes to the same endpoint; with change-on-failure to another one, and the cookie with it", () => {
  for (const persistent of [true, false]) {
    const pool = poolOf(3);
    const began = fresh();
    const [endpoint = -1] = tries(session({ persistent }), pool, asked(), 1, began);
    const view = asked({ cookie_s: `${began.session}|B` });
    assert.deepEqual(tries(session({ persistent }), pool, view, 3), [endpoint, endpoint, endpoint]);
    const attempt = fresh();
    const moved = tries(session({ persistent, changeOnFailure: true }), pool, view, 2, attempt);
    assert.equal(moved[0], endpoint);
    assert.notEqual(moved[1], endpoint);
    assert.notEqual(attempt.session, undefined);
  }
});

test("a session that begins with a failure begins elsewhere", () => {
  for (const persistent of [true, false]) {
    assert.deepEqual(tries(session({ persistent }), poolOf(3), asked(), 3).sort(), [0, 1, 2]);
    assert.equal(tries(session({ persistent }), poolOf(1), asked(), 3).every((endpoint) => endpoint === 0), true);
  }
});

test("beside canaries a cookie that names no side is issued anew with its key", () => {
  const sided = session({ sides: ["B", "C"] });
  const issued = (value: string): string | undefined => {
    const attempt = fresh();
    tries(sided, poolOf(3), asked({ cookie_s: value }), 1, attempt);
    return attempt.session;
  };
  assert.equal(issued("1.2.3|B"), undefined);
  assert.equal(issued("1.2.3|C"), undefined);
  assert.equal(issued("1.2.3|other"), "1.2.3");
  assert.equal(issued("1.2.3"), "1.2.3");
  assert.equal(issued("1,2 3|other"), undefined);
});
