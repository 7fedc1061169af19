import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { folderOf, service, startOn, told } from "./folder.ts";

const ingress = (head: string, spec: string): string => `${head}\nkind: Ingress\nmetadata: {name: web}\nspec:\n${spec}`;
const V1 = "apiVersion: networking.k8s.io/v1";
const OLD = "apiVersion: extensions/v1beta1";

test("an old defaultBackend, ports by name and in quotes, and a path without type", async (t) => {
  const spec = `  backend: {serviceName: a, servicePort: http}
  rules:
  - http:
      paths:
      - {path: /b, backend: {serviceName: b, servicePort: "8080"}}
      - {path: /c, backend: {service: {name: c, port: {name: web}}}}
`;
  const { source } = await startOn(t, folderOf(t, { "a.yaml": ingress(OLD, spec) }).path);
  const read = source.snapshot.get("Ingress", "default", "web")?.spec;
  assert.deepEqual(read?.defaultBackend, { service: { name: "a", port: { name: "http" } } });
  assert.deepEqual(read?.rules?.[0]?.http?.paths.map(({ backend }) => backend.service?.port), [{ number: 8080 }, { name: "web" }]);
  assert.deepEqual(source.findings.map(({ code }) => code).sort(), ["api-version-old", "backend-old-shape", "backend-old-shape"]);
  assert.ok(source.findings.some(({ sentence }) => sentence.endsWith('write "defaultBackend: {service: {name: a, port: {name: http}}}"')));
});

for (const [what, spec, finding] of [
  ["rules that are a text", "  rules: shop.example\n", 'spec.rules must be a list, not "shop.example"'],
  ["a port that is a word", "  defaultBackend: {service: {name: a, port: {number: eighty}}}\n", 'spec.defaultBackend.service.port.number must be a whole number from 1 to 65535, without quotes, not "eighty"'],
  ["a port in the place of its object", "  defaultBackend: {service: {name: a, port: 80}}\n", "spec.defaultBackend.service.port must be an object such as {number: 80}, not 80"],
  ["a path without backend", "  rules: [{http: {paths: [{path: /, pathType: Exact}]}}]\n", "spec.rules[0].http.paths[0].backend must be an object such as {service: {name: web, port: {number: 80}}}, and is missing"],
] as const) {
  test(`${what} leaves the object out, and nothing else`, async (t) => {
    const { source } = await startOn(t, folderOf(t, { "a.yaml": `${ingress(V1, spec)}---\n${service("web", 80)}` }).path);
    assert.deepEqual(source.findings.map(({ code, sentence }) => [code, sentence]), [["field-type", finding]]);
    assert.equal(source.findings[0]?.line, 5);
    assert.equal(source.snapshot.all("Ingress").size, 0);
    assert.equal(source.snapshot.all("Service").size, 1);
  });
}

test("an unknown path type is read as it is: it concerns its path alone, and the model tells of it", async (t) => {
  const spec = "  rules: [{http: {paths: [{path: /, pathType: prefix, backend: {service: {name: a}}}]}}]\n";
  const { source } = await startOn(t, folderOf(t, { "a.yaml": ingress(V1, spec) }).path);
  assert.deepEqual(source.findings, []);
  assert.equal([...source.snapshot.all("Ingress").values()][0]?.spec.rules?.[0]?.http?.paths[0]?.pathType, "prefix");
});

