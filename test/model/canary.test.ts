import assert from "node:assert/strict";
import { test } from "node:test";
import { build, expectFindings, expectRoutes, findingOf, routeOf } from "../support/build.ts";
import { canariesOf, primaryOf } from "../../src/model/shapes/routing.ts";
import type { Canary, Split } from "../../src/model/shapes/routing.ts";
import type { Built } from "../../src/model/model.ts";
import { ingress, service, slice } from "../support/objects.ts";
import type { Given, IngressDraft } from "../support/objects.ts";

const services: Given[] = ["v1", "v2", "v3", "v4", "v5"].flatMap((name, index) => [
  service(`shop/${name}`, "80"),
  slice(`shop/${name}`, 80, `10.0.0.${index + 1}`),
]);
const main = ingress("shop/main").created(0).host("shop.example").path("/", "v1:80");
let second = 1;
const canary = (to: string, rules: Record<string, string>): IngressDraft =>
  ingress(`shop/canary-${to}-${second}`).created(second++).host("shop.example").path("/", `${to}:80`).canary(rules);

const canariesAt = (built: Built, host: string, path: string): readonly Canary[] => canariesOf(routeOf(built, host, path).backend);
const splitAt = (built: Built, host: string, path: string): Split => {
  const { backend } = routeOf(built, host, path);
  assert.ok(backend.kind === "split");
  return backend;
};

test("a canary joins the route of its host, path and path type", () => {
  const built = build(main, canary("v2", { "canary-weight": "20" }), ...services);
  expectRoutes(built, "shop.example  /  prefix -> shop/v1/80 [10.0.0.1:80] | canary weight 20/100 -> shop/v2/80 [10.0.0.2:80]");
  expectFindings(built);
});

test("header, value, pattern, cookie and weight are kept; a pattern yields to a value", () => {
  const rules = { "canary-by-header": "X-Env", "canary-by-header-value": "next", "canary-by-header-pattern": "n.*", "canary-by-cookie": "env" };
  const { primary, total, canaries: [only] } = splitAt(build(main, canary("v2", { ...rules, "canary-weight": "1", "canary-weight-total": "200" })), "shop.example", "/");
  const { origin, backend, ...rest } = only ?? assert.fail("no canary");
  assert.deepEqual([rest, total], [{ header: "X-Env", headerValue: "next", cookie: "env", weight: 1 }, 200]);
  assert.deepEqual(backend, { ...primary, pool: "shop/v2/80", service: "v2" }, "it is proxied to as the primary is");
  assert.equal(origin.field, "spec.rules[0].http.paths[0].backend");
});

test("several canaries all take part: value, pattern, header or cookie, weight; then by age", () => {
  const built = build(
    main,
    canary("v2", { "canary-weight": "5" }),
    canary("v3", { "canary-by-cookie": "c" }),
    canary("v4", { "canary-by-header": "H", "canary-by-header-pattern": "x" }),
    canary("v5", { "canary-by-header": "H", "canary-by-header-value": "v" }),
    canary("v1", { "canary-by-header": "H" }),
    ...services,
  );
  assert.deepEqual(canariesAt(built, "shop.example", "/").map(({ backend }) => backend.service), ["v5", "v4", "v3", "v1", "v2"]);
});

test("a canary never leaks to other routes of the same Service", () => {
  const other = ingress("shop/other").created(9).host("other.example").path("/", "v1:80").path("/x", "v2:80");
  const built = build(main, other, canary("v2", { "canary-weight": "20" }), ...services);
  assert.deepEqual(canariesAt(built, "other.example", "/"), []);
  const ofOther = routeOf(built, "other.example", "/x").backend;
  assert.deepEqual(ofOther, { kind: "service", pool: "shop/v2/80", service: "v2", port: "80", proxy: primaryOf(ofOther).proxy });
});

