/** The bound on the size of a namespace's Ingresses over all hosts: their annotations and ConfigMaps count once for each path. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileHost } from "../../src/compile/host.ts";
import { defaultValues } from "../../src/model/annotations/table.ts";
import { buildModel, createModelBuilder } from "../../src/model/build/build.ts";
import { parseIngress } from "../../src/model/ingress/ingress.ts";
import { lookupIn } from "../../src/model/shapes/lookup.ts";
import { SIZE_BOUNDS, TOTAL_SIZE_BOUNDS } from "../../src/model/shapes/bounds.ts";
import { Sizes } from "../../src/model/build/sizes.ts";
import type { Wish } from "../../src/model/build/sizes.ts";
import type { Built } from "../../src/model/model.ts";
import type { ConfigMap, Secret } from "../../src/source/objects.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { build, buildWith, findingOf } from "../support/build.ts";
import { canariesOf } from "../../src/model/shapes/routing.ts";
import { PREFIX, ingress, ingressClass, put, testConfig, testSettings, type IngressDraft } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";
import { runs } from "../support/runs.ts";

const nginx = ingressClass("nginx");
const MEBI = 1024 ** 2;
/** Half a MiB of text in one annotation: it stands for the text of several. */
const TEXT = "x".repeat(MEBI / 2);
const HOSTS = 7;
/** The size of one large Ingress: its text counts for each rule and for each path. */
const SIZE = 2 * HOSTS * TEXT.length;
const OF_NAMESPACE = Math.floor(TOTAL_SIZE_BOUNDS.namespace / SIZE);

/** An Ingress of 7 MiB (`SIZE`), with hosts of its own. */
function large(key: string, created: number): IngressDraft {
  const name = key.replace("/", "-");
  return Array.from({ length: HOSTS }, (_, i) => i).reduce(
    (draft, i) => draft.host(`h${i}.${name}.example`).path("/", "web:80"),
    ingress(key).created(created).annotate("cors-allow-headers", TEXT),
  );
}
/** The `namespace/name` of every Ingress that is served. Checks that each is served at all of its hosts, or closed at all of them. */
function served({ model }: Built): readonly string[] {
  const open = [...model.hosts.values()].flatMap(({ routes }) => routes).filter(({ origin, backend }) => origin.kind === "Ingress" && backend.kind !== "status");
  const of = Map.groupBy(open, ({ origin }) => `${origin.namespace}/${origin.name}`);
  for (const [key, { length }] of of) assert.equal(length, HOSTS, key);
  return [...of.keys()].sort();
}
const keys = (namespace: string, count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `${namespace}/i${String(from + i).padStart(3, "0")}`);
const told = (built: Built): readonly string[] => built.findings().filter(({ code }) => code === "namespace-too-large").map(({ object }) => `${object.namespace}/${object.name}`);

test("Ingresses of many hosts mean no more than a namespace may, the oldest first, and nobody else loses by it", () => {
  const all = keys("shop", OF_NAMESPACE + 3);
  // The younger an Ingress, the earlier its name sorts: so the order by age is not that of names.
  const built = build(...all.map((key, i) => large(key, 100 - i)), large("blog/a", 200), nginx);
  assert.deepEqual(served(built), ["blog/a", ...all.slice(3)]);
  assert.deepEqual(told(built), all.slice(0, 3));
  const finding = built.findings().find(({ code }) => code === "namespace-too-large");
  assert.equal(finding?.severity, "error");
  assert.equal(finding?.field, "metadata.annotations");
  assert.match(finding?.sentence ?? "", /^The annotations and the ConfigMaps that they name stand for 524288 characters, for each of 14 rules and paths: .* 64 MiB of a namespace .* 128 MiB of all/);
});

test("what is smaller may fit where what is older did not", () => {
  const all = keys("shop", OF_NAMESPACE + 1);
  const small = ingress("shop/small").created(999).annotate("proxy-read-timeout", "7").host("small.example").path("/", "web:80");
  const built = build(...all.map((key, i) => large(key, i)), small, nginx);
  assert.equal(built.model.hosts.has("small.example"), true);
  assert.deepEqual(told(built), all.slice(OF_NAMESPACE));
});