test("fields that no such object has are told, with what was probably meant", async (t) => {
  const text = `${V1}
kind: Ingress
metadata: {name: web, lables: {a: b}}
spec:
  rulez: []
  host: shop.example
  rules:
  - http:
      paths:
      - path: /
        pathtype: Prefix
        backend: {service: {name: a, port: {number: 80}, weight: 1}}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
tls.key: S3CRET
`;
  const folder = folderOf(t, { "a.yaml": text, "list.json": '{"apiVersion":"v1","kind":"List","items":[\n{"apiVersion":"v1","kind":"Service","metadata":{"name":"b"},\n"sepc":{}}]}' });
  const { source } = await startOn(t, folder.path);
  assert.deepEqual(told(source.findings, folder), [
    "field-unknown a.yaml:3 metadata.lables",
    "field-unknown a.yaml:6 spec.host",
    "field-unknown a.yaml:12 spec.rules[0].http.paths[0].backend.service.weight",
    "path-type-missing a.yaml:10 spec.rules[0].http.paths[0].pathType",
    "field-unknown a.yaml:11 spec.rules[0].http.paths[0].pathtype",
    "field-unknown a.yaml:5 spec.rulez",
    "field-unknown a.yaml:17 [tls.key]",
    "field-unknown list.json:3 sepc",
  ]);
  assert.deepEqual(source.findings.filter(({ code }) => code === "field-unknown").slice(0, 2).map(({ sentence }) => sentence), [
    'Ingress has no field "metadata.lables": did you mean "labels"?',
    'Ingress has no field "spec.host": correct it, or move it where it belongs',
  ]);
  assert.doesNotMatch(JSON.stringify(source.findings), /S3CRET/);
  assert.equal(source.snapshot.all("Ingress").size, 1);
});

test("fields that Sluice does not read are no slips", async (t) => {
  const text = `apiVersion: v1
kind: Service
metadata: {name: a, managedFields: [{manager: kubectl}], ownerReferences: [{kind: App, name: a, uid: u}], finalizers: [x/y]}
spec: {selector: {constructor: a}, ports: [{port: 80, appProtocol: http, nodePort: 30000}], sessionAffinity: None, internalTrafficPolicy: Cluster}
status: {loadBalancer: {}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1], zone: z, nodeName: n, hints: {forZones: [{name: z}]}, targetRef: {kind: Pod, name: p}}]
`;
  const { source } = await startOn(t, folderOf(t, { "a.yaml": text }).path);
  assert.deepEqual(source.findings, []);
});

test("values without quotes are taken as their text, with a warning", async (t) => {
  const text = `${V1}\nkind: Ingress\nmetadata:\n  name: web\n  annotations:\n    a/canary: true\n    a/weight: 30\nspec: {}\n---
apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {use-http2: false}\n`;
  const folder = folderOf(t, { "a.yaml": text });
  const { source } = await startOn(t, folder.path);
  assert.deepEqual(source.snapshot.get("Ingress", "default", "web")?.metadata.annotations, { "a/canary": "true", "a/weight": "30" });
  assert.deepEqual(source.snapshot.get("ConfigMap", "default", "c")?.data, { "use-http2": "false" });
  assert.deepEqual(told(source.findings, folder), [
    "value-not-string a.yaml:13 data[use-http2]",
    "value-not-string a.yaml:6 metadata.annotations[a/canary]",
    "value-not-string a.yaml:7 metadata.annotations[a/weight]",
  ]);
});

test("an empty path is told where a cluster would refuse it", async (t) => {
  const paths = (version: string, ...all: string[]): string =>
    `apiVersion: ${version}\nkind: Ingress\nmetadata: {name: ${version.replace(/\W/g, "-")}}\nspec:\n  rules:\n  - http:\n      paths:\n` +
    all.map((one) => `      - {${one} backend: {service: {name: a, port: {number: 80}}}}\n`).join("");
  const folder = folderOf(t, {
    "a.yaml": paths("networking.k8s.io/v1", 'path: "", pathType: Prefix,', "pathType: Exact,", "path: , pathType: Prefix,", "path: , pathType: ImplementationSpecific,", "path: /, pathType: Prefix,"),
    "b.yaml": paths("networking.k8s.io/v1beta1", 'path: "",', ""),
  });
  const { source } = await startOn(t, folder.path);
  assert.deepEqual(told(source.findings, folder).filter((line) => !line.startsWith("api-version-old")), [
    "path-empty a.yaml:8 spec.rules[0].http.paths[0].path",
    "path-empty a.yaml:9 spec.rules[0].http.paths[1].path",
    "path-empty a.yaml:10 spec.rules[0].http.paths[2].path",
  ]);
});

