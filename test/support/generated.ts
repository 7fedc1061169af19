/**
 * A thousand Ingresses as a large cluster may have them, the same for the same seed: shared hosts, all path types,
 * canaries, TLS, and every annotation with values that are valid and values that are not.
 */
import { stringify } from "yaml";
import type { Annotation } from "../../src/model/annotations/annotation.ts";
import { annotations, defaultValues } from "../../src/model/annotations/table.ts";
import { testConfig } from "./objects.ts";
import { createRandom, type Random } from "./random.ts";

export interface GeneratedPath {
  readonly host: string;
  readonly path: string;
  readonly pathType: string;
  readonly service: string;
}

export interface GeneratedIngress {
  readonly namespace: string;
  readonly name: string;
  readonly canary: boolean;
  readonly paths: readonly GeneratedPath[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly tls: readonly { readonly hosts: readonly string[]; readonly secretName: string }[];
}

const NAMESPACES = 20;
const PREFIX = "nginx.ingress.kubernetes.io";
const SERVICES = ["web", "api", "cart", "auth"];
const PATHS = ["/", "/", "/", "/api", "/api/v1", "/api/v1/", "/static", "/shop/cart", "/login", "/docs/", "/über", "/a.b"];
const EXPRESSIONS = ["/api/(v1|v2)/(.*)", "/files/[0-9]+", "/x(/|$)(.*)"];

/** Texts that annotations are given; each has some that it takes, and most some that it does not. */
const TEXTS = [
  "true", "false", "on", "off", "1", "5", "30", "100", "301", "-1", "0", "1.5", "soon", "8m", "16k", "10MB", "1.1", "error timeout http_502", "cookie", "balanced", "persistent", "sticky", "legacy", "Lax", "visitor",
  "basic", "digest", "auth-file", "auth-map", "any", "all", "GET", "users", "shop", "Shop", "/app", "/start/$1", "https://elsewhere.example/x", "http://auth.gen-0.svc.cluster.local/check", "ftp://x", "$host", "$remote_addr",
  "10.0.0.0/8, 192.0.2.1", "10.0.0.0/99", "HTTP", "HTTPS", "GRPC", "SMTP", "404,503", "99", "web", "Web_1", "round_robin", "ewma", "least", "X-Header", "X-A, X-B", "X Y Z!", "GET, POST", "https://*.example", "close", "keep-alive",
  "TLSv1.2 TLSv1.3", "HIGH:!aNULL", "200 5m", "always", "www.example", "~^x[0-9]$", "example.org example.com", "/ /app", "optional", "optional_no_ca", "CN=client", "gen-0/settings", "default", "index.php", "not valid: {;}", "$",
];

/** The texts that an annotation takes, and those that it does not. */
function textsFor(row: Annotation): { readonly good: readonly string[]; readonly bad: readonly string[] } {
  if (row.status !== "honoured") return { good: ["more_set_headers \"X-A: b\";"], bad: ["proxy_pass"] };
  const defaults = defaultValues(testConfig);
  const isGood = (text: string): boolean => row.read(defaults, text, testConfig).problem === undefined;
  const [good, bad] = [TEXTS.filter(isGood), TEXTS.filter((text) => !isGood(text))];
  if (good.length === 0) throw new Error(`generated.ts has no text that ${row.name} takes`);
  return { good, bad };
}

const CHOICES = annotations.filter(({ group }) => group !== "canary").map((row) => ({ row, name: row.aliases?.[0] ?? row.name, ...textsFor(row) }));

export function generate(seed: number, count: number): readonly GeneratedIngress[] {
  const random = createRandom(seed);
  const made: GeneratedIngress[] = [];
  while (made.length < count) made.push(one(random, made));
  return made;
}

function one(random: Random, before: readonly GeneratedIngress[]): GeneratedIngress {
  const at = random.below(NAMESPACES);
  const namespace = `gen-${at}`;
  const name = `ing-${before.length}`;
  const joined = before.length > 0 && random.chance(0.12) ? random.pick(before) : undefined;
  if (joined && !joined.canary) return canaryOf(random, joined, name);
  const annotated = random.chance(0.7) ? someAnnotations(random, before.length) : {};
  const regex = annotated[`${PREFIX}/use-regex`] === "true" || annotated[`${PREFIX}/rewrite-target`] !== undefined;
  const hosts = Array.from({ length: random.chance(0.2) ? 2 : 1 }, () => hostOf(random, at));
  const paths = [...new Set(hosts)].flatMap((host) => {
    const texts = new Set(Array.from({ length: 1 + random.below(3) }, () => random.pick(regex && random.chance(0.5) ? EXPRESSIONS : PATHS)));
    return [...texts].map((path) => ({ host, path, pathType: regex ? "ImplementationSpecific" : random.pick(["Prefix", "Prefix", "Prefix", "Exact", "ImplementationSpecific"]), service: random.chance(0.03) ? "gone" : random.pick(SERVICES) }));
  });
  const secured = random.chance(0.3) ? [{ hosts: [...new Set(hosts)].filter((host) => host !== ""), secretName: random.pick(["wild", "wild", "other", "missing"]) }] : [];
  return { namespace, name, canary: false, paths, annotations: annotated, tls: secured };
}

function hostOf(random: Random, at: number): string {
  const kind = random.next();
  const of = kind < 0.05 ? random.below(NAMESPACES) : at;
  if (kind > 0.99) return "";
  return `${kind > 0.95 ? "*" : `h${random.below(25)}`}.gen-${of}.example`;
}

function canaryOf(random: Random, { namespace, paths }: GeneratedIngress, name: string): GeneratedIngress {
  const rules: readonly Readonly<Record<string, string>>[] = [
    { "canary-weight": "10" }, { "canary-weight": "many" }, { "canary-by-header": "X-Next" }, { "canary-by-cookie": "next", "canary-weight": "5" },
    { "canary-by-header": "X-Region", "canary-by-header-value": "eu" }, { "canary-by-header-value": "eu" },
  ];
  const given = { canary: random.chance(0.95) ? "true" : "yes", ...random.pick(rules) };
  return { namespace, name, canary: true, paths: paths.map((path) => ({ ...path, service: "next" })), annotations: prefixed(given), tls: [] };
}

/** One annotation in turn, so that each is there several times, and a few by chance. */
function someAnnotations(random: Random, turn: number): Readonly<Record<string, string>> {
  const chosen = [CHOICES[turn % CHOICES.length], ...Array.from({ length: random.below(3) }, () => random.pick(CHOICES))].filter((choice) => choice !== undefined);
  return prefixed(Object.fromEntries(chosen.map(({ row, name, good, bad }) => [random.chance(0.5) ? row.name : name, random.pick(bad.length > 0 && random.chance(0.2) ? bad : good)])));
}

function prefixed(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [`${PREFIX}/${name}`, value]));
}

