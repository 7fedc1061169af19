/**
 * HAProxy with a map from host to backend, and the headers that Sluice sends by default, as far as HAProxy can. What a host
 * does beside is in its backend, so that other hosts do not pay for it. External authentication needs a program in Lua.
 */
import { CANARY_COOKIE, CANARY_HEADER, crowdHost, LIMITS, NETWORKS, ORIGIN, PREFIX, STICKY_COOKIE, USER, WEIGHT, type Site, type SiteHost, type SiteRoute } from "../site/site.ts";
import { hostsFor, type Rival, type RivalSetup } from "./rival.ts";

const HEAD = ({ dir, http, https, accessLog }: RivalSetup): string => `global
    nbthread 1
    maxconn 8192
    tune.bufsize 16384
    log stdout format raw local0
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets

defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
    timeout http-keep-alive 75s
    option http-keep-alive
    http-reuse always
    ${accessLog ? "log global\n    option httplog" : "no log"}

userlist users
    user ${USER.name} password ${USER.hash}

frontend web
    bind 127.0.0.1:${http}
    bind 127.0.0.1:${https} ssl crt ${dir}/both.pem alpn h2,http/1.1
    http-request set-header X-Request-ID %[uuid()] unless { req.hdr(X-Request-ID) -m found }
    http-request set-header X-Original-Forwarded-For %[req.hdr(X-Forwarded-For)] if { req.hdr(X-Forwarded-For) -m found }
    http-request set-header X-Original-Forwarded-Host %[req.hdr(X-Forwarded-Host)] if { req.hdr(X-Forwarded-Host) -m found }
    http-request set-header X-Real-IP %[src]
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
    http-request set-header X-Forwarded-Port %[dst_port]
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    http-request set-header X-Forwarded-Proto http unless { ssl_fc }
    http-request set-header X-Forwarded-Scheme https if { ssl_fc }
    http-request set-header X-Forwarded-Scheme http unless { ssl_fc }
    http-request set-header X-Scheme https if { ssl_fc }
    http-request set-header X-Scheme http unless { ssl_fc }
    http-request del-header Proxy
    http-response del-header Server
    http-response set-header Strict-Transport-Security "max-age=31536000; includeSubDomains" if { ssl_fc }
    use_backend %[req.hdr(Host),field(1,:),lower,map_str(${dir}/hosts.map,none)]

backend none
    http-request return status 404
`;

const CORS: readonly (readonly [string, string])[] = [
  ["Access-Control-Allow-Origin", ORIGIN], ["Access-Control-Allow-Credentials", "true"], ["Access-Control-Allow-Methods", "GET, PUT, POST, DELETE, PATCH, OPTIONS"],
  ["Access-Control-Allow-Headers", "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"], ["Access-Control-Max-Age", "1728000"],
];

function backend({ does, routes }: SiteHost, { pools }: Site, dir: string): string[] {
  const [{ pool }] = routes;
  const servers = (["first", "second"] as const).map((name) => `server ${name} 127.0.0.1:${pools[name][0]}`);
  const [first = "", second = ""] = servers;
  const plain = pools[pool].map((port, i) => `server one${i} 127.0.0.1:${port}`);
  switch (does) {
    case "paths":
      return [`use-server %[path,map_beg(${dir}/paths.map,first)] if TRUE`, ...servers];
    case "regex":
      return [`acl known path,map_reg(${dir}/expressions.map) -m found`, "http-request return status 404 unless known", `use-server %[path,map_reg(${dir}/expressions.map)] if TRUE`, ...servers];
    case "weight":
      return [`${first} weight ${100 - WEIGHT}`, `${second} weight ${WEIGHT}`];
    case "header":
      return [`use-server second if { req.hdr(${CANARY_HEADER.name}) ${CANARY_HEADER.value} }`, first, `${second} weight 0`];
    case "cookie":
      return [`use-server second if { req.cook(${CANARY_COOKIE.name}) ${CANARY_COOKIE.value} }`, first, `${second} weight 0`];
    case "sticky":
      return [`cookie ${STICKY_COOKIE} insert indirect nocache`, ...plain.map((line, i) => `${line} cookie one${i}`)];
    case "limits":
      return [
        "stick-table type ip size 100k expire 60s store http_req_rate(1s),conn_cur", "http-request track-sc0 src",
        `http-request deny deny_status 503 if { sc_http_req_rate(0) gt ${LIMITS.perSecond} } or { sc_conn_cur(0) gt ${LIMITS.atATime} }`, ...plain,
      ];
    case "networks":
      return [`http-request deny unless { src -f ${dir}/networks.lst }`, ...plain];
    case "basic":
      return ['http-request auth realm Authentication unless { http_auth(users) }', ...plain];
    case "cors":
      return [
        `http-request return status 204 ${CORS.map(([name, value]) => `hdr ${name} "${value}"`).join(" ")} if METH_OPTIONS`,
        ...CORS.map(([name, value]) => `http-response set-header ${name} "${value}"`), ...plain,
      ];
    case "rewrite":
      return [`http-request replace-path (?i)^${PREFIX}/(.*) /\\1`, ...plain];
    case "grpc":
      return plain.map((line) => `${line} proto h2`);
    default:
      return plain;
  }
}

/** A map of paths: whole elements, so each path is there with a slash after it. One that ends with a name is no exact match: HAProxy's prefixes have no end. */
function pathsMap(routes: readonly SiteRoute[]): string {
  return routes.map(({ path, pool }) => `${path === "/" ? path : `${path}/`} ${pool}\n`).join("");
}

export const rival: Rival = {
  title: "HAProxy",
  command: "haproxy",
  version: ["-v"],
  can: new Set(["plain", "paths", "regex", "weight", "header", "cookie", "sticky", "limits", "networks", "basic", "cors", "rewrite", "websocket", "grpc", "https", "log"]),
  hosts: 100_000,
  files(setup) {
    const { site, dir } = setup;
    const hosts = hostsFor(this, site);
    const routesOf = (does: SiteHost["does"]): SiteHost["routes"] | [] => hosts.find((host) => host.does === does)?.routes ?? [];
    const section = (host: SiteHost): string => `\nbackend ${host.name}\n${backend(host, site, dir).map((line) => `    ${line}\n`).join("")}`;
    return {
      "hosts.map": [...hosts.map(({ name }) => `${name} ${name}\n`), ...Array.from({ length: site.crowd }, (_, i) => `${crowdHost(i)} plain.bench\n`)].join(""),
      "paths.map": pathsMap(routesOf("paths")),
      "expressions.map": routesOf("regex").map(({ path, pool }) => `(?i)^${path} ${pool}\n`).join(""),
      "networks.lst": NETWORKS.map((network) => `${network}\n`).join(""),
      "haproxy.cfg": HEAD(setup) + hosts.map(section).join(""),
    };
  },
  args: ({ dir }) => ["-db", "-f", `${dir}/haproxy.cfg`],
};
