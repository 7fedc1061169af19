/**
 * What Sluice writes to the statuses of Ingresses, and which replica writes it, against a real kube-apiserver with RBAC:
 * status, election, takeover. Writes are counted in the API server's own audit log.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startGate } from "../source/kubernetes/gate.ts";
import {
  addressesOf, ELECTION, eventually, HOME, ingressFor, ingressPath, READING, startCluster, type Cluster, type Thing, type Write,
} from "../support/cluster.ts";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { envtestMissing } from "../support/envtest.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${HOME}/leases/${ELECTION}`;
const TTL = 4;

if (envtestMissing) test(envtestMissing, { skip: true });
else describe("status", { timeout: 280_000 }, () => {
  let cluster: Cluster;
  let kubeconfig: string;
  let serial = 0;
  before(async () => {
    cluster = await startCluster();
    kubeconfig = await cluster.account("sluice");
  });
  after(() => cluster?.stop());

  const namespaceWith = async (...objects: object[]): Promise<string> => {
    const name = `case-${++serial}`;
    await cluster.ask("POST", "/api/v1/namespaces", { metadata: { name } });
    for (const object of objects) await cluster.ask("POST", ingressPath(name), object);
    return name;
  };
  /** Starts a replica with a Pod of its own: by their Pods, replicas know of each other. */
  const startReplica = async (podName: string, ...args: string[]): Promise<Sluice> => {
    await makePod(podName);
    return await startSluice({
      args: [`--kubeconfig=${kubeconfig}`, `--election-ttl=${TTL}s`, `--election-id=${ELECTION}`, ...args], env: { POD_NAME: podName, POD_NAMESPACE: HOME },
    });
  };
  const makePod = async (name: string): Promise<void> => {
    const pods = `/api/v1/namespaces/${HOME}/pods`;
    const spec = { nodeName: "node-1", containers: [{ name: "sluice", image: "sluice" }] };
    await cluster.ask("POST", pods, { metadata: { name, labels: { app: "sluice" } }, spec });
    const conditions = [{ type: "Ready", status: "True" }];
    await cluster.ask("PATCH", `${pods}/${name}/status`, { status: { phase: "Running", conditions } });
  };
  const removePod = (name: string): Promise<Thing> =>
    cluster.ask("DELETE", `/api/v1/namespaces/${HOME}/pods/${name}`, { gracePeriodSeconds: 0 });
  const read = (namespace: string, name: string): Promise<Thing> => cluster.ask("GET", ingressPath(namespace, name));
  const hasAddresses = (namespace: string, name: string, ...wanted: string[]): Promise<Thing> =>
    eventually(`addresses of ${namespace}/${name}`, () => read(namespace, name), (one) => addressesOf(one).join() === wanted.join());
  const holder = async (): Promise<string> => (await cluster.ask("GET", LEASE).catch(() => undefined))?.spec?.holderIdentity ?? "";
  const statusWrites = (namespace: string): Write[] =>
    cluster.writes().filter(({ objectRef }) => objectRef.subresource === "status" && objectRef.resource === "ingresses" && objectRef.namespace === namespace);

  test("one write for each Ingress that is ours, none for others, and all is taken back by the last replica", async (t) => {
    const namespace = await namespaceWith(
      ingressFor("one", "one.example"), ingressFor("two", "two.example"),
      ingressFor("canary", "one.example", { annotations: { "nginx.ingress.kubernetes.io/canary": "true" } }),
      ingressFor("refused", "refused.example", { annotations: { "nginx.ingress.kubernetes.io/server-snippet": "return 204;" } }),
      ingressFor("foreign", "foreign.example", { spec: { ingressClassName: "other" } }),
    );
    await cluster.ask("POST", "/apis/networking.k8s.io/v1/ingressclasses", { metadata: { name: "other" }, spec: { controller: "example.com/other" } });
    const foreign = await cluster.ask("PATCH", `${ingressPath(namespace, "foreign")}/status`, { status: { loadBalancer: { ingress: [{ ip: "192.0.2.9" }] } } });
    const sluice = await startReplica("alone-1", "--publish-status-address=192.0.2.9,lb.example,192.0.2.10");
    t.after(async () => {
      await sluice.stop();
      await removePod("alone-1");
    });
    for (const name of ["one", "two", "canary"]) await hasAddresses(namespace, name, "192.0.2.10", "192.0.2.9", "lb.example");
    assert.equal(await holder(), "alone-1");
    // A second write of a status would come before the write for this later Ingress.
    await cluster.ask("POST", ingressPath(namespace), ingressFor("late", "late.example"));
    await hasAddresses(namespace, "late", "192.0.2.10", "192.0.2.9", "lb.example");
    const ours = statusWrites(namespace).filter(({ user }) => user.username.endsWith(":sluice"));
    assert.deepEqual(ours.map(({ objectRef, responseStatus }) => `${objectRef.name} ${responseStatus.code}`).sort(), ["canary 200", "late 200", "one 200", "two 200"]);
    assert.deepEqual(addressesOf(await read(namespace, "refused")), []);
    await sluice.stop();
    for (const name of ["one", "two", "canary", "late"]) assert.deepEqual(addressesOf(await read(namespace, name)), [], name);
    assert.equal(await holder(), "", "the Lease is given back");
    assert.equal((await read(namespace, "foreign")).metadata.resourceVersion, foreign.metadata.resourceVersion, "the foreign Ingress was not touched");
  });

  test("a dry run beside another controller serves, and writes nothing: no status, no Event, no Lease", async (t) => {
    const namespace = await namespaceWith(ingressFor("one", "one.example"));
    const bySluice = (): string[] => cluster.writes().filter(({ user }) => user.username.endsWith(":sluice")).map(({ verb, objectRef }) => `${verb} ${objectRef.resource}`);
    const before = bySluice().length;
    const dry = [`--kubeconfig=${kubeconfig}`, `--election-id=${ELECTION}`, "--update-status=false", "--disable-sync-events", "--disable-leader-election"];
    const sluice = await startSluice({ args: dry, env: { POD_NAMESPACE: HOME } });
    t.after(() => sluice.stop());
    await cluster.ask("POST", ingressPath(namespace), ingressFor("two", "two.example"));
    await sluice.sync();
    const { code } = await runCommand(["wait", `ingress/${namespace}/two`, `--healthz-port=${sluice.health}`]);
    assert.equal(code, 0);
    await sluice.stop();
    assert.deepEqual(bySluice().slice(before), []);
  });

  test("a status appears only when the Ingress is programmed", async (t) => {
    const timeout = (seconds: number) => ({ annotations: { "nginx.ingress.kubernetes.io/proxy-next-upstream-timeout": `${seconds}` } });
    const namespace = await namespaceWith(ingressFor("first", "first.example"));
    const sluice = await startReplica("programmed-1", "--publish-status-address=192.0.2.1", "--reload-interval=4");
    t.after(async () => {
      await sluice.stop();
      await removePod("programmed-1");
    });
    // The first new profiles are loaded at once, the next one waits for its turn.
    for (const seconds of [6, 7, 8, 9]) {
      await cluster.ask("PATCH", ingressPath(namespace, "first"), { metadata: timeout(seconds) });
      await sluice.sync();
    }
    await cluster.ask("POST", ingressPath(namespace), ingressFor("waits", "waits.example", timeout(10)));
    let early = 0;
    await eventually("the status of the Ingress that waits", async () => {
      const state = JSON.parse((await sluice.ask(`/api/v1/ingresses/${namespace}/waits`)).text) as { state: string };
      const addresses = addressesOf(await read(namespace, "waits"));
      if (addresses.length === 0 && state.state === "pending") early++;
      if (addresses.length > 0) {
        const now = JSON.parse((await sluice.ask(`/api/v1/ingresses/${namespace}/waits`)).text) as { programmed?: object };
        assert.ok(now.programmed, "it has an address and is not programmed");
      }
      return addresses.length;
    }, (count) => count > 0);
    assert.ok(early > 0, "it never had to wait");
    const { code, stdout } = await runCommand(["wait", `ingress/${namespace}/waits`, `--healthz-port=${sluice.health}`]);
    assert.equal(code, 0);
    assert.match(stdout, /^Ingress case-\d+\/waits is programmed \(generation 1, resourceVersion \d+\)$/m);
  });

  test("two replicas: one leads; when it is killed the other takes over within the Lease; each Ingress is written once", async (t) => {
    const namespace = await namespaceWith(ingressFor("one", "one.example"), ingressFor("two", "two.example"));
    const args = ["--publish-status-address=192.0.2.1"];
    const first = await startReplica("pair-1", ...args);
    await eventually("the first leader", holder, (name) => name === "pair-1");
    const second = await startReplica("pair-2", ...args);
    t.after(async () => {
      await runCommand(["stop", `--runtime-dir=${first.runtimeDir}`]);
      await first.stop();
      await second.stop();
      await removePod("pair-1");
      await removePod("pair-2");
    });
    await hasAddresses(namespace, "one", "192.0.2.1");
    await hasAddresses(namespace, "two", "192.0.2.1");
    assert.equal(await holder(), "pair-1");
    assert.doesNotMatch(second.log(), /this replica leads/);
    first.process.kill("SIGKILL");
    await cluster.ask("POST", ingressPath(namespace), ingressFor("orphan", "orphan.example"));
    await eventually("the second leader", holder, (name) => name === "pair-2");
    await hasAddresses(namespace, "orphan", "192.0.2.1");
    assert.ok(((await cluster.ask("GET", LEASE)).spec?.leaseTransitions ?? 0) > 0);
    assert.deepEqual(statusWrites(namespace).map(({ objectRef, responseStatus }) => `${objectRef.name} ${responseStatus.code}`).sort(),
      ["one 200", "orphan 200", "two 200"]);
    // The Pod of the stopped replica is still there, as while the kubelet restarts a container: the addresses stay.
    await second.stop();
    assert.deepEqual(addressesOf(await read(namespace, "one")), ["192.0.2.1"]);
    assert.equal(await holder(), "");
  });

  test("a leader that is cut off stops leading before another begins, and writes nothing when it is back", async (t) => {
    const namespace = await namespaceWith(ingressFor("one", "one.example"));
    const gate = await startGate(Number(new URL(cluster.envtest.server).port));
    const behindGate = `${kubeconfig}-cut-off`;
    writeFileSync(behindGate, readFileSync(kubeconfig, "utf8").replace(`127.0.0.1:${cluster.gate.port}`, `127.0.0.1:${gate.port}`));
    const args = ["--publish-status-address=192.0.2.1"];
    const first = await startReplica("cut-1", ...args, `--kubeconfig=${behindGate}`);
    await eventually("the first leader", holder, (name) => name === "cut-1");
    const second = await startReplica("cut-2", ...args);
    t.after(async () => {
      await gate.open().catch(() => undefined);
      await first.stop();
      await second.stop();
      await gate.close();
      await removePod("cut-1");
      await removePod("cut-2");
    });
    await hasAddresses(namespace, "one", "192.0.2.1");
    await gate.close();
    await eventually("the second leader", holder, (name) => name === "cut-2");
    assert.match(first.log(), /this replica leads no more: the Lease could not be renewed in time/);
    await cluster.ask("POST", ingressPath(namespace), ingressFor("two", "two.example"));
    await hasAddresses(namespace, "two", "192.0.2.1");
    await gate.open();
    await cluster.ask("POST", ingressPath(namespace), ingressFor("three", "three.example"));
    await hasAddresses(namespace, "three", "192.0.2.1");
    assert.equal((await runCommand(["wait", `${namespace}/three`, `--healthz-port=${first.health}`])).code, 0, "the first serves it, too");
    assert.deepEqual(statusWrites(namespace).map(({ objectRef, responseStatus }) => `${objectRef.name} ${responseStatus.code}`).sort(), ["one 200", "three 200", "two 200"]);
    assert.equal(await holder(), "cut-2");
  });

  test("the addresses of a Service are followed at once; an Ingress that leaves keeps none of them", async (t) => {
    const namespace = await namespaceWith(ingressFor("stays", "stays.example"), ingressFor("leaves", "leaves.example"));
    const service = `/api/v1/namespaces/${HOME}/services`;
    const spec = { type: "LoadBalancer", clusterIP: "10.0.0.77", externalIPs: ["192.0.2.44"], ports: [{ port: 80 }] };
    const sluice = await startReplica("service-1", `--publish-service=${HOME}/front`, "--status-update-interval=3600");
    t.after(async () => {
      await sluice.stop();
      await removePod("service-1");
    });
    const findings = async (): Promise<string> => (await sluice.ask("/api/v1/findings")).text;
    await eventually("the finding about the Service", findings, (text) => text.includes("publish-service-missing"));
    await cluster.ask("POST", service, { metadata: { name: "front" }, spec });
    await hasAddresses(namespace, "stays", "192.0.2.44");
    await cluster.ask("PATCH", `${service}/front/status`, { status: { loadBalancer: { ingress: [{ hostname: "lb.example" }, { ip: "192.0.2.44" }] } } });
    await hasAddresses(namespace, "stays", "192.0.2.44", "lb.example");
    await hasAddresses(namespace, "leaves", "192.0.2.44", "lb.example");
    assert.doesNotMatch(await findings(), /publish-service-missing/);
    await cluster.ask("PATCH", ingressPath(namespace, "leaves"), { spec: { ingressClassName: "other" } });
    await hasAddresses(namespace, "leaves");
    await hasAddresses(namespace, "stays", "192.0.2.44", "lb.example");
  });

  test("without either flag Ingresses get the addresses of the nodes of our pods", async (t) => {
    const namespace = await namespaceWith(ingressFor("web", "web.example"));
    for (const [name, addresses] of [
      ["node-1", [{ type: "InternalIP", address: "10.9.0.1" }, { type: "ExternalIP", address: "192.0.2.71" }]],
      ["node-2", [{ type: "InternalIP", address: "10.9.0.2" }]],
    ] as const) {
      await cluster.ask("POST", "/api/v1/nodes", { metadata: { name } });
      await cluster.ask("PATCH", `/api/v1/nodes/${name}/status`, { status: { addresses } });
    }
    const pods = `/api/v1/namespaces/${HOME}/pods`;
    const pod = (name: string, nodeName: string) =>
      cluster.ask("POST", pods, { metadata: { name, labels: { app: "sluice" } }, spec: { nodeName, containers: [{ name: "sluice", image: "sluice" }] } });
    await pod("nodes-2", "node-2");
    const sluice = await startReplica("nodes-1", "--status-update-interval=5");
    t.after(async () => {
      await sluice.stop();
      await removePod("nodes-1");
      await removePod("nodes-2");
    });
    await hasAddresses(namespace, "web", "192.0.2.71");
    await cluster.ask("PATCH", `${pods}/nodes-2/status`, { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } });
    await hasAddresses(namespace, "web", "10.9.0.2", "192.0.2.71");
  });

  test("rights that are missing are findings with the remedy, and serving goes on", async (t) => {
    const namespace = await namespaceWith(ingressFor("web", "poor.example"));
    const poor = await cluster.account("poor", READING);
    const sluice = await startSluice({ args: [`--kubeconfig=${poor}`, "--publish-status-address=192.0.2.1", "--election-id=poor"] });
    t.after(() => sluice.stop());
    const [found] = await eventually(
      "the finding", async () => (JSON.parse((await sluice.ask("/api/v1/findings")).text) as { code: string; sentence: string; effect: string }[])
        .filter(({ code }) => code === "right-missing"), (all) => all.length > 0,
    );
    assert.equal(found?.sentence, `Sluice's account may not get leases.coordination.k8s.io: grant it with kubectl create role sluice-leases-coordination-k8s-io -n ${HOME} --verb=get --resource=leases.coordination.k8s.io, and bind it`);
    assert.equal(found?.effect, "no replica is elected: no status and no Events are written, and no rollout of a canary begins or goes on");
    assert.equal((await ask({ port: sluice.http, host: "poor.example" })).status, 503, "no Service, but its host is served");
    assert.equal((await sluice.ask("/readyz")).status, 200);
    assert.deepEqual(statusWrites(namespace), []);
  });

  test("after a restart of the API server the same replica leads and writes on", async (t) => {
    const namespace = await namespaceWith(ingressFor("before", "before.example"));
    const sluice = await startReplica("restart-1", "--publish-status-address=192.0.2.1");
    t.after(async () => {
      await sluice.stop();
      await removePod("restart-1");
    });
    await hasAddresses(namespace, "before", "192.0.2.1");
    await cluster.restart();
    await cluster.ask("POST", ingressPath(namespace), ingressFor("after", "after.example"));
    await hasAddresses(namespace, "after", "192.0.2.1");
    // The audit log may also hold a request that the server's restart cut off.
    const succeeded = statusWrites(namespace).filter(({ responseStatus }) => responseStatus.code === 200).map(({ objectRef }) => objectRef.name);
    assert.deepEqual(succeeded.sort(), ["after", "before"], JSON.stringify(statusWrites(namespace), null, 1));
    await cluster.rotate(kubeconfig);
    await cluster.ask("POST", ingressPath(namespace), ingressFor("rotated", "rotated.example"));
    await hasAddresses(namespace, "rotated", "192.0.2.1");
  });

  test("an Ingress whose status can never be written, because a webhook of its namespace is gone, keeps no other waiting", async (t) => {
    const [broken, whole] = [await namespaceWith(ingressFor("stuck", "stuck.example")), await namespaceWith()];
    const hooks = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    const rules = [{ apiGroups: ["networking.k8s.io"], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["ingresses/status"] }];
    const hook = { name: "gone.example.com", clientConfig: { url: "https://127.0.0.1:1/" }, rules, namespaceSelector: { matchLabels: { webhook: "gone" } }, sideEffects: "None", admissionReviewVersions: ["v1"] };
    await cluster.ask("PATCH", `/api/v1/namespaces/${broken}`, { metadata: { labels: { webhook: "gone" } } });
    await cluster.ask("POST", hooks, { metadata: { name: "gone" }, webhooks: [hook] });
    t.after(() => cluster.ask("DELETE", `${hooks}/gone`));
    const refusal = (): Promise<string> => cluster.ask("PATCH", `${ingressPath(broken, "stuck")}/status`, { status: {} }).then(() => "", String);
    await eventually("the webhook in effect", refusal, (text) => text.includes("failed calling webhook"));
    const sluice = await startReplica("stuck-1", "--publish-status-address=192.0.2.1");
    t.after(async () => {
      await sluice.stop();
      await removePod("stuck-1");
    });
    const tries = (): number => statusWrites(broken).filter(({ user, responseStatus }) => user.username.endsWith(":sluice") && responseStatus.code === 500).length;
    await eventually("tries that fail", async () => tries(), (count) => count >= 6);
    const before = tries();
    const names = Array.from({ length: 10 }, (_, index) => `web-${index}`);
    for (const name of names) {
      await cluster.ask("POST", ingressPath(whole), ingressFor(name, `${name}.example`));
      await hasAddresses(whole, name, "192.0.2.1");
    }
    // If all waited together, each of these writes would come with another try.
    assert.ok(tries() - before < names.length, `${tries() - before} tries meanwhile`);
  });
});