test("the class as an annotation is told with the field that took its place", async (t) => {
  const head = (name: string): string => `${V1}\nkind: Ingress\nmetadata:\n  name: ${name}\n  annotations: {kubernetes.io/ingress.class: nginx}\n`;
  const { source } = await startOn(t, folderOf(t, { "a.yaml": `${head("a")}spec: {}\n---\n${head("b")}spec: {ingressClassName: other}\n` }).path);
  assert.deepEqual(source.findings.map(({ severity, sentence, effect }) => [severity, sentence.replace(/^.*1\.18: /, ""), effect]), [
    ["info", 'write "ingressClassName: nginx" under spec in its place', "it decides whose the Ingress is"],
    ["info", "remove it, spec.ingressClassName is there", "spec.ingressClassName decides; a cluster would refuse the two together"],
  ]);
});

test("text that is no YAML is told with the key by which people find the place", async (t) => {
  const head = `${V1}\nkind: Ingress\nmetadata:\n  name: a\nspec:\n`;
  const broken: readonly (readonly [string, string])[] = [
    [`${head}  rules:\n  - host: a.example\n   http: {}\n`, "http"],
    [`${head}  tls: [\n`, "tls"],
    [`${head}  rules:\n  - host: "a.example\n    http:\n`, "http"],
    [`${head}  rules:\n\t- host: a\n`, "host"],
    [`${head}  rules:\n  - - "host" : a: b\n`, "host"],
  ];
  for (const [text, key] of broken) {
    const { source } = await startOn(t, folderOf(t, { "a.yaml": text }).path);
    assert.match(source.findings[0]?.sentence ?? "", new RegExp(`^This document is not valid YAML, at or after the key "${key}": `), text);
  }
});

test("Secrets are decoded, and no finding shows a value", async (t) => {
  const head = "apiVersion: v1\nkind: Secret\nmetadata: ";
  const folder = folderOf(t, {
    "good.yaml": `${head}{name: good}\ntype: kubernetes.io/tls\ndata: {tls.crt: aGVsbG8=}\nstringData: {tls.key: S3CRET}\n`,
    "bad.yaml": `${head}{name: bad}\ndata: {tls.crt: S3CRET!}\n---\n${head}{name: number}\ndata: {tls.key: 2718281828}\n`,
    "broken.yaml": `${head}{name: broken}\ndata: {tls.key: [S3CRET\n`,
  });
  const { source, logged } = await startOn(t, folder.path);
  const data = source.snapshot.get("Secret", "default", "good")?.data;
  assert.equal(data?.["tls.crt"]?.reveal().toString(), "hello");
  assert.equal(data?.["tls.key"]?.reveal().toString(), "S3CRET");
  assert.deepEqual(told(source.findings, folder), [
    "yaml-invalid broken.yaml:5",
    "secret-not-base64 bad.yaml:4 data[tls.crt]",
    "field-type bad.yaml:9 data[tls.key]",
  ]);
  assert.doesNotMatch(inspect(source, { depth: 20, showHidden: true }) + JSON.stringify(source.findings) + logged.join(), /S3CRET|2718281828/);
});

test("Endpoints become slices that their Service finds", async (t) => {
  const text = `apiVersion: v1
kind: Endpoints
metadata: {name: web, namespace: shop}
subsets:
- addresses: [{ip: 10.0.0.1}]
  notReadyAddresses: [{ip: 10.0.0.2}]
  ports: [{name: http, port: 8080}]
- addresses: [{ip: "fd00::1"}]
  ports: [{port: 9090}]
`;
  const { source } = await startOn(t, folderOf(t, { "a.yaml": text }).path);
  assert.deepEqual(
    source.snapshot.slicesOf("shop", "web").map(({ metadata, addressType, endpoints, ports }) => [metadata.name, addressType, endpoints, ports]),
    [
      ["web-endpoints", "IPv4", [{ addresses: ["10.0.0.1"], conditions: { ready: true } }, { addresses: ["10.0.0.2"], conditions: { ready: false } }], [{ name: "http", port: 8080 }]],
      ["web-endpoints-1", "IPv6", [{ addresses: ["fd00::1"], conditions: { ready: true } }], [{ port: 9090 }]],
    ],
  );
  assert.deepEqual(source.findings, []);
});