test("all namespaces together mean no more than the bound", () => {
  const namespaces = Math.ceil(TOTAL_SIZE_BOUNDS.all / (OF_NAMESPACE * SIZE));
  const all = Array.from({ length: namespaces + 1 }, (_, i) => keys(`n${i}`, OF_NAMESPACE)).flat();
  const built = build(...all.map((key, i) => large(key, i)), nginx);
  const fit = Math.floor(TOTAL_SIZE_BOUNDS.all / SIZE);
  assert.deepEqual(served(built), all.slice(0, fit));
  assert.deepEqual(told(built), all.slice(fit));
  const late = ingress("late/small").created(999).annotate("proxy-read-timeout", "7").host("late.example").path("/", "web:80");
  assert.equal(build(...all.map((key, i) => large(key, i)), late, nginx).model.hosts.has("late.example"), true, "the share of a namespace is its own");
});

test("canaries count as well, and Ingresses with a default backend alone", () => {
  const canary = (key: string, created: number): IngressDraft => large(key, created).canary({ "canary-by-header": "x" });
  const all = keys("shop", OF_NAMESPACE + 1);
  assert.deepEqual(told(build(...all.map((key, i) => canary(key, i)), nginx)), all.slice(OF_NAMESPACE));
  const lone = ingress("shop/lone").created(999).annotate("cors-allow-headers", TEXT.repeat(9)).defaultBackend("web:80");
  assert.deepEqual(told(build(...all.slice(1).map((key, i) => large(key, i)), lone, nginx)), ["shop/lone"]);
});

/** Whether a declared path of a.example leads to a backend. */
function isOpen({ model }: Built): boolean {
  return (model.hosts.get("a.example")?.routes ?? []).some(({ origin, backend }) => origin.kind === "Ingress" && backend.kind !== "status");
}

const headers = (characters: number): ConfigMap => ({ kind: "ConfigMap", metadata: { namespace: "shop", name: "headers" }, data: { "X-Shop": "y".repeat(characters) } });
const withHeaders = (key: string, paths: number): IngressDraft => Array.from({ length: paths }, (_, i) => i).reduce(
  (draft, i) => draft.path(`/${key}/${i}`, "web:80"), ingress(key).annotate("custom-headers", "shop/headers").host("a.example"));
const allowed = { config: { globalAllowedResponseHeaders: ["X-Shop"] } };

test("what a ConfigMap says counts once for each path whose Ingress names it: for the Ingress, and for the host", () => {
  const whole = buildWith(allowed, withHeaders("shop/a", 14), headers(MEBI), nginx);
  assert.equal(whole.model.hosts.get("a.example")?.routes.length, 15);
  const refused = buildWith(allowed, withHeaders("shop/a", 20), headers(MEBI), nginx);
  assert.equal(isOpen(refused), false);
  assert.match(findingOf(refused, "ingress-too-large").sentence, /^The annotations and the ConfigMaps that they name stand for 1048\d\d\d characters, for each of 21 rules and paths/);
  const host = buildWith(allowed, ...["a", "b", "c"].map((name, i) => withHeaders(`shop/${name}`, 12).created(i)), headers(MEBI), nginx);
  assert.equal(host.model.hosts.get("a.example")?.routes.filter(({ backend }) => backend.kind !== "status").length, 1 + Math.floor(SIZE_BOUNDS.namespace / (MEBI + 100)));
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
  const canaries = (built.model.hosts.get("a.example")?.routes ?? []).flatMap((route) => canariesOf(route.backend));
  assert.deepEqual([...Map.groupBy(canaries, ({ origin }) => origin.name)].map(([name, { length }]) => [name, length]).sort(), [["a", 12], ["b", 11]]);
  const lost = built.findings().filter(({ code }) => code === "host-too-large");
  assert.deepEqual(lost.map(({ object, field, sentence }) => [object.name, field, sentence.split(" ")[0]]), [["b", "spec.rules[0].http.paths[11].path", "One"], ["c", "spec.rules[0].http.paths[0].path", "12"]]);
});

