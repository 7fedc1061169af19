/** Parsers of files, annotations and reviews: what tenants write. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { parseDocument as parseYaml } from "yaml";
import { readReview } from "../../src/admission/review.ts";
import { fixText } from "../../src/check/fix/fix-text.ts";
import { readMatches } from "../../src/model/annotations/sluice/match.ts";
import { readRollout } from "../../src/model/annotations/sluice/rollout.ts";
import { readPathAnnotations } from "../../src/model/annotations/sluice/path-annotations.ts";
import { Malformed, readTable } from "../../src/model/annotations/sluice/yaml-text.ts";
import { print, directive, block, expression, type Directive } from "../../src/compile/directive.ts";
import { splitHeader } from "../../src/model/snippets/headers-more.ts";
import { parseSnippet } from "../../src/model/snippets/parse.ts";
import { operatorRules } from "../../src/model/snippets/operator-rules.ts";
import { parseRules } from "../../src/model/snippets/rules.ts";
import { translateStatements } from "../../src/model/snippets/translate.ts";
import type { Statement } from "../../src/model/shapes/snippet.ts";
import { parseDocument, splitFieldPath, positionOfField, renewLines } from "../../src/source/manifests/documents.ts";
import { readJson } from "../../src/source/manifests/json.ts";
import { readPlainYaml } from "../../src/source/manifests/plain-yaml.ts";
import { readDocument } from "../../src/source/manifests/read-object.ts";
import { splitDocuments } from "../../src/source/manifests/split.ts";
import { readConf } from "../support/read-conf.ts";
import type { Parser } from "./parser.ts";

const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/rewrite-target: /$1
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http:
      paths:
      - {path: /a(.*), pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}
      - path: "/b"
        pathType: 'Prefix'
        backend:
          service: {name: web, port: {name: http}}
`;
const SECRET = `apiVersion: v1\nkind: Secret\nmetadata: {name: c, namespace: shop}\ndata:\n  tls.crt: YWJj\n  tls.key: |\n    YWJj\n`;
const JSON_INGRESS = `{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"rules": [{"host": "a.example", "n": [1, -2.5e3, true, null]}]}}`;
const YAML = [INGRESS, SECRET, `${INGRESS}---\n${SECRET}`, JSON_INGRESS, `a: &x {b: 1}\nc: *x\nd: {<<: *x, e: on}\n`, `apiVersion: v1\nkind: List\nitems:\n- ${SECRET.trimEnd().replaceAll("\n", "\n  ")}\n`, "a: 1\nb: '2'\nc: \"3\"\nd: [x, y]\ne: {f: g}\nh: 012\ni: 1.0\nj: ~\nk: 2024-01-01\n", `# c\n\n--- # d\na: 1\n...\n`];

/** What the complete parser reads, in the words of the fast ones: undefined where it finds a fault or a doubled key. */
function oracle(text: string): unknown {
  const document = parseYaml(text, { merge: true, prettyErrors: false, logLevel: "silent" });
  return document.errors.length > 0 ? undefined : (document.toJS({ maxAliasCount: 100 }) as unknown);
}

function asRead(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof Malformed, error as Error);
    assert.doesNotMatch(error.message, /\n/);
  }
}

function printed({ name, args, children }: Statement): Directive {
  const own = args.map((arg) => expression(arg));
  return children === undefined ? directive(name, ...own) : block(name, own, children.map(printed));
}

/** Characters. The complete parser of YAML is a library, which takes 20 µs a field. */
const SLOW = 4096;

