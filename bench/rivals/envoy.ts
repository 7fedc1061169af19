/**
 * Envoy with a static bootstrap: one listener for http, one for TLS, a virtual host for each host. Limits by client, users and
 * authentication are services or filters that each need more than a configuration; those are left out.
 */
import { CANARY_COOKIE, CANARY_HEADER, CERTIFIED, crowdHost, PREFIX, WEIGHT, type PoolName, type Site, type SiteHost } from "../site/site.ts";
import { hostsFor, type Rival, type RivalSetup } from "./rival.ts";

const TYPE = "type.googleapis.com/envoy.extensions";

function routesOf({ does, routes }: SiteHost): object[] {
  const [{ pool }] = routes;
  const all = { prefix: "/" };
  const to = (cluster: PoolName): object => ({ cluster, timeout: "0s", ...(cluster === "websocket" ? { upgrade_configs: [{ upgrade_type: "websocket" }] } : {}) });
  const canary = (header: object): object[] => [{ match: { ...all, headers: [header] }, route: to("second") }, { match: all, route: to("first") }];
  switch (does) {
    case "paths":
      return routes.toReversed().map(({ path, pool: name }) => ({ match: path === "/" ? all : { path_separated_prefix: path }, route: to(name) }));
    case "regex":
      return routes.map(({ path, pool: name }) => ({ match: { safe_regex: { regex: `(?i)${path}` } }, route: to(name) }));
    case "weight":
      return [{ match: all, route: { timeout: "0s", weighted_clusters: { clusters: [{ name: "first", weight: 100 - WEIGHT }, { name: "second", weight: WEIGHT }] } } }];
    case "header":
      return canary({ name: CANARY_HEADER.name, string_match: { exact: CANARY_HEADER.value } });
    case "cookie":
      return canary({ name: "cookie", string_match: { safe_regex: { regex: `(.*;\\s*)?${CANARY_COOKIE.name}=${CANARY_COOKIE.value}(;.*)?` } } });
    case "rewrite":
      return [{ match: { prefix: `${PREFIX}/` }, route: { cluster: pool, timeout: "0s", prefix_rewrite: "/" } }];
    default:
      return [{ match: all, route: to(pool) }];
  }
}

function manager(name: string, virtualHosts: readonly object[], { dir, accessLog }: RivalSetup): object {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name, codec_type: "AUTO", use_remote_address: true, generate_request_id: true, server_header_transformation: "PASS_THROUGH",
      route_config: { name, virtual_hosts: virtualHosts },
      http_filters: [{ name: "envoy.filters.http.router", typed_config: { "@type": `${TYPE}.filters.http.router.v3.Router` } }],
      ...(accessLog ? { access_log: [{ name: "file", typed_config: { "@type": `${TYPE}.access_loggers.file.v3.FileAccessLog`, path: `${dir}/access.log` } }] } : {}),
    },
  };
}

function cluster(name: PoolName, { pools }: Site): object {
  const http2 = {
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": `${TYPE}.upstreams.http.v3.HttpProtocolOptions`, explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };
  const lb_endpoints = pools[name].map((port) => ({ endpoint: { address: address(port) } }));
  return { name, type: "STATIC", connect_timeout: "5s", load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints }] }, ...(name === "grpc" ? http2 : {}) };
}

function address(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

export const rival: Rival = {
  title: "Envoy",
  command: "envoy",
  version: ["--version"],
  can: new Set(["plain", "paths", "regex", "weight", "header", "cookie", "rewrite", "websocket", "grpc", "https", "log"]),
  hosts: 100_000,
  files(setup) {
    const { site, dir, http, https } = setup;
    // Domains are compared with the port of the Host header, so each is there with any port, too.
    const virtual = (name: string, routes: object[], secure: boolean): object => ({
      name, domains: [name, `${name}:*`], routes,
      ...(secure ? { response_headers_to_add: [{ header: { key: "strict-transport-security", value: "max-age=31536000; includeSubDomains" } }] } : {}),
    });
    const hosts = hostsFor(this, site);
    const crowd = Array.from({ length: site.crowd }, (_, i) => virtual(crowdHost(i), [{ match: { prefix: "/" }, route: { cluster: "first", timeout: "0s" } }], false));
    const tls = {
      name: "envoy.transport_sockets.tls",
      typed_config: {
        "@type": `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
        common_tls_context: {
          alpn_protocols: ["h2", "http/1.1"], tls_params: { tls_minimum_protocol_version: "TLSv1_2" },
          tls_certificates: [{ certificate_chain: { filename: `${dir}/chain.pem` }, private_key: { filename: `${dir}/key.pem` } }],
        },
      },
    };
    const bootstrap = {
      static_resources: {
        listeners: [
          { name: "web", address: address(http), filter_chains: [{ filters: [manager("web", [...hosts.map((host) => virtual(host.name, routesOf(host), false)), ...crowd], setup)] }] },
          {
            name: "websecure", address: address(https),
            filter_chains: [{ transport_socket: tls, filters: [manager("websecure", hosts.filter(({ name }) => CERTIFIED.includes(name)).map((host) => virtual(host.name, routesOf(host), true)), setup)] }],
          },
        ],
        clusters: (Object.keys(site.pools) as PoolName[]).map((name) => cluster(name, site)),
      },
    };
    return { "envoy.json": `${JSON.stringify(bootstrap)}\n` };
  },
  args: ({ dir }) => ["-c", `${dir}/envoy.json`, "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"],
};
