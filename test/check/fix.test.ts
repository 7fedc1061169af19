/** What `sluice check --fix` rewrites: it means the same, it is what is asked for, and the rest of the text stays. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { fixText } from "../../src/check/fix/fix-text.ts";
import { rewriteTexts } from "../../src/commands/fixed.ts";
import { judgeSource } from "../../src/commands/judged.ts";
import { compareFacts } from "../../src/diff/compare.ts";
import { factsOf, type Facts } from "../../src/diff/facts.ts";
import { parseSettings } from "../../src/settings.ts";
import type { Settings } from "../../src/settings.ts";
import { textSource } from "../../src/source/text.ts";
import { CONFIGMAP, readCases } from "../support/cases/case.ts";
import { runs } from "../support/runs.ts";

const SETTINGS: Settings = { ...parseSettings([`--configmap=${CONFIGMAP}`], "run", {}), manifests: ["a.yaml"] };
const OTHERS = '{"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}';
const golden = (name: string): string => readFileSync(join(import.meta.dirname, "fix", name), "utf8");

async function fixed(text: string, settings = SETTINGS): Promise<string> {
  return (await rewriteTexts(new Map([["a.yaml", text]]), settings)).files.get("a.yaml")?.text ?? text;
}

async function meaning(text: string): Promise<{ readonly facts: Facts; readonly codes: readonly string[] }> {
  const source = textSource(new Map([["a.yaml", text]]));
  await source.start(() => {}, new AbortController().signal);
  const { built: { model }, program, findings } = await judgeSource(source, SETTINGS, false);
  return { facts: factsOf(model, program, source.snapshot), codes: findings.map(({ code }) => code) };
}

/** What a rewritten file has no more of. */
const FIXED = ["api-version-old", "backend-old-shape", "path-type-missing", "path-empty", "value-not-string", "class-annotation-deprecated"];

test("a file of ten years ago, with its comments, in block and flow style, and as JSON", async () => {
  assert.equal(await fixed(golden("old.yaml")), golden("new.yaml"));
  assert.equal(await fixed(golden("new.yaml")), golden("new.yaml"), "nothing is left to be done");
  assert.equal(await fixed(golden("old.yaml").replaceAll("\n", "\r\n")), golden("new.yaml").replaceAll("\n", "\r\n"));
});

