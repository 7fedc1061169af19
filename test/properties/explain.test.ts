import assert from "node:assert/strict";
import { test } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { explain, type Explanation } from "../../src/explain/explain.ts";
import { parseRequest } from "../../src/explain/request.ts";
import type { Finding } from "../../src/model/findings.ts";
import { UserError } from "../../src/support/user-error.ts";
import { build } from "../support/build.ts";
import { ingress, ingressClass, secret, service, slice } from "../support/objects.ts";
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
  const said = (defaultBackendService: string): string[] =>
    explain(built.model, program, parseRequest("http://nobody.example/", []), [], { ...NOTHING_SET, defaultBackendService }).steps.map(({ why }) => why);
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
