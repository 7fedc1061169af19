/** `sluice check` calls an error what a real API server refuses, and nothing that the API server takes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { after, before, describe, test } from "node:test";
import { asClusterTakesThem } from "../../src/check/api-server.ts";
import { judgeSource } from "../../src/commands/judged.ts";
import { parseSettings } from "../../src/settings.ts";
import { textSource } from "../../src/source/text.ts";
import { envtestMissing, startEnvtest, type Envtest } from "../support/envtest.ts";

type Json = Record<string, unknown>;

const backend = { service: { name: "web", port: { number: 80 } } };
const path = { path: "/", pathType: "Prefix", backend };
const rule = { host: "shop.example", http: { paths: [path] } };

function ingress(spec: Json, metadata: Json = {}): Json {
  return { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "web", namespace: "default", ...metadata }, spec };
}
const ofRule = (changed: Json): Json => ingress({ rules: [{ ...rule, ...changed }] });
const ofPath = (changed: Json): Json => ofRule({ http: { paths: [{ ...path, ...changed }] } });
const ofService = (changed: Json): Json => ofPath({ backend: { service: { ...backend.service, ...changed } } });

/** Name → an Ingress. What the API server says of it decides what the check should say. */
const INGRESSES: Readonly<Record<string, Json>> = {
  "nothing wrong": ingress({ rules: [rule] }),
  "neither rules nor a default backend": ingress({}),
  "a default backend alone": ingress({ defaultBackend: backend }),
  "a default backend of nothing": ingress({ defaultBackend: {} }),
  "no host": ofRule({ host: undefined }),
  "an empty host": ofRule({ host: "" }),
  "a wildcard": ofRule({ host: "*.shop.example" }),
  "a wildcard in the middle": ofRule({ host: "a.*.example" }),
  "a star alone": ofRule({ host: "*" }),
  "capitals in a host": ofRule({ host: "Shop.example" }),
  "an underscore in a host": ofRule({ host: "my_shop.example" }),
  "a port in a host": ofRule({ host: "shop.example:80" }),
  "an address as a host": ofRule({ host: "10.0.0.1" }),
  "an IPv6 address as a host": ofRule({ host: "fd00::1" }),
  "a host that ends in a dot": ofRule({ host: "shop.example." }),
  "a host that is too long": ofRule({ host: `${"a".repeat(63)}.`.repeat(4) + "example" }),
  "a label that is long": ofRule({ host: `${"a".repeat(70)}.example` }),
  "a rule without paths": ofRule({ http: undefined }),
  "no paths": ofRule({ http: { paths: [] } }),
  "no path type": ofPath({ pathType: undefined }),
  "an unknown path type": ofPath({ pathType: "Regex" }),
  "a path that does not begin with a slash": ofPath({ path: "cart" }),
  "an expression that does not begin with a slash": ofPath({ path: "cart", pathType: "ImplementationSpecific" }),
  "an expression": ofPath({ path: "/cart(/|$)(.*)", pathType: "ImplementationSpecific" }),
  "an expression of type Prefix": ofPath({ path: "/cart(/|$)(.*)" }),
  "no path, Prefix": ofPath({ path: undefined }),
  "no path, ImplementationSpecific": ofPath({ path: undefined, pathType: "ImplementationSpecific" }),
  "two slashes": ofPath({ path: "/a//b" }),
  "two slashes, ImplementationSpecific": ofPath({ path: "/a//b", pathType: "ImplementationSpecific" }),
  "dots": ofPath({ path: "/a/../b" }),
  "dots at the end": ofPath({ path: "/a/.." }),
  "a dot at the end": ofPath({ path: "/a/." }),
  "a dot in a name": ofPath({ path: "/a/.b" }),
  "an encoded slash": ofPath({ path: "/a%2fb", pathType: "Exact" }),
  "an encoded slash in capitals": ofPath({ path: "/a%2Fb", pathType: "Exact" }),
  "another encoded character": ofPath({ path: "/a%20b", pathType: "Exact" }),
  "no backend": ofPath({ backend: {} }),
  "a resource": ofPath({ backend: { resource: { apiGroup: "example.com", kind: "Bucket", name: "b" } } }),
  "both kinds of backend": ofPath({ backend: { ...backend, resource: { apiGroup: "example.com", kind: "Bucket", name: "b" } } }),
  "a Service with capitals": ofService({ name: "Web" }),
  "a Service with a dot": ofService({ name: "web.shop" }),
  "a Service that begins with a digit": ofService({ name: "1web" }),
  "no port": ofService({ port: undefined }),
  "port 0": ofService({ port: { number: 0 } }),
  "port 65536": ofService({ port: { number: 65536 } }),
  "a port's name": ofService({ port: { name: "http" } }),
  "a port's name of digits": ofService({ port: { name: "80" } }),
  "a port's name that is too long": ofService({ port: { name: "a-name-too-long-" } }),
  "a port's name with two dashes": ofService({ port: { name: "a--b" } }),
  "name and number of a port": ofService({ port: { name: "http", number: 80 } }),
  "tls without a Secret": ingress({ rules: [rule], tls: [{ hosts: ["shop.example"] }] }),
  "tls with a bad host": ingress({ rules: [rule], tls: [{ hosts: ["Shop.example"] }] }),
  "tls with an address": ingress({ rules: [rule], tls: [{ hosts: ["10.0.0.1"] }] }),
  "tls with a bad name": ingress({ rules: [rule], tls: [{ secretName: "My_Secret" }] }),
  "a bad class": ingress({ rules: [rule], ingressClassName: "My Class" }),
  "two classes": ingress({ rules: [rule], ingressClassName: "nginx" }, { annotations: { "kubernetes.io/ingress.class": "nginx" } }),
  "an annotation without a prefix": ingress({ rules: [rule] }, { annotations: { note: "x" } }),
  "an annotation with a bad name": ingress({ rules: [rule] }, { annotations: { "example.com/a b": "x" } }),
  "an annotation with two slashes": ingress({ rules: [rule] }, { annotations: { "example.com/a/b": "x" } }),
  "an annotation with a bad prefix": ingress({ rules: [rule] }, { annotations: { "-x/a": "x" } }),
  "an annotation with an empty name": ingress({ rules: [rule] }, { annotations: { "example.com/": "x" } }),
  "annotations without end": ingress({ rules: [rule] }, { annotations: { "example.com/a": "x".repeat(262_145) } }),
};