test("an Ingress that is too large for its own bound, for its namespace or for its host is closed, and not served by others", () => {
  const networks = Array.from({ length: 2000 }, (_, i) => `10.${i >> 8}.${i & 255}.4/32`).join(",");
  const site = ingress("shop/site").created(9000).host("a.example").path("/", "web:80");
  const guarded = (paths: number): IngressDraft => Array.from({ length: paths }, (_, i) => i).reduce(
    (draft, i) => draft.path(`/admin/${i}`, "web:80"), ingress("shop/admin").created(9001).annotate("allowlist-source-range", networks).host("a.example"));
  const admin = ({ model }: Built): readonly string[] => [...new Set((model.hosts.get("a.example")?.routes ?? []).filter(({ path }) => path.startsWith("/admin")).map(({ backend }) => backend.kind))];
  const open = build(site, guarded(9), nginx);
  assert.deepEqual(admin(open), ["service"]);
  const tooLarge = build(site, guarded(900), nginx);
  assert.deepEqual([admin(tooLarge), findingOf(tooLarge, "ingress-too-large").effect], [["status"], "every path of this Ingress answers 503"]);
  const others = keys("shop", OF_NAMESPACE).map((key, i) => large(key, i));
  const noRoom = build(...others, ingress("shop/rest").created(99).annotate("cors-allow-headers", "x".repeat((TOTAL_SIZE_BOUNDS.namespace % SIZE) / 2 - 99)).host("rest.example").path("/", "web:80"), site, guarded(9), nginx);
  assert.deepEqual([admin(noRoom), findingOf(noRoom, "namespace-too-large").effect], [["status"], "every path of this Ingress answers 503"]);
  const ofHost = Array.from({ length: 4 }, (_, i) => Array.from({ length: 7 }, (_, j) => j).reduce(
    (draft, j) => draft.path(`/${i}/${j}`, "web:80"), ingress(`n${i}/a`).created(i).annotate("cors-allow-headers", TEXT.repeat(2)).host("a.example")));
  const full = build(...ofHost, ingress("n9/rest").created(99).annotate("cors-allow-headers", "x".repeat(4 * MEBI - 99)).host("a.example").path("/rest", "web:80"), site, guarded(9), nginx);
  assert.deepEqual(admin(full), ["status"]);
  findingOf(full, "host-too-large");
});

test("what a host asks of its clients stays when the Ingress that asks for it becomes too large", () => {
  const authority: Secret = { kind: "Secret", metadata: { namespace: "shop", name: "ca" }, type: "Opaque", data: { "ca.crt": new PrivateBytes(selfSigned(["ca.example"]).chain) } };
  const asking = (text: string): IngressDraft => Array.from({ length: 70 }, (_, i) => i).reduce(
    (draft, i) => draft.path(`/admin/${i}`, "web:80"), ingress("shop/asks").created(0).annotate("auth-tls-secret", "shop/ca").annotate("cors-allow-headers", text).host("a.example"));
  const site = ingress("shop/site").created(1).host("a.example").path("/", "web:80");
  const clients = (text: string): unknown => build(authority, asking(text), site, nginx).model.hosts.get("a.example")?.tls?.clients;
  assert.ok(clients("x"));
  assert.deepEqual(clients(TEXT), clients("x"));
});

test("whoever shortens what is too long is let through, also where it is too long still", () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const draft = (characters: number): IngressDraft => Array.from({ length: 200 }, (_, i) => i).reduce(
    (one, i) => one.path(`/${i}`, "web:80"), ingress("shop/a").host("a.example").annotate("cors-allow-headers", "x".repeat(characters)));
  put(snapshot, nginx);
  put(snapshot, draft(250_000).object);
  builder.update(snapshot, snapshot.takeChanges(), testConfig);
  const denied = (characters: number): readonly string[] | undefined => builder.consider({ ingress: draft(characters).object, before: draft(250_000).object }, snapshot)?.denials.map(({ code }) => code);
  assert.deepEqual([denied(200_000), denied(10)], [[], []]);
});

test("a ConfigMap that grows and shrinks takes its Ingress away and brings it back", () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const config = { ...testConfig, ...allowed.config };
  const isServed = (characters: number): boolean => {
    put(snapshot, headers(characters));
    return isOpen(builder.update(snapshot, snapshot.takeChanges(), config));
  };
  put(snapshot, nginx);
  put(snapshot, withHeaders("shop/a", 20).object);
  assert.deepEqual([1000, MEBI, 1000].map(isServed), [true, false, true]);
});

