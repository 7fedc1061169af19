/**
 * The builder promises that updates give what a fresh build gives. Random histories of a small cluster try it; hosts, paths,
 * Services, Secrets and classes collide often. Secrets are always usable: a broken one keeps its last good content in use, which a
 * fresh build cannot know.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { CATCH_ALL, DEFAULT_BACKEND } from "../../edge/src/program.ts";
import { buildModel, createModelBuilder } from "../../src/model/build/build.ts";
import { canariesOf, primaryOf } from "../../src/model/shapes/routing.ts";
import type { ModelSettings } from "../../src/model/build/settings.ts";
import type { Config } from "../../src/model/config/config.ts";
import type { Built, Model, ModelChange } from "../../src/model/model.ts";
import type { AnyObject, Ingress, ObjectRef } from "../../src/source/objects.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import {
  externalName, ingress, ingressClass, put, resolvedName, secret, service, sliceOf, testConfig, testSettings,
} from "../support/objects.ts";
import type { IngressDraft } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";
import { runs } from "../support/runs.ts";

type Step = { readonly put: AnyObject } | { readonly remove: ObjectRef } | { readonly config: Config };

const pairs = [selfSigned(["a.example", "b.example"]), selfSigned(["*.example"]), selfSigned(["b.example"])];
const name = fc.constantFrom("x", "y", "z");
const key = fc.tuple(fc.constantFrom("n1", "n2"), name).map(([namespace, one]) => `${namespace}/${one}`);
const host = fc.constantFrom("a.example", "b.example", "www.b.example", "*.example", "", "not a host");
const backend = fc.tuple(name, fc.constantFrom("80", "http", "81")).map(([service, port]) => `${service}:${port}`);
const path = fc.tuple(fc.constantFrom("/", "/foo", "/foo/", "/foo(", "bad"), backend, fc.constantFrom("Prefix", "Exact"));
const annotation = fc.constantFrom(
  ["canary", "true"], ["canary-weight", "60"], ["canary-by-header", "h"], ["ssl-redirect", "x"], ["proxy-read-timeout", "7"],
  ["auth-url", "u"], ["server-alias", "b.example,*.x.example,c.example"], ["server-alias", "c.example,www.b.example,~^d"],
  ["from-to-www-redirect", "true"], ["use-regex", "true"], ["rewrite-target", "/foo"], ["app-root", "/app"], ["server-snippet", "s"], ["nonsense", "1"],
  ["auth-tls-secret", "n1/x"], ["auth-tls-secret", "n2/x"], ["ssl-ciphers", "HIGH"],
);

const anIngress = fc.record({
  key,
  created: fc.option(fc.nat(2)),
  className: fc.constantFrom("nginx", "nginx", "other", undefined),
  rules: fc.array(fc.tuple(host, fc.array(path, { maxLength: 2 })), { maxLength: 2 }),
  annotations: fc.array(annotation, { maxLength: 2 }),
  tls: fc.array(fc.tuple(fc.option(name, { nil: undefined }), fc.array(host, { maxLength: 2 })), { maxLength: 2 }),
  defaultBackend: fc.option(backend),
}).map((given): AnyObject => {
  let one: IngressDraft = ingress(given.key).className(given.className);
  if (given.created !== null) one = one.created(given.created);
  for (const [to, paths] of given.rules) one = paths.reduce((before, [text, service, type]) => before.path(text, service, type), one.host(to));
  for (const [annotationName = "", value = ""] of given.annotations) one = one.annotate(annotationName, value);
  for (const [secretName, hosts] of given.tls) one = one.tls(secretName, ...hosts);
  return (given.defaultBackend === null ? one : one.defaultBackend(given.defaultBackend)).object;
});

const aService = fc.oneof(
  fc.tuple(key, fc.constantFrom(["http=80:8080"], ["80", "admin=81"], [])).map(([at, ports]) => service(at, ...ports)),
  fc.tuple(key, fc.constantFrom("db.example", "localhost", "192.0.2.1")).map(([at, target]) => externalName(at, target, "80")),
);
const aSlice = fc.tuple(key, fc.constantFrom("1", "2"), fc.constantFrom("10.0.0.1", "10.0.0.2"), fc.boolean()).map(([at, suffix, address, ready]) =>
  sliceOf(at, suffix, [{ name: "http", port: 8080 }], [{ addresses: [address], conditions: { ready } }]));
const aSecret = fc.tuple(key, fc.constantFrom(...pairs), fc.constantFrom(undefined, ...pairs)).map(([at, pair, ca]) =>
  secret(at, { "tls.crt": pair.chain, "tls.key": pair.key, ...(ca ? { "ca.crt": ca.chain } : {}) }));
const aClass = fc.tuple(fc.constantFrom("nginx", "other"), fc.constantFrom("k8s.io/ingress-nginx", "else"), fc.boolean()).map(
  ([className, controller, isDefault]) => ingressClass(className, controller, isDefault));
const aName = fc.constantFrom([], ["192.0.2.7"]).map((addresses) => resolvedName("db.example", addresses));

const anObject: fc.Arbitrary<AnyObject> = fc.oneof(
  { arbitrary: anIngress, weight: 6 }, { arbitrary: aService, weight: 3 }, { arbitrary: aSlice, weight: 3 },
  { arbitrary: aSecret, weight: 2 }, { arbitrary: aClass, weight: 1 }, { arbitrary: aName, weight: 1 },
);
/** Objects of which nearly every one touches a certificate in use. */
const aTlsObject: fc.Arbitrary<AnyObject> = fc.oneof(
  { arbitrary: aSecret, weight: 1 },
  {
    arbitrary: fc.tuple(key, fc.constantFrom("a.example", "b.example"), name, name, fc.boolean(), fc.boolean()).map(([at, to, one, other, listed, verified]) => {
      const draft = listed ? ingress(at).tls(one, "a.example", "b.example") : ingress(at).tls(one).tls(other);
      return draft.annotate("auth-tls-secret", verified ? `${at.split("/")[0] ?? ""}/${other}` : "").host(to).object;
    }),
    weight: 1,
  },
);
/** Objects of which nearly every one touches a Secret with users that an Ingress refers to. */
const aGuardedObject: fc.Arbitrary<AnyObject> = fc.oneof(
  fc.tuple(key, fc.constantFrom("ann:{PLAIN}a\n", "bob:{PLAIN}b\nann:{PLAIN}c\n", "# nobody\n")).map(([at, auth]) => secret(at, { auth })),
  fc.tuple(key, name, fc.constantFrom("basic", "basic", "digest", ""), fc.constantFrom("a.example", "b.example")).map(([at, users, type, to]) =>
    ingress(at).host(to).path("/", "x:80").annotate("auth-type", type).annotate("auth-secret", users).object),
);
/** For Ingresses of which a namespace has room for four only. They share this text, so that comparing it costs nothing. */
const TEXT = "x".repeat(7 * 1024 ** 2);
const aLargeObject: fc.Arbitrary<AnyObject> = fc.tuple(
  fc.constantFrom("n1", "n1", "n2"), fc.constantFrom("a", "b", "c", "d", "e", "f", "g"), fc.option(fc.nat(3)), fc.constantFrom("a.example", "b.example", "c.example"),
  fc.constantFrom("large", "large", "large", "small", "canary", "of another controller"),
).map(([namespace, one, created, to, what]): AnyObject => {
  const draft = ingress(`${namespace}/${one}`).host(to).path(`/${one}`, "x:80").annotate("auth-tls-secret", "n1/x").className(what === "of another controller" ? "other" : "nginx");
  const aged = created === null ? draft : draft.created(created);
  const large = what === "small" ? aged : aged.annotate("nonsense", TEXT);
  return (what === "canary" ? large.canary({ "canary-weight": "1" }) : large).object;
});
const aStep = (object: fc.Arbitrary<AnyObject>): fc.Arbitrary<Step> => fc.oneof(
  { arbitrary: object.map((one) => ({ put: one })), weight: 6 },
  { arbitrary: object.map(({ kind, metadata: { namespace, name: one } }) => ({ remove: { kind, namespace, name: one } })), weight: 3 },
  { arbitrary: fc.constantFrom(60, 90).map((proxyReadTimeout) => ({ config: { ...testConfig, proxyReadTimeout } })), weight: 1 },
);
const someSettings: fc.Arbitrary<ModelSettings> = fc.record({
  defaultBackendService: fc.constantFrom("", "n1/x"),
  defaultSslCertificate: fc.constantFrom("", "n1/y"),
  disableCatchAll: fc.boolean(),
}).map((change) => ({ ...testSettings, ...change }));

