import assert from "node:assert/strict";
import { test } from "node:test";
import { annotations, annotationsByName, defaultValues } from "../../src/model/annotations/table.ts";
import type { Config } from "../../src/model/config/config.ts";
import type { ProxySettings } from "../../src/model/shapes/routing.ts";
import { printable } from "../../src/support/text.ts";
import { build, buildWith, expectFindings, expectRoutes, findingOf, routeOf } from "../support/build.ts";
import { primaryOf } from "../../src/model/shapes/routing.ts";
import { ingress, service, slice, testConfig } from "../support/objects.ts";

const shop = ingress("shop/web").host("shop.example").path("/", "web:80");
const web = [service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")];

function proxyOf(name: string, value: string, config: Partial<Config> = {}): ProxySettings {
  return primaryOf(routeOf(buildWith({ config }, shop.annotate(name, value), ...web), "shop.example", "/").backend).proxy;
}

test("every name that ingress-nginx accepts is known, once", () => {
  assert.equal(annotationsByName.size, 138);
  assert.equal(annotations.flatMap((row) => [row.name, ...(row.aliases ?? [])]).length, 138);
  const risks = Map.groupBy(annotations, ({ risk }) => risk);
  assert.deepEqual([risks.get("Critical")?.length, risks.get("High")?.length], [5, 10]);
});

test("every honoured annotation shows its default, and reads back what it shows", () => {
  const defaults = defaultValues(testConfig);
  for (const row of annotations) {
    if (row.status !== "honoured" || row.show(defaults) === "none") continue;
    const read = row.read(defaults, row.show(defaults), testConfig);
    assert.deepEqual(read, { values: defaults }, row.name);
  }
});

test("values reach the routes", () => {
  assert.equal(proxyOf("proxy-connect-timeout", "9").connectTimeout, 9);
  assert.equal(proxyOf("proxy-send-timeout", "9").sendTimeout, 9);
  assert.equal(proxyOf("proxy-read-timeout", "3600").readTimeout, 3600);
  assert.equal(proxyOf("proxy-body-size", "8m").bodySize, 8 * 1024 ** 2);
  assert.equal(proxyOf("proxy-body-size", "0").bodySize, 0);
  assert.equal(proxyOf("proxy-buffering", "on").buffering, true);
  assert.equal(proxyOf("proxy-request-buffering", "off").requestBuffering, false);
  assert.equal(proxyOf("proxy-buffer-size", "16K").bufferSize, 16384);
  assert.equal(proxyOf("proxy-buffers-number", "8").buffersNumber, 8);
  assert.equal(proxyOf("proxy-next-upstream-timeout", "0").nextUpstreamTimeout, 0);
  assert.equal(proxyOf("proxy-next-upstream-tries", "1").nextUpstreamTries, 1);
  assert.equal(proxyOf("proxy-http-version", "1.0").httpVersion, "1.0");
});

test("retry conditions are known words, non_idempotent last, off alone", () => {
  assert.deepEqual(proxyOf("proxy-next-upstream", "non_idempotent error http_502 error").nextUpstream, ["error", "http_502", "non_idempotent"]);
  assert.deepEqual(proxyOf("proxy-next-upstream", "error off").nextUpstream, ["off"]);
  assert.deepEqual(proxyOf("proxy-next-upstream", "error", { retryNonIdempotent: true }).nextUpstream, ["error", "non_idempotent"]);
  assert.deepEqual(proxyOf("proxy-next-upstream", "error sometimes").nextUpstream, ["error", "timeout"]);
});

test("an invalid value is said, with what is used instead", () => {
  const bad: [string, string, string][] = [
    ["proxy-connect-timeout", "5s", "5"],
    ["proxy-read-timeout", "-1", "60"],
    ["proxy-read-timeout", "0", "60"],
    ["proxy-body-size", "8mb", "1m"],
    ["proxy-buffering", "true", "off"],
    ["proxy-buffer-size", "1g", "4k"],
    ["proxy-buffers-number", "2", "4"],
    ["proxy-http-version", "2", "1.1"],
    ["ssl-redirect", "yes", "true"],
    ["ssl-redirect", "true\n1", "true"],
    ["canary-by-header", "X Env", "none"],
  ];
  for (const [name, value, used] of bad) {
    const built = build(shop.annotate("canary", name.startsWith("canary") ? "true" : "").annotate(name, value), ...web);
    const finding = findingOf(built, "annotation-invalid");
    assert.equal(finding.field, `metadata.annotations[nginx.ingress.kubernetes.io/${name}]`);
    assert.equal(finding.effect, `the default is used: ${used}`);
    assert.ok(finding.sentence.startsWith(`"${printable(value)}" is not valid for ${name}: it must be `), finding.sentence);
  }
});

test("a number above what nginx can take is brought down to it", () => {
  assert.equal(proxyOf("proxy-read-timeout", "99999999").readTimeout, 2147483);
  findingOf(build(shop.annotate("proxy-read-timeout", "99999999"), ...web), "annotation-reduced");
});

test("an empty value counts as absent", () => {
  expectFindings(build(shop.annotate("proxy-body-size", "").annotate("auth-url", "").annotate("server-snippet", ""), ...web));
});

test("the redirect to https is off, for names with a certificate, or always", () => {
  const redirect = (name: string, value: string, config: Partial<Config> = {}): string =>
    routeOf(buildWith({ config }, shop.annotate(name, value), ...web), "shop.example", "/").filters.httpsRedirect;
  assert.equal(redirect("canary", ""), "certificate");
  assert.equal(redirect("ssl-redirect", "false"), "never");
  assert.equal(redirect("force-ssl-redirect", "true"), "always");
  assert.equal(redirect("ssl-redirect", "false", { forceSslRedirect: true }), "always");
  assert.equal(redirect("ssl-redirect", "T", { sslRedirect: false }), "certificate");
  const kept = routeOf(build(shop.annotate("preserve-trailing-slash", "true"), ...web), "shop.example", "/");
  assert.equal(kept.filters.preserveTrailingSlash, true);
});

test("a closed Ingress closes the / that it would answer for, and no other Ingress of the host", () => {
  const closed = ingress("shop/closed").created(0).host("shop.example").path("/admin", "web:80").annotate("auth-url", "http://unix:/auth.sock");
  const open = ingress("shop/open").created(1).host("shop.example").path("/shop", "web:80");
  expectRoutes(
    build(closed, open, ...web),
    "shop.example  /shop  prefix -> shop/web/80 [10.0.0.1:80]",
    "shop.example  /admin  prefix -> status 503",
    "shop.example  /  prefix (nobody's) -> status 503",
  );
});

test("a snippet refuses the whole Ingress and nothing else", () => {
  const other = ingress("shop/other").host("other.example").path("/", "web:80");
  for (const name of ["configuration-snippet", "server-snippet", "stream-snippet", "auth-snippet", "modsecurity-snippet"]) {
    const built = build(shop.annotate(name, "return 200;"), other, ...web);
    expectRoutes(built, "other.example  /  prefix -> shop/web/80 [10.0.0.1:80]");
    assert.equal(findingOf(built, "snippet-refused").severity, "error");
  }
});

test("an unknown annotation gets a suggestion when one is near", () => {
  const { sentence } = findingOf(build(shop.annotate("proxy-body-sise", "8m"), ...web), "annotation-unknown");
  assert.equal(sentence, 'There is no annotation "proxy-body-sise": did you mean "proxy-body-size"?');
  assert.match(findingOf(build(shop.annotate("entirely-else", "1"), ...web), "annotation-unknown").sentence, /: remove it$/);
});

test("only annotations under --annotations-prefix are read", () => {
  const foreign = shop.rawAnnotation("nginx.org/proxy-read-timeout", "x").rawAnnotation("kubernetes.io/description", "shop");
  expectFindings(build(foreign, ...web), "annotation-of-others  Ingress shop/web metadata.annotations[nginx.org/proxy-read-timeout]");
  const own = buildWith({ annotationsPrefix: "nginx.org" }, shop.rawAnnotation("nginx.org/proxy-read-timeout", "7").annotate("auth-url", "x"), ...web);
  assert.equal(primaryOf(routeOf(own, "shop.example", "/").backend).proxy.readTimeout, 7);
  expectFindings(own, "annotation-of-others  Ingress shop/web metadata.annotations[nginx.ingress.kubernetes.io/auth-url]");
});

test("of a name and its alias the name counts", () => {
  const built = build(shop.annotate("allowlist-source-range", "10.0.0.0/8").annotate("whitelist-source-range", "0.0.0.0/0"), ...web);
  assert.deepEqual(routeOf(built, "shop.example", "/").filters.edge, { addresses: { allow: { v4: [10 * 2 ** 24, 11 * 2 ** 24 - 1] } } });
});

test("a canary takes other annotations from the Ingress that it joins", () => {
  const canary = ingress("shop/canary").host("shop.example").path("/", "web:80").canary().annotate("auth-url", "http://a.example").annotate("proxy-read-timeout", "1");
  const built = build(shop, canary, ...web);
  assert.equal(primaryOf(routeOf(built, "shop.example", "/").backend).kind, "service");
  assert.deepEqual(built.findings().map(({ code }) => code), ["annotation-on-canary", "annotation-on-canary"]);
});

test("routes share the settings that they have in common", () => {
  const built = build(shop.path("/x", "web:80"), ingress("shop/b").host("b.example").path("/", "web:80"), ...web);
  assert.equal(primaryOf(routeOf(built, "shop.example", "/").backend).proxy, primaryOf(routeOf(built, "b.example", "/").backend).proxy);
});

test("an annotation that would take long to read is not read, and fails as one that cannot be", () => {
  const long = Array.from({ length: 6000 }, (_, n) => `/p${n}: {}`).join("\n");
  const web = ingress("shop/web").host("shop.example").path("/", "web:80");
  for (const [name, code] of [["match", "match-unreadable"], ["path-annotations", "path-annotations-unreadable"]] as const) {
    assert.match(findingOf(build(web.rawAnnotation(`sluice.ingress/${name}`, long)), code).sentence, /it is longer than 32768 characters/);
  }
});

test("YAML that fails only when its value is made, by an alias for one, fails as any other that cannot be read", () => {
  const web = ingress("shop/web").host("shop.example").path("/", "web:80");
  for (const text of ["*a", "/: *a", "/: &a {}\n/x: *a", "%YAML 1.1\n---\n<<: 1"]) {
    for (const [name, code] of [["match", "match-unreadable"], ["path-annotations", "path-annotations-unreadable"]] as const) {
      assert.match(findingOf(build(web.rawAnnotation(`sluice.ingress/${name}`, text)), code).sentence, /it is no YAML: /, text);
    }
  }
});
