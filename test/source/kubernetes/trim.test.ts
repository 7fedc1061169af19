/** How the API server's JSON becomes the objects of the Snapshot: what is kept of it, and what is left out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  trimConfigMap, trimEndpointSlice, trimIngress, trimIngressClass, trimSecret, trimService,
} from "../../../src/source/kubernetes/trim.ts";

const metadata = { name: "web", namespace: "shop" };

test("an Ingress keeps what we read, and its annotations but for kubectl's copy of it", () => {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const spec = {
    ingressClassName: "nginx", defaultBackend: backend, tls: [{ hosts: ["shop.example"], secretName: "tls" }],
    rules: [{ host: "shop.example", http: { paths: [{ path: "/", pathType: "Exact", backend: { resource: { kind: "Bucket", name: "b" } } }] } }],
  };
  const annotations = { "nginx.ingress.kubernetes.io/canary": "true" };
  assert.deepEqual(trimIngress({
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", spec, status: { loadBalancer: {} },
    metadata: {
      ...metadata, uid: "u", resourceVersion: "7", generation: 2, creationTimestamp: "2026-01-01T00:00:00Z",
      managedFields: [{ manager: "kubectl" }],
      annotations: { ...annotations, "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    },
  }), {
    kind: "Ingress", spec,
    metadata: { ...metadata, uid: "u", resourceVersion: "7", generation: 2, creationTimestamp: "2026-01-01T00:00:00Z", annotations },
  });
});

test("the addresses of an Ingress's status are kept, once for all that have the same", () => {
  const status = (...ingress: unknown[]) => trimIngress({ metadata, spec: {}, status: { loadBalancer: { ingress } } })?.status;
  const one = status({ ip: "192.0.2.1", ports: [{ port: 80 }] }, { hostname: "lb.example" }, 7);
  assert.deepEqual(one, { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { hostname: "lb.example" }] } });
  assert.equal(status({ ip: "192.0.2.1" }, { hostname: "lb.example" }), one);
  assert.notEqual(status({ ip: "192.0.2.2" }), one);
  assert.equal(status(), undefined);
});

test("a field of the wrong type is absent, its neighbours stay", () => {
  assert.deepEqual(trimIngress({ metadata: { ...metadata, labels: { a: 1, b: "x" }, generation: "2" }, spec: { rules: [7, { host: [], http: { paths: {} } }], tls: "x" } }), {
    kind: "Ingress", metadata: { ...metadata, labels: { b: "x" } }, spec: { rules: [{ http: { paths: [] } }] },
  });
  assert.deepEqual(trimService({ metadata, spec: { type: "ClusterIP", ports: [{ port: "80" }, { port: 81, targetPort: "http" }, { port: 82, targetPort: 8082 }] } }), {
    kind: "Service", metadata, spec: { type: "ClusterIP", ports: [{ port: 81, targetPort: "http" }, { port: 82, targetPort: 8082 }] },
  });
  assert.deepEqual(trimEndpointSlice({ metadata, addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1", 2], conditions: { ready: "yes", serving: true } }, null], ports: [{ port: 8080 }] }), {
    kind: "EndpointSlice", metadata, addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"], conditions: { serving: true } }], ports: [{ port: 8080 }],
  });
  assert.deepEqual(trimIngressClass({ metadata: { name: "nginx" }, spec: null }), { kind: "IngressClass", metadata: { name: "nginx", namespace: "" }, spec: {} });
});

test("a Secret is decoded and cannot be printed", () => {
  const secret = trimSecret(JSON.parse('{"metadata":{"name":"s","namespace":"a"},"type":"Opaque","data":{"key":"c2VjcmV0","__proto__":"eA==","bad":7}}'));
  assert.deepEqual(Object.keys(secret?.data ?? {}).sort(), ["__proto__", "key"]);
  assert.equal(secret?.data["key"]?.reveal().toString(), "secret");
  assert.doesNotMatch(JSON.stringify(secret), /secret"|c2Vj/);
});

test("whatever JSON comes, nothing throws, and nothing without a name is an object", () => {
  const json = fc.jsonValue({ maxDepth: 5 });
  const odd = fc.record({ metadata: fc.oneof(json, fc.record({ name: json, labels: json })), spec: json, data: json, endpoints: json, ports: json });
  fc.assert(fc.property(fc.oneof(json, odd), (raw) => {
    for (const trim of [trimIngress, trimIngressClass, trimService, trimEndpointSlice, trimSecret, trimConfigMap]) {
      const object = trim(raw);
      assert.ok(object === undefined || object.metadata.name !== "");
    }
  }));
});
