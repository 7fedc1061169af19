/** What the model says of a candidate: an Ingress that somebody is about to write. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createModelBuilder } from "../../src/model/build/build.ts";
import type { ModelBuilder } from "../../src/model/build/build.ts";
import type { ModelSettings } from "../../src/model/build/settings.ts";
import type { Judgement } from "../../src/model/build/candidate.ts";
import type { Config } from "../../src/model/config/config.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import type { Snapshot } from "../../src/source/snapshot.ts";
import { ingress, ingressClass, put, secret, service, slice, snapshotOf, testConfig, testSettings } from "../support/objects.ts";
import type { Given, IngressDraft } from "../support/objects.ts";
import { printRoutes } from "../support/print-model.ts";

const CLASS = ingressClass("nginx");
const OTHERS = ingressClass("other", "example.com/other");

interface World {
  readonly builder: ModelBuilder;
  readonly snapshot: Snapshot;
  judge(candidate: IngressDraft, before?: IngressDraft): Judgement;
}

function world(objects: readonly Given[], settings: Partial<ModelSettings> = {}, config: Partial<Config> = {}): World {
  const snapshot = snapshotOf(CLASS, OTHERS, ...objects);
  const builder = createModelBuilder({ ...testSettings, ...settings });
  builder.update(snapshot, snapshot.takeChanges(), { ...testConfig, ...config });
  return {
    builder,
    snapshot,
    judge(candidate, before) {
      const judgement = builder.consider({ ingress: candidate.object, ...(before ? { before: before.object } : {}) }, snapshot);
      assert.ok(judgement);
      return judgement;
    },
  };
}

const codes = (findings: readonly Finding[]): string[] => findings.map(({ code }) => code);
const web = ingress("shop/web").host("shop.example").path("/", "web:80").created(1);

function expect(judgement: Judgement, denials: readonly string[], warnings: readonly string[] = []): void {
  assert.deepEqual([codes(judgement.denials), codes(judgement.warnings)], [denials, warnings]);
}

test("nothing is judged before the first model", () => {
  const builder = createModelBuilder(testSettings);
  assert.equal(builder.consider({ ingress: web.object }, snapshotOf(CLASS)), undefined);
});

test("an Ingress without faults passes, although nothing that it names exists", () => {
  const candidate = web.tls("pair", "shop.example").annotate("auth-type", "basic").annotate("auth-secret", "passwords");
  expect(world([]).judge(candidate), []);
});

test("what the model refuses or closes is denied, with the finding that the model has once it is written", () => {
  const faults: readonly (readonly [IngressDraft, string])[] = [
    [web.annotate("auth-type", "kerberos"), "annotation-refused"],
    [web.annotate("allowlist-source-range", "300.1.1.1"), "annotation-closed"],
    [web.annotate("auth-type", "basic").annotate("auth-secret", "other/passwords"), "annotation-reference"],
    [web.annotate("configuration-snippet", "deny all;"), "snippet-refused"],
    [web.annotate("auth-tls-verify-client", "on"), "client-auth-without-secret"],
    [ingress("shop/web").host("-shop-").path("/", "web:80"), "host-invalid"],
    [web.path("no-slash", "web:80"), "path-invalid"],
    [web.path("/a", "web"), "backend-invalid"],
    [web.path("/etc/passwd", "web:80"), "text-dangerous"],
  ];
  for (const [candidate, code] of faults) {
    const { builder, snapshot, judge } = world([service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")]);
    const { denials } = judge(candidate);
    assert.ok(codes(denials).includes(code), `${code} among ${codes(denials)}`);
    put(snapshot, candidate.object);
    const said = builder.update(snapshot, snapshot.takeChanges(), testConfig).findings();
    for (const denial of denials) assert.deepEqual(said.filter((one) => one.code === denial.code && one.field === denial.field), [denial]);
  }
});

test("values that only fall back to their default are warnings", () => {
  expect(world([]).judge(web.annotate("proxy-body-size", "big").annotate("proxy-bodysize", "1m")), [], ["annotation-invalid", "annotation-unknown"]);
});

test("host and path that somebody else has are denied, whoever is older", () => {
  const { judge } = world([web]);
  const younger = judge(ingress("blog/web").host("shop.example").path("/", "web:80").created(2));
  expect(younger, ["path-conflict"]);
  assert.match(younger.denials[0]?.sentence ?? "", /^shop\.example\/ \(prefix\) is declared by the Ingress shop\/web already/);
  // This candidate sorts before shop/web, and is denied all the same: an Ingress that exists goes before a new one.
  assert.equal(judge(ingress("shop/wex").host("shop.example").path("/", "web:80").created(1)).denials[0]?.object.name, "wex");
  const elsewhere = ingress("blog/web").host("blog.example").path("/", "web:80").created(0);
  const older = judge(elsewhere.host("shop.example").path("/", "web:80"), elsewhere);
  expect(older, ["path-conflict"]);
  assert.deepEqual(older.denials[0]?.object, { kind: "Ingress", namespace: "shop", name: "web" });
  expect(judge(ingress("blog/web").host("shop.example").path("/", "web:80", "Exact").created(2)), []);
  expect(judge(ingress("blog/web").host("shop.example").path("/", "web:80").canary().created(2)), []);
});

test("writing an Ingress again is no conflict, and an older conflict of others is not its fault", () => {
  const other = ingress("blog/web").host("shop.example").path("/", "web:80").created(2);
  const { judge } = world([web, other]);
  expect(judge(web.annotate("proxy-body-size", "2m"), web), []);
  expect(judge(other.annotate("proxy-body-size", "2m"), other), [], ["path-conflict"]);
});

test("what was wrong before may stay, what becomes wrong may not", () => {
  const broken = web.annotate("allowlist-source-range", "300.1.1.1");
  const { judge } = world([broken]);
  const still = judge(broken.rawAnnotation("team", "shop"), broken);
  assert.deepEqual(codes(still.denials), []);
  assert.deepEqual(codes(still.warnings), ["annotation-closed"]);
  expect(judge(broken.annotate("allowlist-source-range", "400.1.1.1"), broken), ["annotation-closed"]);
  expect(judge(broken.host("-x-").path("/", "web:80"), broken), ["host-invalid"], ["annotation-closed"]);
});

test("Ingresses of other controllers pass, whatever is in them", () => {
  const { judge } = world([web], { disableCatchAll: true });
  const foreign = [web.className("other"), web.className("unknown"), web.className(undefined), web.className(undefined).rawAnnotation("kubernetes.io/ingress.class", "other")];
  for (const candidate of foreign) {
    const judgement = judge(candidate.path("/etc/passwd", "web:80").annotate("configuration-snippet", "x").defaultBackend("web:80"));
    assert.deepEqual(judgement, { ours: false, denials: [], warnings: [], ingresses: 0 });
  }
});

test("a default backend is denied where the operator allows none", () => {
  expect(world([], { disableCatchAll: true }).judge(web.defaultBackend("web:80")), ["catch-all-disabled"]);
  expect(world([]).judge(web.defaultBackend("web:80")), []);
});

test("two catch-alls are a conflict", () => {
  const { judge } = world([ingress("shop/all").defaultBackend("web:80").created(1)]);
  expect(judge(ingress("blog/all").defaultBackend("web:80").created(2)), ["path-conflict"]);
});

test("paths that look like expressions are denied where strict-validate-path-type is on, and warned of where it is off", () => {
  const candidate = web.path("/a(b|c)", "web:80").path("/x.y_z-1/", "web:80");
  expect(world([]).judge(candidate), ["path-not-strict"], ["path-looks-like-expression"]);
  expect(world([], {}, { strictValidatePathType: false }).judge(candidate), [], ["path-looks-like-expression", "path-not-strict"]);
  expect(world([]).judge(web.path("/a(b|c)", "web:80", "ImplementationSpecific")), [], ["path-looks-like-expression"]);
});

test("text that only makes sense as an attack is denied unless --deep-inspect=false", () => {
  const texts = ["/x alias /etc/; ", "/var/run/secrets/token", "/a_by_lua_block"];
  for (const text of texts) {
    expect(world([]).judge(web.path(text, "web:80", "ImplementationSpecific")), ["text-dangerous"]);
    expect(world([], { deepInspect: false }).judge(web.path(text, "web:80", "ImplementationSpecific")), []);
  }
  const named = world([]).judge(web.tls("/etc/shadow", "root /; x"));
  assert.deepEqual(named.denials.map(({ field }) => field), ["spec.tls[0].hosts[0]", "spec.tls[0].secretName"]);
});

test("annotations with ingress-nginx's prefix are denied where another is read", () => {
  expect(world([], { annotationsPrefix: "example.com" }).judge(web.annotate("allowlist-source-range", "10.0.0.0/8")), ["annotation-other-prefix"], ["annotation-of-others"]);
});

test("what others lose without a conflict is a warning: aliases, the meaning of their paths", () => {
  const aliased = web.annotate("server-alias", "store.example");
  const { judge } = world([aliased]);
  expect(judge(ingress("blog/store").host("store.example").path("/", "web:80").created(2)), [], ["alias-taken"]);
  expect(judge(ingress("blog/x").host("blog.example").path("/", "web:80").annotate("server-alias", "store.example").created(2)), [], ["alias-taken"]);
  const { judge: again } = world([web.path("/cart", "web:80")]);
  expect(again(ingress("blog/x").host("shop.example").path("/x", "web:80", "ImplementationSpecific").annotate("use-regex", "true").created(2)), [], ["regex-mode"]);
});

test("a conflict is found among very many Ingresses of one host too", () => {
  const many = Array.from({ length: 600 }, (_, n) => ingress(`shop/web-${n}`).host("shop.example").path(`/p${n}/`, "web:80").created(n));
  const { judge } = world(many);
  const [denial] = judge(ingress("blog/web").host("shop.example").path("/p599", "web:80").created(999)).denials;
  assert.match(denial?.sentence ?? "", /by the Ingress shop\/web-599 already/);
  expect(judge(ingress("blog/web").host("shop.example").path("/other", "web:80").created(999)), []);
  expect(judge(ingress("blog/web").host("shop.example").path("/p7/", "web:80").canary().created(999)), []);
});

test("judging leaves the model as it is", () => {
  const objects = [web, service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"), secret("shop/pair", {})];
  const { builder, snapshot, judge } = world(objects);
  const before = builder.update(snapshot, [], testConfig);
  const [routes, findings] = [printRoutes(before.model), before.findings()];
  judge(web.host("new.example").path("/", "gone:80").tls("pair", "new.example").annotate("server-alias", "alias.example").created(0));
  judge(ingress("blog/x").host("shop.example").path("/", "web:80").created(0));
  const after = builder.update(snapshot, snapshot.takeChanges(), testConfig);
  assert.deepEqual([printRoutes(after.model), after.findings()], [routes, findings]);
  assert.equal(after.model.hosts.get("shop.example"), before.model.hosts.get("shop.example"));
  assert.equal(after.wanted, before.wanted);
});

test("a long text takes no long time to look through, whatever it holds", () => {
  // If the search went on from each word to the end of its directive, these texts would take minutes.
  const long = "/" + "alias root ".repeat(100_000);
  expect(world([]).judge(ingress("shop/web").host("shop.example").path(long, "web:80", "ImplementationSpecific")), ["path-invalid"]);
  expect(world([]).judge(ingress("shop/web").host("shop.example").path(`${long};`, "web:80", "ImplementationSpecific")), ["path-invalid", "text-dangerous"]);
});
