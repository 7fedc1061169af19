/** The kinds of requests whose cost is counted: the host of each, what is asked of it, and what its count is set beside. */
import type { KeyPair } from "../../test/support/openssl.ts";
import { configMap, documents } from "../../test/support/manifests.ts";
import { ingress, ingressClass, service, slice, type IngressDraft } from "../../test/support/objects.ts";

/** How a workload comes: as requests over kept connections, or as handshakes of new connections without a request. */
export type Manner = "http" | "https" | "h2" | "handshake" | "resumed";

/** What the controller is set to: nothing, `--enable-metrics`, or the access log. */
export type Setting = "quiet" | "measured" | "logging";

export interface Workload {
  readonly id: string;
  readonly manner: Manner;
  readonly setting: Setting;
  readonly host: string;
  readonly path: string;
  /** More request headers, `name: value`. */
  readonly headers: readonly string[];
  /** The same is asked of nginx by hand. Otherwise the same headers are sent to the plain route. */
  readonly byHand: boolean;
}

function workload(id: string, more: Partial<Workload> = {}): Workload {
  return { id, manner: "http", setting: "quiet", host: `${id}.bench`, path: "/", headers: [], byHand: false, ...more };
}

const TLS = { byHand: true, host: "tls.bench" } as const;

/** In the order of the table, by the names that the same have in `bench/workloads.ts`. */
export const WORKLOADS: readonly Workload[] = [
  workload("plain", { byHand: true }),
  workload("metrics", { byHand: true, host: "plain.bench", setting: "measured" }),
  workload("log", { byHand: true, host: "plain.bench", setting: "logging" }),
  workload("https", { ...TLS, manner: "https" }),
  workload("h2", { ...TLS, manner: "h2" }),
  workload("handshake", { ...TLS, manner: "handshake" }),
  workload("resumed", { ...TLS, manner: "resumed" }),
  workload("weight"),
  workload("rollout"),
  workload("header", { headers: ["test: always"] }),
  workload("cookie", { headers: ["cookie: like_music=always"] }),
  workload("sticky", { headers: [`cookie: INGRESSCOOKIE=1700000000.1.2.3|${"0123456789abcdef".repeat(2)}`] }),
  workload("rewrite", { path: "/api/v1/things" }),
  workload("limits"),
  workload("networks"),
  workload("cors", { headers: ["origin: https://shop.example"] }),
  workload("basic", { headers: ["authorization: Basic dXNlcjpwYXNz"] }),
  workload("paths", { path: "/p49/things" }),
  workload("regex", { path: "/v9/things" }),
];

/** The users of the workload `basic`: `openssl passwd -apr1 -salt bench pass`. */
const USERS = "user:$apr1$bench$jbxZ2.9ZbgAJOGp0NCmGi1\n";
const CONFIG_MAP = "sluice/sluice";

/** Files of manifests with all hosts; both Services lead to one port. */
export function manifestsOf(port: number, certificate: KeyPair, setting: Setting): Record<string, string> {
  const data = { "worker-processes": "1", "disable-access-log": String(setting !== "logging"), "keep-alive-requests": "1000000000" };
  const hosts = [...plainHosts(), ...canaryHosts(), ...otherHosts()].map(({ object }) => ({ apiVersion: "networking.k8s.io/v1", ...object }));
  const backends = ["bench/first", "bench/second"].flatMap((name) => [
    { apiVersion: "v1", ...service(name, `80:${port}`) },
    { apiVersion: "discovery.k8s.io/v1", ...slice(name, port, "127.0.0.1") },
  ]);
  return {
    "config.yaml": configMap(data),
    "hosts.yaml": documents({ apiVersion: "networking.k8s.io/v1", ...ingressClass("nginx") }, ...backends, ...hosts),
    "secrets.yaml": documents(
      secret("tls", "kubernetes.io/tls", { "tls.crt": certificate.chain, "tls.key": certificate.key }),
      secret("users", "Opaque", { auth: USERS }),
    ),
  };
}

/** Flags of the controller for these manifests. */
export function flagsOf(setting: Setting): string[] {
  return [`--configmap=${CONFIG_MAP}`, ...(setting === "measured" ? ["--enable-metrics"] : [])];
}

function at(name: string): IngressDraft {
  return ingress(`bench/${name}`).host(`${name}.bench`).created(0);
}

function plainHosts(): IngressDraft[] {
  const many = Array.from({ length: 49 }, (_, i) => `/p${i + 1}`);
  return [
    at("plain").path("/", "first:80"),
    at("tls").path("/", "first:80").tls("tls", "tls.bench"),
    many.reduce((draft, path) => draft.path(path, "first:80"), at("paths").path("/", "first:80")),
  ];
}

function canaryHosts(): IngressDraft[] {
  const rules = { weight: { "canary-weight": "30" }, header: { "canary-by-header": "test" }, cookie: { "canary-by-cookie": "like_music" } };
  // A step that lasts longer than the measurement.
  const rollout = [at("rollout").path("/", "first:80"), ingress("bench/rollout-canary").host("rollout.bench").path("/", "second:80").canary({}).rawAnnotation("sluice.ingress/rollout", "{steps: [30], every: 10d}").created(1)];
  return rollout.concat(Object.entries(rules).flatMap(([name, rule]) => [
    at(name).path("/", "first:80"),
    ingress(`bench/${name}-canary`).host(`${name}.bench`).path("/", "second:80").canary(rule).created(1),
  ]));
}

function otherHosts(): IngressDraft[] {
  const networks = [...Array.from({ length: 99 }, (_, i) => `10.${i}.0.0/16`), "127.0.0.0/8"].join(",");
  const patterns = Array.from({ length: 10 }, (_, i) => `/v${i}/[a-z]+`);
  return [
    at("sticky").annotate("affinity", "cookie").path("/", "first:80"),
    at("rewrite").annotate("rewrite-target", "/$2").path("/api(/|$)(.*)", "first:80", "ImplementationSpecific"),
    at("limits").annotate("limit-rps", "100000").path("/", "first:80"),
    at("networks").annotate("whitelist-source-range", networks).path("/", "first:80"),
    at("cors").annotate("enable-cors", "true").path("/", "first:80"),
    at("basic").annotate("auth-type", "basic").annotate("auth-secret", "users").path("/", "first:80"),
    patterns.reduce((draft, path) => draft.path(path, "first:80", "ImplementationSpecific"), at("regex").annotate("use-regex", "true")),
  ];
}

function secret(name: string, type: string, data: Readonly<Record<string, string>>): object {
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")] as const);
  return { apiVersion: "v1", kind: "Secret", type, metadata: { name, namespace: "bench" }, data: Object.fromEntries(encoded) };
}
