import assert from "node:assert/strict";
import { test } from "node:test";
import { build, buildWith, expectFindings, expectRoutes, findingOf, routeOf } from "../support/build.ts";
import { primaryOf } from "../../src/model/shapes/routing.ts";
import { ingress, service, slice } from "../support/objects.ts";

const web = [service("shop/web", "80:8080"), slice("shop/web", 8080, "10.0.0.1")];
const api = [service("shop/api", "80:8080"), slice("shop/api", 8080, "10.0.0.2")];

test("a path leads to the endpoints of its Service", () => {
  const built = build(ingress("shop/web").host("shop.example").path("/", "web:80"), ...web);
  expectRoutes(built, "shop.example  /  prefix -> shop/web/80 [10.0.0.1:8080]");
  expectFindings(built);
  assert.deepEqual(routeOf(built, "shop.example", "/").origin, {
    kind: "Ingress", namespace: "shop", name: "web", field: "spec.rules[0].http.paths[0].backend",
  });
});

test("routes are ordered by path descending, Exact before Prefix", () => {
  const one = ingress("shop/web").host("shop.example").path("/a", "web:80").path("/", "web:80").path("/b", "web:80").path("/a", "web:80", "Exact");
  expectRoutes(
    build(one, ...web),
    "shop.example  /b  prefix -> shop/web/80 [10.0.0.1:8080]",
    "shop.example  /a  exact -> shop/web/80 [10.0.0.1:8080]",
    "shop.example  /a  prefix -> shop/web/80 [10.0.0.1:8080]",
    "shop.example  /  prefix -> shop/web/80 [10.0.0.1:8080]",
  );
});

test("an absent path is /, and an absent path type and ImplementationSpecific are Prefix", () => {
  const { object } = ingress("shop/web").host("shop.example").path("", "web:80", "").path("/b", "web:80", "ImplementationSpecific");
  expectRoutes(
    build(object, ...web),
    "shop.example  /b  prefix -> shop/web/80 [10.0.0.1:8080]",
    "shop.example  /  prefix -> shop/web/80 [10.0.0.1:8080]",
  );
});

test("the / that nobody declares takes the oldest Ingress's default backend and annotations", () => {
  const oldest = ingress("shop/old").created(0).host("shop.example").path("/old", "web:80").defaultBackend("api:80").annotate("proxy-read-timeout", "7");
  const newer = ingress("shop/new").created(1).host("shop.example").path("/new", "web:80").defaultBackend("web:80");
  const built = build(oldest, newer, ...web, ...api);
  expectRoutes(
    built,
    "shop.example  /old  prefix -> shop/web/80 [10.0.0.1:8080]",
    "shop.example  /new  prefix -> shop/web/80 [10.0.0.1:8080]",
    "shop.example  /  prefix (nobody's) -> shop/api/80 [10.0.0.2:8080]",
  );
  assert.equal(primaryOf(routeOf(built, "shop.example", "/").backend).proxy.readTimeout, 7);
  assert.equal(primaryOf(routeOf(built, "shop.example", "/new").backend).proxy.readTimeout, 60);
});

test("a rule without paths makes a host whose / goes to the default backend", () => {
  expectRoutes(build(ingress("shop/web").host("shop.example")), "shop.example  /  prefix (nobody's) -> default backend");
});

test("a declared / replaces the one that nobody declared, whatever its age", () => {
  const older = ingress("shop/old").created(0).host("shop.example").path("/old", "web:80");
  const newer = ingress("shop/new").created(1).host("shop.example").path("/", "api:80");
  expectRoutes(
    build(newer, older, ...web, ...api),
    "shop.example  /old  prefix -> shop/web/80 [10.0.0.1:8080]",
    "shop.example  /  prefix -> shop/api/80 [10.0.0.2:8080]",
  );
});

test("of two Ingresses with the same path the older one wins, and the other is told", () => {
  const older = ingress("shop/a").created(0).host("shop.example").path("/", "web:80");
  const newer = ingress("shop/b").created(1).host("shop.example").path("/", "api:80");
  const built = build(newer, older, ...web, ...api);
  expectRoutes(built, "shop.example  /  prefix -> shop/web/80 [10.0.0.1:8080]");
  const conflict = findingOf(built, "path-conflict");
  assert.equal(conflict.object.name, "b");
  assert.equal(conflict.field, "spec.rules[0].http.paths[0].path");
  assert.match(conflict.sentence, /shop\.example\/ \(prefix\) is declared by the Ingress shop\/a already/);
});

