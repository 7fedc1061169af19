import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { createModelBuilder } from "../../src/model/build/build.ts";
import type { Built } from "../../src/model/model.ts";
import { build, buildWith, expectFindings, findingOf } from "../support/build.ts";
import { ingress, put, secret, snapshotOf, testConfig, testSettings } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";
import type { KeyPair } from "../support/openssl.ts";

const shopPair = selfSigned(["shop.example", "*.shop.example"]);
const otherPair = selfSigned(["other.example"]);
const tlsSecret = (key: string, pair: KeyPair) => secret(key, { "tls.crt": pair.chain, "tls.key": pair.key });
const shop = ingress("shop/web").created(0).host("shop.example").tls("cert", "shop.example");

/** Server name → the Secret with the certificate that it is served with; "nginx": the default certificate. */
function served({ model }: Built): Record<string, string> {
  const secretOf = (id: string): string => {
    const { namespace, name } = model.certificates.get(id)?.origin ?? { namespace: "?", name: id };
    return id === "" ? "nginx" : `${namespace}/${name}`;
  };
  return Object.fromEntries([...model.tls].sort().map(([name, id]) => [name, secretOf(id)]));
}

test("a host is served with the certificate of the tls item that lists it, whatever its case", () => {
  const built = build(shop, tlsSecret("shop/cert", shopPair));
  assert.deepEqual(served(built), { "shop.example": "shop/cert" });
  assert.deepEqual(served(build(ingress("shop/web").host("shop.example").tls("cert", "SHOP.example"), tlsSecret("shop/cert", shopPair))), served(built));
  const [certificate] = built.model.certificates.values();
  assert.equal(certificate?.chain.trim(), shopPair.chain.trim());
  assert.equal(certificate?.key.reveal().toString(), shopPair.key);
  assert.match(certificate?.id ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual([...built.wanted.secrets], ["shop/cert"]);
  expectFindings(built);
});

test("a Secret that cert-manager is asked for is awaited, not missing; an Ingress without a host has no certificate", () => {
  for (const key of ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "certmanager.k8s.io/issuer", "kubernetes.io/tls-acme"]) {
    const built = build(shop.rawAnnotation(key, "true"));
    expectFindings(built, "certificate-awaited  Ingress shop/web spec.tls[0].secretName");
    assert.match(findingOf(built, "certificate-awaited").sentence, new RegExp(`whom ${key} asks`));
    assert.deepEqual(served(built), { "shop.example": "nginx" });
  }
  expectFindings(build(shop.rawAnnotation("kubernetes.io/tls-acme", "false")), "certificate-missing  Ingress shop/web spec.tls[0].secretName");
  expectFindings(build(shop.rawAnnotation("cert-manager.io/issuer-kind", "Issuer")), "certificate-missing  Ingress shop/web spec.tls[0].secretName");
  expectFindings(build(ingress("shop/web").host("").tls("cert")), "tls-for-no-host  Ingress shop/web spec.tls[0].secretName");
});

test("a wildcard host is served with a wildcard certificate", () => {
  const wild = ingress("shop/web").host("*.shop.example").tls("cert", "*.shop.example");
  assert.deepEqual(served(build(wild, tlsSecret("shop/cert", shopPair))), { "*.shop.example": "shop/cert" });
});

test("a host that no item lists takes the first certificate that covers it", () => {
  const unlisted = ingress("shop/web").host("www.shop.example").tls("other", "x.example").tls("cert");
  const built = build(unlisted, tlsSecret("shop/cert", shopPair), tlsSecret("shop/other", otherPair));
  assert.deepEqual(served(built), { "www.shop.example": "shop/cert" });
  assert.deepEqual([...built.wanted.secrets].sort(), ["shop/cert", "shop/other"]);
  expectFindings(built);
});

test("a host without a usable certificate gets the default one and counts as TLS-enabled", () => {
  const nobody = ingress("shop/web").host("elsewhere.example").tls("cert", "shop.example");
  const built = build(nobody, tlsSecret("shop/cert", shopPair));
  assert.deepEqual(served(built), { "elsewhere.example": "nginx" });
  findingOf(built, "tls-host-not-listed");
  assert.equal(findingOf(built, "tls-host-not-listed").missing, undefined);
  // Without the Secret nobody knows what its certificate covers: a check of a part (--partial) does not tell it.
  const unknown = build(ingress("shop/web").host("www.shop.example").tls("cert", "*.shop.example"));
  assert.deepEqual(findingOf(unknown, "tls-host-not-listed").missing, { kind: "Secret", namespace: "shop", name: "cert" });
  assert.deepEqual(served(build(ingress("shop/web").host("shop.example").tls(undefined, "shop.example"))), { "shop.example": "nginx" });
  assert.deepEqual(served(build(ingress("shop/web").host("shop.example"))), {});
});

