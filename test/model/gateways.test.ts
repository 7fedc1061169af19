/** Gateways and routes whose objects are odd, or want what others have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildModel, createModelBuilder } from "../../src/model/build/build.ts";
import type { Built } from "../../src/model/model.ts";
import type { AnyObject, Gateway, GatewayClass, HttpRoute, Ingress, ListenerSet } from "../../src/source/objects.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { ingressClass, put, secret, service, testConfig, testSettings } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";

const CLASS: GatewayClass = { kind: "GatewayClass", metadata: { namespace: "", name: "c" }, spec: { controllerName: "sluice.ingress/gateway" } };
const SETTINGS = { ...testSettings, gatewayApi: true, gatewayAddresses: ["10.9.0.0/30"] };

interface GatewayGiven {
  readonly name: string;
  readonly created?: string;
  readonly addresses?: Gateway["spec"]["addresses"];
  readonly listeners?: NonNullable<Gateway["spec"]["listeners"]>;
  readonly status?: unknown;
}

function gateway({ name, created = "2026-01-01T00:00:00Z", addresses, listeners = [{ name: "l", port: 8080, protocol: "HTTP" }], status }: GatewayGiven): Gateway {
  return { kind: "Gateway", metadata: { namespace: "shop", name, creationTimestamp: created }, spec: { gatewayClassName: "c", listeners, ...(addresses ? { addresses } : {}) }, ...(status === undefined ? {} : { status }) };
}

function route(name: string, spec: HttpRoute["spec"]): HttpRoute {
  return { kind: "HTTPRoute", metadata: { namespace: "shop", name }, spec };
}

function build(objects: readonly AnyObject[], settings = SETTINGS): Built {
  const snapshot = new Snapshot();
  for (const object of [CLASS, service("shop/web", "80"), ...objects]) put(snapshot, object);
  return buildModel(snapshot, settings, testConfig);
}

const addressesOf = (built: Built, name: string): readonly string[] => (built.judged.get(`Gateway shop/${name}`)?.addresses ?? []).map(({ value }) => value);
const conditionsOf = (built: Built, name: string): readonly string[] => (built.judged.get(`Gateway shop/${name}`)?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`);

test("words that mean something to JavaScript are words like others", () => {
  const odd = ["toString", "constructor", "__proto__", "hasOwnProperty"];
  const built = build([
    gateway({ name: "odd", listeners: odd.map((protocol, i) => ({ name: `l${i}`, port: 8080, protocol, allowedRoutes: { kinds: [{ kind: "constructor" }] } })) }),
    gateway({ name: "names", listeners: [{ name: "a", port: 8080, protocol: "HTTP", hostname: "constructor" }, { name: "b", port: 8080, protocol: "HTTP", hostname: "tostring" }] }),
  ]);
  assert.deepEqual(conditionsOf(built, "odd"), ["Accepted False ListenersNotValid"]);
  assert.deepEqual(conditionsOf(built, "names"), ["Accepted True Accepted"]);
});

test("an address that a Gateway got stays its own, whoever asks for it", () => {
  const old = gateway({ name: "old", status: { addresses: [{ type: "IPAddress", value: "10.9.0.2" }] } });
  const young = gateway({ name: "young", created: "2026-02-01T00:00:00Z", addresses: [{ value: "10.9.0.2" }] });
  const built = build([old, young]);
  assert.deepEqual(addressesOf(built, "old"), ["10.9.0.2"]);
  assert.deepEqual([addressesOf(built, "young"), conditionsOf(built, "young")[1]], [[], "Programmed False AddressNotUsable"]);
});

test("addresses that Ingresses are bound to are never given away, and where none is free the Gateway says so", () => {
  const built = build(["a", "b", "c"].map((name) => gateway({ name })), { ...SETTINGS, bindAddress: ["10.9.0.1"] });
  assert.deepEqual(["a", "b", "c"].map((name) => addressesOf(built, name)), [["10.9.0.2"], ["10.9.0.3"], []]);
  assert.equal(conditionsOf(built, "c")[1], "Programmed False AddressNotAssigned");
});

test("an address has one spelling, and counts once", () => {
  const built = build([gateway({ name: "a", addresses: [{ value: "FD00:0::1" }, { value: "fd00::1" }] })], { ...SETTINGS, gatewayAddresses: ["fd00::/64"] });
  assert.deepEqual(addressesOf(built, "a"), ["fd00::1"]);
  assert.deepEqual([...built.model.fronts.keys()].sort(), ["fd00::1 *", "fd00::1 8080"]);
});

test("a status that makes no sense is no status", () => {
  for (const status of [null, 5, { addresses: [null, 3, { value: 5 }] }, { parents: "x" }]) build([gateway({ name: "a", status }), { ...route("r", { parentRefs: [{ name: "a" }] }), status }]);
});

test("a rule without matches takes every path, and equal references to one Gateway count once", () => {
  const backendRefs = [{ name: "web", port: 80 }];
  const built = build([gateway({ name: "a" }), route("r", { parentRefs: [{ name: "a" }, { name: "a" }], rules: [{ matches: [], backendRefs }] })]);
  assert.deepEqual(built.model.hosts.get("shop/a/l|_")?.routes.map(({ path }) => path), ["/"]);
  assert.equal(built.judged.get("HTTPRoute shop/r")?.parents?.length, 1);
});

test("where an Ingress and a route want one name at addresses that both have, the Ingress has it, and both are told", () => {
  const own = (host: string): Ingress => ({
    kind: "Ingress", metadata: { namespace: "shop", name: "web" },
    spec: { ingressClassName: "nginx", rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }] } }] },
  });
  const told = (host: string, port: number, gatewayAddresses: readonly string[] = []): readonly string[] => {
    const objects = [
      ingressClass("nginx"), own(host), gateway({ name: "g", listeners: [{ name: "l", port, protocol: "HTTP", hostname: "*.example" }] }),
      route("r", { parentRefs: [{ name: "g" }], hostnames: ["a.example", "b.example"], rules: [{ backendRefs: [{ name: "web", port: 80 }] }] }),
    ];
    return build(objects, { ...SETTINGS, gatewayAddresses: [...gatewayAddresses] }).findings().flatMap(({ code, sentence, other }) => (code === "host-of-ingress" ? [`${sentence.split(":")[0]} / ${other?.object.kind} ${other?.object.name}`] : []));
  };
  const lost = (name: string): string => `The Ingress "shop/web" has "${name}" at the addresses that Gateways share with Ingresses / Ingress web`;
  assert.deepEqual(told("a.example", 80), [lost("a.example")]);
  assert.deepEqual(told("*.example", 80), [lost("a.example"), lost("b.example")]);
  assert.deepEqual(told("other.example", 80), []);
  assert.deepEqual(told("a.example", 8080), [], "no Ingress is served at another port");
  assert.deepEqual(told("a.example", 80, ["10.9.0.0/30"]), [], "nor at an address of a Gateway's own");
});

test("an Ingress that comes, changes hands and goes is told of on the route that it takes a name from", () => {
  const snapshot = new Snapshot();
  const ingressOf = (name: string, host: string): Ingress => ({ kind: "Ingress", metadata: { namespace: "shop", name }, spec: { ingressClassName: "nginx", rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }] } }] } });
  for (const object of [CLASS, ingressClass("nginx"), service("shop/web", "80"), gateway({ name: "g", listeners: [{ name: "l", port: 80, protocol: "HTTP", hostname: "*.example" }] }),
    route("r", { parentRefs: [{ name: "g" }], hostnames: ["a.example"], rules: [{ backendRefs: [{ name: "web", port: 80 }] }] })]) put(snapshot, object);
  const builder = createModelBuilder({ ...SETTINGS, gatewayAddresses: [] });
  const told = (): readonly string[] => builder.update(snapshot, snapshot.takeChanges(), testConfig).findings().flatMap(({ code, other }) => (code === "host-of-ingress" ? [other?.object.name ?? ""] : []));
  builder.update(snapshot, [], testConfig);
  assert.deepEqual(told(), []);
  put(snapshot, ingressOf("one", "a.example"));
  assert.deepEqual(told(), ["one"]);
  put(snapshot, ingressOf("one", "b.example"));
  put(snapshot, ingressOf("two", "a.example"));
  assert.deepEqual(told(), ["two"]);
  put(snapshot, ingressOf("two", "*.example"));
  assert.deepEqual(told(), ["two"]);
  snapshot.remove({ kind: "Ingress", namespace: "shop", name: "two" });
  assert.deepEqual(told(), []);
});

test("a ListenerSet takes nothing from a younger Gateway, and what it has from an older set it has", () => {
  const allowing = (one: Gateway): Gateway => ({ ...one, spec: { ...one.spec, allowedListeners: { namespaces: { from: "All" } } } });
  const set = (name: string, namespace: string, created: string, hostname: string, protocol = "HTTP", port = 80): ListenerSet => ({
    kind: "ListenerSet", metadata: { namespace, name, creationTimestamp: created }, spec: { parentRef: { name: "old", namespace: "shop" }, listeners: [{ name: "l", port, protocol, hostname, ...(protocol === "HTTPS" ? { tls: { certificateRefs: [{ name: "tls" }] } } : {}) }] },
  });
  const pair = selfSigned(["b.example"]);
  const built = build([
    allowing(gateway({ name: "old", created: "2026-01-01T00:00:00Z", listeners: [{ name: "l", port: 80, protocol: "HTTP", hostname: "old.example" }] })),
    gateway({ name: "young", created: "2026-02-01T00:00:00Z", listeners: [{ name: "l", port: 80, protocol: "HTTP", hostname: "a.example" }, { name: "m", port: 8080, protocol: "HTTP" }] }),
    set("grabs", "team", "2026-03-01T00:00:00Z", "a.example"), set("port", "team", "2026-03-01T00:00:00Z", "b.example", "HTTPS", 8080), set("fine", "team", "2026-03-02T00:00:00Z", "c.example"),
    secret("team/tls", { "tls.crt": pair.chain, "tls.key": pair.key }),
  ], { ...SETTINGS, gatewayAddresses: [] });
  assert.deepEqual(conditionsOf(built, "young"), ["Accepted True Accepted"]);
  const ofSet = (name: string): readonly string[] => (built.judged.get(`ListenerSet team/${name}`)?.listeners?.[0]?.conditions ?? []).flatMap(({ type, status, reason }) => (type === "Accepted" ? [`${status} ${reason}`] : []));
  assert.deepEqual([ofSet("grabs"), ofSet("port"), ofSet("fine")], [["False PortUnavailable"], ["False PortUnavailable"], ["True Accepted"]]);
  assert.equal(built.model.fronts.get("* 80")?.listeners["a.example"], "shop/young/l");
  const [owner] = [...built.model.fronts.values()].filter(({ listeners }) => listeners["c.example"] !== undefined);
  assert.equal(owner?.listeners["c.example"], "team/fine+/l");
});

test("a certificate that is missing is the affair of its listener, and ListenerSets of the Gateway are served on", () => {
  const parent: Gateway = { ...gateway({ name: "g", listeners: [{ name: "l", port: 443, protocol: "HTTPS", hostname: "own.example", tls: { certificateRefs: [{ name: "missing" }] } }] }) };
  const built = build([
    { ...parent, spec: { ...parent.spec, allowedListeners: { namespaces: { from: "Same" } } } },
    { kind: "ListenerSet", metadata: { namespace: "shop", name: "s" }, spec: { parentRef: { name: "g" }, listeners: [{ name: "l", port: 80, protocol: "HTTP", hostname: "set.example" }] } },
  ]);
  assert.deepEqual(built.judged.get("ListenerSet shop/s")?.conditions.map(({ type, status }) => `${type} ${status}`), ["Accepted True"]);
  assert.deepEqual(conditionsOf(built, "g"), ["Accepted True ListenersNotValid"]);
});

test("a label that every object of JavaScript has is a label like others", () => {
  const parent = gateway({ name: "g" });
  const chosen = (matchExpressions: readonly { readonly key: string; readonly operator: string }[]): string | undefined => build([
    { kind: "Namespace", metadata: { namespace: "", name: "shop", labels: {} } } as AnyObject,
    { ...parent, spec: { ...parent.spec, allowedListeners: { namespaces: { from: "Selector", selector: { matchExpressions: [...matchExpressions] } } } } },
    { kind: "ListenerSet", metadata: { namespace: "shop", name: "s" }, spec: { parentRef: { name: "g" }, listeners: [{ name: "l", port: 80, protocol: "HTTP" }] } },
  ]).judged.get("ListenerSet shop/s")?.conditions[0]?.reason;
  assert.deepEqual([chosen([{ key: "constructor", operator: "Exists" }]), chosen([{ key: "constructor", operator: "DoesNotExist" }])], ["NotAllowed", "Accepted"]);
});
