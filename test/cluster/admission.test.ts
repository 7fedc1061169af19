/** The webhook as a real API server uses it: what it denies is never written, and what passes is served. */
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { realApi, type Api, type Manifest } from "../source/kubernetes/api.ts";
import { envtestMissing } from "../support/envtest.ts";
import { selfSigned, type KeyPair } from "../support/openssl.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

describe("admission by a real API server", { skip: envtestMissing ?? false, timeout: 120_000 }, () => {
  let api: Api;
  let sluice: Sluice;
  let namespace: string;
  let folder: string;
  let port: number;

  const write = ({ chain, key }: KeyPair): void => {
    for (const [name, text] of [["tls.crt", chain], ["tls.key", key]] as const) {
      writeFileSync(join(folder, `.${name}`), text);
      renameSync(join(folder, `.${name}`), join(folder, name));
    }
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "webhook-"));
    api = await realApi();
    namespace = await api.namespace();
    [port] = await freePorts(1);
    const pair = selfSigned(["localhost"], "webhook");
    write(pair);
    await api.create("", { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } });
    await api.create("", { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "other" }, spec: { controller: "example.com/other" } });
    sluice = await startSluice({
      args: [`--kubeconfig=${api.kubeconfig}`, `--validating-webhook=127.0.0.1:${port}`, `--validating-webhook-certificate=${folder}/tls.crt`, `--validating-webhook-key=${folder}/tls.key`],
    });
    await api.create("", webhook(port, pair));
    await untilAsked();
  });
  after(async () => {
    await sluice?.stop();
    await api?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Waits until the API server asks the webhook: it takes a new configuration in a moment after that is written. */
  const untilAsked = async (): Promise<void> => {
    for (;;) {
      const refused = await api.create(namespace, ingress("probe", "probe.example", { "auth-type": "kerberos" })).then(() => "", (error: Error) => error.message);
      if (refused.includes("denied the request")) return;
      // The API server may ask about this removal already while the webhook does not answer yet: then the removal fails.
      if (refused === "") await api.remove(namespace, "Ingress", "probe").catch(() => undefined);
      await sleep(50);
    }
  };

  test("a broken annotation is denied with the sentence, and nothing of it is written", async () => {
    await assert.rejects(api.create(namespace, ingress("broken", "broken.example", { "allowlist-source-range": "300.0.0.1" })),
      /admission webhook "sluice\.example\.com" denied the request: metadata\.annotations\[nginx\.ingress\.kubernetes\.io\/allowlist-source-range\]: "300\.0\.0\.1" is not valid for allowlist-source-range/);
    await assert.rejects(api.patch(namespace, "Ingress", "broken", { metadata: { labels: { a: "b" } } }), /not found/);
  });

  test("a host and path that is taken is denied, also by an update", async () => {
    await api.create(namespace, ingress("first", "shop.example"));
    await sluice.sync();
    await assert.rejects(api.create(namespace, ingress("second", "shop.example")), /shop\.example\/ \(prefix\) is declared by the Ingress case-\S+\/first already/);
    await api.create(namespace, ingress("second", "blog.example"));
    await sluice.sync();
    await assert.rejects(api.patch(namespace, "Ingress", "second", { spec: ingress("x", "shop.example")["spec"] }), /is declared by the Ingress/);
    // "first" is the older Ingress, but the path that it now asks for belongs to "second".
    await assert.rejects(api.patch(namespace, "Ingress", "first", { spec: ingress("x", "blog.example")["spec"] }), /(It would change what the Ingress case-\S+\/second does, )?\S+: blog\.example\/ \(prefix\) is declared by/);
    await api.patch(namespace, "Ingress", "first", { metadata: { labels: { team: "shop" } } });
  });

  test("Ingresses of other controllers, and removals, are as without it", async () => {
    const foreign = ingress("foreign", "shop.example", { "configuration-snippet": "x" });
    await api.create(namespace, { ...foreign, spec: { ...(foreign["spec"] as object), ingressClassName: "other" } });
    await api.remove(namespace, "Ingress", "foreign");
    await api.remove(namespace, "Ingress", "second");
  });

  test("what passed is read without a finding, and what was denied would have had the same one", async () => {
    await sluice.sync();
    const of = async (): Promise<string[]> =>
      (JSON.parse((await sluice.ask("/api/v1/findings")).text) as { code: string; severity: string; sentence: string; object: { kind: string } }[])
        .filter(({ severity, object, code }) => severity === "error" && object.kind === "Ingress" && code !== "service-missing").map(({ sentence }) => sentence);
    assert.deepEqual(await of(), []);
    const bad = ingress("bad", "bad.example", { "allowlist-source-range": "300.0.0.1" });
    const denied = await api.create(namespace, bad).then(() => "", (error: Error) => error.message);
    await api.remove("", "ValidatingWebhookConfiguration", "sluice");
    while (!(await api.create(namespace, bad).then(() => true, () => false))) await sleep(50);
    await sluice.sync();
    const [sentence = "no finding"] = await of();
    assert.ok(denied.includes(sentence), `${denied} does not say: ${sentence}`);
  });

  test("a rotated certificate is used by the next request", async () => {
    await api.remove(namespace, "Ingress", "bad");
    const next = selfSigned(["localhost"], "next");
    write(next);
    await api.create("", webhook(port, next));
    await untilAsked();
    await api.create(namespace, ingress("rotated", "rotated.example"));
  });
});

/** The webhook's configuration. It fails closed, so that a test notices an API server that does not reach the webhook. */
function webhook(port: number, { chain }: KeyPair): Manifest {
  return {
    apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration", metadata: { name: "sluice" },
    webhooks: [{
      name: "sluice.example.com", admissionReviewVersions: ["v1"], sideEffects: "None", failurePolicy: "Fail", matchPolicy: "Equivalent", timeoutSeconds: 10,
      rules: [{ apiGroups: ["networking.k8s.io"], apiVersions: ["v1"], resources: ["ingresses"], operations: ["CREATE", "UPDATE", "DELETE"] }],
      clientConfig: { url: `https://localhost:${port}/networking/v1/ingresses`, caBundle: Buffer.from(chain).toString("base64") },
    }],
  };
}

function ingress(name: string, host: string, annotations: Record<string, string> = {}): Manifest {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]));
  return {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, annotations: prefixed },
    spec: { ingressClassName: "nginx", rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }] },
  };
}
