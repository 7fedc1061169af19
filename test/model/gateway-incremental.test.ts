/** Updates of Gateways and their routes give what a fresh build gives: random histories of a small cluster, in which names collide often. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULT_BACKEND } from "../../edge/src/program.ts";
import { buildModel, createModelBuilder } from "../../src/model/build/build.ts";
import type { Built } from "../../src/model/model.ts";
import type { Backend } from "../../src/model/shapes/routing.ts";
import type { AnyObject, Gateway, GatewayClass, GrpcRoute, HttpRoute, Ingress, ListenerSet, Namespace, ObjectRef, ReferenceGrant } from "../../src/source/objects.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { ingressClass, put, secret, service, testConfig, testSettings } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";
import { runs } from "../support/runs.ts";

const SETTINGS = { ...testSettings, gatewayApi: true };
const GROUP = "gateway.networking.k8s.io";
const pair = selfSigned(["a.example"]);

const namespace = fc.constantFrom("n1", "n2");
const name = fc.constantFrom("x", "y");
const created = fc.constantFrom({}, { creationTimestamp: "2026-01-01T00:00:00Z" }, { creationTimestamp: "2026-01-02T00:00:00Z" });
const hostname = fc.constantFrom("a.example", "*.example", "b.a.example", "*.a.example", "other.test", "not a host");
const meta = fc.tuple(namespace, name, created).map(([of, one, age]) => ({ namespace: of, name: one, ...age }));

const aClass = fc.tuple(fc.constantFrom("c", "d"), fc.constantFrom("sluice.ingress/gateway", "else")).map(([one, controllerName]): GatewayClass => ({ kind: "GatewayClass", metadata: { namespace: "", name: one }, spec: { controllerName } }));
const aListener = fc.record({
  name: fc.constantFrom("l1", "l2"), port: fc.constantFrom(8080, 9090, 443, 80), protocol: fc.constantFrom("HTTP", "HTTPS", "QUIC"), hostname: fc.constantFrom("", "a.example", "*.example"),
  from: fc.constantFrom("Same", "All", "Selector"), secret: fc.tuple(namespace, name), kinds: fc.constantFrom(undefined, [{ kind: "HTTPRoute" }], [{ kind: "GRPCRoute" }], [{ kind: "Odd" }]),
}).map(({ from, secret: [of, one], kinds, ...rest }) => ({
  ...rest,
  allowedRoutes: { namespaces: { from, ...(from === "Selector" ? { selector: { matchLabels: { open: "yes" } } } : {}) }, ...(kinds ? { kinds } : {}) },
  ...(rest.protocol === "HTTPS" ? { tls: { certificateRefs: [{ namespace: of, name: one }] } } : {}),
}));
const aGateway = fc.tuple(meta, fc.constantFrom("c", "d"), fc.array(aListener, { maxLength: 3 }), fc.constantFrom(undefined, "10.9.0.1", "10.9.0.2", "192.0.2.1"), fc.constantFrom(undefined, "Same", "All", "Selector")).map(
  ([metadata, gatewayClassName, listeners, address, from]): Gateway => ({ kind: "Gateway", metadata, spec: { gatewayClassName, listeners, ...(from === undefined ? {} : { allowedListeners: { namespaces: { from, selector: { matchLabels: { open: "yes" } } } } }), ...(address === undefined ? {} : { addresses: [{ value: address }] }) } }));
const aSet = fc.tuple(meta, namespace, name, fc.array(aListener, { maxLength: 3 })).map(
  ([metadata, of, one, listeners]): ListenerSet => ({ kind: "ListenerSet", metadata, spec: { parentRef: { namespace: of, name: one }, listeners } }));
const aRule = fc.record({
  path: fc.constantFrom("/", "/a", "/a/b", "bad"), type: fc.constantFrom("PathPrefix", "Exact", "Odd"), method: fc.constantFrom(undefined, "GET"),
  backends: fc.array(fc.tuple(namespace, name, fc.constantFrom(80, 81), fc.constantFrom(undefined, 0, 3)), { maxLength: 2 }),
  filter: fc.constantFrom(undefined, { type: "RequestRedirect", requestRedirect: { scheme: "https" } }, { type: "Odd" }),
  mirror: fc.option(fc.tuple(namespace, name, fc.constantFrom(0, 50)).map(([of, one, percent]) => ({ type: "RequestMirror", requestMirror: { backendRef: { namespace: of, name: one, port: 80 }, percent } })), { nil: undefined }),
  own: fc.boolean(),
}).map(({ path, type, method, backends, filter, mirror, own }) => ({
  matches: [{ path: { type, value: path }, ...(method === undefined ? {} : { method }) }],
  filters: [...(filter ? [filter] : []), ...(mirror && !own ? [mirror] : [])],
  backendRefs: backends.map(([of, one, port, weight]) => ({ namespace: of, name: one, port, ...(weight === undefined ? {} : { weight }), ...(mirror && own ? { filters: [mirror] } : {}) })),
}));
const aRoute = fc.tuple(meta, fc.array(fc.tuple(namespace, name, fc.constantFrom(undefined, "l1"), fc.constantFrom(undefined, 8080), fc.constantFrom({}, { kind: "ListenerSet" })), { maxLength: 2 }), fc.array(hostname, { maxLength: 2 }), fc.array(aRule, { maxLength: 3 })).map(
  ([metadata, parents, hostnames, rules]): HttpRoute => ({
    kind: "HTTPRoute", metadata,
    spec: { parentRefs: parents.map(([of, one, sectionName, port, kind]) => ({ ...kind, namespace: of, name: one, ...(sectionName === undefined ? {} : { sectionName }), ...(port === undefined ? {} : { port }) })), hostnames, rules },
  }));
const aGrpcRoute = fc.tuple(aRoute, fc.array(fc.tuple(fc.constantFrom(undefined, "a", "b/c"), fc.constantFrom(undefined, "m"), fc.constantFrom("Exact", "RegularExpression")), { maxLength: 2 })).map(
  ([{ metadata, spec: { parentRefs = [], hostnames = [], rules = [] } }, matches]): GrpcRoute => ({
    kind: "GRPCRoute", metadata,
    spec: {
      parentRefs, hostnames,
      rules: rules.map(({ backendRefs = [], filters = [] }) => ({ backendRefs, filters, matches: matches.map(([of, method, type]) => ({ method: { type, ...(of === undefined ? {} : { service: of }), ...(method === undefined ? {} : { method }) } })) })),
    },
  }));
const aGrant = fc.tuple(namespace, name, namespace, fc.constantFrom(["Gateway", "Secret"], ["HTTPRoute", "Service"], ["GRPCRoute", "Service"])).map(([of, one, from, [kind = "", to = ""]]): ReferenceGrant => ({
  kind: "ReferenceGrant", metadata: { namespace: of, name: one }, spec: { from: [{ group: GROUP, kind, namespace: from }], to: [{ group: "", kind: to }] },
}));
const aNamespace = fc.tuple(namespace, fc.constantFrom("yes", "no")).map(([one, open]): Namespace => ({ kind: "Namespace", metadata: { namespace: "", name: one, labels: { open } } }));

const anIngress = fc.tuple(namespace, name, fc.constantFrom("a.example", "*.example", "other.test")).map(([of, one, host]): Ingress => ({
  kind: "Ingress", metadata: { namespace: of, name: one }, spec: { ingressClassName: "nginx", rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: one, port: { number: 80 } } } }] } }] },
}));

const anObject: fc.Arbitrary<AnyObject> = fc.oneof(
  { arbitrary: aGateway, weight: 5 }, { arbitrary: aSet, weight: 4 }, { arbitrary: anIngress, weight: 3 }, { arbitrary: aRoute, weight: 6 }, { arbitrary: aGrpcRoute, weight: 3 }, { arbitrary: aClass, weight: 2 }, { arbitrary: aGrant, weight: 3 }, { arbitrary: aNamespace, weight: 2 },
  { arbitrary: fc.tuple(namespace, name).map(([of, one]) => service(`${of}/${one}`, "80")), weight: 3 },
  { arbitrary: fc.tuple(namespace, name).map(([of, one]) => secret(`${of}/${one}`, { "tls.crt": pair.chain, "tls.key": pair.key })), weight: 2 },
);
type Step = { readonly put: AnyObject } | { readonly remove: ObjectRef };
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: anObject.map((one) => ({ put: one })), weight: 3 },
  { arbitrary: anObject.map(({ kind, metadata: { namespace: of, name: one } }) => ({ remove: { kind, namespace: of, name: one } })), weight: 1 },
);
const settings = fc.constantFrom(SETTINGS, { ...SETTINGS, gatewayAddresses: ["10.9.0.0/24"] });

test("after any history of Gateways, routes and what they refer to the Model equals a fresh build", () => {
  const history = fc.array(fc.array(aStep, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 20 });
  fc.assert(fc.property(settings, history, (given, steps) => {
    const snapshot = new Snapshot();
    put(snapshot, { kind: "GatewayClass", metadata: { namespace: "", name: "c" }, spec: { controllerName: "sluice.ingress/gateway" } } as GatewayClass);
    put(snapshot, ingressClass("nginx"));
    const builder = createModelBuilder(given);
    builder.update(snapshot, [], testConfig);
    for (const turn of steps) {
      for (const step of turn) {
        if ("put" in step) put(snapshot, step.put);
        else snapshot.remove(step.remove);
      }
      const built = builder.update(snapshot, snapshot.takeChanges(), testConfig);
      assert.deepEqual(contentOf(built), contentOf(buildModel(snapshot, given, testConfig)));
      expectPools(built);
    }
  }), { numRuns: runs(800) });
});

function contentOf({ model, judged, findings, wanted }: Built): object {
  return {
    hosts: new Map(model.hosts), fronts: new Map(model.fronts), pools: new Map(model.pools), tls: new Map(model.tls), certificates: new Set(model.certificates.keys()),
    judged: new Map(judged), findings: findings(), wanted: new Set(wanted.secrets),
  };
}

/** Every pool that a route leads to is there, and no other. */
function expectPools({ model: { hosts, pools } }: Built): void {
  const referred = new Set([DEFAULT_BACKEND]);
  const note = (backend: Backend): void => {
    if (backend.kind === "service") referred.add(backend.pool);
  };
  for (const { routes } of hosts.values()) {
    for (const { backend, filters } of routes) {
      const parts = backend.kind === "shares" ? backend.parts : [];
      for (const edge of [filters.edge, ...parts.map((part) => part.filters?.edge)]) for (const { pool } of edge?.copies ?? []) referred.add(pool);
      if (backend.kind === "shares") backend.parts.forEach((part) => note(part.backend));
      else if (backend.kind !== "split") note(backend);
    }
  }
  assert.deepEqual(new Set(pools.keys()), referred);
}
