/**
 * The work for what tenants write grows in proportion to its size: to read it, to build the Model and the Program of it, and to
 * tell what is wrong. Twice as much of anything may cost twice the work and a little more for sorting; four times would be the square.
 */
import { workOf } from "../support/work.ts";
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { TOTAL_SIZE_BOUNDS } from "../../src/model/shapes/bounds.ts";
import { parseConfig } from "../../src/model/config/parse.ts";
import { toldFindings } from "../../src/report/told.ts";
import { parseSettings } from "../../src/settings.ts";
import type { Ingress } from "../../src/source/objects.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { folderOf, startOn } from "../source/manifests/folder.ts";
import { ingress as object, ingressClass, put, testSettings } from "../support/objects.ts";

const PREFIX = "nginx.ingress.kubernetes.io";
const many = (n: number, one: (i: number) => string, between = ""): string => Array.from({ length: n }, (_, i) => one(i)).join(between);

interface Parts {
  readonly name?: string;
  readonly namespace?: string;
  /** Lines of `metadata`, indented by two. */
  readonly metadata?: string;
  readonly annotations?: string;
  /** Lines of `spec`, indented by two. */
  readonly spec?: string;
  readonly host?: string;
  /** Lines of a rule's paths, indented by six. */
  readonly paths?: string;
}

const PATH = "      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}\n";

function ingress({ name = "web", namespace = "shop", metadata = "", annotations = "", spec = "", host = "shop.example", paths = PATH }: Parts): string {
  const notes = annotations === "" ? "" : `  annotations:\n${annotations}`;
  return `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n${notes}${metadata}spec:\n${spec}  rules:\n  - host: ${host}\n    http:\n      paths:\n${paths}`;
}

const annotation = (name: string, value: string): string => `    ${PREFIX}/${name}: ${JSON.stringify(value)}\n`;
const service = (name: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop}\nspec: {ports: [{port: 80}]}\n`;
const slice = (name: string, addresses: number): string =>
  `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: ${name}-1, namespace: shop, labels: {kubernetes.io/service-name: ${name}}}\naddressType: IPv4\nendpoints:\n${many(addresses, (i) => `- addresses: [10.0.${i >> 8}.${i & 255}]\n`)}ports: [{port: 80}]\n`;

const hosts = (n: number, tls: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  namespace: shop\nspec:\n${tls}  rules:\n${many(n, (i) => `  - {host: h${i}.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}\n`)}`;

/** Manifests with `n` of something, for everything of which a tenant may write many. */
const SHAPES: Readonly<Record<string, (n: number) => string>> = {
  "unknown annotations": (n) => ingress({ annotations: many(n, (i) => annotation(`x${i}`, "1")) }),
  "annotations without quotes": (n) => ingress({ annotations: many(n, (i) => `    a/x${i}: 1\n`) }),
  "labels without quotes": (n) => ingress({ metadata: `  labels:\n${many(n, (i) => `    x${i}: on\n`)}` }),
  "keys of a ConfigMap": (n) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n${many(n, (i) => `  x${i}: 1\n`)}`,
  "a key that stands again and again": (n) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n${many(n, () => `  x: "1"\n`)}`,
  "keys of a Secret that are no base64": (n) => `apiVersion: v1\nkind: Secret\nmetadata: {name: c}\ndata:\n${many(n, (i) => `  x${i}: "%"\n`)}`,
  "unknown fields": (n) => ingress({ spec: many(n, (i) => `  x${i}: 1\n`) }),
  "paths": (n) => ingress({ paths: many(n, (i) => `      - {path: /p${i}, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}\n`) }),
  "paths without a type": (n) => ingress({ paths: many(n, (i) => `      - {path: /p${i}, backend: {service: {name: web, port: {number: 80}}}}\n`) }),
  "paths that are none": (n) => ingress({ paths: many(n, (i) => `      - {path: p${i}, pathType: Exact, backend: {service: {name: web, port: {number: 80}}}}\n`) }),
  "one path again and again": (n) => ingress({ paths: many(n, () => PATH) }),
  "paths of different Services, none of which exist": (n) => ingress({ paths: many(n, (i) => `      - {path: /p${i}, pathType: Prefix, backend: {service: {name: web${i}, port: {number: 80}}}}\n`) }),
  "hosts of one Ingress": (n) => hosts(n, ""),
  "TLS entries": (n) => ingress({ spec: `  tls:\n${many(n, (i) => `  - {hosts: [h${i}.example], secretName: s${i}}\n`)}` }),
  "TLS entries for one host": (n) => ingress({ spec: `  tls:\n${many(n, (i) => `  - {hosts: [shop.example], secretName: s${i}}\n`)}` }),
  "hosts of one Ingress, each with its Secret": (n) => hosts(n, `  tls:\n${many(n, (i) => `  - {hosts: [h${i}.example], secretName: s${i}}\n`)}`),
  "hosts of one Ingress, and Secrets for none of them": (n) => hosts(n, `  tls:\n${many(n, (i) => `  - {secretName: s${i}}\n`)}`),
  "hosts of one canary": (n) => `${hosts(n, "")}---\n${hosts(n, "").replace("name: web", `name: canary\n  annotations:\n${annotation("canary", "true")}${annotation("canary-weight", "1").trimEnd()}`)}`,
  "other names of a host": (n) => ingress({ annotations: annotation("server-alias", many(n, (i) => `h${i}.example`, ",")) }),
  "networks": (n) => ingress({ annotations: annotation("whitelist-source-range", many(n, (i) => `10.${i >> 8}.${i & 255}.0/24`, ",")) }),
  "methods and headers of CORS": (n) => ingress({ annotations: annotation("enable-cors", "true") + annotation("cors-allow-origin", many(n, (i) => `https://h${i}.example`, ",")) }),
  "Ingresses": (n) => many(n, (i) => ingress({ name: `web${i}`, host: `h${i}.example` }), "---\n"),
  "Ingresses in one List": (n) => `apiVersion: v1\nitems:\n${many(n, (i) => ingress({ name: `web${i}`, host: `h${i}.example` }).trimEnd().split("\n").map((line, at) => `${at === 0 ? "- " : "  "}${line}\n`).join(""))}kind: List\n`,
  "Ingresses that want one path": (n) => many(n, (i) => ingress({ name: `web${i}` }), "---\n"),
  "Ingresses that are declared twice": (n) => many(n, (i) => ingress({ name: `web${i >> 1}`, host: `h${i}.example` }), "---\n"),
  "Ingresses with different paths of one host": (n) => many(n, (i) => ingress({ name: `web${i}`, paths: PATH.replace("/,", `/p${i},`) }), "---\n"),
  "Ingresses with TLS for one host": (n) => many(n, (i) => ingress({ name: `web${i}`, paths: PATH.replace("/,", `/p${i},`), spec: `  tls: [{hosts: [shop.example], secretName: s${i}}]\n` }), "---\n"),
  "paths of an Ingress that is JSON among others": (n) => `${service("web")}---\n# JSON\n${JSON.stringify({ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "web", namespace: "shop" }, spec: { rules: [{ host: "shop.example", http: { paths: Array.from({ length: n }, (_, i) => ({ path: `/p${i}`, pathType: "Prefix", port: 80, backend: { service: { name: "web", port: { number: 80 } } } })) } }] } }, undefined, 1)}\n`,
  "keys that stand again and again in JSON": (n) => `# JSON\n{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {${many(n, () => '"x": "1"', ", ")}}}`,
  "canaries of one path": (n) => ingress({}) + many(n, (i) => `---\n${ingress({ name: `canary${i}`, annotations: annotation("canary", "true") + annotation("canary-by-header", `x${i}`) })}`),
  "Services": (n) => many(n, (i) => service(`web${i}`), "---\n"),
  "endpoints of one Service": (n) => `${service("web")}---\n${slice("web", n)}---\n${ingress({})}`,
  "Ingresses of one Service": (n) => `${service("web")}---\n${slice("web", 3)}---\n${many(n, (i) => ingress({ name: `web${i}`, host: `h${i}.example` }), "---\n")}`,
};

