/** `sluice rbac`: prints Roles for the Secrets in use, and the same text for the same objects. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { rolesFor } from "../src/commands/rbac.ts";
import { runCommand } from "./support/command.ts";

const ACCOUNT = "--service-account=edge/sluice";

const INGRESSES = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop, annotations: {nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: passwords}}
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example], secretName: pair}]
  rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: blog, namespace: blog}
spec:
  ingressClassName: nginx
  tls: [{hosts: [blog.example], secretName: pair}, {hosts: [x.example], secretName: "Not/A-Name"}]
  rules: [{host: blog.example}, {host: x.example}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: theirs, namespace: other}
spec: {ingressClassName: other, tls: [{hosts: [a.example], secretName: theirs}], rules: [{host: a.example}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: edge}
data: {ssl-dh-param: edge/dh}
`;

test("one Role and one binding for each namespace, with the Secrets that our Ingresses, flags and ConfigMap name", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "rbac-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "all.yaml"), INGRESSES);
  const args = ["rbac", ACCOUNT, `--manifests=${folder}`, "--default-ssl-certificate=edge/wildcard", "--configmap=edge/settings"];
  const { stdout, code } = await runCommand(args);
  assert.equal(code, 0);
  const roles = parseAllDocuments(stdout).map((document) => document.toJS() as Record<string, unknown>);
  const secrets = roles.filter(({ kind }) => kind === "Role").map(({ metadata, rules }) => [(metadata as { namespace: string }).namespace, rules]);
  const rule = (...resourceNames: string[]) => [{ apiGroups: [""], resources: ["secrets"], resourceNames, verbs: ["get", "list", "watch"] }];
  assert.deepEqual(secrets, [["blog", rule("pair")], ["edge", rule("dh", "wildcard")], ["shop", rule("pair", "passwords")]]);
  assert.deepEqual(roles.filter(({ kind }) => kind === "RoleBinding").map(({ subjects }) => subjects), Array.from({ length: 3 }, () => [{ kind: "ServiceAccount", namespace: "edge", name: "sluice" }]));
  assert.equal((await runCommand(args)).stdout, stdout);

  const json = JSON.parse((await runCommand([...args, "--output=json"])).stdout) as { kind: string; items: unknown[] };
  assert.equal(json.kind, "List");
  assert.deepEqual(json.items, roles);
});

test("accounts of the same name do not share Roles", () => {
  const names = ["a", "b"].map((namespace) => rolesFor(["shop/pair"], { namespace, name: "sluice" })[0]?.metadata.name);
  assert.deepEqual(names, ["sluice-secrets.a.sluice", "sluice-secrets.b.sluice"]);
});

test("without a Secret in use, and without an account, it says so", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "rbac-"));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.equal((await runCommand(["rbac", ACCOUNT, `--manifests=${folder}`])).stdout, "# No Ingress refers to a Secret.\n");
  const { code, stderr } = await runCommand(["rbac", `--manifests=${folder}`]);
  assert.equal(code, 2);
  assert.match(stderr, /--service-account=NAMESPACE\/NAME/);
});
