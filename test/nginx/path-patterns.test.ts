/** Expressions that PCRE refuses, or that take it too long: other routes are not affected, and the log says so once. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PATH_BOUNDS } from "../../src/model/shapes/bounds.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let sluice: Sluice;
let echo: EchoBackend;

const ingress = (name: string, host: string, path: string, annotations: string): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}, namespace: shop, annotations: {${annotations}}}
spec:
  ingressClassName: nginx
  rules:
  - host: ${host}
    http: {paths: [{path: '${path}', pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}]}
`;
const USE_REGEX = 'nginx.ingress.kubernetes.io/use-regex: "true"';

/** An Ingress with the most paths that may be expressions; no worker has compiled any of them yet. */
const many = (): string => {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const paths = Array.from({ length: PATH_BOUNDS.ingress }, (_, i) => ({ path: `/v${i}/(users|orders)/[0-9]+/items(/|$)(.*)`, pathType: "ImplementationSpecific", backend }));
  const metadata = { name: "many", namespace: "shop", annotations: { "nginx.ingress.kubernetes.io/use-regex": "true" } };
  return documents({ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata, spec: { ingressClassName: "nginx", rules: [{ host: "many.example", http: { paths } }] } });
};

before(async () => {
  echo = await startEcho("web");
  sluice = await startSluice({
    files: {
      "web.yaml": site({ name: "web", host: "good.example", endpoints: [`127.0.0.1:${echo.port}`] }),
      "many.yaml": many(),
      "twice.yaml": ingress("twice", "twice.example", "/(?<n>a)(?<n>b)", USE_REGEX),
      "slow.yaml": ingress("slow", "slow.example", "/(a|a|b.)+$", USE_REGEX),
    },
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

const status = async (host: string, path: string): Promise<number> => (await ask({ port: sluice.http, host, path })).status;

test("a thousand that are not compiled yet are no reason to refuse the first requests to a worker", async () => {
  for (let i = 0; i < 20; i++) assert.equal(await status("many.example", "/v0/users/7/items/x"), 200);
});

test("one that does not compile matches nothing, and each worker says so once", async () => {
  for (let i = 0; i < 40; i++) assert.equal(await status("twice.example", "/ab"), 404);
  const said = sluice.engineLog().split("\n").filter((line) => line.includes("two named subpatterns"));
  const { workers } = await sluice.generation();
  assert.ok(said.length >= 1 && said.length <= workers, `${said.length} lines of ${workers} workers`);
});

test("one that takes too long gives up and ends the request; the neighbours are served meanwhile", async () => {
  const evil = `/${"a".repeat(60)}!`;
  const started = Date.now();
  const before = echo.requests();
  assert.equal(await status("slow.example", evil), 500);
  assert.equal(echo.requests(), before);
  assert.ok(Date.now() - started < 1000, `${Date.now() - started} ms`);
  assert.equal(await status("slow.example", "/aa"), 200);
  assert.equal(await status("good.example", "/"), 200);
});
