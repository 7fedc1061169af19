/** What a worker tells the controller arrives, though a connection breaks while it is told, and the clock is set back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { programOf, runLua } from "../support/in-nginx.ts";
import { build } from "../support/build.ts";
import { ingress, ingressClass, service, slice } from "../support/objects.ts";

const SCRIPT = fileURLToPath(new URL("../support/telling.lua", import.meta.url));

test("counters that did not arrive are told again, and a clock that was set back delays nothing", () => {
  const program = programOf(build(ingressClass("nginx"), ingress("shop/web").host("plain.example").path("/", "web:80"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")));
  const told = JSON.parse(runLua(SCRIPT, program, { requests: 7 })) as { lost: number; arrived: number; beats: number };
  assert.deepEqual([told.lost, told.arrived], [7, 7]);
  assert.ok(told.beats >= 1, "after an hour back");
});
