/** What explanations and lists say of a canary whose share follows from its rollout: from objects alone, and from a running Sluice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { explainLive, explainServed, type Explained, type ServedExplanation } from "../../src/explain/served.ts";
import { liveLines } from "../../src/explain/live-text.ts";
import { rowsOf } from "../../src/get/rows.ts";
import { canaryTexts } from "../../src/model/routes/route-text.ts";
import type { RolloutStatus } from "../../src/rollout/status.ts";
import { parseSettings } from "../../src/settings.ts";
import { build } from "../support/build.ts";
import { SERVING } from "../support/engine-state.ts";
import { ingress, ingressClass, service, slice, snapshotOf, type Given } from "../support/objects.ts";

const SETTINGS = parseSettings(["--configmap=sluice/sluice"], "run", {});
const ROLLOUT = "steps: [5, 12.5, 50, 100]";
const canary = (annotations: Readonly<Record<string, string>>): Given => ingress("shop/next").host("shop.example").path("/", "next:80").canary(annotations).rawAnnotation("sluice.ingress/rollout", ROLLOUT);
const OBJECTS: readonly Given[] = [
  ingressClass("nginx"),
  ingress("shop/web").host("shop.example").path("/", "web:80"),
  ...["web", "next", "other"].flatMap((name) => [service(`shop/${name}`, "80"), slice(`shop/${name}`, 80, "10.0.0.1")]),
];
const OTHER = ingress("shop/other").host("shop.example").path("/", "other:80").canary({ "canary-weight": "10" });
const given = (weight: number): Given => ({ kind: "RolloutWeight", metadata: { namespace: "shop", name: "next" }, given: { weight, uid: "", pools: ["shop/next/80"] } });

function served(more: readonly Given[], rollouts?: readonly RolloutStatus[]): Explained {
  const objects = [...OBJECTS, ...more];
  const built = build(...objects);
  return { model: built.model, program: createCompiler().compile(built).program, findings: [], snapshot: snapshotOf(...objects), ...(rollouts ? { rollouts } : {}) };
}

const ASKED = { url: "http://shop.example/", headers: [], method: "GET" };
const step = ({ steps }: ServedExplanation): string => steps.filter(({ what }) => what === "canary").map(({ result, why }) => `${result}: ${why}`).join();
const explained = (more: readonly Given[], rollouts?: readonly RolloutStatus[]): string => step(explainServed(served(more, rollouts), SETTINGS, ASKED).explanation);
const shares = (what: Explained): unknown[] => rowsOf("canaries", what).map((row) => row["share"]);

const NOBODY = { requests: 0, errors: 0 };
const STATUS: RolloutStatus = {
  ingress: "shop/next", status: "advancing", weight: 12.5, step: 2, steps: [5, 12.5, 50, 100], lasted: 300, lasts: 300, requests: 200, requestsNeeded: 500,
  waitingFor: "300 more requests of the canary", canary: ["shop/next/80"], begun: "2026-01-01T00:00:00.000Z", since: "2026-01-01T00:05:00.000Z",
  arms: { canary: NOBODY, primary: NOBODY }, last: "The canary gets 12.5 % of the requests (step 2 of 4)",
};

test("objects alone know nothing of a release", () => {
  const files = [canary({})];
  assert.equal(explained(files), "not taken: no rule of a canary matches this request, and none has a weight; shop-next-80 gets nothing by weight: its rollout has not begun here");
  assert.equal(explained([...files, OTHER]), "by weight: shares: shop-other-80 10 %; shop-next-80 gets nothing by weight: its rollout has not begun here; below: the primary");
  assert.deepEqual(shares(served([...files, OTHER])).sort(), ["0 % (rollout)", "10 %"]);
  assert.deepEqual(canaryTexts([...served(files).model.hosts.values()].find(({ name }) => name === "shop.example")?.routes[0] ?? assert.fail()), ["shop/next:80 by 0 % (rollout)"]);
});

test("a running Sluice says how far the release is, and what it waits for", () => {
  const objects = [canary({}), given(12.5), OTHER];
  assert.match(explained(objects), /^by weight: shares: .*shop-next-80 12\.5 % by its rollout[,;]/);
  assert.equal(explained([canary({}), given(12.5)], [STATUS]), "by weight: shares: shop-next-80 12.5 % by its rollout (advancing, step 2 of 4, waits for 300 more requests of the canary); below: the primary");
  assert.equal(explained([canary({}), given(100)], [{ ...STATUS, weight: 100 }]), "shop-next-80: its rollout gives it all requests");
  assert.deepEqual(shares(served([canary({}), given(12.5)], [STATUS])), ["12.5 % (rollout: advancing)"]);
});

test("canary-weight allows so much; what failed, was taken back or promoted has nothing", () => {
  assert.match(explained([canary({ "canary-weight": "10" }), given(12.5)]), /shop-next-80 10 % by its rollout \(canary-weight allows 10 %\)/);
  assert.match(explained([canary({ "canary-weight": "0" }), given(12.5)], [STATUS]), /shop-next-80 gets nothing by weight: canary-weight is 0$/);
  for (const [status, why] of [["failed", "its rollout failed"], ["aborted", "a person took it back"], ["promoted", "it is promoted, the primary has its Service"]] as const) {
    assert.ok(explained([canary({}), given(0)], [{ ...STATUS, status, weight: 0 }]).endsWith(`shop-next-80 gets nothing by weight: ${why}`));
  }
});

test("--live has the releases of the route's canaries alone, in words and as JSON", async () => {
  const what = served([canary({}), given(12.5)], [STATUS, { ...STATUS, ingress: "shop/elsewhere" }]);
  const { live } = await explainLive(JSON.stringify(ASKED), what, SETTINGS, { ask: () => Promise.resolve([]), state: SERVING }, () => []);
  assert.deepEqual(live.rollouts, [STATUS]);
  assert.deepEqual(liveLines(live, Date.parse(STATUS.since) + 600_000).filter((line) => line.includes("shop/next") || line.startsWith("  The canary")), [
    "Rollout of shop/next: advancing at 12.5 %, step 2 of 4, since 10 min; it waits for 300 more requests of the canary",
    "  The canary gets 12.5 % of the requests (step 2 of 4)",
  ]);
  const without = await explainLive(JSON.stringify(ASKED), served([OTHER], []), SETTINGS, { ask: () => Promise.resolve([]), state: SERVING }, () => []);
  assert.ok(!("rollouts" in without.live));
});
