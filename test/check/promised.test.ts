/** Secrets that something in a cluster makes are not missed in files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommand } from "../support/command.ts";
import { site } from "../support/manifests.ts";

interface Output {
  readonly findings: readonly { readonly code: string; readonly severity: string }[];
}

const WEB = site({ name: "web", host: "web.example", endpoints: [], tlsSecret: "web-tls" });

/** Codes with severities of what a check says. */
async function checked(text: string): Promise<{ readonly told: readonly string[]; readonly code: number | null }> {
  const { stdout, stderr, code } = await runCommand(["check", "-", "-o", "json"], {}, undefined, text);
  assert.equal(stderr, "");
  const { findings } = JSON.parse(stdout) as Output;
  return { told: findings.map((one) => `${one.severity} ${one.code}`), code };
}

const certificate = (apiVersion = "cert-manager.io/v1"): string => `---\napiVersion: ${apiVersion}\nkind: Certificate\nmetadata: {name: web, namespace: shop}\nspec: {secretName: web-tls}\n`;
const NEAR = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: web-tl, namespace: shop}\ntype: Opaque\n";

test("a Secret that nothing makes is missed", async () => {
  assert.deepEqual((await checked(WEB)).told, ["error certificate-missing"]);
  assert.deepEqual((await checked(WEB + certificate("networking.internal.knative.dev/v1alpha1"))).told, ["error certificate-missing"], "another kind of the same name");
  assert.deepEqual((await checked(WEB + certificate().replace("namespace: shop", "namespace: other"))).told, ["error certificate-missing"], "of another namespace");
  assert.deepEqual((await checked(WEB + certificate().replace("secretName: web-tls", "secretName: [x]"))).told, ["error certificate-missing"], "a name that is none");
});

test("cert-manager's Certificates, ExternalSecrets and SealedSecrets make theirs", async () => {
  const makers = [
    certificate(),
    "---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: any, namespace: shop}\nspec: {target: {name: web-tls}}\n",
    "---\napiVersion: external-secrets.io/v1beta1\nkind: ExternalSecret\nmetadata: {name: web-tls, namespace: shop}\nspec: {}\n",
    "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: web-tls, namespace: shop}\nspec: {}\n",
    "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: any, namespace: shop}\nspec: {template: {metadata: {name: web-tls}}}\n",
    "---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: web, namespace: shop}, spec: {secretName: web-tls}}\n",
  ];
  for (const text of [...makers, certificate() + NEAR]) assert.deepEqual(await checked(WEB + text), { told: [], code: 0 }, text);
});

test("an Ingress that asks cert-manager by an annotation names the Secret that it will get", async () => {
  const annotated = (annotation: string): string => WEB.replace('"annotations":{}', `"annotations":{${annotation}}`);
  for (const name of ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer"]) assert.deepEqual((await checked(annotated(`"${name}":"letsencrypt"`))).told, [], name);
  assert.deepEqual((await checked(annotated('"kubernetes.io/tls-acme":"true"'))).told, []);
  assert.deepEqual((await checked(annotated('"kubernetes.io/tls-acme":"false"'))).told, ["error certificate-missing"]);
});
