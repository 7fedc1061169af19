import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelSettings } from "../../src/model/build/settings.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { build, buildWith, expectFindings, findingOf } from "../support/build.ts";
import { ingress, ingressClass, namespace, put, snapshotOf, testConfig, testSettings } from "../support/objects.ts";
import type { Given, IngressDraft } from "../support/objects.ts";

const rule = (one: IngressDraft): IngressDraft => one.host("shop.example");
const shop = rule(ingress("shop/web"));

function isOurs(settings: Partial<ModelSettings>, ...given: Given[]): boolean {
  return buildWith(settings, ...given).model.hosts.has("shop.example");
}

test("a class is ours by its controller, and by its name with --ingress-class-by-name", () => {
  assert.equal(isOurs({}, shop, ingressClass("nginx")), true);
  assert.equal(isOurs({}, shop.className("edge"), ingressClass("edge")), true);
  assert.equal(isOurs({}, shop, ingressClass("nginx", "example.com/other")), false);
  assert.equal(isOurs({ ingressClassByName: true }, shop, ingressClass("nginx", "example.com/other")), true);
});

test("another controller's class is none of our business", () => {
  expectFindings(build(shop.className("other"), ingressClass("nginx"), ingressClass("other", "example.com/other")));
});

test("a class that does not exist is said, with the classes that do", () => {
  const finding = findingOf(build(shop.className("ngnix"), ingressClass("nginx")), "ingress-class-unknown");
  assert.equal(finding.sentence, 'There is no IngressClass "ngnix": create it, or use "nginx"');
  assert.equal(finding.field, "spec.ingressClassName");
});

test("without any IngressClass object the name of --ingress-class is enough", () => {
  assert.equal(isOurs({}, shop), true);
  assert.equal(isOurs({}, shop.className("other")), false);
  assert.equal(isOurs({ ingressClass: "edge" }, shop.className("edge")), true);
});

test("the old annotation counts only without a class name, and must match exactly", () => {
  const classless = shop.className(undefined);
  assert.equal(isOurs({}, classless.rawAnnotation("kubernetes.io/ingress.class", "nginx")), true);
  assert.equal(isOurs({}, classless.rawAnnotation("kubernetes.io/ingress.class", "other")), false);
  assert.equal(isOurs({ watchIngressWithoutClass: true }, classless.rawAnnotation("kubernetes.io/ingress.class", "")), false);
  assert.equal(isOurs({}, shop.className("other").rawAnnotation("kubernetes.io/ingress.class", "nginx"), ingressClass("nginx")), false);
});

test("an Ingress without class needs --watch-ingress-without-class or a default class of ours", () => {
  const classless = shop.className(undefined);
  assert.equal(isOurs({}, classless), false);
  findingOf(build(classless), "ingress-class-missing");
  assert.equal(isOurs({ watchIngressWithoutClass: true }, classless), true);
  assert.equal(isOurs({}, classless, ingressClass("nginx", "k8s.io/ingress-nginx", true)), true);
  assert.equal(isOurs({}, classless, ingressClass("other", "example.com/other", true)), false);
});

test("--watch-namespace ignores the others without a word", () => {
  assert.equal(isOurs({ watchNamespace: "shop" }, shop), true);
  expectFindings(buildWith({ watchNamespace: "blog" }, shop));
});

test("where no class can be read, an Ingress with another class name may still say by the annotation that it is ours", () => {
  const both = shop.className("edge").rawAnnotation("kubernetes.io/ingress.class", "nginx");
  assert.equal(isOurs({}, both), true);
  assert.equal(isOurs({}, both, ingressClass("other", "example.com/other")), false);
  assert.equal(isOurs({}, shop.className("edge").rawAnnotation("kubernetes.io/ingress.class", "other")), false);
});

test("--watch-namespace-selector: labels decide, and a change of them takes effect on existing Ingresses", () => {
  const settings = { ...testSettings, watchNamespaceSelector: "team in (shop),!paused" };
  const snapshot = snapshotOf(shop, ingress("blog/web").host("blog.example"), namespace("blog", { team: "blog" }));
  const builder = createModelBuilder(settings);
  const served = (): string[] => [...builder.update(snapshot, snapshot.takeChanges(), testConfig).model.hosts.keys()].filter((host) => host !== "_").sort();
  assert.deepEqual(served(), []);
  put(snapshot, namespace("shop", { team: "shop" }));
  assert.deepEqual(served(), ["shop.example"]);
  put(snapshot, namespace("blog", { team: "shop" }));
  assert.deepEqual(served(), ["blog.example", "shop.example"]);
  put(snapshot, namespace("shop", { team: "shop", paused: "yes" }));
  assert.deepEqual(served(), ["blog.example"]);
  snapshot.remove({ kind: "Namespace", namespace: "", name: "blog" });
  assert.deepEqual(served(), []);
});

test("--disable-catch-all refuses Ingresses with a default backend", () => {
  const catchAll = shop.defaultBackend("web:80");
  assert.equal(isOurs({ disableCatchAll: true }, shop), true);
  assert.equal(isOurs({ disableCatchAll: true }, catchAll), false);
  findingOf(buildWith({ disableCatchAll: true }, catchAll), "catch-all-disabled");
});

test("a class that appears, changes or goes takes effect on existing Ingresses", () => {
  const snapshot = snapshotOf(shop.className("edge"), ingressClass("other", "example.com/other"));
  const builder = createModelBuilder(testSettings);
  const serves = (): boolean => builder.update(snapshot, snapshot.takeChanges(), testConfig).model.hosts.has("shop.example");
  assert.equal(serves(), false);
  put(snapshot, ingressClass("edge"));
  assert.equal(serves(), true);
  put(snapshot, ingressClass("edge", "example.com/other"));
  assert.equal(serves(), false);
  put(snapshot, ingressClass("edge"));
  assert.equal(serves(), true);
  snapshot.remove({ kind: "IngressClass", namespace: "", name: "edge" });
  assert.equal(serves(), false);
});
