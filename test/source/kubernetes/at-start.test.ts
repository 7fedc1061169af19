/** Questions to the API server at the start: about the watched namespace, and about the node that we run on. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startApiStandIn, type ApiStandIn } from "../../support/api-stand-in.ts";
import { follow } from "./follow.ts";

async function open(t: TestContext): Promise<{ api: ApiStandIn; kubeconfig: string; create(path: string, object: object): Promise<void> }> {
  const api = await startApiStandIn();
  const folder = await mkdtemp(join(tmpdir(), "sluice-start-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, JSON.stringify({
    clusters: [{ name: "c", cluster: { server: api.server } }], users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }], "current-context": "x",
  }));
  t.after(async () => {
    await api.stop();
    await rm(folder, { recursive: true });
  });
  return {
    api, kubeconfig,
    async create(path, object) {
      const response = await fetch(`${api.server}${path}`, { method: "POST", body: JSON.stringify(object) });
      assert.equal(response.status, 201);
      await response.arrayBuffer();
    },
  };
}

test("--watch-namespace names one that exists, or the start ends with a sentence", { timeout: 60_000 }, async (t) => {
  const { api, kubeconfig, create } = await open(t);
  const gone = follow(t, { kubeconfig, watchNamespace: "shpo" });
  await assert.rejects(gone.started, /^UserError: There is no namespace "shpo" in this cluster: create it, or correct --watch-namespace\.$/);
  await create("/api/v1/namespaces", { metadata: { name: "shop" } });
  await follow(t, { kubeconfig, watchNamespace: "shop" }).started;
  // Without the right to read namespaces, the flag is taken as correct. After an error of the server, it is asked again.
  api.forbidden.add("t namespaces");
  await follow(t, { kubeconfig, watchNamespace: "shpo" }).started;
  api.forbidden.clear();
  api.fail(({ plural, name }) => plural === "namespaces" && name === "shop", 500);
  await follow(t, { kubeconfig, watchNamespace: "shop" }).started;
});

test("the own node is found by NODE_NAME or by the own pod, and kept for its labels", { timeout: 60_000 }, async (t) => {
  const { kubeconfig, create, api } = await open(t);
  await create("/api/v1/nodes", { metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "a" } } });
  await create("/api/v1/namespaces/edge/pods", { metadata: { name: "sluice-1" }, spec: { nodeName: "n1" } });
  for (const env of [{ NODE_NAME: "n1" }, { POD_NAMESPACE: "edge", POD_NAME: "sluice-1" }]) {
    const { source, started } = follow(t, { kubeconfig, env, ownNode: true });
    await started;
    assert.equal(source.snapshot.get("Node", "", "n1")?.metadata.labels?.["topology.kubernetes.io/zone"], "a");
    assert.deepEqual(source.findings, []);
  }
  const problems: readonly (readonly [NodeJS.ProcessEnv, RegExp])[] = [[{}, /NODE_NAME nor POD_NAMESPACE/], [{ NODE_NAME: "n2" }, /no such node/]];
  for (const [env, why] of problems) {
    const { source, started } = follow(t, { kubeconfig, env, ownNode: true });
    await started;
    assert.deepEqual(source.findings.map(({ code }) => code), ["node-zone-unknown"]);
    assert.match(source.findings[0]?.sentence ?? "", why);
  }
  api.forbidden.add("t nodes");
  const { source, started } = follow(t, { kubeconfig, env: { NODE_NAME: "n1" }, ownNode: true });
  await started;
  assert.match(source.findings[0]?.sentence ?? "", /forbidden; let Sluice's account get its pod and nodes/);
});

test("Namespaces are read when their labels are asked for, and followed", { timeout: 60_000 }, async (t) => {
  const { kubeconfig, create, api } = await open(t);
  await create("/api/v1/namespaces", { metadata: { name: "shop", labels: { team: "a" } } });
  const without = follow(t, { kubeconfig });
  await without.started;
  assert.deepEqual(without.names("Namespace"), []);
  const followed = follow(t, { kubeconfig, namespaces: true });
  await followed.started;
  assert.deepEqual(followed.source.snapshot.get("Namespace", "", "shop")?.metadata.labels, { team: "a" });
  await fetch(`${api.server}/api/v1/namespaces/shop`, { method: "PATCH", body: JSON.stringify({ metadata: { labels: { team: "b" } } }) }).then((response) => response.arrayBuffer());
  await followed.until(() => followed.source.snapshot.get("Namespace", "", "shop")?.metadata.labels?.["team"] === "b");
});

test("--apiserver-host is asked with the kubeconfig's credentials, over plain http without any", { timeout: 60_000 }, async (t) => {
  const { api, kubeconfig } = await open(t);
  const elsewhere = await startApiStandIn();
  t.after(() => elsewhere.stop());
  const { started, source } = follow(t, { kubeconfig, apiserverHost: elsewhere.server });
  await started;
  assert.equal(source.description, `${elsewhere.server} (--apiserver-host)`);
  assert.equal(api.requests.length, 0);
  assert.deepEqual([...new Set(elsewhere.requests.map(({ token }) => token))], [""]);
  // The flag also works without a kubeconfig, because `kubectl proxy` needs none.
  await follow(t, { kubeconfig: "", env: {}, serviceAccount: "/nonexistent", apiserverHost: elsewhere.server }).started;
});
