/**
 * The walk-through with the manifests as its reader has them, written for several generations of the API: they are read
 * without edits and applied step by step. (The test of the demo tries those of `examples/`.)
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Finding } from "../src/model/findings/findings.ts";
import { takeNetwork, type Network } from "./support/cases/network.ts";
import { ask, type Answer, type Ask } from "./support/client.ts";
import { startEcho, type EchoBackend } from "./support/echo.ts";
import { selfSigned } from "./support/openssl.ts";
import { startSluice, type Sluice } from "./support/sluice.ts";

const AS_THEY_ARE = join(import.meta.dirname, "source/manifests/walkthrough");
const TOMCAT = "tomcat.lucky.com";
const HELLO = "canary-service.abc.com";
const DRAWS = 400;

const manifest = (name: string): string => readFileSync(join(AS_THEY_ARE, name), "utf8");

/** The EndpointSlice that Kubernetes would write for the pods behind a Service. */
const slice = (namespace: string, service: string, port: number, name: string, ...addresses: string[]): string => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${service}-1, namespace: ${namespace}, labels: {kubernetes.io/service-name: ${service}}}
addressType: IPv4
ports: [{port: ${port}${name === "" ? "" : `, name: ${name}`}}]
endpoints: [${addresses.map((address) => `{addresses: [${address}]}`).join(", ")}]
---`;

let network: Network;
before(async () => {
  network = await takeNetwork();
});
after(() => network?.close());

async function startPods(t: TestContext): Promise<void> {
  const pods: readonly [string, string, number][] = [
    ["tomcat", "10.0.0.1", 20080], ["tomcat", "10.0.0.2", 20080], ["hello-service", "10.0.0.3", 20080],
    ["canary-hello-service", "10.0.0.4", 20080], ["default-http-backend", "10.0.0.5", 20080],
  ];
  const started: EchoBackend[] = await Promise.all(pods.map(([name, address, port]) => startEcho(name, network.toLocal(address), port)));
  t.after(() => Promise.all(started.map((one) => one.close())));
}

const SLICES = [
  slice("default", "tomcat", 20080, "http", "10.0.0.1", "10.0.0.2"),
  slice("default", "hello-service", 20080, "", "10.0.0.3"),
  slice("default", "canary-hello-service", 20080, "", "10.0.0.4"),
  slice("kube-system", "default-http-backend", 20080, "", "10.0.0.5"),
].join("\n");

function tlsSecret(pair: { chain: string; key: string }): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return `apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: {name: tomcat-ingress-secret, namespace: default}
data: {tls.crt: ${base64(pair.chain)}, tls.key: ${base64(pair.key)}}
`;
}

test("the manifests as their reader has them, step by step", async (t) => {
  await startPods(t);
  const sluice = await startSluice({
    args: ["--default-backend-service=kube-system/default-http-backend"],
    files: { "slices.yaml": network.toLocal(SLICES) },
  });
  t.after(() => sluice.stop());
  const http = (host: string, more: Partial<Ask> = {}): Promise<Answer> => ask({ port: sluice.http, host, ...more });
  const apply = (...names: string[]): Promise<unknown> => sluice.apply(Object.fromEntries(names.map((name) => [name, manifest(name)])));
  /** The backend that answers a request with these headers. */
  const hello = async (headers: Record<string, string> = {}): Promise<string | undefined> => (await http(HELLO, { headers })).echo?.backend;

  await t.test("before any Ingress the default backend answers", async () => {
    await apply("my-nginx.yaml", "default-backend.yaml", "controller.yaml", "rbac.yaml", "ingress-demo.yaml");
    assert.equal((await http(TOMCAT)).echo?.backend, "default-http-backend");
    assert.equal((await http("nobody.example", { path: "/healthz" })).status, 200);
    assert.deepEqual(await told(sluice), []);
  });

  await t.test("an Ingress in another namespace than its Service: 503, and each old shape with its line", async () => {
    await apply("ingress-myapp.yaml");
    assert.equal((await http(TOMCAT)).status, 503);
    assert.deepEqual(await told(sluice), [
      "service-missing ingress-myapp.yaml:15 spec.rules[0].http.paths[0].backend.service.name",
      "backend-old-shape ingress-myapp.yaml:14 spec.rules[0].http.paths[0].backend",
      "path-empty ingress-myapp.yaml:13 spec.rules[0].http.paths[0].path",
      "path-type-missing ingress-myapp.yaml:13 spec.rules[0].http.paths[0].pathType",
    ]);
  });

  await t.test("moved to the Service's namespace it serves, over http", async () => {
    await sluice.apply({ "ingress-myapp.yaml": manifest("ingress-myapp.yaml").replace("namespace: ingress-myapp", "namespace: default") });
    const answers = await Promise.all(Array.from({ length: 20 }, () => http(TOMCAT, { path: "/docs/" })));
    assert.deepEqual([...new Set(answers.map(({ echo }) => network.toPods(echo?.endpoint ?? "")))].sort(), ["10.0.0.1:20080", "10.0.0.2:20080"]);
    await sluice.apply({ "ingress-myapp.yaml": undefined });
    assert.equal((await http(TOMCAT)).echo?.backend, "default-http-backend");
  });

  await t.test("over https without its Secret: the default certificate, and why", async () => {
    await apply("ingress-tomcat-tls.yaml");
    assert.equal((await http(TOMCAT, { port: sluice.https, tls: true })).echo?.backend, "tomcat");
    assert.deepEqual(await told(sluice), ["certificate-missing ingress-tomcat-tls.yaml:12 spec.tls[0].secretName"]);
  });

  await t.test("with its Secret: its certificate, and http leads to https", async () => {
    await sluice.apply({ "secret.yaml": tlsSecret(selfSigned([TOMCAT])) });
    const answer = await http(TOMCAT, { port: sluice.https, tls: true });
    assert.equal(answer.echo?.backend, "tomcat");
    assert.equal(answer.certificate?.subjectaltname, `DNS:${TOMCAT}`);
    assert.equal((await http(TOMCAT, { port: sluice.https, http2: true })).echo?.backend, "tomcat");
    const plain = await http(TOMCAT, { path: "/docs?a=b" });
    assert.deepEqual([plain.status, plain.headers["location"]], [308, `https://${TOMCAT}/docs?a=b`]);
    assert.deepEqual(await told(sluice), []);
  });

  await t.test("the stable version alone", async () => {
    await apply("canary-services.yaml", "canary-main.yaml");
    for (let i = 0; i < 10; i++) assert.equal(await hello(), "hello-service");
  });

  await t.test("by weight: about 30 of 100", async () => {
    await apply("canary-weight.yaml");
    assert.deepEqual(await told(sluice), ["api-version-old canary-weight.yaml:1 apiVersion"]);
    await expectShare(0.3, hello);
  });

  await t.test("by header, which replaces the weight", async () => {
    await sluice.apply({ "canary-weight.yaml": undefined, "canary-header.yaml": manifest("canary-header.yaml") });
    assert.equal(await hello({ test: "always" }), "canary-hello-service");
    assert.equal(await hello({ test: "never" }), "hello-service");
    assert.equal(await hello({ test: "abc" }), "hello-service");
    await expectShare(0, hello);
  });

  await t.test("by cookie, which replaces the header", async () => {
    await sluice.apply({ "canary-header.yaml": undefined, "canary-cookie.yaml": manifest("canary-cookie.yaml") });
    assert.equal(await hello({ cookie: "like_music=always" }), "canary-hello-service");
    assert.equal(await hello({ cookie: "like_music=never" }), "hello-service");
    assert.equal(await hello({ cookie: "like_music=1" }), "hello-service");
    assert.equal(await hello({ test: "always" }), "hello-service");
  });

  await t.test("header before cookie before weight; weights 0 and 100, and of another total", async () => {
    const rules = (weight: string): string => manifest("canary-cookie.yaml").replace(/( +)nginx.ingress.kubernetes.io\/canary-by-cookie.*/, (line, indent: string) =>
      `${line}\n${indent}nginx.ingress.kubernetes.io/canary-by-header: test\n${indent}nginx.ingress.kubernetes.io/canary-weight: ${weight}`);
    await sluice.apply({ "canary-cookie.yaml": rules('"100"') });
    assert.equal(await hello({ test: "never", cookie: "like_music=always" }), "hello-service");
    assert.equal(await hello({ test: "abc", cookie: "like_music=never" }), "hello-service");
    await expectShare(1, hello);
    await sluice.apply({ "canary-cookie.yaml": rules('"0"') });
    assert.equal(await hello({ test: "always", cookie: "like_music=never" }), "canary-hello-service");
    await expectShare(0, hello);
    await sluice.apply({ "canary-cookie.yaml": rules('"100"\n    nginx.ingress.kubernetes.io/canary-weight-total: "1000"') });
    await expectShare(0.1, hello);
  });

  await t.test("all three states in one folder: the last in path order serves, and the others are told", async () => {
    await apply("canary-cookie.yaml", "canary-header.yaml", "canary-weight.yaml");
    await expectShare(0.3, hello);
    assert.deepEqual((await told(sluice)).filter((line) => line.startsWith("duplicate-object")), [
      "duplicate-object canary-cookie.yaml:4 metadata.name",
      "duplicate-object canary-header.yaml:4 metadata.name",
    ]);
  });

  await t.test("nothing of all this reloaded nginx", async () => {
    assert.equal((await sluice.generation()).reloads, 0);
  });
});

async function expectShare(share: number, hello: () => Promise<string | undefined>): Promise<void> {
  let canary = 0;
  for (let i = 0; i < DRAWS; i += 20) {
    const backends = await Promise.all(Array.from({ length: 20 }, () => hello()));
    canary += backends.filter((backend) => backend === "canary-hello-service").length;
  }
  const slack = 5 * Math.sqrt(DRAWS * share * (1 - share));
  assert.ok(Math.abs(canary - DRAWS * share) <= slack, `${canary} of ${DRAWS} reached the canary, ${share} was expected`);
}

/** The findings as `code file:line field`, errors first. */
async function told(sluice: Sluice): Promise<string[]> {
  const findings = JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[];
  const relevant = findings.filter(({ severity }) => severity !== "info");
  return relevant.map(({ code, file, line, field }) => `${code} ${file?.replace(`${sluice.manifests}/`, "")}:${line} ${field}`);
}
