/** Cases in which kubectl and the API server read YAML differently from YAML 1.2. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { folderOf, startOn, told } from "./folder.ts";

const V1 = "apiVersion: networking.k8s.io/v1";

test("of keys that stand twice the last counts, as for kubectl, and each is told with its place", async (t) => {
  const text = `${V1}
kind: Ingress
metadata:
  name: web
  labels: {a: "1", b: "2", a: "3"}
  annotations:
    x/y: "first"
    x/y: "second"
spec:
  ingressClassName: one
  rules:
  - host: first.example
    host: second.example
  ingressClassName: two
spec:
  rules:
  - host: third.example
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: s, name: web}, spec: {ports: [{port: 80, port: 81}]}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {k: "1"}}
`;
  const json = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j"}, "data": {"k\\"": "1", "k": "2", "k": "3"}}';
  const folder = folderOf(t, { "a.yaml": text, "b.json": json, "c.json": json.replace('"k": "2", ', "").replace('"j"', '"plain"') });
  const { source } = await startOn(t, folder.path);
  const read = source.snapshot.get("Ingress", "default", "web");
  assert.deepEqual(read?.metadata.labels, { a: "3", b: "2" });
  assert.deepEqual(read?.metadata.annotations, { "x/y": "second" });
  assert.deepEqual(read?.spec, { rules: [{ host: "third.example" }] });
  assert.equal(source.snapshot.get("Service", "default", "web")?.spec.ports?.[0]?.port, 81);
  assert.equal(source.snapshot.get("ConfigMap", "default", "j")?.data?.["k"], "3");
  assert.deepEqual(told(source.findings, folder), [
    "key-doubled b.json:1 data.k",
    "key-doubled a.yaml:8 metadata.annotations[x/y]",
    "key-doubled a.yaml:5 metadata.labels.a",
    "key-doubled a.yaml:15 spec",
    "key-doubled a.yaml:14 spec.ingressClassName",
    "key-doubled a.yaml:13 spec.rules[0].host",
    "key-doubled a.yaml:22 metadata.name",
    "key-doubled a.yaml:22 spec.ports[0].port",
  ]);
});

test("merge keys and keys of other kinds than ours are nobody's doubles", async (t) => {
  const text = "x: &x {a: b}\ny: &y {c: d}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  <<: *x\n  <<: *y\n  e: f\n---\nkind: Deployment\napiVersion: apps/v1\nspec: {a: 1, a: 2}\n";
  const { source } = await startOn(t, folderOf(t, { "a.yaml": text }).path);
  assert.deepEqual(source.findings.map(({ code }) => code), ["field-unknown", "field-unknown"]);
});

/** Words that YAML 1.1 reads as booleans, in the spellings of go-yaml, and YAML 1.2 as texts. */
const OLD_WORDS = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"];

for (const word of OLD_WORDS) {
  test(`${word} without quotes is a finding where a cluster wants a text, and a boolean where it wants one`, async (t) => {
    const text = `${V1}
kind: Ingress
metadata:
  name: web
  labels: {a: ${word}}
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: ${word}
    quoted: "${word}"
    block: |
      ${word}
    longer: ${word}x
spec:
  ingressClassName: ${word}
  rules: [{host: ${word}, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: ${word}, port: {name: ${word}}}}}]}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
data: {use-http2: ${word}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: e, namespace: shop}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1], conditions: {ready: ${word}}}]
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: shop}
stringData: {password: ${word}}
`;
    const folder = folderOf(t, { "a.yaml": text });
    const { source } = await startOn(t, folder.path);
    const read = source.snapshot.get("Ingress", "default", "web");
    assert.deepEqual(read?.metadata.annotations, { "nginx.ingress.kubernetes.io/ssl-redirect": word, quoted: word, block: `${word}\n`, longer: `${word}x` });
    assert.equal(read?.spec.ingressClassName, word);
    assert.equal(read?.spec.rules?.[0]?.host, word);
    assert.equal(source.snapshot.get("ConfigMap", "shop", "c")?.data?.["use-http2"], word);
    assert.equal(source.snapshot.get("EndpointSlice", "shop", "e")?.endpoints?.[0]?.conditions?.ready, /^(y|yes|on)$/i.test(word));
    assert.equal(source.snapshot.get("Secret", "shop", "s")?.data["password"]?.reveal().toString(), word);
    assert.deepEqual(source.findings.map(({ code, object, field }) => `${code} ${object.kind} ${field}`), [
      "value-not-string ConfigMap data[use-http2]",
      "value-not-string Ingress metadata.annotations[nginx.ingress.kubernetes.io/ssl-redirect]",
      "value-not-string Ingress metadata.labels.a",
      "value-not-string Ingress spec.ingressClassName",
      "value-not-string Ingress spec.rules[0].host",
      "value-not-string Ingress spec.rules[0].http.paths[0].backend.service.name",
      "value-not-string Ingress spec.rules[0].http.paths[0].backend.service.port.name",
      "value-not-string Secret stringData.password",
    ]);
    assert.ok(source.findings.every(({ sentence, object }) => sentence.includes(object.kind === "Secret" ? 'write "it" in quotes' : `write "${word}" in quotes`)));
  });
}