test("what is wrong with a Secret is said where the Ingress names it", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{}, /it has no tls\.crt/],
    [{ "tls.crt": shopPair.chain }, /it has no tls\.key/],
    [{ "tls.crt": "hello", "tls.key": shopPair.key }, /tls\.crt holds no PEM certificate/],
    [{ "tls.crt": shopPair.chain.replace(/[\w+/]{40}/, "!"), "tls.key": shopPair.key }, /does not parse/],
    [{ "tls.crt": shopPair.chain, "tls.key": "hello" }, /tls\.key is not an unencrypted PEM private key/],
    [{ "tls.crt": otherPair.chain + shopPair.chain, "tls.key": shopPair.key }, /tls\.key belongs to certificate 2 of the 2 in tls\.crt: put that one first/],
    [{ "tls.crt": shopPair.chain, "tls.key": otherPair.key }, /tls\.key does not belong to the certificate/],
  ];
  for (const [data, sentence] of cases) {
    const built = build(shop, secret("shop/cert", data));
    const finding = findingOf(built, "certificate-broken");
    assert.match(finding.sentence, sentence);
    assert.equal(finding.field, "spec.tls[0].secretName");
    assert.equal(finding.effect, "shop.example is served with the default certificate");
    assert.deepEqual(served(built), { "shop.example": "nginx" });
  }
  const missing = build(shop);
  findingOf(missing, "certificate-missing");
  assert.deepEqual([...missing.wanted.secrets], ["shop/cert"]);
  const wrongName = build(ingress("shop/web").host("a.example").tls("cert", "a.example"), tlsSecret("shop/cert", shopPair));
  assert.match(findingOf(wrongName, "certificate-not-covering").sentence, /is for DNS:shop\.example, DNS:\*\.shop\.example, not for a\.example/);
});

test("a certificate without a subjectAltName is served, and said", () => {
  const built = build(shop, tlsSecret("shop/cert", selfSigned([], "shop.example")));
  assert.deepEqual(served(built), { "shop.example": "shop/cert" });
  const finding = findingOf(built, "certificate-without-names");
  assert.match(finding.sentence, /no subjectAltName.*-addext subjectAltName=DNS:shop\.example/);
  expectFindings(build(shop, tlsSecret("shop/cert", shopPair)));
});

test("an expired certificate is served, and said; one that expires within ten days, too", (t) => {
  const days = 24 * 3600 * 1000;
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 360 * days });
  findingOf(build(shop, tlsSecret("shop/cert", shopPair)), "certificate-expires-soon");
  t.mock.timers.setTime(Date.now() + 10 * days);
  const expired = build(shop, tlsSecret("shop/cert", shopPair));
  findingOf(expired, "certificate-expired");
  assert.deepEqual(served(expired), { "shop.example": "shop/cert" });
});

test("what time changes is found again without a change of any object, and the next such moment is known", (t) => {
  const days = 24 * 3600 * 1000;
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const objects = [shop, tlsSecret("shop/cert", shopPair), ingress("shop/other").created(1).host("other.example").tls("other", "other.example"), tlsSecret("shop/other", otherPair)];
  const snapshot = snapshotOf(...objects);
  const builder = createModelBuilder({ ...testSettings, defaultSslCertificate: "shop/other" });
  let built = builder.update(snapshot, snapshot.takeChanges(), testConfig);
  const codes = (): string[] => built.findings().map(({ code, object }) => `${code} ${object.kind}`);
  const seen: string[][] = [];
  for (let moments = 0; built.changesAt !== undefined && moments < 20; moments++) {
    const before = codes();
    t.mock.timers.setTime(built.changesAt - 1);
    built = builder.update(snapshot, [], testConfig);
    assert.deepEqual(codes(), before, "not a moment too early");
    t.mock.timers.setTime(built.changesAt ?? 0);
    built = builder.update(snapshot, [], testConfig);
    assert.deepEqual(built.findings(), createModelBuilder({ ...testSettings, defaultSslCertificate: "shop/other" }).update(snapshot, [], testConfig).findings());
    assert.deepEqual([built.change.tls.size, built.change.certificates.size], [0, 0], "what is served does not change");
    if (codes().join() !== before.join()) seen.push(codes());
  }
  assert.equal(built.changesAt, undefined);
  assert.deepEqual(seen.at(-1), ["certificate-expired Ingress", "certificate-expired Ingress", "certificate-expired Secret"]);
  assert.ok(seen.some((all) => all.includes("certificate-expires-soon Ingress")));
  t.mock.timers.setTime(Date.now() + 100 * days);
  // A certificate that no Ingress uses any more changes nothing at a later time.
  snapshot.remove({ kind: "Ingress", namespace: "shop", name: "web" });
  built = builder.update(snapshot, snapshot.takeChanges(), testConfig);
  assert.equal(built.changesAt, undefined);
});

