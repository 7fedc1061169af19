/** Bounds on the regular expressions that requests are matched against: of an Ingress, of a namespace, in all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { aliasPattern, HEAVIEST_PATTERN, patternWeight } from "../../edge/src/pattern-weight.ts";
import { buildModel, createModelBuilder } from "../../src/model/build/build.ts";
import { ALIAS_BOUNDS, MEAN_WEIGHT, PATH_BOUNDS, ROUTE_BOUNDS, SIZE_BOUNDS } from "../../src/model/shapes/bounds.ts";
import type { Built } from "../../src/model/model.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { build, findingOf } from "../support/build.ts";
import { ingress, ingressClass, put, testConfig, testSettings, type IngressDraft } from "../support/objects.ts";

const nginx = ingressClass("nginx");
const expressions = (count: number, prefix = "x"): string => Array.from({ length: count }, (_, i) => `~^${prefix}${i}\\.`).join(",");
const aliased = (key: string, created: number, count: number): IngressDraft => {
  const name = key.replace("/", "-");
  return ingress(key).created(created).host(`${name}.example`).path("/", "web:80").annotate("server-alias", expressions(count, name));
};
const granted = ({ model }: Built): number => [...model.aliases.keys()].filter((name) => name.startsWith("~")).length;
const ofNamespace = ({ model }: Built, name: string): number => [...model.aliases.keys()].filter((alias) => alias.startsWith(`~^${name}-`)).length;

test("an Ingress has no more expressions for its hosts than the bound, its other names stay, and it is told once", () => {
  const one = ingress("shop/a").host("a.example").path("/", "web:80").host("b.example").path("/", "web:80")
    .annotate("server-alias", `${expressions(9000)},plain.example,*.wild.example`);
  const built = build(one, nginx);
  assert.equal(granted(built), ALIAS_BOUNDS.ingress, "a name leads to one of the hosts");
  assert.equal(built.model.aliases.size, ALIAS_BOUNDS.ingress + 2);
  assert.match(findingOf(built, "alias-expressions-exhausted").sentence, /^8900 regular expressions of server-alias, the first of them "~\^x100\\."/);
});

test("a namespace has no more than the bound, the older Ingress first, and what one gives up the next one gets", () => {
  const old = aliased("shop/old", 0, ALIAS_BOUNDS.ingress);
  const middle = aliased("shop/middle", 1, ALIAS_BOUNDS.ingress);
  const young = aliased("shop/young", 2, 30);
  const other = aliased("blog/other", 3, 30);
  const built = build(young, middle, other, old, nginx);
  assert.deepEqual([ofNamespace(built, "shop"), ofNamespace(built, "blog")], [ALIAS_BOUNDS.namespace, 30]);
  const { object, sentence } = findingOf(built, "alias-expressions-exhausted");
  assert.deepEqual([object.name, sentence.split(" ")[0]], ["young", "30"]);
  const fewer = build(aliased("shop/old", 0, ALIAS_BOUNDS.ingress - 10), middle, young, other, nginx);
  assert.equal(ofNamespace(fewer, "shop"), ALIAS_BOUNDS.namespace);
  assert.match(findingOf(fewer, "alias-expressions-exhausted").sentence, /^20 regular/);
});

test("all namespaces together have no more than the bound, and an update comes to what a fresh build does", () => {
  const builder = createModelBuilder(testSettings);
  const snapshot = new Snapshot();
  put(snapshot, nginx);
  builder.update(snapshot, [], testConfig);
  const count = ALIAS_BOUNDS.all / ALIAS_BOUNDS.ingress + 2;
  const all = Array.from({ length: count }, (_, i) => aliased(`n${i}/web`, count - i, ALIAS_BOUNDS.ingress).object);
  for (const one of all) {
    put(snapshot, one);
    builder.update(snapshot, snapshot.takeChanges(), testConfig);
  }
  const compare = (): Built => {
    const [kept, fresh] = [builder.update(snapshot, [], testConfig), buildModel(snapshot, testSettings, testConfig)];
    assert.deepEqual([...kept.model.aliases].sort(), [...fresh.model.aliases].sort());
    assert.deepEqual(kept.findings(), fresh.findings());
    return kept;
  };
  const full = compare();
  assert.equal(granted(full), ALIAS_BOUNDS.all);
  assert.deepEqual([ofNamespace(full, "n0"), ofNamespace(full, "n1"), ofNamespace(full, "n2")], [0, 0, ALIAS_BOUNDS.ingress], "the youngest have none");
  snapshot.remove({ kind: "Ingress", namespace: "n5", name: "web" });
  builder.update(snapshot, snapshot.takeChanges(), testConfig);
  assert.deepEqual([ofNamespace(compare(), "n1"), ofNamespace(compare(), "n0")], [ALIAS_BOUNDS.ingress, 0], "what one gives up the next one gets");
});

const regexHost = (key: string, created: number, paths: number, from = 0): IngressDraft =>
  Array.from({ length: paths }, (_, i) => `/p${from + i}/(.*)`).reduce((one, path) => one.path(path, "web:80", "ImplementationSpecific"), ingress(key).created(created).annotate("use-regex", "true").host("a.example"));
const routes = ({ model }: Built, namespace: string): number => model.hosts.get("a.example")?.routes.filter(({ origin, path }) => origin.namespace === namespace && path !== "/").length ?? 0;

test("a host has no more paths that are expressions than the bounds, and each Ingress that loses some is told once", () => {
  const built = build(regexHost("shop/a", 0, PATH_BOUNDS.ingress + 7), nginx);
  assert.equal(routes(built, "shop"), PATH_BOUNDS.ingress);
  assert.match(findingOf(built, "path-expressions-exhausted").sentence, /^7 paths of a\.example, from this one on,/);
  assert.equal(findingOf(built, "path-expressions-exhausted").field, `spec.rules[0].http.paths[${PATH_BOUNDS.ingress}].path`);
  const three = [0, 1, 2].map((i) => regexHost(`shop/i${i}`, i, PATH_BOUNDS.ingress, i * 1000));
  const many = build(...three, regexHost("blog/a", 3, 20, 9000), nginx);
  assert.deepEqual([routes(many, "shop"), routes(many, "blog")], [PATH_BOUNDS.namespace, 20]);
  const all = build(...Array.from({ length: 6 }, (_, i) => regexHost(`n${i}/a`, i, PATH_BOUNDS.ingress, i * 1000)), nginx);
  assert.equal([0, 1, 2, 3, 4, 5].reduce((sum, i) => sum + routes(all, `n${i}`), 0), PATH_BOUNDS.all);
});

test("conditions of paths count, on hosts of other paths as well; plain paths do not", () => {
  const conditions = Array.from({ length: 60 }, (_, i) => `{headers: {x-a: {pattern: a${i}}, x-b: b}}`).join(", ");
  const one = (name: string, count: number): IngressDraft => Array.from({ length: count }, (_, i) => i).reduce(
    (draft, i) => draft.path(`/${name}${i}`, "web:80"),
    ingress(`shop/${name}`).created(name === "a" ? 0 : 1).host("a.example").rawAnnotation("sluice.ingress/match", Array.from({ length: count }, (_, i) => `/${name}${i}: [${conditions}]`).join("\n")),
  );
  const built = build(one("a", 10), ingress("shop/plain").created(2).host("a.example").path("/x", "web:80"), nginx);
  assert.equal(routes(built, "shop"), Math.floor(PATH_BOUNDS.ingress / 120) + 1);
  findingOf(built, "path-expressions-exhausted");
  const plain = Array.from({ length: 3000 }, (_, i) => i).reduce((draft, i) => draft.path(`/x${i}`, "web:80"), ingress("shop/plain").host("a.example"));
  assert.equal(routes(build(plain, nginx), "shop"), 3000);
});

test("a host has no more paths of any kind than the bounds", () => {
  const { object } = ingress("shop/a").host("a.example").path("/", "web:80");
  const [rule] = object.spec.rules ?? [];
  const [path] = rule?.http?.paths ?? [];
  assert.ok(rule && path);
  const paths = Array.from({ length: ROUTE_BOUNDS.ingress + 5 }, (_, i) => ({ ...path, path: `/x${i}` }));
  const built = build({ ...object, spec: { ...object.spec, rules: [{ ...rule, http: { paths } }] } }, nginx);
  assert.equal(routes(built, "shop"), ROUTE_BOUNDS.ingress);
  assert.match(findingOf(built, "paths-exhausted").sentence, /^5 paths of a\.example, from this one on, are beyond the 10000/);
});

test("a host has no more annotations, counted once for each path, than the bounds; other hosts of the same Ingresses are whole", () => {
  const MEBI = 1024 ** 2;
  const origins = Array.from({ length: 4096 }, (_, i) => `https://${String(i).padStart(23, "o")}`).join(",");
  assert.equal(origins.length, MEBI / 8 - 1);
  const one = (key: string, created: number): IngressDraft => Array.from({ length: 100 }, (_, i) => i).reduce(
    (draft, i) => draft.path(`/${key}/${i}`, "web:80"),
    ingress(key).created(created).annotate("cors-allow-origin", origins).host("b.example").path("/", "web:80").host("a.example"),
  );
  // A path beyond the bound is closed rather than served without its annotation, which may keep requests out.
  const counts = (built: Built): readonly number[] => ["n0", "n1", "n2", "n3"].map((namespace) =>
    (built.model.hosts.get("a.example")?.routes ?? []).filter(({ origin, backend, path }) => origin.namespace === namespace && path !== "/" && backend.kind !== "status").length);
  const built = build(one("n0/a", 0), one("n0/b", 1), one("n0/c", 2), one("n1/a", 3), one("n2/a", 4), ingress("n3/plain").created(5).host("a.example").path("/plain", "web:80"), nginx);
  assert.deepEqual(counts(built), [SIZE_BOUNDS.namespace / (MEBI / 8), (SIZE_BOUNDS.all - SIZE_BOUNDS.namespace) / (MEBI / 8), 0, 1]);
  assert.equal(built.model.hosts.get("b.example")?.routes.length, 1);
  assert.equal(routes(built, "n2"), 100);
  assert.deepEqual(built.findings().filter(({ code }) => code === "host-too-large").map(({ object, sentence }) => `${object.namespace}/${object.name}: ${sentence.slice(0, 9)}`),
    ["n0/b: 8 paths o", "n0/c: 100 paths", "n1/a: 36 paths ", "n2/a: 100 paths"]);
});

test("an expression that stands for too much is refused alone, as a name and as a path", () => {
  for (const [text, weight] of [["a{2,9}", 6], ["(ab){3}", 21], ["(ab){2,30}", 300], ["((a){30,}){30}", 14 * 900], ["(a){x}", 6], ["(a){", 4], ["(a){,5}", 35]] as const) {
    assert.equal(patternWeight(text), weight, text);
  }
  const heavy = "(?:[a-z]+b*){0,500}";
  assert.ok(patternWeight(heavy) > HEAVIEST_PATTERN);
  const one = ingress("shop/a").host("a.example").path(`/x${heavy}`, "web:80", "ImplementationSpecific").path("/y.*", "web:80", "ImplementationSpecific")
    .annotate("use-regex", "true").annotate("server-alias", `~^(?:[a-z]+b*){500}$,~^ok$`);
  const built = build(one, nginx);
  assert.deepEqual([[...built.model.aliases.keys()], routes(built, "shop")], [["~^ok$"], 1]);
  assert.match(findingOf(built, "alias-invalid").sentence, /means too much/);
  assert.match(findingOf(built, "path-pattern-invalid").sentence, /means too much/);
});

/** The weight of the heavy expressions here. The bounds are no multiples of it, so a few light expressions fit in beside the heavy ones. */
const NEARLY_HEAVIEST = HEAVIEST_PATTERN - 196;
const FIT = { alias: Math.floor((ALIAS_BOUNDS.ingress * MEAN_WEIGHT) / NEARLY_HEAVIEST), path: Math.floor((PATH_BOUNDS.ingress * MEAN_WEIGHT) / NEARLY_HEAVIEST) };
/** Pads a text so that PCRE's expression for it weighs exactly `weight`; `given` is the number of characters that Sluice adds. */
const padded = (start: string, given: number, weight = NEARLY_HEAVIEST): string => start.padEnd(weight - given, "x");

