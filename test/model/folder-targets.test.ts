/** Targets of auth-url and mirror-target that name a Service of a folder: no DNS server knows the name, so Sluice finds the Service itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createModelBuilder } from "../../src/model/build/build.ts";
import type { Built } from "../../src/model/model.ts";
import { ingress, put, service, slice, snapshotOf, testConfig, testSettings } from "../support/objects.ts";

const folder = { ...testSettings, manifests: ["/k8s"] };
const backend = [service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")];
const guard = [service("auth/proxy", "http=4180:9000"), slice("auth/proxy", 9000, "10.0.0.2")];

const target = ({ model }: Built): readonly string[] | undefined =>
  [...model.pools].filter(([id]) => id.startsWith("target:")).map(([, { endpoints }]) => endpoints.map(({ address, port }) => `${address}:${port}`).join())[0]?.split(",").filter((one) => one !== "");

for (const annotation of ["auth-url", "mirror-target"]) {
  const naming = (host: string) => ingress("shop/web").host("shop.example").path("/", "web:80").annotate(annotation, `http://${host}:4180/check`);

  for (const host of ["proxy.auth.svc.cluster.local", "proxy.auth.svc.cluster.example", "proxy.auth.svc", "proxy.auth"]) {
    test(`${annotation}: ${host} of a folder leads to the Service's endpoints, and needs no DNS`, () => {
      const built = createModelBuilder(folder).update(snapshotOf(naming(host), ...backend, ...guard), [], testConfig);
      assert.deepEqual(target(built), ["10.0.0.2:9000"]);
      assert.deepEqual([...built.names], []);
      assert.deepEqual(built.findings().filter(({ severity }) => severity !== "info").map(({ code }) => code), []);
    });
  }

  test(`${annotation}: a Service that comes, changes and goes is followed; what is no Service of the folder, and a cluster, ask DNS`, () => {
    const snapshot = snapshotOf(naming("proxy.auth.svc.cluster.local"), ...backend);
    const builder = createModelBuilder(folder);
    const update = (): Built => builder.update(snapshot, snapshot.takeChanges(), testConfig);
    assert.deepEqual([...update().names], ["proxy.auth.svc.cluster.local"]);
    for (const object of guard) put(snapshot, object);
    assert.deepEqual([target(update()), [...update().names]], [["10.0.0.2:9000"], []]);
    put(snapshot, slice("auth/proxy", 9000, "10.0.0.3"));
    assert.deepEqual(target(update()), ["10.0.0.3:9000"]);
    snapshot.remove({ kind: "Service", namespace: "auth", name: "proxy" });
    assert.deepEqual([...update().names], ["proxy.auth.svc.cluster.local"]);
    const others = ["proxy.auth.example", "auth.example.org", "a.proxy.auth.svc.cluster.local"];
    for (const host of others) {
      const built = createModelBuilder(folder).update(snapshotOf(naming(host), ...backend, ...guard), [], testConfig);
      assert.deepEqual([...built.names], [host]);
    }
    const cluster = createModelBuilder(testSettings).update(snapshotOf(naming("proxy.auth.svc"), ...backend, ...guard), [], testConfig);
    assert.deepEqual([...cluster.names], ["proxy.auth.svc"]);
  });

  test(`${annotation}: a port that the Service does not have, and endpoints that nobody wrote, are findings at the annotation`, () => {
    const wrongPort = createModelBuilder(folder).update(snapshotOf(naming("proxy.auth.svc"), ...backend, service("auth/proxy", "80")), [], testConfig);
    const nobody = createModelBuilder(folder).update(snapshotOf(naming("proxy.auth.svc"), ...backend, service("auth/proxy", "4180")), [], testConfig);
    const field = `metadata.annotations[nginx.ingress.kubernetes.io/${annotation}]`;
    assert.deepEqual([wrongPort, nobody].map((built) => built.findings().filter((one) => one.field === field).map(({ code }) => code)), [["service-port-missing"], ["no-endpoints"]]);
  });
}
