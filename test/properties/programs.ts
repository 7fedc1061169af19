/**
 * Generated routing: small Models in which names, paths and canaries collide often. No decision depends on a draw (weights
 * are nothing or everything), so that every decision is predictable.
 */
import * as fc from "fast-check";
import { CATCH_ALL, DEFAULT_BACKEND } from "../../edge/src/program.ts";
import { proxy } from "../../src/model/annotations/features/proxy.ts";
import { rewriteOf } from "../../src/model/annotations/features/rewrite.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { patternKey, routeKey } from "../../src/model/routes/paths.ts";
import type { Alias, Backend, Canary, Certificate, Filters, Host, Origin, Pool, ProxySettings, Route, ServiceBackend, Split } from "../../src/model/shapes/routing.ts";
import type { Built, Model } from "../../src/model/model.ts";

export const POOLS = ["t/a/80", "t/b/80", "t/c/http", "t/d/80", DEFAULT_BACKEND] as const;
/** A pool without an endpoint. */
export const EMPTY_POOL = "t/empty/80";

const NAMES = [
  CATCH_ALL, "example.com", "a.example.com", "b.example.com", "*.example.com", "*.a.example.com", "com", "*.com", "localhost",
  "x-1.example.com", "constructor", "*.constructor",
];

/** Pieces of declared paths: literal text, so "%41" is a percent sign and two digits. */
export const SEGMENTS = [
  "a", "A", "ab", "a.b", "foo", "Foo", "bar", "ü", "日本", "%41", "%2F", "a b", "~", "a+b", "$uri", "*", "\"q\"", "\\", "{}", ";x", "..a", "...",
  ".", "..", "", "é", "a%", "?x", "#x", "\u0001", "x".repeat(40), "__proto__",
];

export const HEADERS = ["X-Canary", "test", "X_Under", "User-Agent", "Cookie", "Host", "X-Forwarded-For", "X.Dot"];
export const VALUES = ["always", "never", "Always", "yes", "v1", "v2-x", "", " ", "a;b", "é", "a=b", "1\t2", "ab", "aab1", "b-a", "v12", "a b"];
export const COOKIES = ["like", "Like_Music", "b-c", "likelihood", "like.dot"];
const PATTERNS = ["^v[0-9]+$", "v[12]", "yes|always", "^.*$", "(?i)YES", "(", "\\d", "[^a-z]", "^$", "a{2,}|^\\w+-x$", "é", ".\\t."];

/** Pieces of generated patterns; REPEATS may follow them. Many of the results are no valid patterns, or none that Node can run. */
const ATOMS = [
  "a", "b", "v", "1", "[a-c]", "[^a]", "[]a]", "[a\\-z]", "[\\w-]", "\\d", "\\w", "\\W", "\\s", "\\S", ".", "(a|b)", "(?:ab)", "(?=a)", "(?!a)",
  "\\b", "\\B", "^", "$", "|", "{", "}", "]", "\\.", "\\-", "\\A", "\\x61", "\\1", "(", "[[:alpha:]]", "é",
];
const REPEATS = ["", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "++", "{,2}"];
export const pattern = fc.oneof(
  fc.constantFrom(...PATTERNS),
  fc.array(fc.tuple(fc.constantFrom(...ATOMS), fc.constantFrom(...REPEATS)), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.flat().join("")),
);

/** The arbitrary once in `one + 1` times, else undefined. */
function rarely<T>(one: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: one, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const origin: Origin = { kind: "Ingress", namespace: "t", name: "web", field: "spec" };

const path: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.constantFrom(...SEGMENTS), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([segments, slash]) => `/${segments.join("/")}${slash ? "/" : ""}`);

const PROXY = proxy.defaults(DEFAULT_CONFIG);
/** A second profile, so that internal locations are tried too. */
export const OTHER_PROXY: ProxySettings = { ...PROXY, buffering: true, nextUpstreamTries: 2 };
const TOTAL = 100;

const serviceBackend = (pool: string, service = "s"): ServiceBackend => ({ kind: "service", pool, service, port: "80", proxy: PROXY });

const backend: fc.Arbitrary<Backend> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...POOLS.slice(0, 4), EMPTY_POOL).map((pool) => serviceBackend(pool)) },
  { weight: 1, arbitrary: fc.constant<Backend>({ kind: "default", proxy: PROXY }) },
  { weight: 1, arbitrary: fc.constantFrom(200, 403, 404, 503).map((status): Backend => ({ kind: "status", status, proxy: PROXY })) },
);

