/** Ports below http in the Model: listeners, streams and findings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelSettings } from "../../src/model/build/settings.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import type { Built } from "../../src/model/model.ts";
import type { ConfigMap, Service } from "../../src/source/objects.ts";
import { buildWith } from "../support/build.ts";
import { externalName, ingress, put, resolvedName, service, slice, sliceOf, snapshotOf, testConfig, testSettings } from "../support/objects.ts";

const SETTINGS: Partial<ModelSettings> = { tcpServicesConfigmap: "sluice/tcp", udpServicesConfigmap: "sluice/udp" };

function map(name: string, data: Record<string, string>): ConfigMap {
  return { kind: "ConfigMap", metadata: { namespace: "sluice", name }, data };
}

function streams({ model }: Built): Record<string, string> {
  return Object.fromEntries([...model.streams].map(([id, { endpoints, keep }]) => [id, [...endpoints, ...(keep ? [`(${keep})`] : [])].join(" ")]));
}

const codes = (built: Built): string[] => built.findings().map(({ code, object, field }) => `${object.name} ${field} ${code}`);

test("a port leads to the endpoints of a Service port, by number or name, of its own protocol", () => {
  const dns: Service = { kind: "Service", metadata: { namespace: "net", name: "dns" }, spec: { ports: [{ name: "t", port: 53, protocol: "TCP" }, { name: "u", port: 53, protocol: "UDP" }] } };
  const slices = sliceOf("net/dns", "1", [{ name: "t", port: 1053, protocol: "TCP" }, { name: "u", port: 2053, protocol: "UDP" }], [{ addresses: ["10.0.0.1"] }]);
  const built = buildWith(SETTINGS, map("tcp", { "53": "net/dns:53", "54": "net/dns:t" }), map("udp", { "53": "net/dns:53", "55": "net/dns:t" }), dns, slices);
  assert.deepEqual(streams(built), { "tcp 53": "10.0.0.1:1053", "tcp 54": "10.0.0.1:1053", "udp 53": "10.0.0.1:2053 (flow)", "udp 55": "(flow)" });
  assert.deepEqual(codes(built), ["udp data[55] service-port-missing"]);
});

test("external names and IPv6 have endpoints as well", () => {
  const built = buildWith(
    SETTINGS, map("tcp", { "9000": "net/far:80", "9001": "net/six:80" }), map("udp", {}),
    externalName("net/far", "far.example", "80"), resolvedName("far.example", ["192.0.2.7"]), service("net/six", "80"), slice("net/six", 8080, "fd00::1"),
  );
  assert.deepEqual(streams(built), { "tcp 9000": "192.0.2.7:80", "tcp 9001": "[fd00::1]:8080" });
  assert.ok(built.names.has("far.example"));
});

test("the PROXY protocol is asked for in either direction", () => {
  const built = buildWith(SETTINGS, map("tcp", { "1": "a/b:1", "2": "a/b:1:PROXY", "3": "a/b:1::proxy", "4": "a/b:1:PROXY:PROXY", "5": "a/b:1:" }), map("udp", {}));
  const words = [...built.model.listeners.values()].map(({ id, acceptProxy, sendProxy }) => `${id} ${acceptProxy} ${sendProxy}`).sort();
  assert.deepEqual(words, ["tcp 1 false false", "tcp 2 true false", "tcp 3 false true", "tcp 4 true true", "tcp 5 false false"]);
});

test("a ConfigMap that is missing is a finding, and is wanted", () => {
  const built = buildWith(SETTINGS);
  assert.deepEqual(codes(built), ["tcp metadata.name stream-configmap-missing", "udp metadata.name stream-configmap-missing"]);
  assert.deepEqual([...built.wanted.configMaps].sort(), ["sluice/tcp", "sluice/udp"]);
});

test("entries that are no use are findings, and stop no other", () => {
  const bad = { "0": "a/b:1", "65536": "a/b:1", x: "a/b:1", "10": "b:1", "11": "a/b", "12": "a/b:1:NO", "13": "a/b:1:PROXY:PROXY:PROXY", "14": "A/b:1", "443": "a/b:1", "10254": "a/b:1" };
  const built = buildWith(SETTINGS, map("tcp", { ...bad, "9000": "a/b:1" }), map("udp", { "443": "a/b:1:PROXY" }), service("a/b", "1"), slice("a/b", 1, "10.0.0.1"));
  assert.deepEqual([...built.model.listeners.keys()].sort(), ["tcp 9000", "udp 443"]);
  assert.deepEqual(codes(built).map((text) => text.split(" ").slice(1).join(" ")).sort(), [
    "data[0] stream-port-invalid", "data[10254] stream-port-taken", "data[10] stream-entry-invalid", "data[11] stream-entry-invalid", "data[12] stream-entry-invalid",
    "data[13] stream-entry-invalid", "data[14] stream-entry-invalid", "data[443] service-port-missing", "data[443] stream-port-taken", "data[443] stream-proxy-over-udp",
    "data[65536] stream-port-invalid", "data[x] stream-port-invalid",
  ].sort());
});

test("from files, node ports and cluster addresses in 127.0.0.0/8 are listened on; in a cluster they are not", () => {
  const web: Service = {
    kind: "Service", metadata: { namespace: "a", name: "web" },
    spec: { type: "NodePort", clusterIP: "127.0.10.1", sessionAffinity: "ClientIP", ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }, { name: "dns", port: 53, protocol: "UDP", nodePort: 30053 }] },
  };
  const other: Service = { kind: "Service", metadata: { namespace: "b", name: "other" }, spec: { type: "NodePort", clusterIP: "10.96.0.7", ports: [{ port: 80, nodePort: 30080 }] } };
  const endpoints = sliceOf("a/web", "1", [{ port: 8080, protocol: "TCP" }, { name: "dns", port: 1053, protocol: "UDP" }], [{ addresses: ["10.0.0.1"] }]);
  const built = buildWith({ manifests: ["/somewhere"], bindAddress: ["127.0.0.1"] }, web, other, endpoints);
  assert.deepEqual(streams(built), {
    "tcp 30080": "10.0.0.1:8080 (address)", "tcp 127.0.10.1 80": "10.0.0.1:8080 (address)",
    "udp 30053": "10.0.0.1:1053 (address)", "udp 127.0.10.1 53": "10.0.0.1:1053 (address)",
  });
  assert.deepEqual(codes(built), ["other spec.ports[0].nodePort stream-port-taken"]);
  assert.deepEqual(codes(buildWith({ manifests: ["/somewhere"] }, other)), ["other spec.ports[0].nodePort no-endpoints"]);
  assert.equal(buildWith({}, web, other, endpoints).model.listeners.size, 0);
});

test("a port that Sluice listens on itself is taken, at every address that it listens on", () => {
  const at = (clusterIP: string, port: number, nodePort: number): Service => ({ kind: "Service", metadata: { namespace: "a", name: "web" }, spec: { type: "NodePort", clusterIP, ports: [{ port, nodePort }] } });
  const taken = (settings: Partial<ModelSettings>, web: Service): string[] =>
    buildWith({ manifests: ["/somewhere"], httpPort: 8080, httpsPort: 8443, healthzPort: 10254, ...settings }, web).findings()
      .filter(({ code }) => code === "stream-port-taken").map(({ field, sentence }) => `${field}: ${sentence}`);
  for (const [flag, port] of [["http", 8080], ["https", 8443], ["healthz", 10254]] as const) {
    const own = `belongs to Sluice's own --${flag}-port: choose another one`;
    assert.deepEqual(taken({}, at("127.0.1.10", port, 30080)), [`spec.ports[0].port: TCP port ${port} of 127.0.1.10 ${own}`]);
    assert.deepEqual(taken({}, at("127.0.1.10", 80, port)), [`spec.ports[0].nodePort: TCP port ${port} ${own}`]);
    for (const [address, count] of [["127.0.1.10", 1], ["0.0.0.0", 1], ["127.0.0.1", 0]] as const) {
      assert.equal(taken({ bindAddress: [address], healthzHost: address }, at("127.0.1.10", port, 30080)).length, count, `${flag} at ${address}`);
    }
  }
});

test("a change touches the streams that read it and no other", () => {
  const snapshot = snapshotOf(map("tcp", { "1": "a/x:1", "2": "a/y:1" }), map("udp", {}), service("a/x", "1"), service("a/y", "1"), slice("a/x", 1, "10.0.0.1"), slice("a/y", 1, "10.0.0.2"));
  const builder = createModelBuilder({ ...testSettings, ...SETTINGS });
  const first = builder.update(snapshot, snapshot.takeChanges(), testConfig);
  put(snapshot, slice("a/x", 1, "10.0.0.9"));
  const second = builder.update(snapshot, snapshot.takeChanges(), testConfig);
  assert.deepEqual([[...second.change.streams], second.change.listeners.size], [["tcp 1"], 0]);
  assert.equal(second.model.listeners, first.model.listeners);
  put(snapshot, service("a/z", "1"));
  const third = builder.update(snapshot, snapshot.takeChanges(), testConfig);
  assert.equal(third.model.streams, second.model.streams);
  put(snapshot, map("tcp", { "1": "a/x:1:PROXY" }));
  const fourth = builder.update(snapshot, snapshot.takeChanges(), testConfig);
  assert.deepEqual([[...fourth.change.streams], [...fourth.change.listeners].sort()], [["tcp 2"], ["tcp 1", "tcp 2"]]);
});

test("hosts that are passed through follow the endpoints of their root", () => {
  const web = ingress("a/web").host("Shop.example".toLowerCase()).path("/", "web:80").path("/other", "other:80").annotate("ssl-passthrough", "true");
  const given = [web, service("a/web", "80:8443"), service("a/other", "80"), slice("a/web", 8443, "10.0.0.1")] as const;
  assert.deepEqual(streams(buildWith({ enableSslPassthrough: true }, ...given)), { "tls shop.example": "10.0.0.1:8443" });
  const without = buildWith({}, ...given);
  assert.deepEqual(streams(without), {});
  assert.ok(codes(without).some((code) => code.endsWith("ssl-passthrough-not-offered")));
  const snapshot = snapshotOf(...given);
  const builder = createModelBuilder({ ...testSettings, enableSslPassthrough: true });
  builder.update(snapshot, snapshot.takeChanges(), testConfig);
  put(snapshot, slice("a/web", 8443, "10.0.0.2"));
  assert.deepEqual(streams(builder.update(snapshot, snapshot.takeChanges(), testConfig)), { "tls shop.example": "10.0.0.2:8443" });
  snapshot.remove({ kind: "Ingress", namespace: "a", name: "web" });
  assert.deepEqual(streams(builder.update(snapshot, snapshot.takeChanges(), testConfig)), {});
});

test("further names of a host that is passed through are not, and a finding names them", () => {
  const web = ingress("a/web").host("shop.example").path("/", "web:80").annotate("ssl-passthrough", "true").annotate("server-alias", "a.example,~^b");
  const built = buildWith({ enableSslPassthrough: true }, web.annotate("from-to-www-redirect", "true"), service("a/web", "80"), slice("a/web", 8443, "10.0.0.1"));
  assert.deepEqual(Object.keys(streams(built)), ["tls shop.example"]);
  const said = built.findings().find(({ code }) => code === "ssl-passthrough-aliases");
  assert.match(said?.sentence ?? "", /\(a\.example, ~\^b, www\.shop\.example\)/);
});

test("no other namespace can have a host's connections passed through, or take those that are", () => {
  const backends = [service("a/web", "80"), service("b/web", "80"), slice("a/web", 8443, "10.0.0.1"), slice("b/web", 8443, "10.0.0.2")] as const;
  const rooted = ingress("a/web").host("shop.example").path("/", "web:80").created(1);
  const other = ingress("b/web").host("shop.example").path("/other", "web:80").created(2);
  const asked = buildWith({ enableSslPassthrough: true }, rooted, other.annotate("ssl-passthrough", "true"), ...backends);
  assert.deepEqual([streams(asked), codes(asked)], [{}, ["web metadata.annotations[nginx.ingress.kubernetes.io/ssl-passthrough] ssl-passthrough-not-owner"]]);
  const own = buildWith({ enableSslPassthrough: true }, rooted, ingress("a/too").host("shop.example").path("/too", "web:80").annotate("ssl-passthrough", "true").created(3), other, ...backends);
  assert.deepEqual([streams(own), codes(own)], [{ "tls shop.example": "10.0.0.1:8443" }, []]);
  const rootless = ingress("a/web").host("shop.example").path("/app", "web:80").annotate("ssl-passthrough", "true").created(1);
  const taken = buildWith({ enableSslPassthrough: true }, rootless, ingress("b/web").host("shop.example").path("/", "web:80").created(2), ...backends);
  assert.deepEqual([streams(taken), codes(taken)], [{}, ["web metadata.annotations[nginx.ingress.kubernetes.io/ssl-passthrough] ssl-passthrough-without-root"]]);
});
