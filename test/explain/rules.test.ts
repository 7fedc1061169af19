/** What an explanation says beside the steps: rules that lost, the certificate, what is set. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { boundedSearch } from "../../src/explain/bounded-search.ts";
import { certificateStep } from "../../src/explain/certificate.ts";
import { explain } from "../../src/explain/explain.ts";
import type { Explanation } from "../../src/explain/explanation.ts";
import { explanationText } from "../../src/explain/explanation-text.ts";
import { inEffect } from "../../src/explain/in-effect.ts";
import { readLogged } from "../../src/explain/logged.ts";
import { parseRequest } from "../../src/explain/request.ts";
import type { Certificate } from "../../src/model/shapes/routing.ts";
import type { AnyObject } from "../../src/source/objects.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";
import { build } from "../support/build.ts";
import { ingress, ingressClass, PREFIX, service, slice, snapshotOf, type IngressDraft } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";

const SERVICES = ["web", "api", "new"].flatMap((name) => [service(`shop/${name}`, "80"), slice(`shop/${name}`, 80, "10.0.0.1")]);

function explained(drafts: readonly IngressDraft[], url: string, ...headers: readonly string[]): Explanation {
  const built = build(ingressClass("nginx"), ...drafts, ...SERVICES);
  return explain(built.model, createCompiler().compile(built).program, parseRequest(url, headers), [], { configmap: "", defaultBackendService: "" });
}

const outcomes = ({ rules = [] }: Explanation): string[] => rules.map(({ rule, outcome, why }) => `${outcome}: ${rule}${why === "" ? "" : `, ${why}`}`);

const HOST = [
  ingress("shop/web").host("a.example").path("/", "web:80").path("/cart", "web:80"),
  ingress("shop/api").host("a.example").path("/cart/pay", "api:80").path("/cart/pay/now", "api:80", "Exact").path("/other", "api:80"),
];

test("rules are told in the order in which they are tried, with what became of each", () => {
  assert.deepEqual(outcomes(explained(HOST, "http://a.example/cart/pay/now")), [
    "takes: /cart/pay/now (exact)",
    "matches: /cart/pay (prefix), another rule is more exact",
    "matches: /cart (prefix), another rule is more exact",
    "matches: / (prefix), another rule is more exact",
    "no: /other (prefix), another path",
  ]);
  assert.deepEqual(outcomes(explained(HOST, "http://a.example/x")).slice(0, 2), ["takes: / (prefix)", "no: /other (prefix), another path"]);
});

test("who has a certificate is redirected to https, and of the certificate for all other names the name _ alone", () => {
  const built = build(ingressClass("nginx"), ingress("shop/any").path("/", "web:80"), ...HOST, ...SERVICES);
  const origin = { kind: "Secret", namespace: "shop", name: "tls", field: "data" };
  const certificates = new Map([["c", { id: "c", chain: "", key: new PrivateBytes(""), notAfter: new Date(), origin }]]);
  const model = { ...built.model, certificates, tls: new Map([["_", "c"], ["a.example", "c"]]) };
  const { program } = createCompiler().compile({ ...built, model });
  const status = (url: string): number | undefined => explain(model, program, parseRequest(url, []), [], { configmap: "", defaultBackendService: "" }).status;
  assert.deepEqual(["http://_/", "http://a.example/", "http://b.example/"].map(status), [308, 308, undefined]);
});

test("expressions are tried one by one; those that nginx alone can run are said to be such", () => {
  const expressions = [ingress("shop/web").host("a.example").annotate("use-regex", "true").path("/v[0-9]+/x", "web:80").path("/v[0-9]+", "api:80").path("/(?=v)", "new:80")];
  assert.deepEqual(outcomes(explained(expressions, "http://a.example/v1")), [
    "no: /v[0-9]+/x (expression), its expression does not match",
    "takes: /v[0-9]+ (expression)",
    "no: /(?=v) (expression), only nginx can tell whether it matches",
    "matches: / (expression), a rule before it matches",
  ]);
});

test("text shows the rules that lost, and all of them when asked", () => {
  const explanation = explained(HOST, "http://a.example/cart/pay");
  const few = explanationText(explanation, false);
  assert.match(few, /\nOther rules for this path:\n {2}\/cart \(prefix\) to shop\/web:80, Ingress shop\/web: another rule is more exact\n {2}\/ \(prefix\)/);
  assert.doesNotMatch(few, /\/other/);
  assert.match(explanationText(explanation, true), /\nAll rules of the host, in the order in which they are tried:\n {2}→ \/cart\/pay \(prefix\) to shop\/api:80, Ingress shop\/api\n {2}· \/cart \(prefix\)[^]*\n {4}\/other \(prefix\) to shop\/api:80, Ingress shop\/api: another path\n/);
});

const NOW = Date.UTC(2030, 0, 1);

function certificate(chain: string, notAfter: Date): Certificate {
  return { id: "c1", chain, key: new PrivateBytes(""), notAfter, origin: { kind: "Secret", namespace: "shop", name: "tls", field: "data" } };
}

test("the certificate: whose, for which name, until when, signed by whom", () => {
  const own = selfSigned(["a.example", "*.b.example"], "a.example").chain;
  const step = (name: string, tls: Readonly<Record<string, string>>, days: number): string => {
    const { result, why } = certificateStep({ tls: new Map(Object.entries(tls)), certificates: new Map([["c1", certificate(own, new Date(NOW + days * 86_400_000))]]) }, name, NOW);
    return `${result}: ${why}`;
  };
  assert.equal(step("a.example", { "a.example": "c1" }, 30), "Secret shop/tls: for the exact name; names a.example, *.b.example; valid until 2030-01-31 (in 30 days); signed by itself: clients trust it only if they know it");
  assert.match(step("x.b.example", { "*.b.example": "c1" }, 30), /^Secret shop\/tls: for \*\.b\.example; /);
  assert.match(step("a.example", { "a.example": "c1" }, -2), /expired 2029-12-30 \(2 days ago\)/);
  assert.match(step("other.example", { _: "c1" }, 30), /^Secret shop\/tls: the default certificate, because no Secret has one for "other\.example"; /);
  assert.match(step("other.example", { "other.example": "" }, 30), /^Sluice's own certificate: no Secret has a certificate for "other\.example"/);
});

const processorSeconds = (): number => process.cpuUsage().user / 1_000_000;

test("an expression that takes Node for ever is left to nginx, soon", () => {
  const evil = ["/(a+)+x", "/(a|a)*y", `/${"(a|a)".repeat(40)}z`, `/${"(a|ab?)".repeat(30)}w`, `/${"a?".repeat(30)}${"a".repeat(30)}v`];
  const drafts = [ingress("shop/web").host("a.example").annotate("use-regex", "true")].map((draft) => evil.reduce((all, path) => all.path(path, "web:80"), draft));
  const begun = processorSeconds();
  const { rules = [], steps } = explained(drafts, `http://a.example/${"a".repeat(60)}`);
  assert.ok(processorSeconds() - begun < 3);
  const untold = rules.filter(({ why }) => why === "only nginx can tell whether it matches").map(({ rule }) => rule);
  assert.deepEqual(untold.toSorted(), evil.map((path) => `${path} (expression)`).toSorted());
  assert.match(steps.find(({ what }) => what === "route")?.why ?? "", /only nginx can tell whether the path matches/);
});

test("all who take part in an explanation share its time, a line of the log with many hosts too", () => {
  const drafts = Array.from({ length: 60 }, (_, index) => Array.from({ length: 12 }, (__, path) => `/(a+)+(x${path})?$`).reduce((all, path) => all.path(path, "web:80"), ingress(`shop/i${index}`).host(`h${index}.example`).annotate("use-regex", "true")));
  const built = build(ingressClass("nginx"), ...drafts, ...SERVICES);
  const { program } = createCompiler().compile(built);
  const line = `127.0.0.1 - - [01/Jan/2030:00:00:00 +0000] "GET /${"a".repeat(60)}! HTTP/1.1" 200 1 "-" "-" 1 0.001 [shop-web-80] [] 10.0.0.1:80 1 0.001 200 x`;
  const begun = processorSeconds();
  try {
    readLogged(line, built.model, program, boundedSearch());
  } catch (error) {
    assert.match((error as Error).message, /no host has a route/);
  }
  assert.ok(processorSeconds() - begun < 3);
});

test("what is set for a request holds no secret", () => {
  const one = ingress("shop/web").annotate("rewrite-target", "/").annotate("configuration-snippet", "proxy_set_header Authorization secret;").object;
  const config = { kind: "ConfigMap", metadata: { namespace: "sluice", name: "sluice" }, data: { "ssl-session-ticket-key": "S0tL", "use-gzip": "true", unknown: "x" } } as const;
  const snapshot = snapshotOf(one, config as unknown as AnyObject);
  const told = inEffect([{ kind: "Ingress", namespace: "shop", name: "web" }], snapshot, { annotationsPrefix: PREFIX, configmap: "sluice/sluice" });
  assert.deepEqual(told, [
    { object: "Ingress shop/web", values: { "rewrite-target": "/", "configuration-snippet": "(not shown)" } },
    { object: "ConfigMap sluice/sluice", values: { "ssl-session-ticket-key": "(not shown)", "use-gzip": "true" } },
  ]);
});