const canary: fc.Arbitrary<Canary> = fc.record(
  {
    backend: fc.constantFrom("t/b/80", "t/c/http", "t/d/80", EMPTY_POOL).map((pool) => serviceBackend(pool, "canary")),
    weight: fc.constantFrom(0, 0, 0, TOTAL),
    origin: fc.constant(origin),
    header: fc.constantFrom(...HEADERS),
    headerValue: fc.constantFrom(...VALUES),
    headerPattern: pattern,
    cookie: fc.constantFrom(...COOKIES),
  },
  { requiredKeys: ["backend", "weight", "origin"] },
);

const filters: fc.Arbitrary<Filters> = fc.record({
  httpsRedirect: fc.constantFrom("never", "never", "never", "certificate", "always"),
  preserveTrailingSlash: fc.boolean(),
});

/** Paths that only make sense as expressions. */
const EXPRESSIONS = [
  "/a(/|$)(.*)", "/(a|foo)/(.*)", "/foo/[a-c]+", "/v[0-9]+", "/.*", "/a.b$", "/(.*)", "/foo(.*)", "/bar|/a", "/[^/]+/(a|b)?", "/foo/?", "/a{2}", "/\\w+(/.*)?", "/(?=a)",
];
const TARGETS = ["/", "/$1", "/$2", "/x/$1$2", "$1", "/s.$1", "https://other.example/$1", "/$host/$1", "/$uri", "/a"];

/** Rewrites, and paths as expressions. Rare, because one such route makes all paths of its host expressions. */
const asking = rarely(5, fc.record({ useRegex: fc.boolean(), target: fc.option(fc.constantFrom(...TARGETS), { nil: undefined }) }));
const redirecting = rarely(15, fc.constantFrom("https://other.example/a?b=c", "other", "/a"));

const route: fc.Arbitrary<Route> = fc
  .record({
    path,
    expression: fc.constantFrom(...EXPRESSIONS),
    asking,
    redirecting,
    relative: rarely(3, fc.constant(true as const)),
    redirectPort: rarely(3, fc.constant(8443)),
    pathType: fc.constantFrom("exact", "prefix"),
    backend,
    canaries: fc.array(canary, { maxLength: 3 }),
    filters,
    profiled: fc.boolean(),
  })
  .map(({ profiled, asking: asks, expression, redirecting: url, relative, redirectPort, canaries, ...rest }): Route => ({
    ...rest,
    ...(asks ? { path: expression } : {}),
    filters: {
      ...rest.filters,
      ...(asks ? rewriteOf(asks.target === undefined ? { useRegex: asks.useRegex } : { useRegex: true, target: asks.target }, expression) : {}),
      ...(url === undefined ? {} : { redirect: { status: 302, url } }),
      ...(relative ? { relative } : {}),
      ...(redirectPort === undefined ? {} : { redirectPort }),
    },
    backend: splitOf(profiled ? { ...rest.backend, proxy: OTHER_PROXY } : rest.backend, canaries),
    synthesized: false,
    origin,
  }));

/** Keeps the Model's guarantees: shares do not exceed the total (the first canary that claims all gets it), and all backends are proxied to alike. */
function splitOf(primary: Backend, canaries: readonly Canary[]): Backend | Split {
  if (primary.kind !== "service" || canaries.length === 0) return primary;
  const first = canaries.findIndex(({ weight }) => weight === TOTAL);
  const { proxy: settings } = primary;
  const within = canaries.map((one, index) => ({ ...one, backend: { ...one.backend, proxy: settings }, weight: index === first ? TOTAL : 0 }));
  return { kind: "split", primary, total: TOTAL, canaries: within };
}

const host = fc.record({
  name: fc.constantFrom(...NAMES),
  root: route,
  routes: fc.array(route, { maxLength: 5 }),
  appRoot: rarely(9, fc.constant("/app")),
});

const ALIASES = ["www.example.com", "b.example.com", "*.example.com", "*.b.example.com", "*.com", "shop.*", "a.*", "~^x[0-9]*\\.", "~^(?=a)", "~com$", "localhost", "constructor"];

const alias = fc.record({ name: fc.constantFrom(...ALIASES), host: fc.nat(), redirect: fc.boolean() });

/** Hosts, the names that have a certificate, and whether the default backend has an endpoint. */
export const routing = fc.record({
  hosts: fc.uniqueArray(host, { selector: ({ name }) => name, minLength: 1, maxLength: 5 }),
  aliases: fc.uniqueArray(alias, { selector: ({ name }) => name, maxLength: 4 }),
  certified: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 }),
  defaultBackend: fc.boolean(),
  config: fc.record({
    prefixSlashRedirect: fc.boolean(),
    httpRedirectCode: fc.constantFrom(301 as const, 302 as const, 307 as const, 308 as const),
  }),
});
export type Routing = typeof routing extends fc.Arbitrary<infer T> ? T : never;

