import assert from "node:assert/strict";
import { test } from "node:test";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { findingText } from "../../src/model/findings/findings.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import { build, findingOf } from "../support/build.ts";
import { ingress, put, secret, service, slice, snapshotOf, testConfig, testSettings } from "../support/objects.ts";
import type { IngressDraft } from "../support/objects.ts";

const shop = ingress("shop/web").host("shop.example").path("/", "web:80");
const web = [service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")];
const inFile = (draft: IngressDraft): IngressDraft => draft.inFile("a.yaml", 0);

test("a Service in another namespace is named, with what keeps the Ingress from it", () => {
  const finding = findingOf(build(shop, service("default/web", "80"), service("shop/wed", "80")), "service-missing");
  assert.equal(finding.hint, "There is a Service of that name in namespace default; an Ingress reaches its own namespace's Services only: write both into one namespace");
  assert.ok(findingText(finding).includes(`correct the name. ${finding.hint}. Effect: `), findingText(finding));
});

test("of many namespaces the first are named", () => {
  const others = ["d", "c", "b", "a", "e"].map((namespace) => service(`${namespace}/web`, "80"));
  assert.match(findingOf(build(shop, ...others), "service-missing").hint ?? "", /^There is a Service of that name in namespace a, b, c and 2 more; /);
});

test("a slip of the keyboard gets the name that was meant, another word none", () => {
  assert.equal(findingOf(build(shop.path("/cart", "tomact:80"), ...web, service("shop/tomcat", "80")), "service-missing").hint, 'Did you mean "tomcat"?');
  assert.equal(findingOf(build(shop, service("shop/database", "80")), "service-missing").hint, undefined);
});

test("every way to name a Secret or ConfigMap that does not exist gets a hint", () => {
  const data = { "tls.crt": "x", "tls.key": "x" };
  const ways: readonly (readonly [string, IngressDraft])[] = [
    ["spec.tls", shop.tls("shop-tlz", "shop.example")],
    ["auth-secret", shop.annotate("auth-type", "basic").annotate("auth-secret", "shop-tlz")],
    ["auth-tls-secret", shop.annotate("auth-tls-secret", "shop/shop-tlz")],
    ["proxy-ssl-secret", shop.annotate("backend-protocol", "HTTPS").annotate("proxy-ssl-secret", "shop/shop-tlz")],
  ];
  for (const [what, given] of ways) {
    const [finding, ...more] = build(given, ...web, secret("shop/shop-tls", data)).findings().filter(({ missing }) => missing !== undefined);
    assert.deepEqual([finding?.missing, more], [{ kind: "Secret", namespace: "shop", name: "shop-tlz" }, []], what);
    assert.equal(finding?.hint, 'Did you mean "shop-tls"?', what);
  }
  for (const name of ["custom-headers", "auth-proxy-set-headers", "fastcgi-params-configmap"]) {
    const given = shop.annotate(name, "shop/heders").annotate("auth-url", "http://auth.example/");
    const built = build(given, ...web, { kind: "ConfigMap", metadata: { namespace: "shop", name: "headers" }, data: {} });
    assert.deepEqual(built.findings().flatMap(({ hint }) => hint ?? []), ['Did you mean "headers"?'], name);
  }
});

test("a Secret of another namespace is named to the owner of the files alone", () => {
  const given = shop.tls("shop-tls", "shop.example");
  const there = secret("default/shop-tls", {});
  const hint = "There is a Secret of that name in namespace default; an Ingress reaches its own namespace's Secrets only: write both into one namespace";
  assert.equal(findingOf(build(inFile(given), ...web, there), "certificate-missing").hint, hint);
  assert.equal(findingOf(build(given, ...web, there), "certificate-missing").hint, undefined);
});

test("a hint follows the objects, and the finding stays what it was", () => {
  const snapshot = snapshotOf(shop);
  const builder = createModelBuilder(testSettings);
  const look = (): Finding | undefined => builder.update(snapshot, snapshot.takeChanges(), testConfig).findings()[0];
  const before = look();
  put(snapshot, service("default/web", "80"));
  const { hint, ...after } = look() ?? {};
  assert.ok(hint !== undefined);
  assert.deepEqual(after, before);
});

test("the slow search is bounded, and always the same findings get one", () => {
  let draft = ingress("shop/web").host("shop.example");
  for (let at = 0; at < 100; at++) draft = draft.path(`/${String(at).padStart(3, "0")}`, `tomcat-${at}x:80`);
  const services = Array.from({ length: 100 }, (_, at) => service(`shop/tomcat-${at}`, "80"));
  const hinted = build(draft, ...services).findings().filter(({ hint }) => hint !== undefined);
  assert.equal(hinted.length, 20);
  assert.deepEqual(build(...services.toReversed(), draft).findings().filter(({ hint }) => hint !== undefined), hinted);
  const many = Array.from({ length: 1001 }, (_, at) => service(`shop/tomcat-${at}`, "80"));
  assert.deepEqual(build(draft, ...many).findings().filter(({ hint }) => hint !== undefined), []);
});