test("of the same age the larger namespace/name counts as older", () => {
  const a = ingress("shop/a").created(0).host("shop.example").path("/", "api:80");
  const b = ingress("shop/b").created(0).host("shop.example").path("/", "web:80");
  expectRoutes(build(a, b, ...web, ...api), "shop.example  /  prefix -> shop/web/80 [10.0.0.1:8080]");
});

test("objects from files are ordered by path, then by position in the file", () => {
  const first = ingress("shop/a").inFile("1.yaml", 3).host("shop.example").path("/", "web:80");
  const second = ingress("shop/z").inFile("1.yaml", 4).host("shop.example").path("/", "api:80").path("/x", "api:80");
  const third = ingress("shop/y").inFile("0.yaml", 9).host("shop.example").path("/x", "web:80");
  const built = build(second, first, third, ...web, ...api);
  expectRoutes(
    built,
    "shop.example  /x  prefix -> shop/web/80 [10.0.0.1:8080]",
    "shop.example  /  prefix -> shop/web/80 [10.0.0.1:8080]",
  );
  assert.deepEqual(built.findings().map(({ file, line }) => `${file}:${line}`), ["1.yaml:41", "1.yaml:41"]);
});

test("a path declared three times with two types gives two routes", () => {
  const built = build(
    ingress("shop/a").created(0).host("shop.example").path("/foo", "web:80", "Exact").path("/foo", "web:80"),
    ingress("shop/b").created(1).host("shop.example").path("/foo", "api:80"),
    ...web, ...api,
  );
  assert.equal(built.model.hosts.get("shop.example")?.routes.filter(({ path }) => path === "/foo").length, 2);
  expectFindings(built, "path-conflict  Ingress shop/b spec.rules[0].http.paths[0].path");
});

test("Prefix /foo and /foo/ mean the same requests: the older wins", () => {
  const built = build(
    ingress("shop/a").created(0).host("shop.example").path("/foo/", "web:80"),
    ingress("shop/b").created(1).host("shop.example").path("/foo", "api:80"),
    ...web, ...api,
  );
  assert.deepEqual(built.model.hosts.get("shop.example")?.routes.map(({ path }) => path), ["/foo/", "/"]);
  findingOf(built, "path-conflict");
});

test("of Prefix /foo and /foo/ for one Service in one Ingress the first takes more, whatever their order", () => {
  for (const paths of [["/foo", "/foo/"], ["/foo/", "/foo"]]) {
    const built = build(paths.reduce((made, path) => made.path(path, "x:80"), ingress("shop/web").host("a.example")));
    assert.equal(routeOf(built, "a.example", "/foo").path, "/foo");
    assert.deepEqual(built.findings().filter(({ code }) => code === "path-conflict"), []);
  }
  const other = build(ingress("shop/web").host("a.example").path("/foo/", "x:80").path("/foo", "y:80"));
  assert.equal(routeOf(other, "a.example", "/foo/").path, "/foo/");
  assert.ok(other.findings().some(({ code }) => code === "path-conflict"));
});

test("saying the same twice in one Ingress is no conflict", () => {
  const one = ingress("shop/a").host("shop.example").path("/", "web:80").host("SHOP.example").path("/", "web:80");
  expectFindings(build(one, ...web));
});

test("the oldest Ingress without rules takes the / of the catch-all", () => {
  const built = build(
    ingress("shop/new").created(2).defaultBackend("api:80"),
    ingress("shop/old").created(1).defaultBackend("web:80").annotate("proxy-read-timeout", "7"),
    ingress("shop/rule").created(0).path("/", "api:80").path("/x", "api:80"),
    ...web, ...api,
  );
  expectRoutes(
    built,
    "_  /x  prefix -> shop/api/80 [10.0.0.2:8080]",
    "_  /  prefix -> shop/web/80 [10.0.0.1:8080]",
  );
  assert.equal(primaryOf(routeOf(built, "_", "/").backend).proxy.readTimeout, 7);
  expectFindings(
    built,
    "path-conflict  Ingress shop/new spec.defaultBackend",
    "path-conflict  Ingress shop/rule spec.rules[0].http.paths[0].path",
  );
});