for (const [what, object] of [["of everything", anObject], ["of certificates", aTlsObject], ["of users", aGuardedObject], ["of large Ingresses", aLargeObject]] as const) {
  test(`after any history ${what} the Model equals a fresh build, and the changes name what changed`, () => {
    const history = fc.array(fc.array(aStep(object), { minLength: 1, maxLength: 3 }), { maxLength: 12 });
    fc.assert(fc.property(someSettings, history, expectFaithful), { numRuns: runs(500) });
  });
}

function expectFaithful(settings: ModelSettings, history: readonly (readonly Step[])[]): void {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(settings);
  let config = testConfig;
  let before = builder.update(snapshot, [], config);
  for (const steps of history) {
    for (const step of steps) {
      if ("put" in step) put(snapshot, step.put);
      else if ("remove" in step) snapshot.remove(step.remove);
      else config = step.config;
    }
    const past = contentOf(before);
    const after = builder.update(snapshot, snapshot.takeChanges(), config);
    assert.deepEqual(contentOf(after), contentOf(buildModel(snapshot, settings, config)));
    assert.deepEqual(contentOf(before), past, "an earlier Model stays as it was");
    expectConsistent(after.model);
    expectExactChange(before.model, after.model, after.change);
    const different = [...new Set([...before.own.keys(), ...after.own.keys()])].filter((one) => before.own.get(one) !== after.own.get(one));
    assert.deepEqual([...after.change.own].sort(), different.sort());
    before = after;
  }
}

