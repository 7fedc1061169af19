/** GRPCRoutes: where their calls are, who comes first, which backends they can have, and what is said of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildModel } from "../../src/model/build/build.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import type { Built } from "../../src/model/model.ts";
import { primaryOf, type Route } from "../../src/model/shapes/routing.ts";
import type { AnyObject, Gateway, GatewayClass, GrpcRoute, HttpRoute, Service } from "../../src/source/objects.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { put, service, testConfig, testSettings } from "../support/objects.ts";

const CLASS: GatewayClass = { kind: "GatewayClass", metadata: { namespace: "", name: "c" }, spec: { controllerName: "sluice.ingress/gateway" } };
const SETTINGS = { ...testSettings, gatewayApi: true, gatewayAddresses: ["10.9.0.0/30"] };
const HOST = "shop/g/l|_";

type Rules = NonNullable<GrpcRoute["spec"]["rules"]>;
const toWeb = [{ name: "web", port: 80 }];

function gatewayWith(allowedRoutes?: NonNullable<Gateway["spec"]["listeners"]>[number]["allowedRoutes"]): Gateway {
  return { kind: "Gateway", metadata: { namespace: "shop", name: "g" }, spec: { gatewayClassName: "c", listeners: [{ name: "l", port: 8080, protocol: "HTTP", ...(allowedRoutes ? { allowedRoutes } : {}) }] } };
}

function calls(name: string, rules: Rules, creationTimestamp?: string): GrpcRoute {
  return { kind: "GRPCRoute", metadata: { namespace: "shop", name, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) }, spec: { parentRefs: [{ name: "g" }], rules } };
}

function requests(name: string, rules: NonNullable<HttpRoute["spec"]["rules"]>, creationTimestamp?: string): HttpRoute {
  return { kind: "HTTPRoute", metadata: { namespace: "shop", name, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) }, spec: { parentRefs: [{ name: "g" }], rules } };
}

function build(...objects: readonly AnyObject[]): Built {
  const snapshot = new Snapshot();
  for (const object of [CLASS, gatewayWith(), service("shop/web", "80"), service("shop/next", "80"), ...objects]) put(snapshot, object);
  return buildModel(snapshot, SETTINGS, testConfig);
}

const routesOf = (built: Built): readonly Route[] => built.model.hosts.get(HOST)?.routes ?? [];
const conditionsOf = (built: Built, key: string): readonly string[] =>
  (built.judged.get(key)?.parents ?? []).flatMap(({ conditions }) => conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`));

/** Findings, but for those about Services without endpoints: none here has any. */
const saidOf = (built: Built): readonly Finding[] => built.findings().filter(({ code }) => code !== "no-endpoints");

const PLACES: readonly (readonly [what: string, match: NonNullable<Rules[number]["matches"]>[number], place: string, when: string | undefined])[] = [
  ["a service and a method", { method: { service: "shop.Carts", method: "Get" } }, "exact /shop.Carts/Get", undefined],
  ["a service", { method: { service: "shop.Carts" } }, "prefix /shop.Carts", undefined],
  ["a method", { method: { method: "Get" } }, "prefix /", '[[{"variable":"uri","pattern":"^/[^/]+/Get$"}]]'],
  ["expressions", { method: { type: "RegularExpression", service: "shop\\..+" } }, "prefix /", '[[{"variable":"uri","pattern":"^/(?:shop\\\\..+)/(?:[^/]+)$"}]]'],
  ["a header", { headers: [{ name: "X-Version", value: "2" }] }, "prefix /", '[[{"variable":"http_x_version","values":["2"]}]]'],
  ["nothing", {}, "prefix /", undefined],
];

for (const [what, match, place, when] of PLACES) {
  test(`a match of ${what}`, () => {
    const built = build(calls("r", [{ matches: [match], backendRefs: toWeb }]));
    const [route] = routesOf(built);
    assert.deepEqual([`${route?.pathType} ${route?.path}`, route?.when && JSON.stringify(route.when)], [place, when]);
    assert.deepEqual(saidOf(built), []);
  });
}

test("its backends speak gRPC, and a rule's first backend that is there decides that for all", () => {
  const built = build(calls("r", [{ backendRefs: [{ name: "missing", port: 80 }, { name: "web", port: 80 }, { name: "next", port: 80, weight: 3 }] }]));
  const [route] = routesOf(built);
  assert.ok(route?.backend.kind === "shares");
  assert.deepEqual(route.backend.parts.map(({ weight, backend }) => [weight, backend.kind, backend.proxy.protocol]), [[1, "status", "HTTP"], [1, "service", "GRPC"], [3, "service", "GRPC"]]);
  assert.deepEqual(conditionsOf(built, "GRPCRoute shop/r"), ["Accepted True Accepted", "ResolvedRefs False BackendNotFound"]);
});

