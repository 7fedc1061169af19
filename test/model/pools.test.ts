import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_ENDPOINTS } from "../../src/model/shapes/bounds.ts";
import type { ModelSettings } from "../../src/model/build/settings.ts";
import type { Built } from "../../src/model/model.ts";
import { build, buildWith, expectFindings, findingOf } from "../support/build.ts";
import { externalName, ingress, node, resolvedName, service, slice, sliceOf } from "../support/objects.ts";
import type { Service } from "../../src/source/objects.ts";
import type { Given, IngressDraft } from "../support/objects.ts";

/** The endpoints of the Service `shop/web`, when an Ingress refers to it by this port. */
function endpointsOf(port: string, ...given: Given[]): string[] {
  return printed(build(ingress("shop/web").host("shop.example").path("/", `web:${port}`), ...given), port);
}

function printed({ model }: Built, port: string): string[] {
  return (model.pools.get(`shop/web/${port}`)?.endpoints ?? []).map((one) => `${one.address}:${one.port}`);
}

const tcp = (name: string, port: number) => ({ name, port, protocol: "TCP" });
const ready = (...addresses: string[]) => ({ addresses, conditions: { ready: true } });

test("a port is chosen by number, by targetPort or by name", () => {
  const web = service("shop/web", "http=80:8080", "admin=81:web");
  const slices = sliceOf("shop/web", "1", [tcp("http", 8080), tcp("admin", 9090)], [ready("10.0.0.1")]);
  assert.deepEqual(endpointsOf("80", web, slices), ["10.0.0.1:8080"]);
  assert.deepEqual(endpointsOf("8080", web, slices), ["10.0.0.1:8080"]);
  assert.deepEqual(endpointsOf("http", web, slices), ["10.0.0.1:8080"]);
  assert.deepEqual(endpointsOf("admin", web, slices), ["10.0.0.1:9090"]);
  assert.deepEqual(endpointsOf("web", web, slices), ["10.0.0.1:9090"]);
});

test("an unnamed port takes every TCP port of a slice, and no other", () => {
  const slices = sliceOf("shop/web", "1", [{ port: 8080 }, { port: 53, protocol: "UDP" }, { port: 8081, protocol: "TCP" }], [ready("10.0.0.1")]);
  assert.deepEqual(endpointsOf("80", service("shop/web", "80"), slices), ["10.0.0.1:8080", "10.0.0.1:8081"]);
});

test("without a slice port of that name the numeric targetPort counts, then the port itself", () => {
  const named = sliceOf("shop/web", "1", [tcp("other", 9)], [ready("10.0.0.1")]);
  assert.deepEqual(endpointsOf("80", service("shop/web", "http=80:8080"), named), ["10.0.0.1:8080"]);
  assert.deepEqual(endpointsOf("80", service("shop/web", "http=80:web"), named), []);
  assert.deepEqual(endpointsOf("80", service("shop/web", "80"), sliceOf("shop/web", "1", [], [ready("10.0.0.1")])), ["10.0.0.1:80"]);
});