/** The work of reading the text, building the Model, compiling the Program and telling the findings, once. */
async function work(t: TestContext, text: string): Promise<number> {
  const { path } = folderOf(t, { "a.yaml": text });
  const settings = parseSettings([`--manifests=${path}`, "--watch-ingress-without-class"], "run", {});
  return await workOf(async () => {
    const { source } = await startOn(t, path);
    const { config } = parseConfig(undefined);
    const built = createModelBuilder(settings).update(source.snapshot, [], config);
    const compiler = createCompiler(settings.profilesPerNamespace);
    compiler.compile(built);
    const all = [...source.findings, ...built.findings(), ...compiler.findings((namespace, name) => source.snapshot.get("Ingress", namespace, name))];
    toldFindings(all);
  });
}

const N = 250;

for (const [what, text] of Object.entries(SHAPES)) {
  test(`twice as many ${what} cost at most about twice the work`, async (t) => {
    await work(t, text(N)); // Takes out of the comparison what a process does only once.
    // The document that was read last is remembered, so the same text must not be read twice in a row.
    const twice = await work(t, text(2 * N));
    const once = await work(t, text(N));
    assert.ok(twice < 2.1 * once, `${N}: ${once}, ${2 * N}: ${twice}`);
  });
}

/** The work of a change of one Ingress among `n` of one namespace, each with annotations. The same change was made before. */
async function workOfOne(n: number, annotations: Readonly<Record<string, string>>): Promise<number> {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const { config } = parseConfig(undefined);
  const one = (i: number, timeout: string): Ingress => {
    const draft = object(`shop/web${i}`).annotate("proxy-read-timeout", timeout).host(`h${i}.example`).path("/", `web${i}:80`);
    return Object.entries(annotations).reduce((before, [name, value]) => before.annotate(name, value), draft).object;
  };
  const change = (timeout: string): void => {
    put(snapshot, one(7, timeout));
    builder.update(snapshot, snapshot.takeChanges(), config);
  };
  put(snapshot, ingressClass("nginx"));
  for (let i = 0; i < n; i++) put(snapshot, one(i, "1"));
  change("7");
  change("70");
  return await workOf(() => change("7"));
}

test("a change of one Ingress costs the same however many others its namespace has", async () => {
  await workOfOne(N, {}); // Takes out of the comparison what a process does only once.
  const [once, twice] = [await workOfOne(N, {}), await workOfOne(2 * N, {})];
  assert.ok(twice < 1.1 * once, `${N}: ${once}, ${2 * N}: ${twice}`);
});

test("where its namespace has no room for all, a change of one Ingress costs a walk through them at most", async () => {
  const annotations = { "cors-allow-headers": "x".repeat(TOTAL_SIZE_BOUNDS.namespace / N) };
  await workOfOne(N, annotations);
  const [once, twice] = [await workOfOne(N, annotations), await workOfOne(2 * N, annotations)];
  assert.ok(twice < 2.3 * once, `${N}: ${once}, ${2 * N}: ${twice}`);
});
