import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesOfNodes, addressesOfService, addressOf, nodesOfPods, sameAddresses, sortAddresses } from "../../src/report/status/addresses.ts";

const service = (spec: object, given: readonly object[] = []): unknown => ({ spec, status: { loadBalancer: { ingress: given } } });

test("a Service gives the addresses of its type", () => {
  const external = ["192.0.2.1", "192.0.2.2"];
  for (const [what, raw, wanted] of [
    ["ExternalName", service({ type: "ExternalName", externalName: "lb.example" }), [{ hostname: "lb.example" }]],
    ["ExternalName that is an address", service({ type: "ExternalName", externalName: "192.0.2.9" }), [{ ip: "192.0.2.9" }]],
    ["ClusterIP", service({ type: "ClusterIP", clusterIP: "10.0.0.1", externalIPs: external }), [{ ip: "10.0.0.1" }]],
    ["no type", service({ clusterIP: "10.0.0.1" }), [{ ip: "10.0.0.1" }]],
    ["headless", service({ clusterIP: "None" }), []],
    ["NodePort", service({ type: "NodePort", clusterIP: "10.0.0.1" }), [{ ip: "10.0.0.1" }]],
    ["NodePort with external addresses", service({ type: "NodePort", clusterIP: "10.0.0.1", externalIPs: external }), [{ ip: "192.0.2.1" }, { ip: "192.0.2.2" }]],
    ["LoadBalancer that has none yet", service({ type: "LoadBalancer", clusterIP: "10.0.0.1" }), []],
    ["LoadBalancer", service({ type: "LoadBalancer", externalIPs: external }, [{ ip: "192.0.2.1" }, { hostname: "lb.example" }]),
      [{ ip: "192.0.2.1" }, { hostname: "lb.example" }, { ip: "192.0.2.2" }]],
    ["nothing that makes sense", { spec: 1, status: [] }, []],
  ] as const) assert.deepEqual(addressesOfService(raw), wanted, what);
});

test("nodes give their external addresses, or internal ones if there are none or those are wanted", () => {
  const node = (...addresses: [string, string][]): unknown => ({ status: { addresses: addresses.map(([type, address]) => ({ type, address })) } });
  const nodes = [node(["Hostname", "a"], ["InternalIP", "10.0.0.1"], ["ExternalIP", "192.0.2.1"]), node(["InternalIP", "10.0.0.2"]), node(["InternalIP", "10.0.0.2"])];
  assert.deepEqual(addressesOfNodes(nodes, false), [{ ip: "192.0.2.1" }, { ip: "10.0.0.2" }]);
  assert.deepEqual(addressesOfNodes(nodes, true), [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }]);
});

test("pods count that run and are ready, and our own anyhow", () => {
  const pod = (name: string, nodeName: string, phase: string, ready: string): unknown =>
    ({ metadata: { name }, spec: { nodeName }, status: { phase, conditions: [{ type: "Ready", status: ready }] } });
  const pods = [pod("a", "n1", "Running", "True"), pod("b", "n2", "Running", "False"), pod("c", "n3", "Succeeded", "True"), pod("own", "n4", "Pending", "False"), pod("d", "n1", "Running", "True")];
  assert.deepEqual(nodesOfPods(pods, "own"), ["n1", "n4"]);
});

test("addresses are compared without regard to their order, and written in one", () => {
  const [a, b, c] = ["192.0.2.2", "lb.example", "192.0.2.1"].map(addressOf);
  assert.ok(a && b && c);
  assert.deepEqual(sortAddresses([b, a, c]), [c, a, b]);
  assert.ok(sameAddresses([a, b], [b, a]));
  assert.ok(!sameAddresses([a], [a, b]));
  assert.ok(!sameAddresses([{ ip: "x" }], [{ hostname: "x" }]));
});
