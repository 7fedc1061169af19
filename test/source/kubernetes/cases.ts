/**
 * What a Kubernetes source must do with any API server: run against the stand-in and against a real one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Api, Manifest } from "./api.ts";
import { follow, secretsOnly } from "./follow.ts";
import type { Followed } from "./follow.ts";

export function ingress(name: string, annotations: Record<string, string> = {}): Manifest {
  const backend = { service: { name: "web", port: { number: 80 } } };
  return {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, annotations },
    spec: { rules: [{ host: `${name}.example`, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }] },
  };
}

export function service(name: string): Manifest {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { ports: [{ port: 80, targetPort: "http" }] } };
}

export function slice(name: string, of: string): Manifest {
  return {
    apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice",
    metadata: { name, labels: { "kubernetes.io/service-name": of } },
    addressType: "IPv4", endpoints: [{ addresses: ["10.1.2.3"], conditions: { ready: true } }],
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  };
}

export function secret(name: string, value: string, type = "Opaque"): Manifest {
  return { apiVersion: "v1", kind: "Secret", type, metadata: { name }, data: { key: Buffer.from(value).toString("base64") } };
}

export function configMap(name: string, data: Record<string, string>): Manifest {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

const valueOf = (followed: Followed, namespace: string, name: string): string | undefined =>
  followed.source.snapshot.get("Secret", namespace, name)?.data["key"]?.reveal().toString();

/** Declares one case, whose function gets the server and a namespace of its own. */
export type Declare = (name: string, run: (api: Api, namespace: string, t: TestContext) => Promise<void>) => void;
/** Starts a source that ends with the test. */
export type FollowIn = (t: TestContext, server: Api, namespace: string, more?: Parameters<typeof follow>[1] | object) => Followed;