test("comments stay, also those of what goes; words that YAML 1.1 takes for booleans get quotes", async () => {
  const text = `apiVersion: networking.k8s.io/v1beta1 # old
kind: Ingress
metadata:
  name: web
  annotations: # two
    kubernetes.io/ingress.class: nginx # ours
    nginx.ingress.kubernetes.io/ssl-redirect: no # never
spec:
  rules:
  - http:
      paths:
      - path: / # all
        backend:
          # which
          serviceName: web # the shop
          # where
          servicePort: 80 # http
---
${OTHERS}
`;
  assert.equal((await fixed(text)).split("---")[0], `apiVersion: networking.k8s.io/v1 # old
kind: Ingress
metadata:
  name: web
  annotations: # two
    # ours
    nginx.ingress.kubernetes.io/ssl-redirect: "no" # never
spec:
  ingressClassName: nginx
  rules:
  - http:
      paths:
      - path: / # all
        pathType: ImplementationSpecific
        backend:
          # which
          service:
            name: web
            port:
              number: 80 # the shop
          # where
          # http
`);
  const alone = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  annotations:\n    # why\n    kubernetes.io/ingress.class: nginx\nspec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n";
  assert.match(await fixed(`${alone}---\n${OTHERS}\n`), /# why/);
});

test("what has no one right answer stays: a class that is not there, a broken document, anchors, two classes", async () => {
  const alone = golden("old.yaml").split("---\n")[0] ?? "";
  assert.match(await fixed(alone), /kubernetes\.io\/ingress\.class: nginx/, "nobody knows whether a cluster has the class");
  for (const text of [
    "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a\n",
    "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: &m {name: a}\nspec: {backend: {serviceName: web, servicePort: 80}}\n",
    "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata:\n  a: |\n    true\n  b: text\n",
    "not: an object\n",
    "",
  ]) assert.equal(await fixed(text), text);
});

test("what is no object of Kubernetes' own kinds stays, and what would lose a comment or another line", async () => {
  const old = (more: string): string => `apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: web}\n${more}`;
  for (const text of [
    "apiVersion: networking.internal.knative.dev/v1alpha1\nkind: Ingress\nspec: {rules: [{http: {paths: [{path: /a}]}}]}\n",
    "metadata:\n  labels: {enabled: true, replicas: 3}\n",
    "kind: x\nmetadata:\n  labels: {enabled: true}\n",
  ]) assert.equal(await fixed(text), text);
  for (const backend of ["backend: {\n    serviceName: web, # one\n    servicePort: 80 # two\n  }", "backend:\n    serviceName: # three\n      web\n    servicePort: 80"]) {
    const made = await fixed(old(`spec:\n  ${backend}\n`));
    for (const comment of backend.match(/# \w+/g) ?? []) assert.ok(made.includes(comment), made);
  }
  const mixed = `apiVersion: networking.k8s.io/v1beta1\r\nkind: Ingress\nmetadata: {name: web}\nspec:\n  backend:\n    serviceName: web\n    servicePort: 80\n#status: {loadBalancer: {}}\n`;
  assert.equal(await fixed(mixed), mixed.replace("v1beta1", "v1").replace("  backend:\n    serviceName: web\n    servicePort: 80\n", "  defaultBackend:\n    service:\n      name: web\n      port:\n        number: 80\n"));
});

test("a file that would mean something else is left, and named; the others are rewritten", async () => {
  const odd = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {size: 1e3}\n";
  const good = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {size: 7}\n";
  const { files, left } = await rewriteTexts(new Map([["odd.yaml", odd], ["good.yaml", good]]), SETTINGS);
  assert.deepEqual([files.get("good.yaml")?.text, files.has("odd.yaml"), left], [good.replace("7", '"7"'), false, ["odd.yaml"]]);
});

test("a document of thousands of fixes takes no quadratic time", { timeout: 60_000 }, async () => {
  const data = (count: number): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${Array.from({ length: count }, (_, n) => `  k${n}: ${n}\n`).join("")}`;
  const made = fixText(data(20_000), { classes: new Set(), prefix: "p" }, "shapes");
  assert.deepEqual([made.fixed.length, made.fixed.at(-1)?.line], [20_000, 20_004]);
});

test("no case means something else afterwards, its comments are all there, and nothing is left to be done", async () => {
  let changed = 0;
  for (const { name, manifests, flags } of readCases()) {
    const texts = new Map(Object.entries(manifests));
    const settings: Settings = { ...parseSettings([`--configmap=${CONFIGMAP}`, ...flags], "run", {}), manifests: ["a.yaml"] };
    const { files: made, left } = await rewriteTexts(texts, settings);
    assert.deepEqual(left, [], name);
    for (const [file, { text }] of made) {
      changed++;
      const comments = (one: string): string[] => [...one.matchAll(/#.*$/gm)].map(([comment]) => comment).sort();
      assert.deepEqual(comments(text), comments(texts.get(file) ?? ""), `${name}/${file}`);
    }
    const { files: again } = await rewriteTexts(new Map([...texts].map(([file, text]) => [file, made.get(file)?.text ?? text])), settings);
    assert.deepEqual([...again], [], name);
  }
  assert.ok(changed >= 3, `${changed} files`);
});

const service = fc.constantFrom("web", "api-2", "on");
const port = fc.constantFrom(80, "80", "http");
const backend = fc.tuple(service, port, fc.boolean()).map(([serviceName, servicePort, reverse]) => (reverse ? { servicePort, serviceName } : { serviceName, servicePort }));
const path = fc.record({ path: fc.constantFrom("/", "/cart", "/a b", "/ü"), backend }, { requiredKeys: ["backend"] });
const oldIngress = fc.record({
  apiVersion: fc.constantFrom("extensions/v1beta1", "networking.k8s.io/v1beta1", "networking.k8s.io/v1"),
  annotations: fc.record({
    "nginx.ingress.kubernetes.io/ssl-redirect": fc.constantFrom(true, false, "true"),
    "kubernetes.io/ingress.class": fc.constant("nginx"),
    "nginx.ingress.kubernetes.io/proxy-read-timeout": fc.constantFrom(7, "7", 1.5),
  }, { requiredKeys: [] }),
  backend: fc.option(backend, { nil: undefined }),
  rules: fc.array(fc.record({ host: fc.constantFrom("a.example", "b.example"), http: fc.record({ paths: fc.array(path, { minLength: 1, maxLength: 3 }) }) }), { minLength: 1, maxLength: 2 }),
}).map(({ apiVersion, annotations, backend: ofSpec, rules }, ) => ({
  apiVersion, kind: "Ingress", metadata: { name: "web", namespace: "shop", ...(Object.keys(annotations).length > 0 ? { annotations } : {}) }, spec: { ...(ofSpec ? { backend: ofSpec } : {}), rules },
}));

/** The ways in which people and tools write an object. */
const FORMS: readonly ((object: unknown) => string)[] = [
  (object) => stringify(object),
  (object) => stringify(object, { indent: 4, indentSeq: false }),
  (object) => stringify(object, { collectionStyle: "flow" }),
  (object) => `${JSON.stringify(object)}\n`,
  (object) => `${JSON.stringify(object, null, 2)}\n`,
  (object) => stringify({ apiVersion: "v1", kind: "List", items: [object] }),
];

test("whatever old shapes an Ingress has, in whatever form, none is left and it means the same", async () => {
  await fc.assert(fc.asyncProperty(oldIngress, fc.constantFrom(...FORMS), async (object, form) => {
    const text = `${form(object)}---\n${OTHERS}\n`;
    const made = await fixed(text);
    const [before, after] = [await meaning(text), await meaning(made)];
    assert.deepEqual(compareFacts(before.facts, after.facts), [], made);
    assert.deepEqual(after.codes.filter((code) => FIXED.includes(code)), [], made);
    assert.deepEqual(fixText(made, { classes: new Set(["nginx"]), prefix: "nginx.ingress.kubernetes.io" }, "shapes").fixed, [], made);
  }), { numRuns: runs(600) });
});
