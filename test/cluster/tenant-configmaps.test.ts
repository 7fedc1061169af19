/**
 * ConfigMaps that Ingresses name, with an API server: paths are closed while their ConfigMap is missing and open when it
 * comes, an edit takes effect at once, and a ConfigMap that nobody names costs nothing. Runs on a real kube-apiserver, where
 * one is at hand, and on the stand-in.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Finding } from "../../src/model/findings/findings.ts";
import { realApi, standInApi, type Api } from "../source/kubernetes/api.ts";
import { ask, type Answer } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { envtestMissing } from "../support/envtest.ts";
import { startFastcgi, type Backend } from "../support/protocol-backends.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const PREFIX = "nginx.ingress.kubernetes.io";

function cases(name: string, open: () => Promise<Api>, skip: string | undefined): void {
  describe(`ConfigMaps of ${name}`, { skip: skip ?? false }, () => {
    let api: Api;
    let sluice: Sluice;
    let echo: EchoBackend;
    let php: Backend;
    let namespace: string;

    const get = (host: string): Promise<Answer> => ask({ port: sluice.http, host: `${host}.example` });
    const findings = async (about: string): Promise<string[]> =>
      (JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[]).filter(({ object }) => object.name === about).map(({ sentence }) => sentence);
    const put = (map: string, data: Readonly<Record<string, string>>): Promise<void> => api.create(namespace, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: map }, data });
    const edit = (map: string, data: Readonly<Record<string, string | null>>): Promise<void> => api.patch(namespace, "ConfigMap", map, { data });

    before(async () => {
      echo = await startEcho("web");
      php = await startFastcgi();
      api = await open();
      namespace = await api.namespace();
      await api.create("", { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } });
      await put("settings", { "global-allowed-response-headers": "X-Frame-Options,X-Team" });
      for (const [backend, port] of [["web", echo.port], ["php", php.port]] as const) {
        await api.create(namespace, service(backend));
        await api.create(namespace, slice(backend, port));
      }
      await put("unnamed", { "X-Team": "nobody's" });
      const asks = `http://127.0.0.1:${echo.port}/?echo-copy=x-tenant`;
      await api.create(namespace, ingress("headers", "web", { "custom-headers": `${namespace}/headers` }));
      await api.create(namespace, ingress("auth", "web", { "auth-url": asks, "auth-proxy-set-headers": `${namespace}/auth`, "auth-response-headers": "Echo-X-Tenant" }));
      await api.create(namespace, ingress("php", "php", { "backend-protocol": "FCGI", "fastcgi-params-configmap": `${namespace}/params` }));
      sluice = await startSluice({ args: [`--kubeconfig=${api.kubeconfig}`, `--configmap=${namespace}/settings`, "--allow-local-targets"] });
    });
    after(async () => {
      await sluice?.stop();
      await api?.stop();
      await php?.close();
      await echo?.close();
    });

    test("one that is missing closes what needs it", async () => {
      await sluice.sync();
      for (const [host, map] of [["headers", "headers"], ["auth", "auth"], ["php", "params"]] as const) {
        assert.equal((await get(host)).status, 503, host);
        assert.match((await findings(host)).join(), new RegExp(`ConfigMap "?${namespace}/${map}"?.* does not exist`));
      }
    });

    test("one that comes opens it", async () => {
      await put("headers", { "X-Team": "shop" });
      await put("auth", { "X-Tenant": "one of $host" });
      await put("params", { SCRIPT_FILENAME: "/app$fastcgi_script_name" });
      await sluice.sync();
      assert.equal((await get("headers")).headers["x-team"], "shop");
      assert.equal((await get("auth")).echo?.headers["echo-x-tenant"], "one of auth.example");
      assert.match((await get("php")).text, /\/app\//);
      for (const host of ["headers", "auth", "php"]) assert.deepEqual(await findings(host), [], host);
    });

    test("an edit holds at once, and reloads nginx for nothing but a new name of a parameter", async () => {
      const { reloads } = await sluice.generation();
      await edit("headers", { "X-Team": null, "X-Frame-Options": "DENY" });
      await edit("auth", { "X-Tenant": "two" });
      await edit("params", { SCRIPT_FILENAME: "/elsewhere$fastcgi_script_name" });
      assert.equal((await sluice.sync()).reloads, reloads);
      const { headers } = await get("headers");
      assert.deepEqual([headers["x-team"], headers["x-frame-options"]], [undefined, "DENY"]);
      assert.equal((await get("auth")).echo?.headers["echo-x-tenant"], "two");
      assert.match((await get("php")).text, /\/elsewhere\//);
      await edit("params", { APP_ENV: "test" });
      assert.equal((await sluice.sync()).reloads, reloads + 1);
      assert.match((await get("php")).text, /APP_ENV/);
    });

    test("what nobody names changes nothing", async () => {
      const { observed } = await sluice.sync();
      await edit("unnamed", { "X-Team": "somebody's" });
      assert.equal((await sluice.sync()).observed, observed);
    });

    test("those that the controller's own ConfigMap names are followed as well", async () => {
      await edit("settings", { "add-headers": `${namespace}/to-clients`, "proxy-set-headers": `${namespace}/to-backends` });
      await sluice.sync();
      assert.equal((await findings("settings")).filter((sentence) => sentence.includes("does not exist")).length, 2);
      await put("to-clients", { "X-Zone": "a" });
      await put("to-backends", { "X-Stage": "one" });
      const { reloads } = await sluice.sync();
      const first = await get("headers");
      assert.deepEqual([first.headers["x-zone"], first.echo?.headers["x-stage"], await findings("settings")], ["a", "one", []]);
      await edit("to-clients", { "X-Zone": "b" });
      await edit("to-backends", { "X-Stage": "two" });
      assert.equal((await sluice.sync()).reloads, reloads);
      const second = await get("headers");
      assert.deepEqual([second.headers["x-zone"], second.echo?.headers["x-stage"]], ["b", "two"]);
    });

    test("one that goes, or says what may not be, closes again", async () => {
      await api.remove(namespace, "ConfigMap", "auth");
      await edit("headers", { "X-Powered-By": "us" });
      await sluice.sync();
      assert.deepEqual([(await get("auth")).status, (await get("headers")).status, (await get("php")).status], [503, 503, 200]);
      assert.match((await findings("headers")).join(), /X-Powered-By/);
    });
  });
}

function ingress(name: string, backend: string, annotations: Readonly<Record<string, string>>) {
  const paths = [{ path: "/", pathType: "Prefix", backend: { service: { name: backend, port: { number: 80 } } } }];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${PREFIX}/${key}`, value])) },
    spec: { ingressClassName: "nginx", rules: [{ host: `${name}.example`, http: { paths } }] },
  };
}

function service(name: string) {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { ports: [{ port: 80, protocol: "TCP" }] } };
}

function slice(name: string, port: number) {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: "", port, protocol: "TCP" }],
    endpoints: [{ addresses: ["127.0.0.1"] }],
  };
}

cases("the stand-in", standInApi, undefined);
cases("a real kube-apiserver", realApi, envtestMissing);