test("a host-less rule's / takes the catch-all's when no Ingress claims it", () => {
  expectRoutes(build(ingress("shop/web").path("/", "web:80"), ...web), "_  /  prefix -> shop/web/80 [10.0.0.1:8080]");
});

test("the catch-all answers /healthz with 200 unless an Ingress declares that path", () => {
  const route = routeOf(build(), "_", "/healthz", "exact");
  assert.deepEqual(route.backend, { kind: "status", status: 200, proxy: primaryOf(route.backend).proxy });
  const built = build(ingress("shop/web").path("/healthz", "web:80"), ...web);
  expectRoutes(built, "_  /healthz  prefix -> shop/web/80 [10.0.0.1:8080]");
  assert.deepEqual(build().model.hosts.get("_")?.routes.map(({ path }) => path), ["/healthz", "/"]);
});

test("a bad path never drops its neighbours", () => {
  const { object } = ingress("shop/web").host("shop.example")
    .path("/ok", "web:80").path("nope", "web:80").path("/type", "web:80", "Regex").path("/port", "web").path("/range", "web:70000").path("/two\nlines", "web:80");
  const resource = { path: "/bucket", pathType: "Prefix", backend: { resource: { kind: "Bucket", name: "static" } } };
  const paths = [...(object.spec.rules?.[0]?.http?.paths ?? []), resource];
  const built = build({ ...object, spec: { ...object.spec, rules: [{ host: "shop.example", http: { paths } }] } }, ...web);
  expectRoutes(
    built,
    "shop.example  /ok  prefix -> shop/web/80 [10.0.0.1:8080]",
    "shop.example  /  prefix (nobody's) -> default backend",
  );
  expectFindings(
    built,
    "path-invalid  Ingress shop/web spec.rules[0].http.paths[1].path",
    "path-type-unknown  Ingress shop/web spec.rules[0].http.paths[2].pathType",
    "backend-invalid  Ingress shop/web spec.rules[0].http.paths[3].backend",
    "backend-invalid  Ingress shop/web spec.rules[0].http.paths[4].backend.service.port.number",
    "path-invalid  Ingress shop/web spec.rules[0].http.paths[5].path",
    "backend-invalid  Ingress shop/web spec.rules[0].http.paths[6].backend",
  );
});

test("a host that is no host name loses its rule, not its Ingress", () => {
  const one = ingress("shop/web").host("bad_host").path("/", "web:80").host("10.0.0.1").path("/", "web:80")
    .host("*.*.example").path("/", "web:80").host("*.Shop.example").path("/", "web:80");
  const built = build(one, ...web);
  expectRoutes(built, "*.shop.example  /  prefix -> shop/web/80 [10.0.0.1:8080]");
  assert.deepEqual(built.findings().map(({ code }) => code), ["host-invalid", "host-invalid", "host-invalid"]);
});

test("paths under no-tls-redirect-locations are never redirected", () => {
  const built = buildWith(
    { config: { noTlsRedirectLocations: ["/open"] } },
    ingress("shop/web").host("shop.example").path("/open/x", "web:80").path("/", "web:80").annotate("force-ssl-redirect", "true"),
    ...web,
  );
  assert.equal(routeOf(built, "shop.example", "/open/x").filters.httpsRedirect, "never");
  assert.equal(routeOf(built, "shop.example", "/").filters.httpsRedirect, "always");
});

test("an Ingress that the code stumbles over is refused alone, in words that ask for a report", () => {
  const { object } = ingress("shop/bad").host("bad.example").path("/", "web:80");
  const bad = { ...object, spec: { ingressClassName: "nginx", get rules(): never { throw new TypeError("rules of clay\n"); } } };
  const built = build(bad, ingress("shop/web").host("shop.example").path("/", "web:80"), ...web);
  const { sentence, object: about } = findingOf(built, "ingress-unreadable");
  assert.match(sentence, /mistake of Sluice's .* these words: rules of clay/);
  assert.equal(about.name, "bad");
  assert.ok(built.model.hosts.has("shop.example"));
});