test("an old EndpointSlice, a List, JSON, and kinds of others that share a name", async (t) => {
  const items = [
    { apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec: { ports: [{ port: "80" }] } },
    { apiVersion: "v1", kind: "Service", metadata: { name: "b" } },
  ];
  const folder = folderOf(t, {
    "list.json": JSON.stringify({ apiVersion: "v1", kind: "List", items }, null, 1),
    "sub/slice.yml": "apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice\nmetadata: {name: s}\nendpoints: [{addresses: [10.0.0.1], topology: {a: b}}]\n",
    "sub/class.yaml": `${V1}\nkind: IngressClass\nmetadata: {name: nginx, namespace: ignored}\nspec: {controller: k8s.io/ingress-nginx}\n`,
    "knative.yaml": "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: k}\n",
    "values.yaml": "replicas: 3\n",
    ".hidden.yaml": "{",
    "backup.yaml~": "{",
    "notes.txt": "{",
  });
  const { source, logged } = await startOn(t, folder.path);
  assert.deepEqual([...source.snapshot.all("Service").keys()], ["default/b"]);
  assert.deepEqual([...source.snapshot.all("IngressClass").keys()], ["/nginx"]);
  assert.equal(source.snapshot.all("EndpointSlice").size, 1);
  assert.deepEqual(told(source.findings, folder), [
    "field-type list.json:14 spec.ports[0].port",
    "api-version-old sub/slice.yml:1 apiVersion",
  ]);
  assert.match(logged.join(), /1 serving\.knative\.dev\/v1 Service, 1 document without a kind/);
});

test("a slip in kind or apiVersion is told with what was meant, and what was there before stays", async (t) => {
  const slips: readonly (readonly [string, string, string])[] = [
    ["networking.k8s.io/v1", "Ingres", "kind: Ingress"], ["networking.k8s.io/v1", "ingress", "kind: Ingress"], ["networking.k8s.io/v1", "Ingresses", "kind: Ingress"],
    ["extensions/v1beta1", "Ingess", "kind: Ingress"], ["networking.k8s.io/v1", "IngresClass", "kind: IngressClass"], ["v1", "Services", "kind: Service"], ["v1", "Sercet", "kind: Secret"],
    ["v1", "Configmap", "kind: ConfigMap"], ["v1", "Endpoint", "kind: Endpoints"], ["discovery.k8s.io/v1", "EndpointSlices", "kind: EndpointSlice"],
    ["v1", "Ingress", "apiVersion: networking.k8s.io/v1"], ["apps/v1", "Ingress", "apiVersion: networking.k8s.io/v1"], ["extensions/v1", "Ingress", "apiVersion: networking.k8s.io/v1"],
    ["networking.k8s.io/v2", "IngressClass", "apiVersion: networking.k8s.io/v1"], ["networking.k8s.io/v1", "Service", "apiVersion: v1"], ["v1", "EndpointSlice", "apiVersion: discovery.k8s.io/v1"],
  ];
  for (const [apiVersion, kind, meant] of slips) {
    const { source } = await startOn(t, folderOf(t, { "a.yaml": `# one\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\n` }).path);
    assert.deepEqual(source.findings.map(({ code, sentence, line }) => [code, sentence, line]), [
      ["kind-unknown", `There is no kind ${kind} of apiVersion ${apiVersion}: did you mean "${meant}"?`, meant.startsWith("kind") ? 3 : 2],
    ]);
  }
  const others = [
    ["v1", "ServiceAccount"], ["v1", "Node"], ["v1", "Event"], ["v1", "Pod"], ["networking.k8s.io/v1", "NetworkPolicy"], ["networking.k8s.io/v1", "IPAddress"], ["networking.k8s.io/v1", "ServiceCIDR"],
    ["apps/v1", "Deployment"], ["extensions/v1beta1", "DaemonSet"], ["multicluster.x-k8s.io/v1alpha1", "ServiceImport"], ["config.openshift.io/v1", "Ingress"], ["traefik.io/v1alpha1", "IngressRoute"],
    ["networking.internal.knative.dev/v1alpha1", "Ingress"], ["networking.istio.io/v1", "ServiceEntry"], ["external-secrets.io/v1", "ExternalSecret"], ["bitnami.com/v1alpha1", "SealedSecret"],
  ];
  for (const [apiVersion, kind] of others) {
    const { source } = await startOn(t, folderOf(t, { "a.yaml": `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\n` }).path);
    assert.deepEqual(source.findings, [], kind);
  }
  const folder = folderOf(t, { "a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n" });
  const { source } = await startOn(t, folder.path);
  folder.write("a.yaml", "apiVersion: v1\nkind: Servise\nmetadata: {name: web}\n");
  await source.sync(AbortSignal.timeout(10_000));
  assert.deepEqual([source.findings.map(({ code }) => code), [...source.snapshot.all("Service").keys()]], [["kind-unknown"], ["default/web"]]);
});

