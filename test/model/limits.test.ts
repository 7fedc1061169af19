import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ingress } from "../../src/source/objects.ts";
import { build, routeOf } from "../support/build.ts";
import { ingress, ingressClass } from "../support/objects.ts";

const web = ingress("shop/web").host("a.example").path("/", "web:80").annotate("limit-rps", "5")
  .path("/own", "web:80").rawAnnotation("sluice.ingress/path-annotations", "/own: {nginx.ingress.kubernetes.io/limit-rps: \"7\"}");
const withUid = (uid: string): { object: Ingress } => ({ object: { ...web.object, metadata: { ...web.object.metadata, uid } } });

test("what is counted for an Ingress that is deleted does not count for another one of its name", () => {
  const zones = (one: { object: Ingress }): (string | undefined)[] => {
    const built = build(one.object, ingressClass("nginx"));
    return ["/", "/own"].map((path) => routeOf(built, "a.example", path).filters.edge?.limits?.zone);
  };
  assert.deepEqual(zones(withUid("u1")), ["shop/web u1", "shop/web u1 /own"]);
  assert.deepEqual(zones(withUid("u2")), ["shop/web u2", "shop/web u2 /own"]);
  assert.deepEqual(zones(web as { object: Ingress }), ["shop/web", "shop/web /own"], "files have no uid: there a name is all that there is");
});
