/** How much an Ingress and a host may mean: annotations and ConfigMaps, once for each path. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileHost } from "../../src/compile/host.ts";
import { defaultValues } from "../../src/model/annotations/values.ts";
import { createModelBuilder } from "../../src/model/build.ts";
import { parseIngress } from "../../src/model/ingress.ts";
import { lookupIn } from "../../src/model/lookup.ts";
import { SIZE_BOUNDS } from "../../src/model/bounds.ts";
import type { Built } from "../../src/model/types.ts";
import type { ConfigMap } from "../../src/source/objects.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { build, buildWith, findingOf } from "../support/build.ts";
import { PREFIX, ingress, ingressClass, put, testConfig, testSettings, type IngressDraft } from "../support/objects.ts";

const nginx = ingressClass("nginx");
const MEBI = 1024 ** 2;

const headers = (characters: number): ConfigMap => ({ kind: "ConfigMap", metadata: { namespace: "shop", name: "headers" }, data: { "X-Shop": "y".repeat(characters) } });
const withHeaders = (key: string, paths: number): IngressDraft => Array.from({ length: paths }, (_, i) => i).reduce(
  (draft, i) => draft.path(`/${key}/${i}`, "web:80"), ingress(key).annotate("custom-headers", "shop/headers").host("a.example"));
const allowed = { config: { globalAllowedResponseHeaders: ["X-Shop"] } };

test("what a ConfigMap says counts once for each path whose Ingress names it: for the Ingress, and for the host", () => {
  const whole = buildWith(allowed, withHeaders("shop/a", 14), headers(MEBI), nginx);
  assert.equal(whole.model.hosts.get("a.example")?.routes.length, 15);
  const refused = buildWith(allowed, withHeaders("shop/a", 20), headers(MEBI), nginx);
  assert.equal(refused.model.hosts.has("a.example"), false);
  assert.match(findingOf(refused, "ingress-too-large").sentence, /^The annotations and the ConfigMaps that they name stand for 1048\d\d\d characters, for each of 21 rules and paths/);
  const host = buildWith(allowed, ...["a", "b", "c"].map((name, i) => withHeaders(`shop/${name}`, 12).created(i)), headers(MEBI), nginx);
  assert.equal(host.model.hosts.get("a.example")?.routes.length, 1 + Math.floor(SIZE_BOUNDS.namespace / (MEBI + 100)));
  assert.deepEqual(host.findings().filter(({ code }) => code === "host-too-large").map(({ object, sentence }) => `${object.name}: ${sentence.split(" ")[0]}`), ["b: One", "c: 12"]);
});

test("what counts is what travels, where that is more than what is written", () => {
  const list = (one: (i: number) => string): string => Array.from({ length: 2000 }, (_, i) => one(i)).join(",");
  const texts: readonly Readonly<Record<string, string>>[] = [
    { "allowlist-source-range": list((i) => `${(2 * i).toString(16)}::`) },
    { "limit-rps": "5", "limit-allowlist": list((i) => `${(2 * i).toString(16)}::`) },
    { "enable-cors": "true", "cors-allow-origin": list((i) => `http://*.${i}`) },
    { "enable-cors": "true", "cors-allow-headers": list((i) => `x${i}`) },
    { "auth-url": "http://10.0.0.1/", "auth-response-headers": list((i) => `x${i}`) },
  ];
  for (const annotations of texts) {
    const draft = Object.entries(annotations).reduce((one, [name, value]) => one.annotate(name, value), ingress("shop/a").host("a.example").path("/", "web:80"));
    const parsed = parseIngress(draft.object, { annotationsPrefix: PREFIX, config: testConfig, defaults: defaultValues(testConfig), settings: testSettings, lookup: lookupIn(new Snapshot(), new Set()) });
    const host = build(draft, nginx).model.hosts.get("a.example");
    assert.ok(host);
    const travels = JSON.stringify(compileHost(host, testConfig).table).length;
    const { characters } = parsed.extent;
    assert.ok(travels > 8000 && Math.abs(characters - travels) < 0.1 * travels, `${Object.keys(annotations).join()}: ${characters}, ${travels}`);
  }
  const whole = (annotation: string, value: string): Built =>
    build(Array.from({ length: 600 }, (_, i) => i).reduce((one, i) => one.path(`/${i}`, "web:80"), ingress("shop/a").annotate(annotation, value).host("a.example")), nginx);
  const networks = list((i) => `${(2 * i).toString(16)}::`);
  assert.equal(whole("cors-allow-headers", "x".repeat(networks.length)).model.hosts.has("a.example"), true);
  findingOf(whole("allowlist-source-range", networks), "ingress-too-large");
});

test("canaries of one host count for the host, after its paths", () => {
  const paths = Array.from({ length: 12 }, (_, i) => `/${i}`);
  const of = (draft: IngressDraft): IngressDraft => paths.reduce((one, path) => one.path(path, "web:80"), draft.host("a.example"));
  const canary = (name: string, created: number): IngressDraft => of(ingress(`shop/${name}`).created(created).canary({ "canary-by-header": "x", "canary-by-header-value": "y".repeat(MEBI) }));
  const built = build(of(ingress("shop/main").created(9)), canary("a", 0), canary("b", 1), canary("c", 2), nginx);
  const canaries = (built.model.hosts.get("a.example")?.routes ?? []).flatMap((route) => route.canaries);
  assert.deepEqual([...Map.groupBy(canaries, ({ origin }) => origin.name)].map(([name, { length }]) => [name, length]).sort(), [["a", 12], ["b", 11]]);
  const lost = built.findings().filter(({ code }) => code === "host-too-large");
  assert.deepEqual(lost.map(({ object, field, sentence }) => [object.name, field, sentence.split(" ")[0]]), [["b", "spec.rules[0].http.paths[11].path", "One"], ["c", "spec.rules[0].http.paths[0].path", "12"]]);
});

test("a ConfigMap that grows and shrinks takes its Ingress away and brings it back", () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const config = { ...testConfig, ...allowed.config };
  const isServed = (characters: number): boolean => {
    put(snapshot, headers(characters));
    return builder.update(snapshot, snapshot.takeChanges(), config).model.hosts.has("a.example");
  };
  put(snapshot, nginx);
  put(snapshot, withHeaders("shop/a", 20).object);
  assert.deepEqual([1000, MEBI, 1000].map(isServed), [true, false, true]);
});