/** What an API server takes, and Sluice cannot serve. */
const SLUICE_ALONE: ReadonlySet<string> = new Set(["a resource"]);

describe("a check, and what an API server says", { skip: envtestMissing ?? false, timeout: 120_000 }, () => {
  let api: Envtest;
  before(async () => {
    api = await startEnvtest();
  });
  after(() => api?.stop());

  for (const [name, object] of Object.entries(INGRESSES)) {
    test(name, async () => {
      const [refusal, errors] = await Promise.all([refused(api, object), errorsOf(object)]);
      assert.equal(errors.length > 0, refusal !== undefined || SLUICE_ALONE.has(name), `the API server: ${refusal ?? "taken"}; the check: ${errors.join("; ") || "nothing"}`);
    });
  }
});

/** The API server's words; undefined: it would take the object. */
function refused({ server, ca, token }: Envtest, object: Json): Promise<string | undefined> {
  const url = `${server}/apis/networking.k8s.io/v1/namespaces/default/ingresses?dryRun=All`;
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: "POST", ca: readFileSync(ca), agent: false, headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve(response.statusCode === 201 ? undefined : `${response.statusCode} ${(JSON.parse(text) as { message: string }).message}`));
    });
    asked.on("error", reject);
    asked.end(JSON.stringify(object));
  });
}

/** The errors of what is checked as a part: the Service is elsewhere. */
async function errorsOf(object: Json): Promise<readonly string[]> {
  const source = textSource(new Map([["web.json", JSON.stringify(object)]]));
  await source.start(() => {}, new AbortController().signal);
  const { findings, all: unsorted } = await judgeSource(source, { ...parseSettings(["--watch-ingress-without-class"], "run", {}), manifests: ["web.json"] }, false);
  const all = asClusterTakesThem(findings, unsorted, source.snapshot.all("Ingress").values());
  return all.filter(({ severity, missing }) => severity === "error" && missing === undefined).map(({ code, field, sentence }) => `${code} ${field}: ${sentence}`);
}