test("expressions for hosts are bounded in what they stand for: of an Ingress, of a namespace, of all; lighter ones still have room", () => {
  const heavy = (key: string, created: number, count: number): IngressDraft => {
    const name = key.replace("/", "-");
    const names = Array.from({ length: count }, (_, i) => `~${padded(`^${name}-${i}`, "(?i)".length)}`);
    return ingress(key).created(created).host(`${name}.example`).path("/", "web:80").annotate("server-alias", [...names, `~^${name}-light$`].join(","));
  };
  const one = build(heavy("shop/a", 0, 5), nginx);
  assert.equal(granted(one), FIT.alias + 1);
  assert.match(findingOf(one, "alias-expressions-exhausted").sentence, /^3 regular .* or the 100 characters for each of these on average/);
  const three = build(...[0, 1, 2].map((i) => heavy(`shop/a${i}`, i, FIT.alias)), heavy("blog/a", 3, 1), nginx);
  const most = Math.floor((ALIAS_BOUNDS.namespace * MEAN_WEIGHT) / NEARLY_HEAVIEST);
  assert.deepEqual([ofNamespace(three, "shop"), ofNamespace(three, "blog")], [most + 3, 2]);
  const all = build(...Array.from({ length: 20 }, (_, i) => heavy(`n${i}/a`, i, FIT.alias)), nginx);
  const weight = [...all.model.aliases.keys()].reduce((sum, name) => sum + patternWeight(aliasPattern(name)), 0);
  assert.ok(weight <= ALIAS_BOUNDS.all * MEAN_WEIGHT && weight > ALIAS_BOUNDS.all * MEAN_WEIGHT - NEARLY_HEAVIEST, `${weight}`);
});

