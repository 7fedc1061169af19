/** What changes between two sets of objects, as `sluice diff` tells it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { compareFacts, compareFindings, type Difference } from "../../src/diff/compare.ts";
import { factsOf, type Facts } from "../../src/diff/facts.ts";
import { differencesMarkdown, differencesText } from "../../src/diff/text.ts";
import type { Built } from "../../src/model/model.ts";
import { buildModel } from "../../src/model/build/build.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { plain } from "../../src/support/terminal.ts";
import { ingress, ingressClass, put, secret, service, slice, testConfig, testSettings } from "../support/objects.ts";
import type { Given, IngressDraft } from "../support/objects.ts";
import { parseTemplate } from "../../src/model/grammar/template.ts";
import { selfSigned } from "../support/openssl.ts";
import type { Config } from "../../src/model/config/config.ts";

const web = ingress("shop/web").created(0).host("shop.example").path("/", "web:80");
const services = [service("shop/web", "80"), service("shop/next", "80"), ingressClass("nginx")];

interface State {
  readonly built: Built;
  readonly facts: Facts;
}

function state(given: readonly Given[], config: Partial<Config> = {}): State {
  const snapshot = new Snapshot();
  for (const one of [...services, ...given]) put(snapshot, "object" in one ? one.object : one);
  const built = buildModel(snapshot, testSettings, { ...testConfig, ...config });
  return { built, facts: factsOf(built.model, createCompiler().compile(built).program, snapshot) };
}

const guarded = web.annotate("auth-type", "basic").annotate("auth-secret", "users");
const users = (auth: string): Given => secret("shop/users", { auth });
const secured = web.tls("tls", "shop.example");
const sameDays = [selfSigned(["shop.example"]), selfSigned(["shop.example", "www.shop.example"])];
const certificate = (which: 0 | 1): Given => secret("shop/tls", { "tls.crt": sameDays[which]?.chain ?? "", "tls.key": sameDays[which]?.key ?? "" });
const rewritten = (to: string): IngressDraft => web.path("/(.*)", "web:80", "ImplementationSpecific").annotate("rewrite-target", to).annotate("use-regex", "true");
const alike = (to: string): IngressDraft => web.path("/a", `${to}:80`, "Exact").path("/a", "web:80", "ImplementationSpecific").annotate("use-regex", "true");
const canaried = ingress("shop/canary").created(2).host("shop.example").path("/", "next:80").canary({ "canary-weight": "10" });
const ca = secret("shop/ca", { "ca.crt": selfSigned([]).chain });

const changes = (before: State, after: State): string => differencesText(compareFacts(before.facts, after.facts), plain);

test("nothing changes by endpoints, by the order of objects, or by what other controllers note", () => {
  const before = state([web, slice("shop/web", 80, "10.0.0.1")]);
  for (const after of [state([slice("shop/web", 80, "10.0.0.2", "10.0.0.3"), web]), state([web.rawAnnotation("kubectl.kubernetes.io/last-applied-configuration", "{}")])]) {
    assert.equal(changes(before, after), "Nothing changes for those who ask.\n");
  }
});

test("a host comes with its routes, and goes with them", () => {
  const other = ingress("shop/other").created(1).host("new.example").path("/a", "next:80").path("/b", "next:80", "Exact");
  const lines = (sign: string): string => `${sign} new.example\n  ${sign} /a (prefix)  shop/next:80\n      by Ingress shop/other\n  ${sign} /b (exact)  shop/next:80\n      by Ingress shop/other\n`;
  assert.equal(changes(state([web]), state([web, other])), lines("+"));
  assert.equal(changes(state([web, other]), state([web])), lines("-"));
});

test("a route that changes says what: target, owner, canaries, redirect, and the annotations behind the rest", () => {
  const canary = ingress("shop/canary").created(2).host("shop.example").path("/", "next:80").canary({ "canary-weight": "10", "canary-by-header": "X-Next" });
  const older = ingress("shop/older").created(-5).host("shop.example").path("/", "next:80");
  for (const [after, ...lines] of [
    [state([web, canary]), "  ~ / (prefix)  shop/web:80", "      canaries: shop/next:80 by header X-Next or 10 of 100, was none"],
    [state([web, older]), "  ~ / (prefix)  shop/web:80 → shop/next:80", "      declared by: Ingress shop/older, was Ingress shop/web"],
    [state([web.annotate("permanent-redirect", "https://elsewhere.example")]), "  ~ / (prefix)  shop/web:80 → 301 to https://elsewhere.example", "      nginx.ingress.kubernetes.io/permanent-redirect: https://elsewhere.example, was absent"],
    [state([web.annotate("force-ssl-redirect", "true")]), "  ~ / (prefix)  shop/web:80", "      redirect to https: yes, was no", "      nginx.ingress.kubernetes.io/force-ssl-redirect: true, was absent"],
    [state([web.annotate("proxy-read-timeout", "7").annotate("enable-cors", "true")]), "  ~ / (prefix)  shop/web:80",
      "      nginx.ingress.kubernetes.io/enable-cors: true, was absent", "      nginx.ingress.kubernetes.io/proxy-read-timeout: 7, was absent"],
  ] as const) {
    assert.equal(changes(state([web]), after), ["  shop.example", ...lines, ""].join("\n"));
  }
});

test("certificates, further names, settings", () => {
  assert.match(changes(state([secured]), state([secured, certificate(0)])), /^Certificates\n {2}~ shop\.example {2}the default certificate → Secret shop\/tls \(until \d{4}-\d\d-\d\d\)\n$/);
  assert.match(changes(state([web]), state([web.annotate("server-alias", "www.shop.example")])), /^Further names\n {2}\+ www\.shop\.example {2}is shop\.example\n$/);
  const slow = changes(state([web]), state([web], { proxyReadTimeout: 7 }));
  assert.equal(slow, "  shop.example\n  ~ / (prefix)  shop/web:80\n      other settings: of the ConfigMap, or of an object that an annotation names\nSettings of the controller\n  ~ proxy-read-timeout  60 → 7\n");
});

test("what holds for a host as a whole", () => {
  assert.equal(changes(state([web]), state([web.annotate("app-root", "/app")])), "~ shop.example\n      app-root: /app, was none\n");
});

test("findings that come and go; the same finding on another line is the same", () => {
  const [before, after] = [state([web]), state([web.path("/x", "nobody:80")])].map(({ built }) => built.findings());
  const came = compareFindings(before ?? [], after ?? []);
  assert.deepEqual(came.map(({ change, name }) => [change, name]), [["added", "service-missing"]]);
  assert.deepEqual(compareFindings(after ?? [], before ?? []).map(({ change }) => change), ["removed"]);
  assert.deepEqual(compareFindings((after ?? []).map((one) => ({ ...one, line: 3 })), after ?? []), []);
});

test("nothing changes only if the workers run the same: whatever has no word of its own is told as different", () => {
  const pairs: readonly (readonly [what: string, before: readonly Given[], after: readonly Given[], told: RegExp])[] = [
    ["a password", [guarded, users("ann:{PLAIN}a")], [guarded, users("ann:{PLAIN}b")], /^Users\n {2}~ of a Secret with passwords\n/],
    ["another certificate of the same Secret", [secured, certificate(0)], [secured, certificate(1)], /^Certificates\n {2}~ shop\.example/],
    ["the replacement of a redirect", [rewritten("https://old.example/$1")], [rewritten("https://new.example/$1")], /301|302 to https:\/\/old/],
    ["the ClusterIP in the place of endpoints", [web], [web.annotate("service-upstream", "true")], /shop\/web:80 → shop\/web:80 \(its cluster IP\)/],
    ["one of two paths that are written alike", [alike("web")], [alike("next")], /~ \/a \(expression, exact\) {2}shop\/web:80 → shop\/next:80/],
    ["how a canary balances", [web, canaried], [web, canaried.annotate("upstream-hash-by", "$arg_a")], /upstream-hash-by of shop\/canary: \$arg_a, was absent/],
    ["client certificates", [web, ca], [web.annotate("auth-tls-secret", "shop/ca"), ca], /client certificates: \{/],
  ];
  for (const [what, before, after, told] of pairs) assert.match(changes(state(before), state(after)), told, what);
  assert.match(changes(state([web]), state([web], { named: { ...testConfig.named, responseHeaders: [{ name: "X-Frame-Options", value: parseTemplate("DENY") }] } })), /~ headers to clients/);
});

test("a host without its certificate redirects no more, which is told of its paths", () => {
  assert.match(changes(state([secured, certificate(0)]), state([web])), /redirect to https: no, was yes[^]*Certificates\n {2}- shop\.example/);
});

test("long values are shown from where they differ", () => {
  const long = "x".repeat(200);
  const told = changes(state([web.annotate("custom-headers", `${long}a`).annotate("proxy-read-timeout", "7")]), state([web.annotate("custom-headers", `${long}b`).annotate("proxy-read-timeout", "8")]));
  assert.match(told, /custom-headers: …x{20}b, was …x{20}a\n/);
  const words = changes(state([web.annotate("custom-headers", `${"a word ".repeat(20)}number 1`).annotate("proxy-read-timeout", "7")]), state([web.annotate("custom-headers", `${"a word ".repeat(20)}number 2`).annotate("proxy-read-timeout", "8")]));
  assert.match(words, /custom-headers: …word a word number 2, was …word a word number 1\n/, "whole words in front");
});

test("what is written by tenants colours and breaks nothing", () => {
  const text = differencesText(compareFacts(state([]).facts, state([ingress("shop/odd").host("odd.example").path("/\u001b[31m\u2028", "web:80")]).facts), plain);
  assert.ok(!text.includes("\u001b") && !text.includes("\u2028") && text.includes("odd.example"), text);
});

test("Markdown: counts, and lines that code hosts colour, in a fence that no text ends", () => {
  const before = state([web]);
  const after = state([web.annotate("proxy-read-timeout", "7"), ingress("shop/odd").host("odd.example").path("/```", "web:80")]);
  assert.equal(differencesMarkdown(compareFacts(before.facts, after.facts)), `**Sluice:** 1 host added, 1 route added, 1 route changed

\`\`\`\`diff
+ odd.example
+   /\`\`\` (prefix)  shop/web:80
        by Ingress shop/odd
    shop.example
!   / (prefix)  shop/web:80
        nginx.ingress.kubernetes.io/proxy-read-timeout: 7, was absent
\`\`\`\`
`);
  assert.equal(differencesMarkdown([]), "**Sluice:** Nothing changes for those who ask.\n");
  const many = Array.from({ length: 3000 }, (_, index): Difference => ({ what: "alias", change: "removed", name: `${index}.${"x".repeat(30)}.example`, before: "is shop.example", details: [] }));
  const long = differencesMarkdown(many);
  assert.ok(long.length < 65_536 && long.startsWith("**Sluice:** 3000 aliases removed\n"));
  assert.match(long, /\n```\n\n… and \d+ more lines: see the output of `sluice diff`\.\n$/);
});