test("a canary without a route to join does nothing but say so", () => {
  const wrongType = ingress("shop/c1").host("shop.example").path("/", "v2:80", "Exact").canary();
  const wrongHost = ingress("shop/c2").host("nowhere.example").path("/", "v2:80").canary();
  const built = build(main, wrongType, wrongHost, ...services);
  expectRoutes(built, "shop.example  /  prefix -> shop/v1/80 [10.0.0.1:80]");
  expectFindings(
    built,
    "canary-without-main  Ingress shop/c1 spec.rules[0].http.paths[0].path",
    "canary-without-main  Ingress shop/c2 spec.rules[0].http.paths[0].path",
  );
  assert.equal(built.model.pools.has("shop/v2/80"), false);
});

test("a canary may join the / that nobody declared only if that leads to a Service", () => {
  const withDefault = ingress("shop/main").created(0).host("shop.example").path("/x", "v1:80").defaultBackend("v3:80");
  assert.equal(canariesAt(build(withDefault, canary("v2", { "canary-weight": "1" })), "shop.example", "/").length, 1);
  const without = ingress("shop/main").created(0).host("shop.example").path("/x", "v1:80");
  findingOf(build(without, canary("v2", { "canary-weight": "1" }), ...services), "canary-without-main");
});

test("a canary's default backend joins the / of the catch-all when that leads to a Service", () => {
  const catchAll = ingress("shop/all").created(0).defaultBackend("v1:80");
  const alternative = ingress("shop/alt").created(1).defaultBackend("v2:80").canary({ "canary-weight": "10" });
  expectRoutes(
    build(catchAll, alternative, ...services),
    "_  /  prefix -> shop/v1/80 [10.0.0.1:80] | canary weight 10/100 -> shop/v2/80 [10.0.0.2:80]",
  );
  expectFindings(build(alternative, ...services), "canary-without-main  Ingress shop/alt spec.defaultBackend");
});

test("a canary to the primary's own Service port is kept", () => {
  assert.equal(canariesAt(build(main, canary("v1", { "canary-weight": "20" }), ...services), "shop.example", "/").length, 1);
});

test("a canary rule without paths is said and harms nobody", () => {
  const built = build(main, ingress("shop/c").host("shop.example").canary(), ...services);
  expectRoutes(built, "shop.example  /  prefix -> shop/v1/80 [10.0.0.1:80]");
  expectFindings(built, "canary-rule-without-paths  Ingress shop/c spec.rules[0]");
});

test("weights out of range are brought into range", () => {
  const weights = (rules: Record<string, string>): number[] => {
    const built = build(main, canary("v2", rules), ...services);
    findingOf(built, "canary-weight-out-of-range");
    const { total, canaries } = splitAt(built, "shop.example", "/");
    return canaries.flatMap(({ weight }) => [weight, total]);
  };
  assert.deepEqual(weights({ "canary-weight": "-5" }), [0, 100]);
  assert.deepEqual(weights({ "canary-weight": "150" }), [100, 100]);
  assert.deepEqual(weights({ "canary-weight": "20", "canary-weight-total": "50" }), [20, 100]);
  assert.deepEqual(weights({ "canary-weight": "150", "canary-weight-total": "99999999999" }), [150, 2 ** 31 - 1]);
});

test("of weights that exceed the whole the older canaries keep their share", () => {
  const built = build(
    main,
    canary("v2", { "canary-weight": "70" }),
    canary("v3", { "canary-weight": "100", "canary-weight-total": "200" }),
    canary("v4", { "canary-weight": "10" }),
    ...services,
  );
  const { total, canaries } = splitAt(built, "shop.example", "/");
  assert.deepEqual([total, ...canaries.map(({ weight }) => weight)], [200, 140, 60, 0]);
  assert.deepEqual(built.findings().map(({ code }) => code), ["canary-weights-exceed-total", "canary-weights-exceed-total"]);
});

