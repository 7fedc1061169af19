/** A whole Sluice with its webhook: it serves while the webhook's certificate is missing, and uses the certificate when it comes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { IncomingMessage } from "node:http";
import { selfSigned } from "../support/openssl.ts";
import { freePorts, startSluice } from "../support/sluice.ts";

const SHOP = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop}
spec:
  ingressClassName: nginx
  rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
`;

test("requests are served without the webhook's certificate, and the webhook answers once it is there", { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "webhook-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [port] = await freePorts(1);
  const [certificate, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const sluice = await startSluice({
    files: { "shop.yaml": SHOP },
    args: [`--validating-webhook=127.0.0.1:${port}`, `--validating-webhook-certificate=${certificate}`, `--validating-webhook-key=${key}`],
  });
  t.after(() => sluice.stop());
  const codes = async (): Promise<string[]> => (JSON.parse((await sluice.ask("/api/v1/findings")).text) as { code: string }[]).map(({ code }) => code);
  assert.ok((await codes()).includes("webhook-certificate-unusable"));

  const pair = selfSigned(["localhost"]);
  writeFileSync(key, pair.key);
  writeFileSync(certificate, pair.chain);
  while ((await codes()).includes("webhook-certificate-unusable")) await sleep(50);

  const backend = { service: { name: "web", port: { number: 80 } } };
  const object = {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "other", namespace: "other" },
    spec: { ingressClassName: "nginx", rules: [{ host: "shop.example", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }] },
  };
  const resource = { group: "networking.k8s.io", version: "v1", resource: "ingresses" };
  const body = JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "u", operation: "CREATE", namespace: "other", name: "other", resource, object } });
  const asked = request({ host: "127.0.0.1", port, method: "POST", path: "/", ca: pair.chain, servername: "localhost", agent: false }).end(body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const text = (await response.toArray()).join("");
  assert.match((JSON.parse(text) as { response: { status: { message: string } } }).response.status.message, /declared by the Ingress shop\/shop already/);
});