test("what a GRPCRoute cannot have closes its rule, and is said of it", () => {
  const odd: readonly Rules[number][] = [
    { matches: [{ method: { type: "Prefix", service: "a" } }] },
    { matches: [{ method: { service: "a/b" } }] },
    { filters: [{ type: "RequestRedirect", requestRedirect: { hostname: "new.example" } }] },
    { sessionPersistence: { sessionName: "s" } },
  ];
  for (const rule of odd) {
    const built = build(calls("r", [{ backendRefs: toWeb, ...rule }]));
    assert.deepEqual(conditionsOf(built, "GRPCRoute shop/r")[0], "Accepted False UnsupportedValue", JSON.stringify(rule));
    assert.deepEqual(saidOf(built).map(({ code }) => code), ["route-invalid"], JSON.stringify(rule));
  }
});

function withProtocols(...protocols: readonly string[]): readonly Service[] {
  return protocols.map((appProtocol, index) => ({ kind: "Service", metadata: { namespace: "shop", name: `s${index}` }, spec: { ports: [{ port: 80, appProtocol }] } }));
}

const SPOKEN: readonly (readonly [appProtocol: string, inRequests: string, inCalls: string])[] = [
  ["kubernetes.io/h2c", "GRPC", "GRPC"],
  ["kubernetes.io/ws", "HTTP", "UnsupportedProtocol"],
  ["kubernetes.io/wss", "HTTP", "UnsupportedProtocol"],
  ["example.com/own", "HTTP", "GRPC"],
];

for (const [appProtocol, inRequests, inCalls] of SPOKEN) {
  test(`a port that speaks ${appProtocol}`, () => {
    const rules = [{ backendRefs: [{ name: "s0", port: 80 }] }];
    const spoken = (built: Built, key: string): string | undefined => {
      const { kind, proxy } = primaryOf((routesOf(built)[0] as Route).backend);
      return kind === "service" ? proxy.protocol : conditionsOf(built, key)[1]?.split(" ")[2];
    };
    assert.equal(spoken(build(...withProtocols(appProtocol), requests("r", rules)), "HTTPRoute shop/r"), inRequests);
    assert.equal(spoken(build(...withProtocols(appProtocol), calls("r", rules)), "GRPCRoute shop/r"), inCalls);
  });
}

test("backends of one rule speak one protocol: that of the first, and others keep their share and answer 500", () => {
  const built = build(...withProtocols("kubernetes.io/h2c", "kubernetes.io/ws"), requests("r", [{ backendRefs: [{ name: "s0", port: 80 }, { name: "s1", port: 80 }] }]));
  const [route] = routesOf(built);
  assert.ok(route?.backend.kind === "shares");
  assert.deepEqual(route.backend.parts.map(({ backend }) => backend.kind), ["service", "status"]);
  assert.equal(conditionsOf(built, "HTTPRoute shop/r")[1], "ResolvedRefs False UnsupportedProtocol");
  assert.deepEqual(saidOf(built).map(({ code }) => code), ["route-reference-unresolved"]);
});

test("routes of both kinds share a host: of equal matches the older one's is served, and the other has a finding", () => {
  const paths = [{ matches: [{ path: { value: "/" } }], backendRefs: toWeb }];
  for (const [http, grpc, kind] of [["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "HTTPRoute"], ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "GRPCRoute"]] as const) {
    const built = build(requests("r", paths, http), calls("r", [{ backendRefs: toWeb }, { matches: [{ method: { service: "s" } }], backendRefs: toWeb }], grpc));
    assert.deepEqual(routesOf(built).map(({ path, origin }) => `${path} ${origin.kind}`), ["/s GRPCRoute", `/ ${kind}`]);
    assert.deepEqual(saidOf(built).map(({ code, object }) => `${code} ${object.kind}`), [`route-shadowed ${kind === "HTTPRoute" ? "GRPCRoute" : "HTTPRoute"}`]);
  }
});

test("a listener says that it takes both kinds, counts both, and may be for one of them", () => {
  const route = calls("r", [{ backendRefs: toWeb }]);
  const [both] = build(route, requests("r", [])).judged.get("Gateway shop/g")?.listeners ?? [];
  assert.deepEqual([both?.supportedKinds.map(({ kind }) => kind), both?.attachedRoutes], [["HTTPRoute", "GRPCRoute"], 2]);
  const closed = build(gatewayWith({ kinds: [{ kind: "HTTPRoute" }] }), route);
  assert.deepEqual(closed.judged.get("Gateway shop/g")?.listeners?.[0]?.attachedRoutes, 0);
  assert.deepEqual(conditionsOf(closed, "GRPCRoute shop/r")[0], "Accepted False NotAllowedByListeners");
});

test("a Service of another namespace needs a grant for GRPCRoutes", () => {
  const route = calls("r", [{ backendRefs: [{ namespace: "far", name: "web", port: 80 }] }]);
  const grant = (kind: string): AnyObject => ({
    kind: "ReferenceGrant", metadata: { namespace: "far", name: "r" }, spec: { from: [{ group: "gateway.networking.k8s.io", kind, namespace: "shop" }], to: [{ group: "", kind: "Service" }] },
  });
  for (const [kind, reason] of [["HTTPRoute", "RefNotPermitted"], ["GRPCRoute", "ResolvedRefs"]] as const) {
    assert.equal(conditionsOf(build(route, service("far/web", "80"), grant(kind)), "GRPCRoute shop/r")[1]?.split(" ")[2], reason);
  }
});