test("a folder that does not exist is the user's mistake", async (t) => {
  await assert.rejects(startOn(t, "/nonexistent/sluice"), /^UserError: The folder "\/nonexistent\/sluice" given with --manifests does not exist: /);
});

test("names that Kubernetes would refuse are refused", async (t) => {
  const { source } = await startOn(t, folderOf(t, { "a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: Web/x}\n" }).path);
  assert.match(source.findings[0]?.sentence ?? "", /^metadata\.name must be made of lower-case letters, digits, - and \., not "Web\/x"$/);
});

test("an object without its kind, or with a misspelt one, is told; the values of a chart are nobody's", async (t) => {
  const files = {
    "a.yaml": `${V1}\nknd: Ingress\nmetadata: {name: web}\n`,
    "b.yaml": `# nothing\n---\n${V1}\nmetadata: {name: web}\n`,
    "values.yaml": "replicas: 3\nmetadata: {a: b}\n",
    "c.json": '{"apiVersion": "v1", "Kind": "Service", "metadata": {"name": "web"}}',
  };
  const { source } = await startOn(t, folderOf(t, files).path);
  assert.deepEqual(source.findings.map(({ code, object, line, sentence }) => [code, object.name.replace(/.*\//, ""), line, /write (.*)$/.exec(sentence)?.[1]]), [
    ["kind-missing", "a.yaml", 2, '"kind" in place of "knd"'],
    ["kind-missing", "b.yaml", 3, '"kind: Ingress", or whatever it is'],
    ["kind-missing", "c.json", 1, '"kind" in place of "Kind"'],
  ]);
});

test("a list of objects is told, in YAML and in JSON, and what the file held before goes on", async (t) => {
  const folder = folderOf(t, { "a.json": JSON.stringify({ apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { ports: [{ port: 80 }] } }) });
  const { source, until } = await startOn(t, folder.path);
  assert.equal(source.snapshot.all("Service").size, 1);
  folder.write("a.json", JSON.stringify([{ apiVersion: "v1", kind: "Service", metadata: { name: "other" } }]));
  folder.write("b.yaml", "- 1\n- {kind: Service}\n");
  folder.write("c.yaml", "- a\n- {b: c}\n");
  await until(() => source.findings.length === 2);
  assert.deepEqual(source.findings.map(({ code }) => code), ["document-list", "document-list"]);
  assert.deepEqual([...source.snapshot.all("Service").keys()], ["default/web"]);
});

test("a forgotten --- is one mistake, told where the second object begins", async (t) => {
  const { source } = await startOn(t, folderOf(t, { "a.yaml": `${service("web", 80)}${service("other", 81)}` }).path);
  assert.deepEqual(source.findings.map(({ code, line }) => [code, line]), [["separator-missing", service("web", 80).split("\n").length]]);
  assert.deepEqual([...source.snapshot.all("Service").keys()], ["default/other"]);
});

test("UTF-16 with its mark is read, as PowerShell writes it", async (t) => {
  const text = `\ufeff${service("web", 80)}`;
  const little = Buffer.from(text, "utf16le");
  const folder = folderOf(t, {});
  writeFileSync(join(folder.path, "little.yaml"), little);
  writeFileSync(join(folder.path, "big.yaml"), Buffer.from(text.replace("web", "big"), "utf16le").swap16());
  const { source } = await startOn(t, folder.path);
  assert.deepEqual([source.findings, [...source.snapshot.all("Service").keys()].sort()], [[], ["default/big", "default/web"]]);
});