test("what older canaries leave a rollout is told in per cents; canary-weight-total counts only beside canary-weight", () => {
  const rollout = (annotations: Readonly<Record<string, string>>): IngressDraft => ingress("shop/next").created(1000).host("shop.example").path("/", "v3:80").canary(annotations).rawAnnotation("sluice.ingress/rollout", "steps: [12.5, 60]");
  const given: Given = { kind: "RolloutWeight", metadata: { namespace: "shop", name: "next" }, given: { weight: 60, uid: "", pools: ["shop/v3/80"] } };
  const built = build(main, canary("v2", { "canary-weight": "87" }), rollout({ "canary-weight-total": "1000" }), given, ...services);
  assert.deepEqual(splitAt(built, "shop.example", "/").canaries.map(({ weight }) => weight), [8700, 1300]);
  assert.match(findingOf(built, "canary-weights-exceed-total").sentence, /of its weight 60 % only 13 % is left by older ones$/);
  findingOf(built, "rollout-ignores-total");
  const limited = build(main, rollout({ "canary-weight-total": "1000", "canary-weight": "250" }), given, ...services);
  assert.deepEqual(splitAt(limited, "shop.example", "/").canaries.map(({ weight }) => weight), [2500]);
  assert.deepEqual(limited.findings().map(({ code }) => code), ["rollout-limited"]);
});

test("a release gives its weight to no other Service, and to no Ingress that was made anew", () => {
  const rollout = ingress("shop/next").host("shop.example").path("/", "v3:80").canary({}).rawAnnotation("sluice.ingress/rollout", "steps: [60]");
  const weights = (uid: string, pool: string): number[] => {
    const given: Given = { kind: "RolloutWeight", metadata: { namespace: "shop", name: "next" }, given: { weight: 60, uid, pools: [pool] } };
    return splitAt(build(main, rollout, given, ...services), "shop.example", "/").canaries.map(({ weight }) => weight);
  };
  assert.deepEqual([weights("", "shop/v3/80"), weights("", "shop/v2/80"), weights("another", "shop/v3/80")], [[6000], [0], [0]]);
});

test("an invalid canary value makes an ordinary Ingress, which may lose against the main one", () => {
  const broken = canary("v2", { canary: "yes", "canary-weight": "20" });
  const built = build(main, broken, ...services);
  expectRoutes(built, "shop.example  /  prefix -> shop/v1/80 [10.0.0.1:80]");
  assert.deepEqual(built.findings().map(({ code }) => code), ["canary-not-enabled", "annotation-invalid", "path-conflict"]);
});

test("rules that need a header say so", () => {
  const built = build(main, canary("v2", { "canary-by-header-value": "x", "canary-weight": "5" }), ...services);
  findingOf(built, "canary-needs-header");
  assert.equal(canariesAt(built, "shop.example", "/")[0]?.headerValue, undefined);
});

test("a canary whose main is closed takes no part, and nobody complains twice", () => {
  const built = build(main.annotate("auth-url", "http://$arg_x/"), canary("v2", { "canary-weight": "20" }), ...services);
  expectRoutes(built, "shop.example  /  prefix -> status 503");
  assert.deepEqual(built.findings().map(({ code }) => code), ["auth-url-unusable"]);
});

test("the key of a canary that its release gives nothing keeps nobody: its sessions become the primary's", () => {
  const sticky = main.annotate("affinity", "cookie");
  const rollout = ingress("shop/next").created(1000).host("shop.example").path("/", "v3:80").canary({}).rawAnnotation("sluice.ingress/rollout", "steps: [60]");
  const sidesOf = (...more: Given[]): number | undefined => {
    const { balance } = splitAt(build(sticky, ...more, ...services), "shop.example", "/").primary;
    return balance?.kind === "session" ? balance.sides?.length : assert.fail("no session");
  };
  const given = (weight: number): Given => ({ kind: "RolloutWeight", metadata: { namespace: "shop", name: "next" }, given: { weight, uid: "", pools: ["shop/v3/80"] } });
  assert.equal(sidesOf(rollout, given(60)), 2);
  assert.equal(sidesOf(rollout, given(0)), 1);
  assert.equal(sidesOf(canary("v2", { "canary-weight": "0" })), 2, "without a rollout, as in ingress-nginx");
});
