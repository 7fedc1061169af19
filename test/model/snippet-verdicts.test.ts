/** Objects that ask for nginx's verdict on a snippet: the verdict is kept as long as one of them asks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { snippetOf } from "../../src/model/snippets/snippet.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { ingress, ingressClass, put, service, slice, testConfig, testSettings } from "../support/objects.ts";

test("an Ingress asks about its snippet, refused or not, until it has another or is gone", () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const update = (): ReturnType<typeof builder.update> =>
    builder.update(snapshot, snapshot.takeChanges(), { ...testConfig, allowSnippetAnnotations: true, annotationsRiskLevel: "Critical" });
  const shop = ingress("shop/web").host("shop.example").path("/", "web:80");
  for (const object of [ingressClass("nginx"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"), shop.annotate("configuration-snippet", "tea on;").object]) put(snapshot, object);
  const [tea, milk] = ["tea", "milk"].map((name) => snippetOf([{ name, args: ["on"] }]).digest);
  const asked = (): boolean[] => [tea, milk].map((digest = "") => update().asksAbout(digest));
  assert.deepEqual(asked(), [true, false]);
  snapshot.put({ kind: "SnippetVerdict", metadata: { namespace: "", name: tea ?? "" }, problem: "unknown directive" });
  assert.deepEqual(asked(), [true, false], "it is closed, and asks on");
  put(snapshot, shop.annotate("configuration-snippet", "milk on;").object);
  assert.deepEqual(asked(), [false, true]);
  snapshot.remove({ kind: "Ingress", namespace: "shop", name: "web" });
  assert.deepEqual(asked(), [false, false]);
});
