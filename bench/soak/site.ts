/**
 * The site of the soak as Kubernetes objects: a host for each kind of traffic, and hosts that the churn changes.
 */
import { X509Certificate } from "node:crypto";
import { selfSigned, type KeyPair } from "../../test/support/openssl.ts";
import { downloadOf, PASSWORD, type Backends } from "./backends.ts";

export const NAMESPACE = "soak";
export const CONFIG_MAP = "sluice";
/** The host of the Service whose pods are replaced all the time. */
export const ROLLING_HOST = "rolling.soak.example";
const PREFIX = "nginx.ingress.kubernetes.io";
const APP_HOSTS = 10;
const TLS_HOSTS = 5;
/** Certificates of each TLS host, which take turns. */
const PAIRS = 4;

export interface Site {
  readonly appHosts: readonly string[];
  readonly appBackends: readonly string[];
  readonly tlsHosts: readonly string[];
  readonly canaryHosts: { readonly weight: string; readonly header: string; readonly cookie: string };
  readonly primary: string;
  readonly canary: string;
  /** The port of `primary`. */
  readonly primaryPort: number;
  /** Per cent of the canary by weight. */
  readonly weight: number;
  readonly stickyHost: string;
  readonly limitedHost: string;
  readonly limitPerSecond: number;
  readonly authHost: string;
  readonly password: string;
  readonly uploadHost: string;
  readonly bufferedUploadHost: string;
  readonly downloadHost: string;
  readonly socketHost: string;
  download(path: string): Buffer;
  /** SHA-256 of all certificates that were made for a TLS host. */
  fingerprintsOf(host: string): ReadonlySet<string>;
  /** The certificates of a TLS host. */
  pairsOf(host: string): readonly KeyPair[];
  readonly objects: readonly SiteObject[];
}

export interface SiteObject {
  readonly apiVersion: string;
  readonly kind: keyof typeof PLURALS;
  readonly metadata: { readonly name: string; readonly [more: string]: unknown };
  readonly [more: string]: unknown;
}

const PLURALS = {
  Ingress: "ingresses", Service: "services", EndpointSlice: "endpointslices", ConfigMap: "configmaps", Secret: "secrets",
} as const;

/** The path of the collection, or with `name` of one object. */
export function pathOf({ apiVersion, kind }: Pick<SiteObject, "apiVersion" | "kind">, name?: string): string {
  const api = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  return `${api}/namespaces/${NAMESPACE}/${PLURALS[kind]}${name === undefined ? "" : `/${name}`}`;
}

export function makeSite({ app: [a, b], slow, auth }: Backends): Site {
  const tlsHosts = Array.from({ length: TLS_HOSTS }, (_, i) => `tls-${i}.soak.example`);
  const pairs = new Map(tlsHosts.map((host) => [host, Array.from({ length: PAIRS }, () => selfSigned([host], host))]));
  const fingerprints = new Map([...pairs].map(([host, of]) => [host, new Set(of.map(fingerprintOf))]));
  const hosts = {
    appHosts: Array.from({ length: APP_HOSTS }, (_, i) => `app-${i}.soak.example`),
    tlsHosts,
    canaryHosts: { weight: "canary-weight.soak.example", header: "canary-header.soak.example", cookie: "canary-cookie.soak.example" },
    stickyHost: "sticky.soak.example", limitedHost: "limited.soak.example", authHost: "auth.soak.example",
    uploadHost: "upload.soak.example", bufferedUploadHost: "upload-buffered.soak.example",
    downloadHost: "download.soak.example", socketHost: "socket.soak.example",
  };
  const [weight, limitPerSecond] = [30, 10];
  const canary = (kind: keyof typeof hosts.canaryHosts, rule: Readonly<Record<string, string>>): SiteObject[] => [
    ingress(`canary-${kind}`, hosts.canaryHosts[kind], "a"),
    ingress(`canary-${kind}-b`, hosts.canaryHosts[kind], "b", { canary: "true", ...rule }),
  ];
  return {
    ...hosts, weight, limitPerSecond, appBackends: [a.name, b.name], primary: a.name, canary: b.name, primaryPort: a.port, password: PASSWORD, download: downloadOf,
    fingerprintsOf: (host) => fingerprints.get(host) ?? new Set(),
    pairsOf: (host) => pairs.get(host) ?? [],
    objects: [
      configMap({}),
      ...service("app", a.port, b.port), ...service("a", a.port), ...service("b", b.port), ...service("slow", slow),
      ...hosts.appHosts.map((host, i) => ingress(`app-${i}`, host, "app")),
      ...tlsHosts.flatMap((host) => [tlsIngress(host), tlsSecret(host, pairs.get(host)?.[0] as KeyPair)]),
      ...canary("weight", { "canary-weight": String(weight) }),
      ...canary("header", { "canary-by-header": "x-canary" }),
      ...canary("cookie", { "canary-by-cookie": "canary" }),
      ingress("sticky", hosts.stickyHost, "app", { affinity: "cookie", "session-cookie-name": "soak" }),
      ingress("limited", hosts.limitedHost, "app", { "limit-rps": String(limitPerSecond) }),
      ingress("auth", hosts.authHost, "app", { "auth-url": `http://127.0.0.1:${auth}/check` }),
      ingress("upload", hosts.uploadHost, "app", { "proxy-request-buffering": "off", "proxy-body-size": "8m" }),
      ingress("upload-buffered", hosts.bufferedUploadHost, "app", { "proxy-body-size": "8m" }),
      ingress("download", hosts.downloadHost, "slow"),
      ingress("socket", hosts.socketHost, "app"),
    ],
  };
}

export function fingerprintOf({ chain }: KeyPair): string {
  return new X509Certificate(chain).fingerprint256;
}

export function configMap(data: Readonly<Record<string, string>>): SiteObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: CONFIG_MAP }, data: { "worker-processes": "2", ...data } };
}

/** An Ingress of one host and the path `/`. */
export function ingress(name: string, host: string, backend: string, annotations: Readonly<Record<string, string>> = {}): SiteObject {
  const named = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${PREFIX}/${key}`, value]));
  const path = { path: "/", pathType: "Prefix", backend: { service: { name: backend, port: { number: 80 } } } };
  return {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, annotations: named },
    spec: { ingressClassName: "nginx", rules: [{ host, http: { paths: [path] } }] },
  };
}

function tlsIngress(host: string): SiteObject {
  const name = secretNameOf(host);
  const plain = ingress(name, host, "app");
  return { ...plain, spec: { ...(plain["spec"] as object), tls: [{ hosts: [host], secretName: name }] } };
}

export const secretNameOf = (host: string): string => host.slice(0, host.indexOf("."));

export function tlsSecret(host: string, { chain, key }: KeyPair): SiteObject {
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  return {
    apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { name: secretNameOf(host) },
    data: { "tls.crt": base64(chain), "tls.key": base64(key) },
  };
}

/** A Service and an EndpointSlice for each port. */
export function service(name: string, ...ports: readonly number[]): SiteObject[] {
  return [
    { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { ports: [{ name: "http", port: 80 }] } },
    ...ports.map((port, i) => slice(name, i, port)),
  ];
}

export function slice(service: string, index: number, port: number): SiteObject {
  return {
    apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4",
    metadata: { name: `${service}-${index}`, labels: { "kubernetes.io/service-name": service } },
    ports: [{ name: "http", port, protocol: "TCP" }],
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
  };
}
