/** Sluice with an account that may read the Secrets in use and no others, as `sluice rbac` prints it, on a real API server. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openConnection } from "../../src/source/kubernetes/connection.ts";
import { service, slice } from "../source/kubernetes/cases.ts";
import { realApi, type Api, type Manifest } from "../source/kubernetes/api.ts";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { envtestMissing } from "../support/envtest.ts";
import { selfSigned } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const ACCOUNT = "sluice";
const RBAC = "rbac.authorization.k8s.io";

describe("Secrets one by one from a real API server", { skip: envtestMissing ?? false, timeout: 180_000 }, () => {
  let api: Api;
  let sluice: Sluice;
  let namespace: string;
  let folder: string;
  let kubeconfig: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "sluice-secrets-"));
    api = await realApi();
    namespace = await api.namespace();
    kubeconfig = join(folder, "kubeconfig");
    const user = `system:serviceaccount:${namespace}:${ACCOUNT}`;
    writeFileSync(kubeconfig, readFileSync(api.kubeconfig, "utf8").replace("user: {client-certificate-data", `user: {as: "${user}", client-certificate-data`));
    await api.create(namespace, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: ACCOUNT } });
    for (const object of readingAllButSecrets(namespace)) await api.create("", object);
    await api.create("", { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } });
    for (const name of ["pair", "late", "secret"]) await api.create(namespace, pair(name, `${name}.example`, name));
    await api.create(namespace, ingress("shop", "pair.example", "pair"));
    await api.create(namespace, service("web"));
    await api.create(namespace, slice("web-1", "web"));
    await applyRoles();
    sluice = await startSluice({ args: [`--kubeconfig=${kubeconfig}`, "--secrets=named"] });
  });
  after(async () => {
    await sluice?.stop();
    await api?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Writes the objects that `sluice rbac` prints to the API server, as `kubectl apply` would. */
  async function applyRoles(): Promise<readonly Manifest[]> {
    const { stdout, code } = await runCommand(["rbac", `--kubeconfig=${kubeconfig}`, `--service-account=${namespace}/${ACCOUNT}`, "--output=json"]);
    assert.equal(code, 0);
    const { items } = JSON.parse(stdout) as { items: Manifest[] };
    for (const object of items) {
      const where = String(object.metadata["namespace"]);
      await api.create(where, object).catch(async (error: Error) => {
        if (!/already exists/.test(error.message)) throw error;
        await api.patch(where, object.kind, object.metadata.name, object);
      });
    }
    return items;
  }

  const certificateOf = async (host: string): Promise<string | undefined> =>
    (await ask({ port: sluice.https, tls: true, host })).certificate?.subject.CN as string | undefined;
  const findings = async (): Promise<readonly { code: string; sentence: string; object: { kind: string; name: string } }[]> =>
    JSON.parse((await sluice.ask("/api/v1/findings")).text);
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds())) await sleep(100);
  };

  test("what is referred to is served, and its rotation is seen", async () => {
    assert.equal(await certificateOf("pair.example"), "pair");
    await api.patch(namespace, "Secret", "pair", { data: pair("pair", "pair.example", "rotated")["data"] });
    await sluice.sync();
    assert.equal(await certificateOf("pair.example"), "rotated");
  });

  test("no other Secret can be read with the account, neither by name nor all of them", async () => {
    const connection = await openConnection({ kubeconfig, context: "" });
    const status = async (path: string, query: Record<string, string> = {}): Promise<number> => {
      const response = await connection.request(path, query, AbortSignal.timeout(10_000));
      response.body.destroy();
      return response.statusCode;
    };
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    assert.equal(await status(`${secrets}/pair`), 200);
    assert.equal(await status(secrets, { fieldSelector: "metadata.name=pair" }), 200);
    assert.equal(await status(`${secrets}/secret`), 403);
    assert.equal(await status(secrets, { fieldSelector: "metadata.name=secret" }), 403);
    assert.equal(await status(secrets), 403);
    assert.equal(await status("/api/v1/secrets"), 403);
    await connection.close();
  });

  test("a Secret that is newly referred to is a finding until its Role is there; then it is served without a restart", async () => {
    await api.create(namespace, ingress("late", "late.example", "late"));
    await sluice.sync();
    await until(async () => (await findings()).some(({ code, sentence, object }) => code === "certificate-broken" && object.name === "late" && /account may not read it; run "sluice rbac"/.test(sentence)));
    assert.notEqual(await certificateOf("late.example"), "late");
    assert.equal(await certificateOf("pair.example"), "rotated");
    const [role] = await applyRoles();
    const [rule] = (role?.["rules"] ?? []) as { resourceNames: string[] }[];
    assert.deepEqual(rule?.resourceNames, ["late", "pair"]);
    await until(async () => (await certificateOf("late.example")) === "late");
    assert.deepEqual((await findings()).filter(({ code }) => code === "certificate-broken"), []);
  });

  test("what keeps requests out stays closed while its Secret may not be read", async () => {
    await api.create(namespace, { apiVersion: "v1", kind: "Secret", metadata: { name: "passwords" }, data: { auth: Buffer.from("ann:{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ=\n").toString("base64") } });
    await api.create(namespace, ingress("closed", "closed.example", undefined, { "auth-type": "basic", "auth-secret": "passwords" }));
    await sluice.sync();
    assert.equal((await ask({ port: sluice.http, host: "closed.example" })).status, 503);
    assert.ok((await findings()).some(({ code, sentence }) => code === "annotation-reference" && /which Sluice's account may not read: run "sluice rbac"/.test(sentence)));
    await applyRoles();
    await until(async () => (await ask({ port: sluice.http, host: "closed.example" })).status === 401);
  });
});

function readingAllButSecrets(namespace: string): readonly Manifest[] {
  const rules = [
    { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "ingressclasses"] }, { apiGroups: [""], resources: ["services", "configmaps"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"] },
  ].map((rule) => ({ ...rule, verbs: ["get", "list", "watch"] }));
  return [
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: "sluice" }, rules },
    {
      apiVersion: `${RBAC}/v1`, kind: "ClusterRoleBinding", metadata: { name: "sluice" }, roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "sluice" },
      subjects: [{ kind: "ServiceAccount", namespace, name: ACCOUNT }],
    },
  ];
}

function pair(name: string, host: string, commonName: string): Manifest {
  const { chain, key } = selfSigned([host], commonName);
  const encoded = (text: string): string => Buffer.from(text).toString("base64");
  return { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { name }, data: { "tls.crt": encoded(chain), "tls.key": encoded(key) } };
}

function ingress(name: string, host: string, secretName?: string, annotations: Record<string, string> = {}): Manifest {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]));
  const tls = secretName === undefined ? {} : { tls: [{ hosts: [host], secretName }] };
  return {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, annotations: prefixed },
    spec: { ingressClassName: "nginx", ...tls, rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }] },
  };
}
