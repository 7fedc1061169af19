/** Sessions and canaries: which backend of a split, the primary or a canary, a request goes to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../edge/src/match.ts";
import type { SessionBalance } from "../../edge/src/program.ts";
import type { Tables } from "../../edge/src/tables.ts";
import { asked, canary, host, route, tablesWith } from "./routes.ts";

const session = (key: string): SessionBalance => ({ kind: "session", key, cookie: { name: "S", variable: "cookie_s", path: "/" } });

/** Tables with a primary P and canaries A (by header) and B (by weight: it takes all other requests). */
function tables(primary = "P", a = "A"): Tables {
  const canaries = [canary(a, { header: "http_h", balance: session("keyA") }), canary("B", { to: 100, balance: session("keyB") })];
  const one = route(primary, { canaries, total: 100, balance: session("keyP") });
  return tablesWith([host("x.example", { "/": one })], [primary, a, "B"]);
}

const side = (of: Tables, variables: Record<string, string>): string | number => {
  const { pool, status } = decide(of, asked(variables), "x.example", "/", false);
  return pool?.name ?? status;
};

test("a session stays on its side, whatever headers and weights say", () => {
  assert.equal(side(tables(), {}), "B");
  assert.equal(side(tables(), { cookie_s: "1.2.3|keyP" }), "P");
  assert.equal(side(tables(), { cookie_s: "1.2.3|keyP", http_h: "always" }), "P");
  assert.equal(side(tables(), { cookie_s: "1.2.3|keyA", http_h: "never" }), "A");
  assert.equal(side(tables(), { cookie_s: "1.2.3|keyB", http_h: "always" }), "B");
});

test("a cookie that names no side leaves it to the rules", () => {
  for (const value of ["1.2.3|other", "1.2.3", "", "|", "keyP"]) {
    assert.equal(side(tables(), { cookie_s: value }), "B");
    assert.equal(side(tables(), { cookie_s: value, http_h: "always" }), "A");
  }
});

test("a side without endpoints gives its sessions away", () => {
  assert.equal(side(tables("empty"), { cookie_s: "1.2.3|keyP" }), "B");
  assert.equal(side(tables("P", "empty"), { cookie_s: "1.2.3|keyA" }), "P");
});

test("a canary without sessions of its own takes no session from the primary", () => {
  const one = route("P", { canaries: [canary("A", { to: 100 })], total: 100, balance: session("keyP") });
  const of = tablesWith([host("x.example", { "/": one })], ["P", "A"]);
  assert.equal(side(of, { cookie_s: "1.2.3|keyP" }), "P");
  assert.equal(side(of, {}), "A");
});
