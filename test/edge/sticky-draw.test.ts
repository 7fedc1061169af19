/** Clients that are drawn by what they are: whoever has the canary keeps it while its weight grows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseRolling } from "../../edge/src/canary.ts";
import type { EdgeCanary, StickyDraw } from "../../edge/src/program.ts";
import { asked } from "./routes.ts";

const TOTAL = 10_000;
const WEIGHTS = [0, 500, 2000, 5000, 10_000];
const CLIENTS = Array.from({ length: 4000 }, (_, i) => `user-${i}`);

const canaries = (weight: number, sticky: StickyDraw): EdgeCanary[] => [{ pool: "shop/next/80", name: "shop-next-80", from: 0, to: weight, rollout: "shop/next", rolling: "http", sticky }];
const hasCanary = (weight: number, client: string, salt = "shop/next"): boolean =>
  chooseRolling(canaries(weight, { salt, variable: "http_x_user" }), TOTAL, asked({ http_x_user: client }, () => assert.fail("nothing is left to chance"))) !== undefined;

test("the share of clients follows the weight, and nobody leaves the canary while it grows", () => {
  let before = new Set<string>();
  for (const weight of WEIGHTS) {
    const now = new Set(CLIENTS.filter((client) => hasCanary(weight, client)));
    assert.ok([...before].every((client) => now.has(client)), `at ${weight} some client lost the canary`);
    const share = now.size / CLIENTS.length;
    assert.ok(Math.abs(share - weight / TOTAL) < 0.02, `${share} at ${weight}`);
    before = now;
  }
});

test("it is not the same clients in every release", () => {
  const both = CLIENTS.filter((client) => hasCanary(2000, client) && hasCanary(2000, client, "shop/cart"));
  assert.ok(Math.abs(both.length / CLIENTS.length - 0.04) < 0.02, `${both.length} of ${CLIENTS.length}`);
});

test("a client without the cookie gets one that leads to what it got; without a header it is drawn", () => {
  for (let i = 1; i < 200; i++) {
    let given = "";
    const sticky: StickyDraw = { salt: "shop/next", variable: "cookie_version", cookie: "version" };
    const view = { ...asked({}, (total) => (i * 7_919_993) % total), stick: (name: string, value: string) => void (given = `${name} ${value}`) };
    const first = chooseRolling(canaries(3000, sticky), TOTAL, view);
    const [name, value = ""] = given.split(" ");
    assert.equal(name, "version");
    assert.match(value, /^[0-9]+$/);
    assert.equal(first === undefined, chooseRolling(canaries(3000, sticky), TOTAL, asked({ cookie_version: value })) === undefined);
  }
  assert.equal(chooseRolling(canaries(1, { salt: "s", variable: "http_x_user" }), TOTAL, asked({}, () => 1))?.pool, "shop/next/80");
});
