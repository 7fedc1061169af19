import assert from "node:assert/strict";
import { test } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { explain } from "../../src/explain/explain.ts";
import type { Explanation } from "../../src/explain/explanation.ts";
import { parseRequest } from "../../src/explain/request.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import { primaryOf } from "../../src/model/shapes/routing.ts";
import { UserError } from "../../src/support/user-error.ts";
import { build } from "../support/build.ts";
import { ingress, ingressClass, secret, service, slice, type IngressDraft } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";

const OBJECTS = [
  ingressClass("nginx"),
  ingress("shop/web").host("shop.example").path("/", "web:80").path("/café/", "web:80"),
  ingress("shop/new").host("shop.example").path("/", "new:80").canary({ "canary-by-header": "X-V", "canary-by-header-pattern": "^(?=2)", "canary-weight": "20" }),
  ...["web", "new"].flatMap((name) => [service(`shop/${name}`, "80"), slice(`shop/${name}`, 80, "10.0.0.1")]),
];

const NOTHING_SET = { configmap: "", defaultBackendService: "" };

function explained(url: string, ...headers: readonly string[]): Explanation {
  const built = build(...OBJECTS);
  return explain(built.model, createCompiler().compile(built).program, parseRequest(url, headers), [], NOTHING_SET);
}

const canaryStep = (of: Explanation): string => of.steps.filter(({ what }) => what === "canary").map(({ result, why }) => `${result}: ${why}`).join();

test("shares are told, not drawn", () => {
  assert.equal(canaryStep(explained("http://shop.example/")), "by weight: shares: shop-new-80 20/100; below: the primary");
});

test("who says never is drawn for no canary; a rule that matches is named", () => {
  const canary = (name: string, annotations: Readonly<Record<string, string>>): IngressDraft => ingress(`shop/${name}`).host("shop.example").path("/", `${name}:80`).canary(annotations);
  const objects = [
    ingressClass("nginx"),
    ingress("shop/web").host("shop.example").path("/", "web:80"),
    canary("new", { "canary-by-header": "X-New", "canary-by-cookie": "next", "canary-weight": "20" }),
    ...["web", "new", "other"].flatMap((name) => [service(`shop/${name}`, "80"), slice(`shop/${name}`, 80, "10.0.0.1")]),
  ];
  const step = (more: readonly IngressDraft[], ...headers: readonly string[]): string => {
    const built = build(...objects, ...more);
    return canaryStep(explain(built.model, createCompiler().compile(built).program, parseRequest("http://shop.example/", headers), [], NOTHING_SET));
  };
  assert.equal(step([], "X-New: always"), "shop-new-80: its rule (header X-New or cookie next) matches this request");
  assert.equal(step([], "X-New: never"), "not taken: its header or cookie keeps this request away from the canary");
  assert.equal(step([], "Cookie: next=never"), "not taken: its header or cookie keeps this request away from the canary");
  const other = canary("other", { "canary-weight": "30" });
  assert.equal(step([other], "X-New: never"), "by weight: shares: shop-other-80 30/100; below: the primary");
  assert.equal(step([other]), "by weight: shares: shop-new-80 20/100, shop-other-80 30/100; below: the primary");
});

test("a pattern that only PCRE runs is said to be one", () => {
  assert.equal(
    canaryStep(explained("http://shop.example/", "X-V: 2")),
    'not known here; without it by weight (shop-new-80 20/100): only nginx can tell whether the header matches "^(?=2)"',
  );
});

test("a redirect says where it leads, in the words of the request", () => {
  const { status, location, steps } = explained("http://shop.example/café?a=b");
  assert.deepEqual([status, location], [301, "http://shop.example/café/?a=b"]);
  assert.ok(steps.some(({ result }) => result === "301 to http://shop.example/café/?a=b"));
});

test("what nginx refuses itself is said in a sentence", () => {
  for (const [url, why] of [
    ["http://shop.example/../x", /400.*root/],
    ["http://shop.example/%zz", /400.*hex/],
    ["http://shop.example/%00", /400/],
    ["http://shop.example/a b", /400.*blanks/],
    ["http://a..b/", /400.*no host/],
    ["ftp://shop.example/", /no URL/],
  ] as const) {
    assert.throws(() => parseRequest(url, []), (error) => error instanceof UserError && why.test(error.message), url);
  }
  assert.throws(() => parseRequest("http://shop.example/", ["no header"]), /no header/);
});