/** Declares the cases. `start` starts the one server for all of them; each has a namespace of its own. `more` declares further cases. */
export function cases(start: () => Promise<Api>, options: { readonly pages: number; readonly more?: (declare: Declare, followIn: FollowIn) => void }): void {
  let api: Promise<Api> | undefined;
  const with_: Declare = (name, run) => {
    test(name, { timeout: 60_000 }, async (t) => {
      const server = await (api ??= start());
      await run(server, await server.namespace(), t);
    });
  };
  const followIn: FollowIn = (t, server, namespace, more = {}) => {
    return follow(t, { kubeconfig: server.kubeconfig, watchNamespace: namespace, ...more });
  };

  options.more?.(with_, followIn);

  with_("the first read takes all pages and every kind", async (server, namespace, t) => {
    const names = Array.from({ length: options.pages * 500 + 1 }, (_, n) => `i${String(n).padStart(5, "0")}`);
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((name) => server.create(namespace, ingress(name))));
    }
    await server.create(namespace, service("web"));
    await server.create(namespace, slice("web-1", "web"));
    await server.create(namespace, configMap("settings", { "proxy-body-size": "8m" }));
    await server.create(namespace, configMap("other", {}));
    const className = `class-${namespace}`;
    await server.create("", { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: className }, spec: { controller: "k8s.io/ingress-nginx" } });

    const followed = followIn(t, server, namespace, { configmap: `${namespace}/settings` });
    await followed.started;
    const { snapshot } = followed.source;
    assert.equal(snapshot.all("Ingress").size, names.length);
    assert.deepEqual(snapshot.slicesOf(namespace, "web").map((one) => one.endpoints), [[{ addresses: ["10.1.2.3"], conditions: { ready: true } }]]);
    const [port] = snapshot.get("Service", namespace, "web")?.spec.ports ?? [];
    assert.deepEqual([port?.port, port?.targetPort], [80, "http"]);
    assert.equal(snapshot.get("IngressClass", "", className)?.spec.controller, "k8s.io/ingress-nginx");
    assert.deepEqual(followed.names("ConfigMap"), [`${namespace}/settings`]);
    assert.equal(snapshot.get("ConfigMap", namespace, "settings")?.data?.["proxy-body-size"], "8m");
    assert.equal(followed.changes, 0, "changed is not called for the first read");
  });

  with_("adds, updates and deletes arrive", async (server, namespace, t) => {
    const followed = followIn(t, server, namespace);
    await followed.started;
    const find = () => followed.source.snapshot.get("Ingress", namespace, "web");
    await server.create(namespace, ingress("web"));
    await followed.until(() => find() !== undefined);
    assert.equal(find()?.spec.rules?.[0]?.http?.paths[0]?.backend.service?.port?.number, 80);
    await server.patch(namespace, "Ingress", "web", { metadata: { annotations: { colour: "blue" } } });
    await followed.until(() => find()?.metadata.annotations?.["colour"] === "blue");
    await server.remove(namespace, "Ingress", "web");
    await followed.until(() => find() === undefined);
  });

  with_("catching up with one Ingress waits for its newest version, and reads nothing else", async (server, namespace, t) => {
    const followed = followIn(t, server, namespace);
    await followed.started;
    const { reads } = followed.source.counts ?? { reads: 0 };
    const find = () => followed.source.snapshot.get("Ingress", namespace, "web");
    for (const colour of ["blue", "green", "red"]) {
      if (find()) await server.patch(namespace, "Ingress", "web", { metadata: { annotations: { colour } } });
      else await server.create(namespace, ingress("web", { colour }));
      await followed.source.catchUp({ kind: "Ingress", namespace, name: "web" }, AbortSignal.timeout(30_000));
      assert.equal(find()?.metadata.annotations?.["colour"], colour);
    }
    await server.remove(namespace, "Ingress", "web");
    await followed.source.catchUp({ kind: "Ingress", namespace, name: "web" }, AbortSignal.timeout(30_000));
    assert.equal(find(), undefined);
    assert.equal(followed.source.counts?.reads, reads);
  });

  with_("only one namespace is read when one is asked for", async (server, namespace, t) => {
    const elsewhere = await server.namespace();
    const followed = followIn(t, server, namespace);
    await followed.started;
    await server.create(elsewhere, ingress("theirs"));
    await server.create(namespace, ingress("ours"));
    await followed.until(() => followed.names("Ingress").length > 0);
    assert.deepEqual(followed.names("Ingress"), [`${namespace}/ours`]);
  });

  with_("the controller's ConfigMap is followed by name, also when it appears late", async (server, namespace, t) => {
    const elsewhere = await server.namespace();
    const followed = followIn(t, server, namespace, { configmap: `${elsewhere}/settings` });
    await followed.started;
    const data = () => followed.source.snapshot.get("ConfigMap", elsewhere, "settings")?.data;
    assert.equal(data(), undefined);
    await server.create(elsewhere, configMap("settings-2", { a: "x" }));
    await server.create(elsewhere, configMap("settings", { a: "1" }));
    await followed.until(() => data()?.["a"] === "1");
    await server.patch(elsewhere, "ConfigMap", "settings", { data: { a: "2" } });
    await followed.until(() => data()?.["a"] === "2");
    assert.deepEqual(followed.names("ConfigMap"), [`${elsewhere}/settings`]);
  });

  with_("sync sees a write made just before, and keeps what did not change", async (server, namespace, t) => {
    await server.create(namespace, ingress("old"));
    const followed = followIn(t, server, namespace);
    await followed.started;
    const old = followed.source.snapshot.get("Ingress", namespace, "old");
    await server.create(namespace, ingress("new"));
    await followed.source.sync(AbortSignal.timeout(30_000));
    assert.deepEqual(followed.names("Ingress"), [`${namespace}/new`, `${namespace}/old`]);
    assert.equal(followed.source.snapshot.get("Ingress", namespace, "old"), old);
  });

  with_("only wanted Secrets are kept, and they are followed", async (server, namespace, t) => {
    for (const name of ["wanted", "unwanted"]) await server.create(namespace, secret(name, "1"));
    const followed = followIn(t, server, namespace);
    await followed.started;
    assert.deepEqual(followed.names("Secret"), []);
    await followed.source.want(secretsOnly([`${namespace}/wanted`, `${namespace}/missing`]));
    assert.equal(valueOf(followed, namespace, "wanted"), "1");

    await server.patch(namespace, "Secret", "unwanted", { data: { key: Buffer.from("2").toString("base64") } });
    await server.patch(namespace, "Secret", "wanted", { data: { key: Buffer.from("2").toString("base64") } });
    await followed.until(() => valueOf(followed, namespace, "wanted") === "2");
    await server.create(namespace, secret("missing", "3"));
    await followed.until(() => valueOf(followed, namespace, "missing") === "3");
    await followed.source.sync(AbortSignal.timeout(30_000));
    assert.deepEqual(followed.names("Secret"), [`${namespace}/missing`, `${namespace}/wanted`]);

    await server.remove(namespace, "Secret", "missing");
    await followed.until(() => valueOf(followed, namespace, "missing") === undefined);
    await followed.source.want(secretsOnly([]));
    assert.deepEqual(followed.names("Secret"), []);
  });

  with_("many Secrets that are wanted at once are there when want resolves", async (server, namespace, t) => {
    const names = Array.from({ length: 130 }, (_, n) => `s${n}`);
    await Promise.all(names.map((name) => server.create(namespace, secret(name, name))));
    const followed = followIn(t, server, namespace);
    await followed.started;
    await followed.source.want(secretsOnly(names.map((name) => `${namespace}/${name}`)));
    assert.equal(followed.source.snapshot.all("Secret").size, names.length);
    assert.equal(valueOf(followed, namespace, "s129"), "s129");
  });

  with_("a cut connection loses nothing, also when it is cut in the middle of an event", async (server, namespace, t) => {
    const followed = followIn(t, server, namespace);
    await followed.started;
    await server.create(namespace, ingress("before"));
    await followed.until(() => followed.names("Ingress").length === 1);
    server.gate.cut();
    await server.create(namespace, ingress("cut"));
    await followed.until(() => followed.names("Ingress").length === 2);
    server.gate.cutMidway();
    await server.create(namespace, ingress("midway"));
    await followed.until(() => followed.names("Ingress").length === 3);
    await server.remove(namespace, "Ingress", "before");
    await followed.until(() => followed.names("Ingress").length === 2);
    assert.ok((followed.source.counts?.brokenWatches ?? 0) >= 2);
  });

  with_("the snapshot stays while the server is away, and one line says so per round", async (server, namespace, t) => {
    await server.create(namespace, ingress("stays"));
    const followed = followIn(t, server, namespace);
    await followed.started;
    await server.gate.close();
    await followed.untilLogged(/^warn cannot reach https?:\/\/127\.0\.0\.1:\d+: connection refused; trying again in [\d.]+ s$/);
    const { changes } = followed;
    assert.deepEqual(followed.names("Ingress"), [`${namespace}/stays`]);
    await server.create(namespace, ingress("meanwhile"));
    await server.gate.open();
    await followed.untilLogged(/^info .* answers again$/);
    await followed.until(() => followed.names("Ingress").length === 2);
    assert.ok(followed.changes > changes);
    assert.ok((followed.source.counts?.outages ?? 0) > 0);
  });

  with_("a server that is away at start is waited for", async (server, namespace, t) => {
    await server.create(namespace, ingress("web"));
    await server.gate.close();
    const followed = followIn(t, server, namespace);
    await followed.until(() => followed.log.filter((line) => line.includes("connection refused")).length >= 3);
    assert.deepEqual(followed.names("Ingress"), []);
    await server.gate.open();
    await followed.started;
    assert.deepEqual(followed.names("Ingress"), [`${namespace}/web`]);
  });

  with_("a version that is too old leads to a new read that tells of deletions", async (server, namespace, t) => {
    for (const name of ["goes", "stays"]) await server.create(namespace, service(name));
    const followed = followIn(t, server, namespace);
    await followed.started;
    await server.gate.close();
    await server.remove(namespace, "Service", "goes");
    await server.create(namespace, service("comes"));
    await server.compact();
    followed.source.snapshot.takeChanges();
    await server.gate.open();
    await followed.until(() => followed.names("Service").includes(`${namespace}/comes`));
    assert.ok(followed.log.some((line) => /reading all of them anew/.test(line)), followed.log.join("\n"));
    const changed = followed.source.snapshot.takeChanges().filter(({ kind }) => kind === "Service").map(({ name }) => name);
    assert.deepEqual(changed.sort(), ["comes", "goes"]);
    assert.ok((followed.source.counts?.rereads ?? 0) > 0);
  });

  with_("IngressClasses that may not be read at start are done without", async (server, namespace, t) => {
    await server.create(namespace, ingress("web"));
    const { kubeconfig } = await server.restricted("ingressclasses");
    const followed = followIn(t, server, namespace, { kubeconfig });
    await followed.started;
    assert.equal(followed.source.classesReadable, false);
    assert.deepEqual(followed.source.findings.map(({ code }) => code), ["ingressclasses-forbidden"]);
    assert.deepEqual(followed.names("Ingress"), [`${namespace}/web`]);
    await followed.source.sync(AbortSignal.timeout(30_000));
  });

  with_("stopping ends everything, also a start and a sync that wait", async (server, namespace, t) => {
    const followed = followIn(t, server, namespace);
    await followed.started;
    await server.gate.close();
    const waiting = follow(t, { kubeconfig: server.kubeconfig });
    await waiting.untilLogged(/connection refused/);
    const sync = followed.source.sync(AbortSignal.timeout(50));
    await assert.rejects(sync, { name: "TimeoutError" });
    waiting.stop();
    await assert.rejects(waiting.started, { name: "AbortError" });
    await server.gate.open();
  });

  with_("one that cannot wait for ever gives up with the reason, and not on a server that answers", async (server, namespace, t) => {
    const patient = followIn(t, server, namespace, { giveUpAfter: 300 });
    await patient.started;
    const { kubeconfig } = await server.restricted("services");
    const denied = followIn(t, server, namespace, { kubeconfig, giveUpAfter: 300 });
    await assert.rejects(denied.started, /^UserError: http\S+ cannot be read: needs (list|watch) on services: grant it with kubectl .*\.$/);
    await server.gate.close();
    const away = followIn(t, server, namespace, { giveUpAfter: 300 });
    await assert.rejects(away.started, /^UserError: http\S+ cannot be read: connection refused; start it, or name another .*\.$/);
    await assert.rejects(patient.source.sync(AbortSignal.timeout(30_000)), /^UserError: http\S+ cannot be read: /);
    await server.gate.open();
    // Its patience may end once more before it asks again.
    const synced = (): Promise<boolean> => patient.source.sync(AbortSignal.timeout(30_000)).then(() => true, () => false);
    while (!(await synced())) t.signal.throwIfAborted();
  });

  with_("a restarted server is followed again", async (server, namespace, t) => {
    await server.create(namespace, ingress("before"));
    const followed = followIn(t, server, namespace);
    await followed.started;
    const before = followed.source.snapshot.get("Ingress", namespace, "before");
    await server.restart();
    await server.create(namespace, ingress("after"));
    await followed.until(() => followed.names("Ingress").length === 2);
    assert.equal(followed.source.snapshot.get("Ingress", namespace, "before"), before);
  });

  test("the server stops", { timeout: 60_000 }, async () => {
    await (await api)?.stop();
  });
}