test("all slices of a Service count, by label; addresses are sorted and not repeated", () => {
  const foreign = { ...slice("shop/web", 8080, "10.0.0.1", "10.0.0.3") };
  const renamed = { ...foreign, metadata: { ...foreign.metadata, name: "hand-made" } };
  const v6 = sliceOf("shop/web", "6", [tcp("", 8080)], [ready("fd00::1")]);
  const names = sliceOf("shop/web", "names", [tcp("", 8080)], [ready("db.example")]);
  const all = endpointsOf("80", service("shop/web", "80"), renamed, slice("shop/web", 8080, "10.0.0.2", "10.0.0.1"), v6, names);
  assert.deepEqual(all, ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080", "fd00::1:8080"]);
});

test("ready means true or unsaid; an endpoint that terminates must say so to stay", () => {
  const endpoints = [
    { addresses: ["10.0.0.1"] },
    { addresses: ["10.0.0.2"], conditions: { ready: false, serving: true, terminating: true } },
    { addresses: ["10.0.0.3"], conditions: { ready: true, serving: true, terminating: true } },
    { addresses: ["10.0.0.4"], conditions: { terminating: true } },
    { addresses: ["10.0.0.5"], conditions: { ready: false } },
  ];
  const slices = sliceOf("shop/web", "1", [tcp("", 8080)], endpoints);
  assert.deepEqual(endpointsOf("80", service("shop/web", "80"), slices), ["10.0.0.1:8080", "10.0.0.3:8080"]);
});

test("when nothing is ready, endpoints that serve while they terminate are used", () => {
  const endpoints = [
    { addresses: ["10.0.0.1"], conditions: { ready: false, serving: true, terminating: true } },
    { addresses: ["10.0.0.2"], conditions: { ready: false, serving: false, terminating: true } },
    { addresses: ["10.0.0.3"], conditions: { ready: false, serving: true } },
  ];
  const slices = sliceOf("shop/web", "1", [tcp("", 8080)], endpoints);
  assert.deepEqual(endpointsOf("80", service("shop/web", "80"), slices), ["10.0.0.1:8080"]);
});

test("a Service, a port or endpoints that are missing leave the route, with an empty pool", () => {
  const one = ingress("shop/web").host("shop.example").path("/", "web:http");
  const missing = build(one);
  assert.deepEqual(printed(missing, "http"), []);
  expectFindings(missing, "service-missing  Ingress shop/web spec.rules[0].http.paths[0].backend.service.name");
  assert.equal(findingOf(missing, "service-missing").effect, "requests to shop.example/ (prefix) get 503");

  const portless = build(one, service("shop/web", "80"));
  expectFindings(portless, "service-port-missing  Ingress shop/web spec.rules[0].http.paths[0].backend.service.port");
  assert.equal(findingOf(portless, "service-port-missing").sentence, 'Service "web" has no port "http": it has 80');

  const idle = build(one, service("shop/web", "http=80"));
  expectFindings(idle, "no-endpoints  Ingress shop/web spec.rules[0].http.paths[0].backend.service.name");
});

function external(settings: Partial<ModelSettings>, ...given: Given[]): Built {
  return buildWith(settings, ingress("shop/web").host("shop.example").path("/", "web:80"), ...given);
}

test("an ExternalName waits for its addresses, and says which name it needs", () => {
  const target = externalName("shop/web", "db.example", "80:5432");
  const waiting = external({}, target);
  assert.deepEqual([[...waiting.names], printed(waiting, "80")], [["db.example"], []]);
  const resolved = external({}, target, resolvedName("db.example", ["192.0.2.2", "192.0.2.1"]));
  assert.deepEqual(printed(resolved, "80"), ["192.0.2.1:5432", "192.0.2.2:5432"]);
  expectFindings(resolved);
  findingOf(external({}, target, resolvedName("db.example", [])), "external-name-unresolved");
  assert.match(findingOf(external({}, target, resolvedName("db.example", [], ["127.0.0.1"])), "external-name-refused").sentence, /127\.0\.0\.1/);
});

test("an ExternalName without ports takes the number that the Ingress names", () => {
  assert.deepEqual(printed(external({}, externalName("shop/web", "192.0.2.1"), ), "80"), ["192.0.2.1:80"]);
});

test("an ExternalName may not lead to the controller's own machine, unless that is allowed", () => {
  for (const name of ["localhost", "localhost.", "127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "bad_name", ""]) {
    const built = external({}, externalName("shop/web", name, "80"));
    assert.deepEqual(printed(built, "80"), [], name);
    findingOf(built, "external-name-refused");
    assert.equal(built.names.size, 0);
  }
  assert.deepEqual(printed(external({ allowLocalTargets: true }, externalName("shop/web", "127.0.0.1", "80:9")), "80"), ["127.0.0.1:9"]);
});

test("--disable-svc-external-name leaves such Services without endpoints", () => {
  const built = external({ disableSvcExternalName: true }, externalName("shop/web", "192.0.2.1", "80"));
  assert.deepEqual(printed(built, "80"), []);
  findingOf(built, "external-name-disabled");
});

test("the default backend's pool always exists, and takes the first port of its Service", () => {
  assert.deepEqual(build().model.pools.get("upstream-default-backend")?.endpoints, []);
  const flag = { defaultBackendService: "shop/errors" };
  const built = buildWith(flag, service("shop/errors", "80:8080", "81"), slice("shop/errors", 8080, "10.0.0.9"));
  assert.deepEqual(built.model.pools.get("upstream-default-backend")?.endpoints, [{ address: "10.0.0.9", port: 8080 }]);
  const missing = buildWith(flag);
  expectFindings(missing, "service-missing  Service shop/errors --default-backend-service");
  assert.equal(findingOf(missing, "service-missing").effect, "requests that no rule matches get 404");
});

test("pools are named as ingress-nginx's logs name them", () => {
  const built = build(ingress("shop/web").host("shop.example").path("/", "web:http"));
  assert.equal(built.model.pools.get("shop/web/http")?.name, "shop-web-http");
});

test("--enable-topology-aware-routing keeps requests in the zone, for Services that ask for it", () => {
  const settings = { enableTopologyAwareRouting: true };
  const hinted = (address: string, ...zones: string[]) => ({ ...ready(address), hints: { forZones: zones.map((name) => ({ name })) } });
  const slices = sliceOf("shop/web", "1", [tcp("", 8080)], [hinted("10.0.0.1", "a"), hinted("10.0.0.2", "b"), hinted("10.0.0.3", "a", "b")]);
  const plain = service("shop/web", "80");
  const asking: readonly Service[] = [
    { ...plain, metadata: { ...plain.metadata, annotations: { "service.kubernetes.io/topology-mode": "Auto" } } },
    { ...plain, metadata: { ...plain.metadata, annotations: { "service.kubernetes.io/topology-aware-hints": "auto" } } },
    { ...plain, spec: { ...plain.spec, trafficDistribution: "PreferClose" } },
  ];
  const web = ingress("shop/web").host("shop.example").path("/", "web:80");
  const endpoints = (given: readonly Given[], flags: Partial<ModelSettings> = settings): number => printed(buildWith(flags, web, ...given), "80").length;
  const here = node("n1", { "topology.kubernetes.io/zone": "a" });
  for (const one of asking) {
    assert.deepEqual(printed(buildWith(settings, web, one, slices, here), "80"), ["10.0.0.1:8080", "10.0.0.3:8080"]);
    assert.equal(endpoints([one, slices]), 3, "the zone is not known");
    assert.equal(endpoints([one, slices, node("n1", {})]), 3, "the node has no zone");
    assert.equal(endpoints([one, slices, node("n1", { "topology.kubernetes.io/zone": "c" })]), 3, "nobody is for that zone");
    assert.equal(endpoints([one, slices, here], {}), 3, "the flag is off");
  }
  assert.equal(endpoints([plain, slices, here]), 3, "the Service does not ask");
  const [first] = asking;
  const partly = sliceOf("shop/web", "2", [tcp("", 8080)], [ready("10.0.0.9")]);
  assert.ok(first);
  assert.equal(endpoints([first, slices, partly, here]), 4, "an endpoint without hints counts them all out");
});

test("a pool without endpoints is as bad as what is lost by it, whatever the reason", () => {
  const given = (annotation: string, value: string): IngressDraft => ingress("shop/web").host("shop.example").path("/", "web:80").annotate(annotation, value);
  const served = [service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"), resolvedName("gone.example", []), resolvedName("near.example", [], ["127.0.0.1"])];
  const said = (...objects: Given[]): string[] => build(...objects).findings().map(({ code, severity, effect }) => `${severity} ${code}: ${effect}`);
  const closed = "every request that would ask it is answered 503";
  assert.deepEqual(said(given("auth-url", "http://gone.example/"), ...served), [`error target-unresolved: ${closed}`]);
  assert.deepEqual(said(given("auth-url", "http://near.example/"), ...served), [`error target-refused: ${closed}`]);
  assert.deepEqual(said(given("mirror-target", "http://gone.example/"), ...served), ["warning target-unresolved: requests are not mirrored"]);
  assert.deepEqual(said(given("mirror-target", "http://near.example/"), ...served), ["warning target-refused: requests are not mirrored"]);
  const redirects: readonly (readonly [string, string])[] = [["permanent-redirect", "https://a.example/"], ["temporal-redirect", "https://a.example/"], ["rewrite-target", "https://a.example/"]];
  const ways: readonly (readonly [string, readonly Given[]])[] = [
    ["service-missing", []],
    ["service-port-missing", [service("shop/web", "81")]],
    ["external-name-refused", [externalName("shop/web", "127.0.0.1", "80")]],
    ["external-name-unresolved", [externalName("shop/web", "gone.example", "80"), resolvedName("gone.example", [])]],
    ["no-endpoints", [{ ...service("shop/web", "80"), origin: { file: "a.yaml", document: 0, line: () => 1, column: () => 1 } }]],
  ];
  for (const [code, objects] of ways) {
    assert.deepEqual(said(given("app-root", "/app"), ...objects), [`error ${code}: requests to shop.example/ (prefix) get 503`]);
    for (const [name, value] of redirects) {
      assert.deepEqual(said(given(name, value), ...objects), [`info ${code}: none: requests to shop.example/ (prefix) are redirected`], name);
    }
  }
});

test("a pool has no more endpoints than the bound, and its Service is told", () => {
  const many = Array.from({ length: 6 }, (_, k) => sliceOf("shop/web", String(k), [tcp("http", 80)], [ready(...Array.from({ length: 1000 }, (_address, i) => `10.${k}.${Math.floor(i / 250)}.${i % 250}`))]));
  const built = build(ingress("shop/web").host("shop.example").path("/", "web:80"), service("shop/web", "http=80:80"), ...many);
  assert.equal(printed(built, "80").length, MOST_ENDPOINTS);
  assert.match(findingOf(built, "endpoints-exhausted").sentence, /has 6000 endpoints, and 5000 are used/);
});
