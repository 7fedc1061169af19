/** Which routes are checked before nginx looks for a location: those whose filters do nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileHost } from "../../src/compile/host.ts";
import type { Config } from "../../src/model/config/config.ts";
import { buildWith } from "../support/build.ts";
import { ingress, ingressClass, secret, service, slice, testConfig } from "../support/objects.ts";

const BASIC = { "auth-type": "basic", "auth-secret": "users" };
const EARLY: readonly Readonly<Record<string, string>>[] = [
  { "limit-rps": "5" }, { "limit-connections": "5" }, { "whitelist-source-range": "10.0.0.0/8" }, { "denylist-source-range": "10.0.0.0/8" }, BASIC, { ...BASIC, "satisfy": "any" },
  { ...BASIC, "affinity": "cookie" }, { "limit-rps": "5", "rewrite-target": "/" }, { "limit-rps": "5", "proxy-body-size": "3m" },
];
const LATE: readonly Readonly<Record<string, string>>[] = [
  { "enable-cors": "true" }, { "limit-rps": "5", "enable-cors": "true" }, { "auth-url": "http://10.0.0.9/" }, { "auth-type": "digest", "auth-secret": "digests" },
  { "limit-rps": "5", "proxy-buffering": "on" }, { "limit-rps": "5", "custom-http-errors": "404" }, { "limit-rps": "5", "custom-http-errors": "404", "default-backend": "web" }, { "limit-rps": "5", "backend-protocol": "GRPC" },
  { "limit-rps": "5", "upstream-vhost": "other.example" }, { "limit-rps": "5", "limit-rate": "5" }, { "limit-rps": "5", "enable-access-log": "false" },
];

function isEarly(annotations: Readonly<Record<string, string>>, config: Partial<Config> = {}): boolean {
  let one = ingress("shop/web").host("shop.example").path("/", "web:80");
  for (const [name, value] of Object.entries(annotations)) one = one.annotate(name, value);
  const built = buildWith({ config }, ingressClass("nginx"), one, service("shop/web", "80:8080"), slice("shop/web", 8080, "10.0.0.1"), secret("shop/users", { auth: "ann:{PLAIN}secret\n" }), secret("shop/digests", { auth: `ann::${"0".repeat(32)}\n` }));
  assert.deepEqual(built.findings().filter(({ severity }) => severity === "error"), [], JSON.stringify(annotations));
  const host = built.model.hosts.get("shop.example");
  assert.ok(host);
  const [route] = compileHost(host, { ...testConfig, ...config }).table.routes;
  assert.ok(route?.filters !== undefined && route.profile !== undefined, JSON.stringify(annotations));
  return route.filters.early === true;
}

for (const annotations of EARLY) test(`before nginx looks for a location: ${JSON.stringify(annotations)}`, () => assert.equal(isEarly(annotations), true));
for (const annotations of LATE) test(`in the location of its profile: ${JSON.stringify(annotations)}`, () => assert.equal(isEarly(annotations), false));

test("where the edge itself finds the client's address, nginx has to take it over first", () => {
  assert.equal(isEarly({ "whitelist-source-range": "10.0.0.0/8" }, { useProxyProtocol: true }), true);
  assert.equal(isEarly({ "whitelist-source-range": "10.0.0.0/8" }, { useProxyProtocol: true, useForwardedHeaders: true }), false);
});
