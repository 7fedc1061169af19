/** `sluice explain` for connections below http. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explainConnection, explainPassthrough, parseConnection } from "../../src/explain/connection.ts";
import { parseRequest } from "../../src/explain/request.ts";
import type { ConfigMap } from "../../src/source/objects.ts";
import { UserError } from "../../src/support/user-error.ts";
import { buildWith } from "../support/build.ts";
import { ingress, service, slice } from "../support/objects.ts";

const TCP: ConfigMap = { kind: "ConfigMap", metadata: { namespace: "sluice", name: "tcp" }, data: { "9000": "net/echo:7:PROXY", "9001": "net/none:7" } };
const built = buildWith(
  { tcpServicesConfigmap: "sluice/tcp", enableSslPassthrough: true }, TCP, service("net/echo", "7"), slice("net/echo", 7007, "10.0.0.1"),
  ingress("shop/web").host("shop.example").path("/", "web:443").annotate("ssl-passthrough", "true"), service("shop/web", "443"), slice("shop/web", 8443, "10.0.0.2"),
);

test("URLs of connections name a protocol and a port", () => {
  assert.deepEqual(parseConnection("tcp://:9000"), { protocol: "tcp", port: 9000 });
  assert.deepEqual(parseConnection("UDP://127.0.1.10:53/"), { protocol: "udp", address: "127.0.1.10", port: 53 });
  assert.equal(parseConnection("http://shop.example:9000/"), undefined);
  assert.throws(() => parseConnection("tcp://somewhere"), UserError);
});

test("a port leads through its entry to endpoints", () => {
  const { steps, endpoints, pool } = explainConnection(built.model, { protocol: "tcp", port: 9000 }, built.findings());
  assert.deepEqual([pool, endpoints], ["net/echo:7", ["10.0.0.1:7007"]]);
  assert.deepEqual(steps.map(({ what, result }) => `${what}: ${result}`), ["listener: TCP port 9000, clients send the PROXY protocol", "pool: net/echo:7 (10.0.0.1:7007)"]);
  assert.match(steps[0]?.why ?? "", /ConfigMap sluice\/tcp data\[9000\]/);
});

test("what is wrong with a port is told with it, and a port that nobody wants is said to be none", () => {
  const missing = explainConnection(built.model, { protocol: "tcp", port: 9001 }, built.findings());
  assert.deepEqual(missing.findings.map(({ code }) => code), ["service-missing"]);
  assert.equal(explainConnection(built.model, { protocol: "udp", port: 9000 }, built.findings()).steps[0]?.result, "none");
});

test("https to a host that is passed through is the backend's, http is not", () => {
  const over = explainPassthrough(built.model, parseRequest("https://shop.example/cart", []), built.findings());
  assert.deepEqual(over?.endpoints, ["10.0.0.2:8443"]);
  assert.equal(explainPassthrough(built.model, parseRequest("http://shop.example/cart", []), built.findings()), undefined);
});