/** Checks that everything that is referred to is there, and that nothing else is left. */
function expectConsistent({ hosts, aliases, pools, tls, certificates, users, trusts }: Model): void {
  for (const [name, { host: of }] of aliases) assert.ok(hosts.has(of) && !hosts.has(name), `${name} is another name of a host`);
  const referred = new Set([DEFAULT_BACKEND]);
  for (const route of [...hosts.values()].flatMap((host) => host.routes)) {
    for (const one of [primaryOf(route.backend), ...canariesOf(route.backend).map(({ backend }) => backend)]) if (one.kind === "service") referred.add(one.pool);
  }
  assert.deepEqual(new Set(pools.keys()), referred);
  assert.deepEqual(new Set(certificates.keys()), new Set([...tls.values()].filter((id) => id !== "")));
  for (const { filters } of [...hosts.values()].flatMap((host) => host.routes)) {
    if (filters.edge?.credentials) assert.ok(users.has(filters.edge.credentials.users), "the users of a route are there");
  }
  assert.deepEqual(new Set(trusts.keys()), new Set([...hosts.values()].flatMap((host) => host.tls?.clients?.trust?.id ?? [])));
  assert.ok(hosts.has(CATCH_ALL));
}

function contentOf({ model, own, findings, wanted, names }: Built): object {
  const certificates = [...model.certificates].map(([id, { chain, key: privateKey, origin }]) => [id, { chain, key: privateKey.digest(), origin }] as const);
  return {
    own: new Map(own),
    hosts: new Map(model.hosts),
    aliases: new Map(model.aliases),
    pools: new Map(model.pools),
    tls: new Map(model.tls),
    certificates: new Map(certificates),
    users: new Map([...model.users].map(([id, list]) => [id, list.reveal()])),
    trusts: new Map(model.trusts),
    config: model.config,
    findings: findings(),
    wanted: { secrets: new Set(wanted.secrets), configMaps: new Set(wanted.configMaps) },
    names: new Set(names),
  };
}

function expectExactChange(before: Model, after: Model, change: ModelChange): void {
  for (const part of ["hosts", "aliases", "pools", "certificates", "tls", "trusts"] as const) {
    const [old, now]: [ReadonlyMap<string, unknown>, ReadonlyMap<string, unknown>] = [before[part], after[part]];
    for (const one of new Set([...old.keys(), ...now.keys()])) {
      assert.equal(change[part].has(one), !isDeepStrictEqual(old.get(one), now.get(one)), `${part} ${one}`);
      if (!change[part].has(one)) assert.equal(old.get(one), now.get(one), `${part} ${one} keeps its identity`);
    }
    for (const one of change[part]) assert.ok(old.has(one) || now.has(one), `${part} ${one} is known`);
  }
  for (const id of new Set([...before.users.keys(), ...after.users.keys(), ...change.users])) {
    const [old, now] = [before.users.get(id), after.users.get(id)];
    assert.equal(change.users.has(id), !isDeepStrictEqual(old?.reveal(), now?.reveal()), `users ${id}`);
  }
  assert.equal(change.config, !isDeepStrictEqual(before.config, after.config));
}

test("an object that changes without meaning changes nothing", () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const shop = ingress("shop/web").host("shop.example").path("/", "web:80");
  put(snapshot, shop.object);
  put(snapshot, service("shop/web", "80"));
  const before = builder.update(snapshot, snapshot.takeChanges(), testConfig);
  put(snapshot, shop.rawAnnotation("example.com/touched", "now").object);
  put(snapshot, { ...service("shop/web", "80") });
  const { change, model } = builder.update(snapshot, snapshot.takeChanges(), { ...testConfig });
  assert.equal(change.hosts.size + change.pools.size + change.tls.size + change.certificates.size, 0);
  assert.equal(change.config, false);
  assert.equal(model.hosts, before.model.hosts);
});

test("a status that was written is a new version of an Ingress, and nothing to build anew", () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const { object } = ingress("n1/web").className("nginx").host("a.example").path("/", "x:80");
  const version = (resourceVersion: string, more: object = {}): Ingress =>
    ({ ...object, metadata: { ...object.metadata, uid: "u", generation: 1, resourceVersion, ...more } });
  const update = (one: Ingress): Built => {
    put(snapshot, one);
    return builder.update(snapshot, snapshot.takeChanges(), testConfig);
  };
  put(snapshot, ingressClass("nginx", "k8s.io/ingress-nginx", false));
  update(version("1"));
  const written = version("2", {});
  const after = update({ ...written, status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } });
  assert.deepEqual([[...after.change.own], after.change.hosts.size], [["Ingress n1/web"], 0]);
  assert.equal(after.own.get("Ingress n1/web")?.object.metadata.resourceVersion, "2");
  const annotated = update(version("3", { annotations: { "nginx.ingress.kubernetes.io/proxy-read-timeout": "7" } }));
  assert.equal(annotated.change.hosts.size, 1, "annotations count no generation up");
  const other = update(version("4", { uid: "v" }));
  assert.deepEqual([other.own.get("Ingress n1/web")?.object.metadata.uid, other.change.hosts.size], ["v", 1], "it was made anew, without the annotation");
});