/** The Model of a generated routing. `endpoint` gives the port, on loopback, of a pool's only endpoint. */
export function modelOf(given: Routing, config: Config, endpoint: (pool: string) => number, certificate: Certificate): Model {
  const hosts = new Map(given.hosts.map((one) => [one.name, hostOf(one)]));
  if (!hosts.has(CATCH_ALL)) hosts.set(CATCH_ALL, hostOf({ name: CATCH_ALL, routes: [] }));
  const pools = POOLS.filter((id) => id !== DEFAULT_BACKEND || given.defaultBackend).map((id): Pool => ({
    id,
    name: id,
    endpoints: [{ address: "127.0.0.1", port: endpoint(id) }],
  }));
  return {
    hosts,
    aliases: new Map(given.aliases.filter(({ name }) => !hosts.has(name)).map((one) => [one.name, aliasOf(one, given)])),
    pools: new Map([...pools, { id: EMPTY_POOL, name: EMPTY_POOL, endpoints: [] }].map((pool) => [pool.id, pool])),
    certificates: new Map([[certificate.id, certificate]]),
    tls: new Map(given.certified.map((name) => [name, certificate.id])),
    users: new Map(),
    trusts: new Map(),
    fronts: new Map(),
    listeners: new Map(),
    streams: new Map(),
    config: { ...config, ...given.config },
  };
}

/** An alias as the Model has it: it redirects only from one single name to another. */
function aliasOf({ name, host: index, redirect }: Routing["aliases"][number], { hosts }: Pick<Routing, "hosts">): Alias {
  const of = hosts[index % hosts.length]?.name ?? CATCH_ALL;
  return { host: of, redirect: redirect && !/[*~]/.test(name) && !of.startsWith("*.") && of !== CATCH_ALL };
}

interface GivenHost {
  readonly name: string;
  readonly root?: Route;
  readonly routes: readonly Route[];
  readonly appRoot?: string | undefined;
}

function hostOf({ name, root, routes: others, appRoot }: GivenHost): Host {
  const bare: Route = {
    path: "/", pathType: "prefix", backend: { kind: "default", proxy: PROXY }, filters: { httpsRedirect: "never", preserveTrailingSlash: false },
    synthesized: true, origin,
  };
  const routes = new Map<string, Route>();
  const regex = [root, ...others].some((one) => one?.filters.regex);
  for (const one of [{ ...(root ?? bare), path: "/", pathType: "prefix" as const }, ...others]) {
    const key = regex ? patternKey(one.path, one.pathType) : routeKey(one.path, one.pathType);
    if (!routes.has(key)) routes.set(key, one);
  }
  return { name, routes: [...routes.values()], ...(regex ? { regex } : {}), ...(appRoot === undefined ? {} : { appRoot }) };
}

/** One host per pattern, with a canary that takes requests whose header `test` matches it. */
export function patternRouting(patterns: readonly string[]): Routing {
  const filters: Filters = { httpsRedirect: "never", preserveTrailingSlash: false };
  const taking = { backend: serviceBackend("t/b/80", "c"), weight: 0, header: "test", origin };
  const hosts = patterns.map((headerPattern, index) => {
    const root: Route = {
      path: "/", pathType: "prefix", backend: splitOf(serviceBackend("t/a/80"), [{ ...taking, headerPattern }]), filters, synthesized: false, origin,
    };
    return { name: `h${index}.example`, root, routes: [], appRoot: undefined };
  });
  return { hosts, aliases: [], certified: [], defaultBackend: false, config: { prefixSlashRedirect: true, httpRedirectCode: 308 } };
}

/** A Model as the builder hands it over, with everything called changed. @param before the previous Model, if there was one. */
export function builtOf(model: Model, before: Model | undefined): Built {
  const keys = (pick: (one: Model) => ReadonlyMap<string, unknown>): Set<string> =>
    new Set([...pick(model).keys(), ...(before ? pick(before).keys() : [])]);
  return {
    model,
    own: new Map(),
    judged: new Map(),
    change: {
      own: new Set(),
      fronts: new Set(),
      judged: new Set(),
      hosts: keys((one) => one.hosts),
      aliases: keys((one) => one.aliases),
      pools: keys((one) => one.pools),
      certificates: keys((one) => one.certificates),
      tls: keys((one) => one.tls),
      users: keys((one) => one.users),
      trusts: keys((one) => one.trusts),
      listeners: keys((one) => one.listeners),
      streams: keys((one) => one.streams),
      config: true,
    },
    findings: () => [],
    wanted: { secrets: new Set(), configMaps: new Set() },
    names: new Set(),
    asksAbout: () => false,
  };
}
