/**
 * The configurations that adapters write for proxies that are seldom installed: every host that they can do is there, with
 * what it does. Those of installed proxies are tried on the proxies themselves (`rivals.test.ts`).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rival as envoy } from "../../bench/rivals/envoy.ts";
import { rival as nginx } from "../../bench/rivals/nginx.ts";
import { hostsFor, type Rival, type RivalSetup } from "../../bench/rivals/rival.ts";
import { rival as traefik } from "../../bench/rivals/traefik.ts";
import { HOSTS } from "../../bench/site/site.ts";

const setup: RivalSetup = {
  site: { hosts: HOSTS, crowd: 3, pools: { first: [1001], second: [1002], both: [1001, 1002], websocket: [1003], grpc: [1004] }, authentication: 1005 },
  dir: "/tmp/proxy", http: 8080, https: 8443, accessLog: true, account: "nobody",
};

function json(rival: Rival, file: string): Record<string, never> {
  return JSON.parse(rival.files(setup)[file] ?? "{}") as Record<string, never>;
}

test("Traefik has a router for each host, with its service and middlewares", () => {
  const { http, tls } = json(traefik, "dynamic.yaml") as unknown as {
    http: { routers: Record<string, { rule: string; service: string; entryPoints: string[]; middlewares?: string[]; tls?: object }>; middlewares: Record<string, object>; services: Record<string, object> };
    tls: { certificates: object[] };
  };
  const routers = Object.values(http.routers);
  for (const { name } of hostsFor(traefik, setup.site)) assert.ok(routers.some(({ rule }) => rule.startsWith(`Host(\`${name}\`)`)), name);
  for (const { service, middlewares = [] } of routers) {
    assert.ok(service in http.services, service);
    for (const one of middlewares) assert.ok(one in http.middlewares, one);
  }
  assert.deepEqual(http.routers["header-canary"], { entryPoints: ["web"], middlewares: [], rule: "Host(`header.bench`) && Header(`test`, `always`)", service: "second" });
  assert.deepEqual(http.routers["rewrite-bench"]?.middlewares, ["rewrite"]);
  assert.deepEqual(http.routers["limits-bench"]?.middlewares, ["rate", "at-a-time"]);
  assert.deepEqual(http.routers["tls-bench-tls"], { entryPoints: ["websecure"], middlewares: ["hsts"], rule: "Host(`tls.bench`)", service: "first", tls: {} });
  assert.deepEqual(http.services["weight"], { weighted: { services: [{ name: "first", weight: 70 }, { name: "second", weight: 30 }] } });
  assert.deepEqual(http.services["grpc"], { loadBalancer: { servers: [{ url: "h2c://127.0.0.1:1004" }], serversTransport: "kept", passHostHeader: true } });
  assert.equal(routers.filter(({ rule }) => rule.startsWith("Host(`paths.bench`)")).length, 50);
  assert.equal(Object.keys(http.routers).filter((name) => name.startsWith("host-")).length, 3);
  assert.deepEqual(tls.certificates, [{ certFile: "/tmp/proxy/chain.pem", keyFile: "/tmp/proxy/key.pem" }]);
  const args = traefik.args(setup);
  assert.ok(args.includes("--entrypoints.web.address=127.0.0.1:8080") && args.includes("--accesslog.filepath=/tmp/proxy/access.log"));
  assert.ok(!traefik.args({ ...setup, accessLog: false }).some((arg) => arg.includes("accesslog")));
});

test("Envoy has a virtual host for each host, and clusters for all that they lead to", () => {
  interface Route { match: Record<string, unknown>; route: { cluster?: string; weighted_clusters?: { clusters: { name: string }[] } } }
  interface Listener { name: string; filter_chains: { transport_socket?: object; filters: { typed_config: { route_config: { virtual_hosts: { name: string; domains: string[]; routes: Route[] }[] }; access_log?: object[] } }[] }[] }
  const { static_resources: { listeners, clusters } } = json(envoy, "envoy.json") as unknown as { static_resources: { listeners: Listener[]; clusters: { name: string }[] } };
  const [web, secure] = listeners;
  const managerOf = (listener: Listener | undefined) => listener?.filter_chains[0]?.filters[0]?.typed_config ?? assert.fail();
  const hosts = managerOf(web).route_config.virtual_hosts;
  assert.deepEqual(hosts.map(({ name }) => name), [...hostsFor(envoy, setup.site).map(({ name }) => name), "host-0.bench", "host-1.bench", "host-2.bench"]);
  for (const { domains, name, routes } of hosts) {
    assert.deepEqual(domains, [name, `${name}:*`]);
    for (const { route } of routes) {
      const led = route.cluster === undefined ? (route.weighted_clusters?.clusters.map((one) => one.name) ?? []) : [route.cluster];
      assert.ok(led.length > 0 && led.every((one) => clusters.some((cluster) => cluster.name === one)), name);
    }
  }
  const routesOf = (name: string): Route[] => hosts.find((host) => host.name === name)?.routes ?? [];
  // The first that matches is taken, so the shortest path comes last, and the canary first.
  assert.deepEqual(routesOf("paths.bench").at(-1), { match: { prefix: "/" }, route: { cluster: "first", timeout: "0s" } });
  assert.deepEqual(routesOf("header.bench")[0]?.match, { prefix: "/", headers: [{ name: "test", string_match: { exact: "always" } }] });
  assert.deepEqual(managerOf(secure).route_config.virtual_hosts.map(({ name }) => name), ["grpc.bench", "tls.bench"]);
  assert.ok(secure?.filter_chains[0]?.transport_socket);
  assert.equal(managerOf(web).access_log?.length, 1);
});

test("hosts that a proxy cannot do are left out of its configuration", () => {
  assert.ok(!hostsFor(nginx, setup.site).some(({ name }) => name === "sticky.bench"));
  assert.ok(!(nginx.files(setup)["nginx.conf"] ?? "").includes("sticky.bench"));
  assert.deepEqual(hostsFor({ can: new Set(["plain"]) }, setup.site).map(({ name }) => name), ["plain.bench"]);
});