test("paths that are expressions, and conditions, are bounded in what they stand for, on each host alone", () => {
  const heavy = (key: string, created: number, count: number): IngressDraft =>
    Array.from({ length: count }, (_, i) => padded(`/${key}/${i}`, "(?i)^".length)).reduce(
      (draft, path) => draft.path(path, "web:80", "ImplementationSpecific"),
      ingress(key).created(created).annotate("use-regex", "true").host("a.example").path(`/${key}/light`, "web:80", "ImplementationSpecific"),
    );
  const one = build(heavy("shop/a", 0, FIT.path + 4), nginx);
  assert.equal(routes(one, "shop"), FIT.path + 1);
  assert.match(findingOf(one, "path-expressions-exhausted").sentence, /^4 paths .* or the 100 characters for each of these on average/);
  const many = build(...[0, 1, 2].map((i) => heavy(`n0/a${i}`, i, FIT.path)), heavy("n1/a", 3, FIT.path), heavy("n2/a", 4, 0), nginx);
  const most = (bound: number): number => Math.floor((bound * MEAN_WEIGHT) / NEARLY_HEAVIEST);
  assert.deepEqual(["n0", "n1", "n2"].map((namespace) => routes(many, namespace)), [most(PATH_BOUNDS.namespace) + 3, most(PATH_BOUNDS.all) - most(PATH_BOUNDS.namespace) + 1, 1]);
  const repeated = "(aaaaaa){300}";
  assert.equal(patternWeight(repeated), NEARLY_HEAVIEST);
  const condition = (i: number): string => `/x${i}: [{headers: {x-a: {pattern: "${repeated}"}}}]`;
  const conditions = Array.from({ length: FIT.path + 3 }, (_, i) => i).reduce(
    (draft, i) => draft.path(`/x${i}`, "web:80"),
    ingress("shop/a").host("a.example").rawAnnotation("sluice.ingress/match", Array.from({ length: FIT.path + 3 }, (_, i) => condition(i)).join("\n")),
  );
  assert.equal(routes(build(conditions, nginx), "shop"), FIT.path);
});