export const OF_MANIFESTS: readonly Parser[] = [
  {
    names: ["readPlainYaml"], seeds: YAML, longest: SLOW,
    take: (text) => {
      const value = readPlainYaml(text);
      if (value !== undefined) assert.deepEqual(value, oracle(text), "as the complete parser reads it");
    },
  },
  {
    names: ["readJson"], seeds: [JSON_INGRESS, `${JSON_INGRESS}\n`, "[]", '"\\u0041\\n"', "1", '{"a": {"a": [[], {}]}}'],
    take: (text) => {
      const read = readJson(text, 20);
      // Comments may stand around the value.
      if (read) assert.ok(isDeepStrictEqual(read.value, JSON.parse(text.replace(/^[ \t\r]*#.*$/gm, ""))), "as JSON.parse reads it");
    },
  },
  {
    names: ["parseDocument", "splitDocuments", "readDocument"], seeds: YAML, longest: SLOW,
    take: (text) => {
      renewLines();
      for (const document of splitDocuments(text)) {
        const parsed = parseDocument(document.text);
        if (!parsed.valid) assert.ok(parsed.line >= 1 && !parsed.reason.includes("\n"), parsed.reason);
        const { findings } = readDocument("a.yaml", document, { namespace: "default", gateways: true });
        for (const { sentence, line } of findings) assert.ok(!/[\p{Cc}]/u.test(sentence) && (line === undefined || line >= 1), sentence);
        positionOfField(document.text, "spec.rules[0].http.paths[1].backend");
      }
    },
  },
  { names: ["splitFieldPath"], seeds: ["a.b[0].c[x.y/z]", "metadata.annotations[a/b]"], take: (text) => void splitFieldPath(text) },
  {
    names: ["fixText"], longest: SLOW, seeds: [INGRESS.replace("networking.k8s.io/v1", "extensions/v1beta1").replace("{service: {name: web, port: {number: 80}}}", "{serviceName: web, servicePort: 80}"), ...YAML],
    take: (text) => {
      const context = { prefix: "nginx.ingress.kubernetes.io", classes: new Set(["nginx"]) };
      for (const kind of ["shapes", "names"] as const) {
        const { text: after, fixed } = fixText(text, context, kind);
        if (fixed.length > 0) assert.deepEqual(splitDocuments(after).map((one) => parseDocument(one.text).valid), splitDocuments(text).map((one) => parseDocument(one.text).valid));
        else assert.equal(after, text);
      }
    },
  },
  { names: ["readTable", "readMatches"], longest: SLOW, seeds: ["/:\n- headers: {Accept-Language: {pattern: ^zh}}\n- query: {lang: zh}\n  method: [GET, HEAD]\n", "/a: [{cookies: {a: {present: true}}}]"], take: (text) => asRead(() => (readTable(text), readMatches(text))) },
  { names: ["readRollout"], longest: SLOW, seeds: ["steps: [5, {weight: 20, for: 10m, requests: 2000}, 100]\nevery: 1h30m\nrequests: 500\nerrors: +1%\nlatency: {quantile: 0.99, within: 1.5x}\non-failure: hold\n", "latency: 800ms"], take: (text) => asRead(() => readRollout(text)) },
  { names: ["readPathAnnotations"], longest: SLOW, seeds: ["/upload: {proxy-body-size: 1g, proxy-request-buffering: \"off\"}\n/login:\n  limit-rps: 5\n"], take: (text) => asRead(() => readPathAnnotations(text, "nginx.ingress.kubernetes.io")) },
  {
    names: ["parseSnippet", "translateStatements"],
    seeds: ["more_set_headers \"X-A: b\";\nif ($request_method = POST) { return 405; }\n", "set $a 'b c'; # c\nproxy_set_header X-A \"${host}\\\"\";", "rewrite ^/(.*)$ /x/$1 break;", "location ~ \\.php$ { deny all; }"],
    take: (text) => {
      const read = parseSnippet(text);
      if ("problem" in read) return assert.doesNotMatch(read.problem, /\n/);
      translateStatements(read.statements);
      const again = readConf(print([block("location", ["/"], read.statements.map(printed))]));
      assert.equal(again.length, 1, "what is printed cannot end its block");
      assert.deepEqual(again[0]?.children?.map(({ words }) => words), read.statements.map(({ name, args }) => [name, ...args]));
    },
  },
  { names: ["parseRules", "operatorRules"], seeds: ["SecRuleEngine On\nSecRule ARGS:a \"@contains x\" \"id:1,phase:2,deny,status:403\"\n", "SecRule REQUEST_URI \"@rx ^/a\" \\\n  \"id:2,deny\"\n# c\nSecAction \"id:3,pass\"\n"], take: (text) => (parseRules(text), operatorRules(text)) },
  { names: ["splitHeader"], seeds: ["X-A: b", "X-A:b", "X-A"], take: (text) => void splitHeader(text) },
  {
    names: ["readReview"],
    seeds: [JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "1", operation: "CREATE", resource: { group: "networking.k8s.io", resource: "ingresses" }, namespace: "shop", name: "web", object: JSON.parse(JSON_INGRESS) as unknown } })],
    take: (text) => {
      const read = readReview(Buffer.from(text));
      assert.ok("uid" in read ? read.uid !== "" : read.status === 400);
    },
  },
];