test("names and passwords in a URL are no host, a Host header is", () => {
  assert.equal(parseRequest("http://me:secret@Shop.Example:8080/", []).host, "shop.example");
  assert.equal(parseRequest("http://127.0.0.1:8080/", ["Host: Shop.Example."]).host, "shop.example");
});

test("who answers for a name that nobody declares: a default backend only where one is set", () => {
  const built = build(...OBJECTS);
  const { program } = createCompiler().compile(built);
  const said = (defaultBackendService: string, host = "nobody.example"): string[] =>
    explain(built.model, program, parseRequest(`http://${host}/`, []), [], { ...NOTHING_SET, defaultBackendService }).steps.map(({ why }) => why);
  assert.equal(said("")[0], 'no rule names "nobody.example"');
  assert.equal(said("", "shpo.example")[0], 'no rule names "shpo.example"; did you mean "shop.example"?');
  assert.deepEqual(said("").slice(1), [
    "the host's / that no rule declares; built in",
    "no backend is declared for it, and there is no default one (--default-backend-service)",
  ]);
  assert.deepEqual(said("shop/web").slice(1), ["the host's / that no rule declares; by --default-backend-service", "no endpoint is ready"]);
});

test("findings: of the objects involved, of the controller's ConfigMap, and of what may hide an object", () => {
  const built = build(...OBJECTS);
  const { program } = createCompiler().compile(built);
  const about = (kind: Finding["object"]["kind"], namespace: string, name: string): Finding => ({
    code: "a-code", severity: "error", object: { kind, namespace, name }, field: "", sentence: "", effect: "",
  });
  const shown = [about("Ingress", "shop", "new"), about("ConfigMap", "sluice", "settings"), about("File", "", "a.yaml"), about("Secret", "", "")];
  const others = [about("Ingress", "shop", "other"), about("ConfigMap", "shop", "settings")];
  const settings = { ...NOTHING_SET, configmap: "sluice/settings" };
  const { findings } = explain(built.model, program, parseRequest("http://shop.example/", []), [...shown, ...others], settings);
  assert.deepEqual(findings, shown);
});

