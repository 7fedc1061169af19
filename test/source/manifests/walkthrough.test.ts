/** Manifests for several generations of the Kubernetes API, as people have them today, are read without edits. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folderOf, startOn, told } from "./folder.ts";

const FILES = join(import.meta.dirname, "walkthrough");
const text = (name: string): string => readFileSync(join(FILES, name), "utf8");

test("the whole folder is read, and every old shape is told with its line", async (t) => {
  const { source, logged } = await startOn(t, FILES);
  assert.deepEqual([...source.snapshot.all("Service").keys()].sort(), [
    "default/canary-hello-service",
    "default/hello-service",
    "default/my-nginx",
    "default/tomcat",
    "kube-system/default-http-backend",
  ]);
  assert.deepEqual([...source.snapshot.all("Ingress").keys()].sort(), [
    "default/canary",
    "default/hello",
    "default/ingress-tomcat-tls",
    "ingress-myapp/ingress-myapp",
  ]);
  assert.deepEqual(told(source.findings, { path: FILES, write: assert.fail }).sort(), [
    "api-version-old canary-cookie.yaml:1 apiVersion",
    "api-version-old canary-header.yaml:1 apiVersion",
    "api-version-old canary-weight.yaml:1 apiVersion",
    "backend-old-shape ingress-myapp.yaml:14 spec.rules[0].http.paths[0].backend",
    "class-annotation-deprecated canary-cookie.yaml:6 metadata.annotations[kubernetes.io/ingress.class]",
    "class-annotation-deprecated canary-header.yaml:6 metadata.annotations[kubernetes.io/ingress.class]",
    "class-annotation-deprecated canary-main.yaml:6 metadata.annotations[kubernetes.io/ingress.class]",
    "class-annotation-deprecated canary-weight.yaml:6 metadata.annotations[kubernetes.io/ingress.class]",
    "class-annotation-deprecated ingress-myapp.yaml:7 metadata.annotations[kubernetes.io/ingress.class]",
    "class-annotation-deprecated ingress-tomcat-tls.yaml:7 metadata.annotations[kubernetes.io/ingress.class]",
    "duplicate-object canary-cookie.yaml:4 metadata.name",
    "duplicate-object canary-header.yaml:4 metadata.name",
    "path-empty ingress-myapp.yaml:13 spec.rules[0].http.paths[0].path",
    "path-type-missing ingress-myapp.yaml:13 spec.rules[0].http.paths[0].pathType",
  ]);
  assert.match(logged.join("\n"), /4 apps\/v1 Deployment/);
});

test("the old backend under the new version becomes the new one, and the finding shows it", async (t) => {
  const { source } = await startOn(t, folderOf(t, { "a.yaml": text("ingress-myapp.yaml") }).path);
  assert.deepEqual(source.snapshot.get("Ingress", "ingress-myapp", "ingress-myapp")?.spec.rules, [
    {
      host: "tomcat.lucky.com",
      http: { paths: [{ pathType: "ImplementationSpecific", backend: { service: { name: "tomcat", port: { number: 8080 } } } }] },
    },
  ]);
  const shape = source.findings.find(({ code }) => code === "backend-old-shape");
  assert.match(shape?.sentence ?? "", /write "service: \{name: tomcat, port: \{number: 8080\}\}"$/);
});

test("of three states of one object the last in path order serves", async (t) => {
  const { source } = await startOn(t, FILES);
  const canary = source.snapshot.get("Ingress", "default", "canary");
  assert.equal(canary?.metadata.annotations?.["nginx.ingress.kubernetes.io/canary-weight"], "30");
  const double = source.findings.find(({ code }) => code === "duplicate-object");
  assert.match(double?.sentence ?? "", /^Ingress default\/canary is declared in .*canary-cookie\.yaml:4 and again in .*canary-weight\.yaml:4: /);
});