test("whoever leaves the bound makes room for the next, and an update comes to what a fresh build does", () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const update = (): Built => {
    const kept = builder.update(snapshot, snapshot.takeChanges(), testConfig);
    const fresh = buildModel(snapshot, testSettings, testConfig);
    assert.deepEqual(served(kept), served(fresh));
    assert.deepEqual([...kept.own].sort(), [...fresh.own].sort());
    assert.deepEqual(kept.findings(), fresh.findings());
    return kept;
  };
  const all = keys("shop", OF_NAMESPACE + 2);
  put(snapshot, nginx);
  // The youngest Ingress comes first, and loses its place to the older ones.
  for (const [i, key] of [...all.entries()].reverse()) {
    put(snapshot, large(key, i).object);
    update();
  }
  const [first = "", second = "", ...others] = all;
  const last = all.slice(-2);
  assert.deepEqual(told(update()), last);
  snapshot.remove({ kind: "Ingress", namespace: "shop", name: first.slice("shop/".length) });
  const one = update();
  assert.deepEqual([served(one), told(one)], [all.slice(1, -1), last.slice(1)]);
  assert.equal(one.change.hosts.size, 2 * HOSTS, "nobody else is built anew");
  put(snapshot, large(second, 1).annotate("cors-allow-headers", "x").object);
  const both = update();
  assert.deepEqual([served(both), told(both)], [[second, ...others], []]);
});

test("who is about to write an Ingress that there is no room for is told, and nobody else is", () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const all = keys("shop", OF_NAMESPACE);
  for (const [i, key] of all.entries()) put(snapshot, large(key, i).object);
  put(snapshot, nginx);
  builder.update(snapshot, snapshot.takeChanges(), testConfig);
  const [oldest = ""] = all;
  const denied = (draft: IngressDraft, before?: IngressDraft): readonly string[] | undefined =>
    builder.consider({ ingress: draft.object, ...(before ? { before: before.object } : {}) }, snapshot)?.denials.map(({ code }) => code);
  // A creation time that the candidate itself claims does not make it older.
  assert.deepEqual(denied(large("shop/next", -5)), ["namespace-too-large"]);
  assert.deepEqual(denied(large("blog/next", 999)), []);
  assert.deepEqual(denied(large(oldest, 0).annotate("proxy-read-timeout", "7"), large(oldest, 0)), []);
  assert.deepEqual(told(builder.update(snapshot, [], testConfig)), []);
});

test("after any history of sizes those have room that have it when asked at once", () => {
  const bounds = { ingress: 9, share: 4, namespace: 12, all: 20 };
  const step = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.nat(5), fc.nat(3), fc.nat(9)).map(
    ([namespace, name, created, size]) => [`${namespace}/${name}`, { age: { created, file: "", document: 0, name: `${namespace}/${name}` }, size }] as const);
  fc.assert(fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 30 }), (history) => {
    const sizes = new Sizes(bounds);
    const now = new Map<string, Wish>();
    const beyond = (of: Sizes): string[] => [...now.keys()].filter((key) => of.isBeyond(key)).sort();
    for (const steps of history) {
      const before = new Set(beyond(sizes));
      for (const [key, { size, age }] of steps) {
        // An Ingress that is changed keeps its age.
        const wish = { size, age: now.get(key)?.age ?? age };
        const would = sizes.wouldBeBeyond(key, wish);
        const alone = new Sizes(bounds);
        alone.set(new Map([...now, [key, wish]]));
        assert.equal(would, alone.isBeyond(key));
      }
      for (const [key, wish] of steps) now.set(key, wish);
      const moved = sizes.set(new Map(steps));
      const fresh = new Sizes(bounds);
      fresh.set(now);
      assert.deepEqual(beyond(sizes), beyond(fresh));
      for (const key of now.keys()) if (before.has(key) !== sizes.isBeyond(key)) assert.ok(moved.has(key), key);
      const fit = [...now].filter(([key]) => !sizes.isBeyond(key));
      for (const group of Map.groupBy(fit, ([key]) => key.slice(0, 1)).values()) assert.ok(group.reduce((sum, [, { size }]) => sum + size, 0) <= bounds.namespace);
      assert.ok(fit.reduce((sum, [, { size }]) => sum + size, 0) <= bounds.all + 4 * bounds.share);
      for (const group of Map.groupBy(now, ([key]) => key.slice(0, 1)).values()) {
        // A namespace that asks for no more than the share has it, however much the others ask for.
        if (group.reduce((sum, [, { size }]) => sum + size, 0) <= bounds.share) for (const [key] of group) assert.ok(!sizes.isBeyond(key), key);
      }
    }
  }), { numRuns: runs(400) });
});