function explainedOf(url: string, ...objects: readonly IngressDraft[]): Explanation {
  const built = build(ingressClass("nginx"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"), ...objects);
  return explain(built.model, createCompiler().compile(built).program, parseRequest(url, []), [], NOTHING_SET);
}

const stepOf = (of: Explanation, what: string): string => of.steps.filter((step) => step.what === what).map(({ result, why }) => `${result}: ${why}`).join();

test("an expression that only PCRE runs is said to be one, unless another comes before it", () => {
  const web = ingress("shop/web").host("shop.example").path("/first/.*", "web:80").path("/(?=a).*", "web:80").annotate("use-regex", "true");
  assert.equal(stepOf(explainedOf("http://shop.example/FIRST/x", web), "route"), "/first/.* (regular expression): Ingress shop/web, spec.rules[0].http.paths[0].backend");
  assert.equal(
    stepOf(explainedOf("http://shop.example/a", web), "route"),
    'not known here; without it / (regular expression): only nginx can tell whether the path matches "(?i)^/(?=a).*"',
  );
});

test("what the backend is asked for is told, where Node can know it", () => {
  const rewriting = (path: string): Explanation =>
    explainedOf("http://shop.example/app/x%20y?z", ingress("shop/web").host("shop.example").path(path, "web:80").annotate("rewrite-target", "/$1"));
  assert.equal(stepOf(rewriting("/app/(.*)"), "rewrite"), '/x%20y: rewrite-target of "(?i)/app/(.*)"');
  assert.equal(stepOf(rewriting("/app/((a|.)*)"), "rewrite"), 'not known here: rewrite-target of "(?i)/app/((a|.)*)"');
  const climbing = ingress("shop/web").host("shop.example").path("/app(.*)", "web:80").annotate("rewrite-target", "/files/$1");
  const { status, steps } = explainedOf("http://shop.example/app../x", climbing);
  assert.equal(status, 400);
  assert.match(steps.at(-1)?.why ?? "", /segment/);
});

test("another name of a host is said to be one, and redirects say where they lead", () => {
  const web = ingress("shop/web").host("shop.example").path("/", "web:80").annotate("server-alias", "*.shops.example").annotate("from-to-www-redirect", "true")
    .annotate("app-root", "/app");
  assert.equal(stepOf(explainedOf("http://a.b.shops.example/x", web), "host"), 'shop.example: "a.b.shops.example" is another name of it');
  const www = explainedOf("https://www.shop.example/x/", web);
  assert.deepEqual([www.status, www.location, stepOf(www, "host")], [308, "https://shop.example/x", 'shop.example: "www.shop.example" is another name of it and redirects to it']);
  const root = explainedOf("http://shop.example/", web);
  assert.deepEqual([root.status, root.location], [302, "http://shop.example/app"]);
  const moved = explainedOf("http://moved.example/", ingress("shop/moved").host("moved.example").path("/", "web:80").annotate("permanent-redirect", "/new"));
  assert.deepEqual([moved.status, moved.location], [301, "http://moved.example/new"]);
});

test("an alias that only PCRE can read is said to be one, unless a name comes before it", () => {
  const web = ingress("shop/web").host("shop.example").path("/", "web:80").annotate("server-alias", "~^(?=a),a.example");
  assert.equal(stepOf(explainedOf("http://abc.example/", web), "host"), 'not known here; without it any other name: only nginx can tell whether "abc.example" matches "(?i)^(?=a)"');
  assert.equal(stepOf(explainedOf("http://a.example/", web), "host"), 'shop.example: "a.example" is another name of it');
});

test("the pool says how an endpoint is chosen, the canary which side a session is on", () => {
  const objects = [
    ingressClass("nginx"),
    ingress("shop/web").host("shop.example").path("/", "web:80").annotate("affinity", "cookie").annotate("session-cookie-name", "SID"),
    ingress("shop/new").host("shop.example").path("/", "new:80").canary({ "canary-weight": "100" }),
    ingress("shop/hash").host("hash.example").path("/", "web:80").annotate("upstream-hash-by", "$arg_a-x"),
    ...["web", "new"].flatMap((name) => [service(`shop/${name}`, "80"), slice(`shop/${name}`, 80, "10.0.0.1")]),
  ];
  const built = build(...objects);
  const { program } = createCompiler().compile(built);
  const of = (url: string, ...headers: readonly string[]): readonly string[] =>
    explain(built.model, program, parseRequest(url, headers), [], NOTHING_SET).steps.slice(2).map(({ what, result, why }) => `${what} ${result}: ${why}`);
  assert.deepEqual(of("http://hash.example/"), ["pool shop-web-80: endpoints: 10.0.0.1:80; by the hash of ${arg_a}-x"]);
  assert.deepEqual(of("http://shop.example/"), [
    "canary shop-new-80: its weight is the whole",
    "pool shop-new-80: endpoints: 10.0.0.1:80; by the balanced session of the cookie SID",
  ]);
  const key = built.model.hosts.get("shop.example")?.routes.map(({ backend }) => primaryOf(backend)).flatMap((one) => (one.kind === "service" ? one.balance : undefined))[0];
  assert.ok(key?.kind === "session");
  assert.deepEqual(of("http://shop.example/", `Cookie: SID=1.2.3|${key.key}`), [
    "canary not taken: the session cookie names this side",
    "pool shop-web-80: endpoints: 10.0.0.1:80; by the balanced session of the cookie SID",
  ]);
});

test("a host with client certificates is explained as to a client that it accepts; what is refused anyway is said", () => {
  const { chain } = selfSigned([]);
  const built = build(
    ...OBJECTS,
    secret("shop/ca", { "ca.crt": chain }),
    ingress("shop/must").host("must.example").path("/", "web:80").annotate("auth-tls-secret", "shop/ca").annotate("auth-tls-match-cn", "CN=alice"),
    ingress("shop/bad").host("bad.example").path("/", "web:80").annotate("auth-tls-secret", "shop/nowhere"),
  );
  const { program } = createCompiler().compile(built);
  const told = (url: string): readonly string[] => {
    const { pool, status, steps } = explain(built.model, program, parseRequest(url, []), [], NOTHING_SET);
    return [pool ?? String(status), ...steps.filter(({ what }) => what === "client" || what === "answer").map(({ why }) => why)];
  };
  assert.deepEqual(told("https://must.example/"), ["shop-web-80", 'auth-tls-verify-client is on, its subject like "CN=alice"']);
  assert.deepEqual(told("http://must.example/"), ["403", "the host wants a client certificate with another subject"]);
  assert.deepEqual(told("https://bad.example/"), ["403", "what the host wants of client certificates cannot be honoured"]);
});
