/**
 * Traefik 3 with its file provider: a router and its middlewares for each host. Its canaries by header and by cookie are
 * routers of their own with a further rule.
 */
import { CANARY_COOKIE, CANARY_HEADER, crowdHost, LIMITS, NETWORKS, ORIGIN, PREFIX, STICKY_COOKIE, USER, WEIGHT, type PoolName, type Site, type SiteHost } from "../site/site.ts";
import { hostsFor, IDLE_CONNECTIONS, type Rival } from "./rival.ts";

interface Router {
  readonly rule: string;
  readonly service: string;
  readonly entryPoints: readonly string[];
  readonly middlewares?: readonly string[];
  readonly priority?: number;
  readonly tls?: object;
}

type Named<T> = Record<string, T>;

/** The middlewares that make a host do what it does, by name. */
function middlewaresOf({ does }: SiteHost, { authentication }: Site): Named<object> {
  switch (does) {
    case "networks":
      return { networks: { ipAllowList: { sourceRange: NETWORKS } } };
    case "basic":
      return { basic: { basicAuth: { users: [`${USER.name}:${USER.hash}`], realm: "Authentication Required" } } };
    case "external":
      return { external: { forwardAuth: { address: `http://127.0.0.1:${authentication}/` } } };
    case "cors":
      return {
        cors: { headers: {
          accessControlAllowOriginList: [ORIGIN], accessControlAllowCredentials: true, accessControlMaxAge: 1728000,
          accessControlAllowMethods: ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"],
          accessControlAllowHeaders: ["DNT", "Keep-Alive", "User-Agent", "X-Requested-With", "If-Modified-Since", "Cache-Control", "Content-Type", "Range", "Authorization"],
        } },
      };
    case "rewrite":
      return { rewrite: { replacePathRegex: { regex: `^${PREFIX}/(.*)`, replacement: "/$1" } } };
    case "limits":
      return {
        rate: { rateLimit: { average: LIMITS.perSecond, burst: LIMITS.perSecond * 5 } },
        "at-a-time": { inFlightReq: { amount: LIMITS.atATime, sourceCriterion: { ipStrategy: { depth: 0 } } } },
      };
    default:
      return {};
  }
}

function routersOf(host: SiteHost, middlewares: readonly string[]): Named<Router> {
  const { name, does, routes, https } = host;
  const common = { entryPoints: https ? ["web", "websecure"] : ["web"], middlewares };
  const on = `Host(\`${name}\`)`;
  const [{ pool }] = routes;
  const canary = (rule: string): Named<Router> => ({
    [does]: { ...common, rule: on, service: "first" },
    [`${does}-canary`]: { ...common, rule: `${on} && ${rule}`, service: "second" },
  });
  switch (does) {
    case "paths":
      return Object.fromEntries(routes.map(({ path, pool: to }, i) => [`paths-${i}`, { ...common, rule: path === "/" ? on : `${on} && (Path(\`${path}\`) || PathPrefix(\`${path}/\`))`, service: to }]));
    case "regex":
      return Object.fromEntries(routes.map(({ path, pool: to }, i) => [`regex-${i}`, { ...common, rule: `${on} && PathRegexp(\`(?i)^${path}\`)`, service: to }]));
    case "header":
      return canary(`Header(\`${CANARY_HEADER.name}\`, \`${CANARY_HEADER.value}\`)`);
    case "cookie":
      return canary(`HeaderRegexp(\`Cookie\`, \`(^|;\\s*)${CANARY_COOKIE.name}=${CANARY_COOKIE.value}(;|$)\`)`);
    default: {
      const service = does === "weight" || does === "sticky" ? does : pool;
      const router = { ...common, rule: on, service };
      const plain = name.replaceAll(".", "-");
      return { [plain]: https ? { ...router, entryPoints: ["web"] } : router, ...(https ? { [`${plain}-tls`]: { ...router, entryPoints: ["websecure"], tls: {} } } : {}) };
    }
  }
}

function services({ pools }: Site): Named<object> {
  const servers = (name: PoolName, scheme = "http"): object[] => pools[name].map((port) => ({ url: `${scheme}://127.0.0.1:${port}` }));
  const balanced = (name: PoolName, scheme?: string): object => ({ loadBalancer: { servers: servers(name, scheme), serversTransport: "kept", passHostHeader: true } });
  return {
    first: balanced("first"), second: balanced("second"), websocket: balanced("websocket"), grpc: balanced("grpc", "h2c"),
    weight: { weighted: { services: [{ name: "first", weight: 100 - WEIGHT }, { name: "second", weight: WEIGHT }] } },
    sticky: { loadBalancer: { servers: servers("both"), serversTransport: "kept", sticky: { cookie: { name: STICKY_COOKIE } } } },
  };
}

export const rival: Rival = {
  title: "Traefik",
  command: "traefik",
  version: ["version"],
  can: new Set(["plain", "paths", "regex", "weight", "header", "cookie", "sticky", "limits", "networks", "basic", "external", "cors", "rewrite", "websocket", "grpc", "https", "log"]),
  hosts: 10_000,
  files(setup) {
    const { site, dir } = setup;
    const hosts = hostsFor(this, site);
    const middlewares: Named<object> = { hsts: { headers: { stsSeconds: 31536000, stsIncludeSubdomains: true } } };
    const routers: Named<Router> = {};
    for (const host of hosts) {
      const own = middlewaresOf(host, site);
      Object.assign(middlewares, own);
      Object.assign(routers, routersOf(host, [...Object.keys(own), ...(host.https ? ["hsts"] : [])]));
    }
    for (let i = 0; i < site.crowd; i++) routers[`host-${i}`] = { rule: `Host(\`${crowdHost(i)}\`)`, service: "first", entryPoints: ["web"] };
    const dynamic = {
      http: { routers, middlewares, services: services(site), serversTransports: { kept: { maxIdleConnsPerHost: IDLE_CONNECTIONS } } },
      tls: { certificates: [{ certFile: `${dir}/chain.pem`, keyFile: `${dir}/key.pem` }], options: { default: { minVersion: "VersionTLS12" } } },
    };
    // JSON is YAML, too.
    return { "dynamic.yaml": `${JSON.stringify(dynamic)}\n` };
  },
  args: ({ dir, http, https, accessLog }) => [
    `--entrypoints.web.address=127.0.0.1:${http}`, `--entrypoints.websecure.address=127.0.0.1:${https}`, `--providers.file.filename=${dir}/dynamic.yaml`,
    "--providers.file.watch=false", "--log.level=ERROR", "--global.checknewversion=false", "--global.sendanonymoususage=false",
    ...(accessLog ? ["--accesslog=true", `--accesslog.filepath=${dir}/access.log`] : []),
  ],
};
