/**
 * Caddy with a Caddyfile, a site for each host. Debian's Caddy has no rate limits (a module of others), and its canaries by
 * weight came later (2.8).
 */
import { CANARY_COOKIE, CANARY_HEADER, crowdHost, NETWORKS, ORIGIN, PREFIX, STICKY_COOKIE, USER, type Site, type SiteHost } from "../site/site.ts";
import { hostsFor, IDLE_CONNECTIONS, type Rival, type RivalSetup } from "./rival.ts";

const HEAD = ({ dir, https, accessLog }: RivalSetup): string => `{
	admin off
	auto_https off
	https_port ${https}
	servers {
		protocols h1 h2
	}
	log default {
		level ERROR
		exclude http.log.access
	}
}
(common) {
	bind 127.0.0.1${accessLog ? `\n	log {\n		output file ${dir}/access.log {\n			roll_disabled\n		}\n	}` : ""}
	header -Server
}
(to) {
	reverse_proxy {args.0} {
		header_up X-Request-ID {http.request.uuid}
		header_up X-Real-IP {remote_host}
		header_up X-Forwarded-Port {http.request.port}
		header_up X-Forwarded-Scheme {scheme}
		header_up X-Scheme {scheme}
		header_up -Proxy
		transport http {
			keepalive_idle_conns_per_host ${IDLE_CONNECTIONS}
		}
	}
}
`;

function lines(host: SiteHost, site: Site): string[] {
  const [{ pool }] = host.routes;
  const address = (name: keyof Site["pools"]): string => site.pools[name].map((port) => `127.0.0.1:${port}`).join(" ");
  const to = (name: keyof Site["pools"]): string => `import to ${address(name)}`;
  const canary = (matcher: string): string[] => [`@canary ${matcher}`, "handle @canary {", `\t${to("second")}`, "}", "handle {", `\t${to("first")}`, "}"];
  switch (host.does) {
    case "paths":
      return host.routes.flatMap(({ path, pool: name }) => (path === "/" ? ["handle {", `\t${to(name)}`, "}"] : [`@${path.slice(1)} path ${path} ${path}/*`, `handle @${path.slice(1)} {`, `\t${to(name)}`, "}"]));
    case "regex":
      return [...host.routes.flatMap(({ path, pool: name }, i) => [`@r${i} path_regexp (?i)^${path}`, `handle @r${i} {`, `\t${to(name)}`, "}"]), "handle {", "\trespond 404", "}"];
    case "header":
      return canary(`header ${CANARY_HEADER.name} ${CANARY_HEADER.value}`);
    case "cookie":
      return canary(`header_regexp Cookie (^|;\\s*)${CANARY_COOKIE.name}=${CANARY_COOKIE.value}(;|$)`);
    case "sticky":
      return [`reverse_proxy ${address(pool)} {`, `\tlb_policy cookie ${STICKY_COOKIE}`, "\ttransport http {", `\t\tkeepalive_idle_conns_per_host ${IDLE_CONNECTIONS}`, "\t}", "}"];
    case "networks":
      return [`@outside not remote_ip ${NETWORKS.join(" ")}`, "respond @outside 403", to(pool)];
    case "basic":
      return ["basicauth {", `\t${USER.name} ${USER.hash}`, "}", to(pool)];
    case "external":
      return [`forward_auth 127.0.0.1:${site.authentication} {`, "\turi /", "}", to(pool)];
    case "cors":
      return [
        `header Access-Control-Allow-Origin ${ORIGIN}`, "header Access-Control-Allow-Credentials true", 'header Access-Control-Allow-Methods "GET, PUT, POST, DELETE, PATCH, OPTIONS"',
        'header Access-Control-Allow-Headers "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"',
        "header Access-Control-Max-Age 1728000", "@preflight method OPTIONS", "respond @preflight 204", to(pool),
      ];
    case "rewrite":
      return [`uri strip_prefix ${PREFIX}`, to(pool)];
    case "grpc":
      return [`reverse_proxy h2c://${address(pool)}`];
    default:
      return [to(pool)];
  }
}

const site = (address: string, body: readonly string[]): string => `${address} {\n\timport common\n${body.map((line) => `\t${line}\n`).join("")}}\n`;

export const rival: Rival = {
  title: "Caddy",
  command: "caddy",
  version: ["version"],
  can: new Set(["plain", "paths", "regex", "header", "cookie", "sticky", "networks", "basic", "external", "cors", "rewrite", "websocket", "grpc", "https", "log"]),
  // A Caddyfile of 10,000 sites takes it minutes to read.
  hosts: 1000,
  files(setup) {
    const { dir, http, https } = setup;
    const secure = (host: SiteHost): string =>
      site(`https://${host.name}:${https}`, [`tls ${dir}/chain.pem ${dir}/key.pem`, "header Strict-Transport-Security \"max-age=31536000; includeSubDomains\"", ...lines(host, setup.site)]);
    const hosts = hostsFor(this, setup.site).map((host) => (host.https ? secure(host) : site(`http://${host.name}:${http}`, lines(host, setup.site))));
    const crowd = Array.from({ length: setup.site.crowd }, (_, i) => site(`http://${crowdHost(i)}:${http}`, [`import to 127.0.0.1:${setup.site.pools.first[0]}`]));
    return { Caddyfile: HEAD(setup) + [...hosts, ...crowd].join("") + site(`http://:${http}`, ["respond 404"]) + site(`https://:${https}`, [`tls ${dir}/chain.pem ${dir}/key.pem`, "respond 404"]) };
  },
  args: ({ dir }) => ["run", "--config", `${dir}/Caddyfile`, "--adapter", "caddyfile"],
};
