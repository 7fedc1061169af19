/** The Site as Kubernetes objects: what Sluice, or another controller, reads. */
import type { KeyPair } from "../../test/support/openssl.ts";
import { base64, host, ingress, ingressClass, NAMESPACE, service, type ApiObject } from "../cluster.ts";
import { CANARY_COOKIE, CANARY_HEADER, LIMITS, NETWORKS, ORIGIN, PREFIX, STICKY_COOKIE, USER, WEIGHT, type PoolName, type Site, type SiteHost } from "./site.ts";

const PREFIX_OF_NAMES = "nginx.ingress.kubernetes.io/";
const SECRETS = { certificate: "certificate", users: "users" } as const;

/** What the annotations of a host's Ingress say, without their prefix. */
function annotationsOf({ does }: SiteHost, { authentication }: Site): Readonly<Record<string, string>> {
  switch (does) {
    case "regex":
      return { "use-regex": "true" };
    case "sticky":
      return { "affinity": "cookie", "session-cookie-name": STICKY_COOKIE };
    case "limits":
      return { "limit-rps": String(LIMITS.perSecond), "limit-connections": String(LIMITS.atATime) };
    case "networks":
      return { "whitelist-source-range": NETWORKS.join(",") };
    case "basic":
      return { "auth-type": "basic", "auth-secret": SECRETS.users };
    case "external":
      return { "auth-url": `http://127.0.0.1:${authentication}/`, "auth-keepalive": "320" };
    case "cors":
      return { "enable-cors": "true", "cors-allow-origin": ORIGIN };
    case "rewrite":
      return { "rewrite-target": "/$1" };
    case "grpc":
      return { "backend-protocol": "GRPC" };
    default:
      return {};
  }
}

/** What the annotations of the second Ingress of a host say: its canary. */
function canaryOf({ does }: SiteHost): Readonly<Record<string, string>> | undefined {
  switch (does) {
    case "weight":
      return { "canary-weight": String(WEIGHT) };
    case "header":
      return { "canary-by-header": CANARY_HEADER.name };
    case "cookie":
      return { "canary-by-cookie": CANARY_COOKIE.name };
    default:
      return undefined;
  }
}

function named(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).map(([name, value]) => [PREFIX_OF_NAMES + name, value]));
}

function ingressesOf(one: SiteHost, site: Site): ApiObject[] {
  const { name, does, routes, https } = one;
  const byExpression = does === "regex" || does === "rewrite";
  const paths = routes.map(({ path, pool }) => ({ path: does === "rewrite" ? `${PREFIX}/(.*)` : path, service: pool, ...(byExpression ? { pathType: "ImplementationSpecific" as const } : {}) }));
  const own = ingress({ name, host: name, paths, annotations: named(annotationsOf(one, site)), ...(https ? { secret: SECRETS.certificate } : {}) });
  const canary = canaryOf(one);
  if (!canary) return [own];
  return [own, ingress({ name: `${name}-canary`, host: name, paths: [{ path: "/", service: "second" }], annotations: named({ canary: "true", ...canary }) })];
}

/** Each host of the crowd has an Ingress, a Service and an EndpointSlice of its own. */
export function objectsOf(site: Site, certificate: KeyPair): ApiObject[] {
  const secret = (name: string, type: string, data: Readonly<Record<string, string>>): ApiObject => ({ apiVersion: "v1", kind: "Secret", type, metadata: { name, namespace: NAMESPACE }, data });
  return [
    ingressClass(),
    ...(Object.keys(site.pools) as PoolName[]).flatMap((pool) => service(pool, ...site.pools[pool])),
    secret(SECRETS.certificate, "kubernetes.io/tls", { "tls.crt": base64(certificate.chain), "tls.key": base64(certificate.key) }),
    secret(SECRETS.users, "Opaque", { auth: base64(`${USER.name}:${USER.hash}\n`) }),
    ...site.hosts.flatMap((one) => ingressesOf(one, site)),
    ...Array.from({ length: site.crowd }, (_, i) => host(i, site.pools.first[0])).flat(),
  ];
}