test("a common name counts when there are no alternative names", () => {
  const built = build(shop, tlsSecret("shop/cert", selfSigned([], "shop.example")));
  assert.deepEqual(served(built), { "shop.example": "shop/cert" });
});

test("the oldest ordinary Ingress with a tls section decides for a host", () => {
  const plain = ingress("shop/plain").created(0).host("shop.example");
  const canary = ingress("shop/canary").created(1).host("shop.example").canary().tls("other", "shop.example");
  const older = ingress("shop/older").created(2).host("shop.example").tls("cert", "shop.example");
  const newer = ingress("shop/newer").created(3).host("shop.example").tls("other", "shop.example");
  const built = build(plain, canary, older, newer, tlsSecret("shop/cert", shopPair), tlsSecret("shop/other", otherPair));
  assert.deepEqual(served(built), { "shop.example": "shop/cert" });
});

test("--default-ssl-certificate serves the catch-all and every host that has none of its own", () => {
  const flag = { defaultSslCertificate: "edge/default" };
  const built = buildWith(flag, shop, tlsSecret("edge/default", otherPair));
  assert.deepEqual(served(built), { _: "edge/default", "shop.example": "edge/default" });
  assert.deepEqual([...built.wanted.secrets].sort(), ["edge/default", "shop/cert"]);
  const missing = buildWith(flag, ingress("shop/web").host("shop.example").tls(undefined, "shop.example"));
  assert.deepEqual(served(missing), { "shop.example": "nginx" });
  expectFindings(missing, "certificate-missing  Secret edge/default --default-ssl-certificate");
});

test("the same certificate in two Secrets is one certificate", () => {
  const b = ingress("blog/web").host("www.shop.example").tls("cert", "www.shop.example");
  const built = build(shop, b, tlsSecret("shop/cert", shopPair), tlsSecret("blog/cert", shopPair));
  assert.equal(built.model.certificates.size, 1);
  assert.deepEqual(served(built), { "shop.example": "blog/cert", "www.shop.example": "blog/cert" });
});

test("a broken update keeps the previous certificate; a deletion drops it; a Secret may come last", () => {
  const snapshot = snapshotOf(shop);
  const builder = createModelBuilder(testSettings);
  const update = (): Built => builder.update(snapshot, snapshot.takeChanges(), testConfig);
  assert.deepEqual(served(update()), { "shop.example": "nginx" });
  put(snapshot, tlsSecret("shop/cert", shopPair));
  const good = update();
  assert.deepEqual(served(good), { "shop.example": "shop/cert" });
  assert.deepEqual([...good.change.tls], ["shop.example"]);
  put(snapshot, secret("shop/cert", { "tls.crt": shopPair.chain, "tls.key": otherPair.key }));
  const broken = update();
  assert.deepEqual(served(broken), { "shop.example": "shop/cert" });
  assert.equal(findingOf(broken, "certificate-broken").effect, "shop.example is served with the Secret's previous certificate");
  assert.equal(broken.change.tls.size + broken.change.certificates.size, 0);
  snapshot.remove({ kind: "Secret", namespace: "shop", name: "cert" });
  const gone = update();
  assert.deepEqual([served(gone), gone.model.certificates.size], [{ "shop.example": "nginx" }, 0]);
});

test("no part of a Model shows a private key", () => {
  const built = build(shop, tlsSecret("shop/cert", shopPair));
  const [certificate] = built.model.certificates.values();
  const body = shopPair.key.split("\n")[1] ?? "";
  assert.ok(!inspect(certificate, { depth: 9 }).includes(body) && !JSON.stringify(certificate).includes(body));
});