/** File name → YAML: one file for each namespace, with its Services and their endpoints. */
export function filesOf(ingresses: readonly GeneratedIngress[]): ReadonlyMap<string, string> {
  return new Map(Array.from({ length: NAMESPACES }, (_, at) => {
    const namespace = `gen-${at}`;
    const own = ingresses.filter((ingress) => ingress.namespace === namespace);
    const objects = [...[...SERVICES, "next"].flatMap((service, index) => serviceObjects(namespace, service, `10.${at}.${index}.1`)), ...own.map(ingressObject)];
    return [`${namespace}.yaml`, objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" })).join("---\n")];
  }));
}

function serviceObjects(namespace: string, name: string, address: string): object[] {
  return [
    { apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec: { clusterIP: address.replace("10.", "10.2"), ports: [{ name: "http", port: 80, targetPort: 8080 }] } },
    { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } }, addressType: "IPv4", ports: [{ name: "http", port: 8080 }], endpoints: [{ addresses: [address] }] },
  ];
}

function ingressObject({ namespace, name, paths, annotations: given, tls }: GeneratedIngress): object {
  const rules = [...Map.groupBy(paths, ({ host }) => host)].map(([host, ofHost]) => ({
    ...(host === "" ? {} : { host }),
    http: { paths: ofHost.map(({ path, pathType, service }) => ({ path, pathType, backend: { service: { name: service, port: { number: 80 } } } })) },
  }));
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace, ...(Object.keys(given).length > 0 ? { annotations: given } : {}) },
    spec: { ingressClassName: "nginx", ...(tls.length > 0 ? { tls } : {}), rules },
  };
}
