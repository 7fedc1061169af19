/**
 * Sluice with the account of an ingress-nginx that it takes over from: its roles (v1.15.1) let Secrets be listed and
 * watched but not read by name, and statuses be updated but not patched.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { addressesOf, eventually, HOME, ingressFor, ingressPath, startCluster, type Cluster, type Rights } from "../support/cluster.ts";
import { ask } from "../support/client.ts";
import { envtestMissing } from "../support/envtest.ts";
import { selfSigned } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const rule = (group: string, resources: string, verbs: string, ...names: string[]): Rights["everywhere"][number] =>
  ({ apiGroups: [group], resources: resources.split(" "), verbs: verbs.split(" "), ...(names.length > 0 ? { resourceNames: names } : {}) });

const LEASE = "ingress-nginx-leader";
const STOCK: Rights = {
  everywhere: [
    rule("", "configmaps endpoints nodes pods secrets namespaces", "list watch"),
    rule("coordination.k8s.io", "leases", "list watch"),
    rule("", "nodes", "get"),
    rule("", "services", "get list watch"),
    rule("networking.k8s.io", "ingresses", "get list watch"),
    rule("", "events", "create patch"),
    rule("networking.k8s.io", "ingresses/status", "update"),
    rule("networking.k8s.io", "ingressclasses", "get list watch"),
    rule("discovery.k8s.io", "endpointslices", "list watch get"),
  ],
  atHome: [
    rule("", "namespaces", "get"),
    rule("", "configmaps pods secrets endpoints", "get list watch"),
    rule("", "services", "get list watch"),
    rule("networking.k8s.io", "ingresses", "get list watch"),
    rule("networking.k8s.io", "ingresses/status", "update"),
    rule("networking.k8s.io", "ingressclasses", "get list watch"),
    rule("coordination.k8s.io", "leases", "get update", LEASE),
    rule("coordination.k8s.io", "leases", "create"),
    rule("", "events", "create patch"),
    rule("discovery.k8s.io", "endpointslices", "list watch get"),
  ],
};

describe("with ingress-nginx's own rights", { skip: envtestMissing ?? false }, () => {
  const namespace = "shop";
  let cluster: Cluster;
  let sluice: Sluice;
  before(async () => {
    cluster = await startCluster();
    const kubeconfig = await cluster.account("stock", STOCK);
    await cluster.ask("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    sluice = await startSluice({
      args: [`--kubeconfig=${kubeconfig}`, `--election-id=${LEASE}`, "--publish-status-address=192.0.2.7", "--election-ttl=4s"],
      env: { POD_NAMESPACE: HOME },
    });
  });
  after(async () => {
    await sluice?.stop();
    await cluster?.stop();
  });

  test("a certificate that is referred to later is served, statuses and Events are written, and nothing is missed", async () => {
    const labels = { team: "web" };
    for (const host of ["one.example", "two.example"]) {
      const [name = ""] = host.split(".");
      const { chain, key } = selfSigned([host], name);
      await cluster.ask("POST", `/api/v1/namespaces/${namespace}/secrets`, {
        metadata: { name }, type: "kubernetes.io/tls", data: { "tls.crt": Buffer.from(chain).toString("base64"), "tls.key": Buffer.from(key).toString("base64") },
      });
      const { spec, metadata, ...rest } = ingressFor(name, host) as { spec: object; metadata: object };
      await cluster.ask("POST", ingressPath(namespace), { ...rest, metadata: { ...metadata, labels }, spec: { ...spec, tls: [{ hosts: [host], secretName: name }] } });
      await eventually("the certificate", () => ask({ port: sluice.https, tls: true, host }), ({ certificate }) => certificate?.subject.CN === name);
      const written = await eventually("the status", () => cluster.ask("GET", ingressPath(namespace, name)), (one) => addressesOf(one).length > 0);
      assert.deepEqual(addressesOf(written), ["192.0.2.7"]);
      assert.deepEqual((written.metadata as { labels?: object }).labels, labels, "nothing else is touched");
    }
    await eventually("an Event", () => cluster.ask("GET", `/api/v1/namespaces/${namespace}/events`), ({ items = [] }) => items.some(({ reason }) => reason === "Sync"));
    const findings = JSON.parse((await sluice.ask("/api/v1/findings")).text) as { code: string; sentence: string }[];
    assert.deepEqual(findings.filter(({ code }) => /right|forbidden/.test(code)).map(({ sentence }) => sentence), []);
    const verbs = cluster.writes().filter(({ objectRef, user, responseStatus }) =>
      objectRef.subresource === "status" && user.username.endsWith(":stock") && responseStatus.code === 200).map(({ verb }) => verb);
    assert.deepEqual(verbs, ["update", "update"]);
  });
});
