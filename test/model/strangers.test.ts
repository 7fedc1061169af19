/** Manifests that were written for something else: other controllers' annotations, names of older versions, paths of another grammar. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationsByName } from "../../src/model/annotations/table.ts";
import { KEYS } from "../../src/model/config/keys.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import { build, buildWith, expectFindings, findingOf } from "../support/build.ts";
import { ingress, PREFIX, service, slice, ingressClass } from "../support/objects.ts";

const shop = ingress("shop/web").host("shop.example").path("/", "web:80");
const web = [service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")];
const sayOf = (key: string, value = "true"): readonly Finding[] => build(shop.rawAnnotation(key, value), ...web).findings();

test("a name that ingress-nginx gave up gets what took its place, and that exists", () => {
  const former: readonly (readonly [string, string])[] = [
    ["secure-backends", 'backend-protocol: "HTTPS"'], ["grpc-backend", 'backend-protocol: "GRPC"'], ["enable-opentracing", "enable-opentelemetry"],
    ["opentracing-operation-name", "opentelemetry-operation-name"], ["opentracing-trust-incoming-span", "opentelemetry-trust-incoming-span"],
    ["global-rate-limit", "limit-rps"], ["global-rate-limit-window", "limit-rps"], ["global-rate-limit-key", "limit-rps"], ["global-rate-limit-ignored-cidrs", "limit-allowlist"],
    ["session-cookie-hash", "nothing"], ["secure-verify-ca-secret", "proxy-ssl-secret"], ["lua-resty-waf", "enable-modsecurity"], ["lua-resty-waf-debug", "enable-modsecurity"],
    ["enable-influxdb", "metrics"], ["influxdb-host", "metrics"], ["upstream-fail-timeout", "proxy-next-upstream-timeout"], ["upstream-max-fails", "proxy-next-upstream-tries"],
    ["add-base-url", "x-forwarded-prefix"], ["base-url-scheme", "x-forwarded-prefix"], ["mirror-uri", "mirror-target"], ["client-max-body-size", "proxy-body-size"],
    ["vts-filter-key", "metrics"], ["websocket-services", "nothing"], ["redirect-to-https", "force-ssl-redirect"],
  ];
  for (const [name, instead] of former) {
    assert.equal(annotationsByName.has(name), false, name);
    const [finding, ...more] = sayOf(`${PREFIX}/${name}`);
    assert.deepEqual([finding?.code, finding?.severity, more], ["annotation-former", "warning", []], name);
    assert.ok(finding?.sentence.includes(instead), finding?.sentence);
    // Each word of the remedy that looks like the name of an annotation or a key is one.
    for (const word of finding?.sentence.split("in its place there is ")[1]?.match(/\b[a-z]+(?:-[a-z]+)+\b/g) ?? []) {
      const known = annotationsByName.has(word) || KEYS.some(({ row }) => row.key === word) || word === "enable-metrics";
      assert.ok(known, `${word} in: ${finding?.sentence}`);
    }
  }
});

test("a rewrite that drops the rest of the path says how ingress-nginx before 0.22 is had", () => {
  const of = (path: string, target: string): string[] => build(ingress("shop/web").host("shop.example").path(path, "web:80").annotate("rewrite-target", target), ...web)
    .findings().filter(({ code }) => code === "rewrite-drops-rest").map(({ sentence }) => sentence);
  assert.match(of("/api", "/").join(), /write "path: \/api\(\/\|\$\)\(\.\*\)" and "rewrite-target: \/\$2"$/);
  assert.match(of("/", "/new/").join(), /write "path: \/\(\.\*\)" and "rewrite-target: \/new\/\$1"$/);
  for (const [path, target] of [["/api(/|$)(.*)", "/$2"], ["/", "/"], ["/api(/|$)(.*)", "/"], ["/api", "https://shop.example/"], ["/api", "/$uri"]] as const) assert.deepEqual(of(path, target), [], `${path} ${target}`);
});

test("an annotation of ours without its prefix, or with one that is nearly it, is told by its whole name", () => {
  for (const key of ["whitelist-source-range", "auth-url", `${PREFIX}.auth-url`, `${PREFIX.replace(".io", ".com")}/auth-url`, `${PREFIX.replace("ingress", "ingres")}/auth-url`]) {
    const [finding, ...more] = sayOf(key, "x");
    assert.deepEqual([finding?.code, finding?.field, more], ["annotation-without-prefix", `metadata.annotations[${key}]`, []]);
    assert.ok(finding?.sentence.endsWith(`did you mean "${PREFIX}/${key.includes("auth") ? "auth-url" : key}"?`), finding?.sentence);
  }
  for (const key of ["owner", "example.com/auth-url", "meta.helm.sh/release-name", `${PREFIX}.invented`]) assert.deepEqual(sayOf(key), [], key);
});

test("what an Ingress says with our annotation as well needs no word about another controller's", () => {
  const both = shop.rawAnnotation("ingress.kubernetes.io/ssl-redirect", "true").rawAnnotation("ingress.kubernetes.io/proxy-body-size", "0");
  assert.match(findingOf(build(both.annotate("ssl-redirect", "true"), ...web), "annotation-of-others").sentence, /^ingress\.kubernetes\.io\/proxy-body-size is an annotation/);
  expectFindings(build(both.annotate("ssl-redirect", "true").annotate("proxy-body-size", "0"), ...web));
});

test("every key of the ConfigMap that is no annotation is told where it belongs", () => {
  for (const { row } of KEYS) {
    if (annotationsByName.has(row.key)) continue;
    assert.match(sayOf(`${PREFIX}/${row.key}`).map(({ sentence }) => sentence).join(), /the (?:controller's )?ConfigMap|in its place there is/, row.key);
  }
});

test("annotations of other controllers are told once for each of them, with ours where it has the same name", () => {
  const prefixes = [
    "nginx.org", "nginx.com", "haproxy.org", "haproxy-ingress.github.io", "ingress.kubernetes.io", "traefik.ingress.kubernetes.io", "alb.ingress.kubernetes.io",
    "appgw.ingress.kubernetes.io", "konghq.com", "projectcontour.io", "getambassador.io",
  ];
  for (const prefix of prefixes) {
    const [finding, ...more] = sayOf(`${prefix}/something-else`);
    assert.deepEqual([finding?.code, finding?.severity, finding?.field, more], ["annotation-of-others", "warning", `metadata.annotations[${prefix}/something-else]`, []], prefix);
    assert.match(sayOf(`${prefix}/rewrite-target`, "/")[0]?.sentence ?? "", /: here it is nginx\.ingress\.kubernetes\.io\/rewrite-target$/, prefix);
  }
  for (const key of ["kubernetes.io/ingress.global-static-ip-name", "traefik.frontend.rule.type", "mse.ingress.kubernetes.io/whitelist"]) {
    assert.equal(sayOf(key)[0]?.code, "annotation-of-others", key);
  }
  const others: readonly (readonly [string, string, string])[] = [
    ["nginx.org/rewrites", "serviceName=web rewrite=/", "it is rewrite-target"], ["nginx.org/ssl-services", "web", 'it is backend-protocol: "HTTPS"'], ["nginx.org/lb-method", "ip_hash", "it is load-balance"],
    ["nginx.org/client-max-body-size", "8m", "it is proxy-body-size"], ["nginx.org/websocket-services", "web", "it is nothing: "], ["haproxy.org/path-rewrite", "/", "it is rewrite-target"],
    ["traefik.ingress.kubernetes.io/router.middlewares", "default-strip@kubernetescrd", "it is what each Middleware does"], ["traefik.ingress.kubernetes.io/router.tls", "true", "it is spec.tls"],
    ["alb.ingress.kubernetes.io/certificate-arn", "arn:x", "it is spec.tls"], ["appgw.ingress.kubernetes.io/backend-path-prefix", "/", "it is rewrite-target"], ["konghq.com/strip-path", "true", "it is use-regex with rewrite-target"],
    ["kubernetes.io/ingress.allow-http", "false", "it is force-ssl-redirect"],
  ];
  for (const [key, value, instead] of others) {
    const said = sayOf(key, value)[0]?.sentence ?? "";
    assert.ok(said.includes(`: here ${instead}`), said);
    // Each word of the remedy that looks like the name of an annotation is one.
    for (const word of said.split(": here ")[1]?.match(/\b[a-z]+(?:-[a-z]+)+\b/g) ?? []) assert.ok(annotationsByName.has(word), `${word} in: ${said}`);
  }
  const two = shop.rawAnnotation("nginx.org/unheard-of", "x").rawAnnotation("nginx.org/rewrites", "x").rawAnnotation("nginx.org/proxy-read-timeout", "7");
  assert.deepEqual(build(two, ...web).findings().map(({ sentence, field }) => `${field} ${sentence.split(": here ")[1] ?? ""}`), [
    `metadata.annotations[nginx.org/rewrites] rewrites is rewrite-target; proxy-read-timeout is ${PREFIX}/proxy-read-timeout`,
  ]);
  const many = Array.from({ length: 5 }, (_, at) => `nginx.org/a-${at}`).reduce((draft, key) => draft.rawAnnotation(key, "x"), shop.rawAnnotation("haproxy.org/b", "x"));
  assert.deepEqual(build(many, ...web).findings().map(({ sentence }) => sentence.split(": ")[0]), [
    "haproxy.org/b is an annotation of HAProxy's Ingress controllers",
    "nginx.org/a-0, nginx.org/a-1, nginx.org/a-2 and 2 more are annotations of NGINX Ingress Controller (F5)",
  ]);
});

test("annotations of tools that are no Ingress controllers, and our own prefix whatever it is, are nobody's mistake", () => {
  for (const key of ["cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme", "external-dns.alpha.kubernetes.io/hostname", "meta.helm.sh/release-name", "argocd.argoproj.io/sync-wave", "plain"]) {
    assert.deepEqual(sayOf(key), [], key);
  }
  expectFindings(buildWith({ annotationsPrefix: "ingress.kubernetes.io" }, shop.rawAnnotation("ingress.kubernetes.io/proxy-body-size", "8m"), ...web));
});

test("a class annotation that can only be a slip is said, another controller's class is not", () => {
  const classed = (value: string): string[] =>
    build(shop.className(undefined).rawAnnotation("kubernetes.io/ingress.class", value), ...web).findings().map(({ code, sentence }) => `${code}: ${sentence}`);
  for (const [value, shown] of [["", "is empty"], [" ", 'is "\u2423"'], ["nginx ", '"nginx\u2423"'], ["\tnginx", '"\\u0009nginx"'], ["Nginx", '"Nginx"'], ["ngnix", '"ngnix"'], ["ngix", '"ngix"'], ["nignx", '"nignx"']] as const) {
    const [finding, ...more] = classed(value);
    assert.deepEqual(more, []);
    assert.match(finding ?? "", /^class-annotation-unusable: kubernetes\.io\/ingress\.class /);
    assert.ok(finding?.includes(shown), finding);
  }
  const named = ingressClass("nginz", "example.com/other");
  assert.deepEqual(classed("nginz").length, 1);
  assert.deepEqual(build(shop.className(undefined).rawAnnotation("kubernetes.io/ingress.class", "nginz"), ...web, named).findings(), [], "a class that exists is meant");
  for (const value of ["traefik", "nginx-internal", "nginx2", "gce"]) assert.deepEqual(classed(value), []);
});

test("a path that looks like an expression is said on a host where it is none", () => {
  const looks: readonly (readonly [string, string])[] = [
    ["/*", "/"], ["/api/*", "/api"], ["/api/.*", "/api"], ["/api(/|$)(.*)", "/api"], ["/v[12]/users", "/"], ["/users/{id}/cart", "/users"], ["/^admin", "/"], ["/a/b$", "/a"],
    ["/x/\\d", "/x"], ["/find?q", "/"], ["/a/b.+", "/a"],
  ];
  for (const [path, literal] of looks) {
    for (const type of ["Prefix", "Exact", "ImplementationSpecific"]) {
      const said = build(ingress("shop/web").host("shop.example").path(path, "web:80", type), ...web);
      const finding = findingOf(said, "path-looks-like-expression");
      assert.ok(finding.sentence.includes(`all that begins with ${literal} write "${literal}"`), finding.sentence);
      assert.equal(finding.field, "spec.rules[0].http.paths[0].path");
    }
    const regex = build(ingress("shop/web").host("shop.example").path(path, "web:80").annotate("use-regex", "true"), ...web);
    assert.deepEqual(regex.findings().filter(({ code }) => code === "path-looks-like-expression"), [], path);
  }
  for (const path of ["/", "/a.b/c", "/c++", "/~user", "/odata/$metadata", "/odata/Items(1)", "/a,b;c=d", "/%20", "/über", "/.well-known/x", "/@scope/a:b"]) {
    expectFindings(build(ingress("shop/web").host("shop.example").path(path, "web:80"), ...web));
  }
});

test("a path with a query takes nothing, and is told without it", () => {
  for (const [path, before] of [["/find?q=1", "/find"], ["/?page=2&x=y", "/"]] as const) {
    const { sentence, field } = findingOf(build(ingress("shop/web").host("shop.example").path(path, "web:80"), ...web), "path-with-query");
    assert.ok(sentence.includes(`write "${before}"`), sentence);
    assert.equal(field, "spec.rules[0].http.paths[0].path");
  }
});

test("a path that does not begin with a slash gets the path that was meant", () => {
  const meant: readonly (readonly [string, string])[] = [
    ["api", "/api"], ["api/v1", "/api/v1"], [".well-known/x", "/.well-known/x"], ["%20x/y", "/%20x/y"], [" /api", "/api"], ["^/api", "/api"], ["^/api/(.*)$", "/api/(.*)$"],
    ["~ ^/api", "/api"], ["~* /api", "/api"], ["^~ /static/", "/static/"], ["= /x", "/x"], ["*", "/"], ["'/x'", "/x"],
    ["PathPrefix(`/foo`)", "/foo"], ["Path(`/foo/bar`)", "/foo/bar"], ["Host(`a.example`) && PathPrefix(`/foo`)", "/foo"], ['PathRegexp("^/foo")', "/foo"],
    ["http://shop.example/cart?x=1", "/cart?x=1"], ["https://shop.example", "/"],
  ];
  for (const [path, instead] of meant) {
    const { sentence } = findingOf(build(ingress("shop/web").host("shop.example").path(path, "web:80", "ImplementationSpecific"), ...web), "path-invalid");
    assert.ok(sentence.endsWith(`does not start with "/": write "${instead}"`), `${path}: ${sentence}`);
  }
});

test("a host that is more than a host gets the host that was meant", () => {
  const meant: readonly (readonly [string, string])[] = [
    ["shop.example:8080", 'write "shop.example"'], ["https://shop.example", 'write "shop.example"'], ["http://Shop.example:80/cart", 'write "shop.example"'], ["shop.example/cart", 'write "shop.example"'],
    [" shop.example ", 'write "shop.example"'], ["shop.example.", 'write "shop.example"'], ["*.shop.example:443", 'write "*.shop.example"'], ["*", "write no host at all"], ["*.", "write no host at all"],
    ["not_a_host", "use lower-case labels"], ["10.0.0.1:80", "use lower-case labels"], ["a.*.example", "use lower-case labels"], ["a b", "use lower-case labels"], ["[::1]:80", "use lower-case labels"],
  ];
  for (const [host, instead] of meant) {
    const { sentence } = findingOf(build(ingress("shop/web").host(host).path("/", "web:80"), ...web), "host-invalid");
    assert.ok(sentence.includes(` is not a host name: ${instead}`), `${host}: ${sentence}`);
  }
});
