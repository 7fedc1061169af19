/**
 * Sluice against an API server: objects become routes, changes become deltas, and clients notice nothing of a restart of
 * the API server. The same cases run on a real kube-apiserver, where one is at hand, and on the stand-in.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { realApi, standInApi, type Api } from "../source/kubernetes/api.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { envtestMissing } from "../support/envtest.ts";
import { startLoad } from "../support/load.ts";
import { selfSigned } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

function cases(name: string, open: () => Promise<Api>, skip: string | undefined): void {
  describe(`serving from ${name}`, { skip: skip ?? false }, () => {
    let api: Api;
    let sluice: Sluice;
    let echo: EchoBackend;
    let namespace: string;

    before(async () => {
      echo = await startEcho("web");
      api = await open();
      namespace = await api.namespace();
      await api.create("", { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } });
      await api.create(namespace, service());
      await api.create(namespace, slice([echo]));
      await api.create(namespace, secret(["shop.example"]));
      await api.create(namespace, ingress("shop", "shop.example", { tls: [{ hosts: ["shop.example"], secretName: "pair" }] }));
      sluice = await startSluice({ args: [`--kubeconfig=${api.kubeconfig}`] });
    });
    after(async () => {
      await sluice?.stop();
      await api?.stop();
      await echo?.close();
    });

    test("what exists at the start is served from the first ready moment, certificate included", async () => {
      const answer = await ask({ port: sluice.https, tls: true, host: "shop.example", path: "/cart" });
      assert.equal(answer.echo?.path, "/cart");
      assert.equal(answer.certificate?.subject.CN, "test");
      assert.equal((await ask({ port: sluice.http, host: "shop.example" })).status, 308);
    });

    test("a new Ingress, new endpoints and a new certificate are live after sync, without a reload", async () => {
      await api.create(namespace, ingress("store", "store.example"));
      await api.patch(namespace, "EndpointSlice", "web-1", { endpoints: [] });
      await api.patch(namespace, "Secret", "pair", { data: secretData(["shop.example"], "second") });
      const { reloads } = await sluice.sync();
      assert.equal(reloads, 0);
      assert.equal((await ask({ port: sluice.http, host: "store.example" })).status, 503);
      assert.equal((await ask({ port: sluice.https, tls: true, host: "shop.example" })).certificate?.subject.CN, "second");
      await api.patch(namespace, "EndpointSlice", "web-1", { endpoints: [{ addresses: [echo.address] }] });
      await sluice.sync();
      assert.equal((await ask({ port: sluice.http, host: "store.example" })).status, 200);
    });

    test("a restart of the API server: every request succeeds, and what changes afterwards is programmed", async (t) => {
      const load = startLoad(t, { port: sluice.http, host: "store.example" });
      await api.restart();
      await api.create(namespace, ingress("late", "late.example"));
      const deadline = Date.now() + 90_000;
      while ((await ask({ port: sluice.http, host: "late.example" })).status !== 200) {
        assert.ok(Date.now() < deadline, `the Ingress made after the restart is not served\n${sluice.log()}`);
        await sleep(50);
      }
      // The restart may be over before enough requests were sent.
      await load.more(20);
      assert.deepEqual(await load.problems(), []);
      assert.equal((await sluice.generation()).reloads, 0);
    });

    test("a removed Ingress is gone after sync", async () => {
      await api.remove(namespace, "Ingress", "late");
      await sluice.sync();
      assert.equal((await ask({ port: sluice.http, host: "late.example" })).status, 404);
    });
  });
}

function ingress(name: string, host: string, more: object = {}) {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const rules = [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }];
  return { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name }, spec: { ingressClassName: "nginx", rules, ...more } };
}

function service() {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { ports: [{ port: 80, protocol: "TCP" }] } };
}

function slice(endpoints: readonly EchoBackend[]) {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "web-1", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ name: "", port: endpoints[0]?.port, protocol: "TCP" }],
    endpoints: endpoints.map(({ address }) => ({ addresses: [address] })),
  };
}

function secretData(names: readonly string[], commonName: string) {
  const { chain, key } = selfSigned(names, commonName);
  return { "tls.crt": Buffer.from(chain).toString("base64"), "tls.key": Buffer.from(key).toString("base64") };
}

function secret(names: readonly string[]) {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "pair" }, type: "kubernetes.io/tls", data: secretData(names, "test") };
}

cases("the stand-in", standInApi, undefined);
cases("a real kube-apiserver", realApi, envtestMissing);
