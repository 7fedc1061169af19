/** What a namespace whose very heavy expressions run all the time costs the requests of other namespaces, in nginx's own LuaJIT with its PCRE. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { decide } from "../../edge/src/match.ts";
import type { RequestView } from "../../edge/src/request-view.ts";
import { HEAVIEST_PATTERN, patternWeight } from "../../edge/src/pattern-weight.ts";
import { EVERYBODY } from "../../edge/src/search.ts";
import { createCompiler } from "../../src/compile/program.ts";
import { tablesOf } from "../support/tables.ts";
import { PATH_BOUNDS } from "../../src/model/shapes/bounds.ts";
import { build } from "../support/build.ts";
import { programOf, runLua } from "../support/in-nginx.ts";
import { ingress, ingressClass, secret, service, slice, type IngressDraft } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";
import { asked } from "./routes.ts";

const SCRIPT = fileURLToPath(new URL("../support/neighbours.lua", import.meta.url));
const HEAVY_HOSTS = 40;

interface Asked {
  /** Expressions that this request compiled. */
  readonly compiled: number;
  readonly status: number;
  /** Processor time, in milliseconds. */
  readonly took: number;
}

interface Measured {
  readonly known: readonly Asked[];
  readonly new: readonly Asked[];
  readonly names: readonly Asked[];
  readonly heavy: readonly Asked[];
  readonly kept: number;
  readonly left: number;
}

const texts = (count: number, text: (i: number) => string): string[] => Array.from({ length: count }, (_, i) => text(i));
const withPaths = (key: string, host: string, paths: readonly string[]): IngressDraft =>
  paths.reduce((one, text) => one.path(text, "web:80", "ImplementationSpecific"), ingress(key).host(host).annotate("use-regex", "true"));
const usual = (host: string): readonly string[] => texts(PATH_BOUNDS.ingress, (i) => `/${host}/v${i}/(users|orders)/([^/]+)(/|$)(.*)`);
/** Expressions that weigh nearly as much as one may. */
const heavyPath = (start: string): string => `${start}(?:a*b?c+){0,${Math.floor(HEAVIEST_PATTERN / (start.length + 18))}}`;
const heavyName = (start: string): string => `~^${start}${"(a)".repeat(HEAVIEST_PATTERN / 3 - 10)}`;

test("whatever one namespace has its requests matched against, those of the others find their expressions compiled", (t) => {
  for (const text of [heavyPath("/100/100"), heavyName("1x100")]) assert.ok(patternWeight(text) > HEAVIEST_PATTERN * 0.9);
  const evil = texts(HEAVY_HOSTS, String).flatMap((host) => ["a", "b"].map((name) =>
    withPaths(`evil/${name}${host}`, `heavy${host}.example`, texts(100, (i) => heavyPath(`/${host}${name}/${i}`)))));
  const names = [0, 1, 2, 3, 4].map((n) => ingress(`names${n}/web`).host(`n${n}.example`).path("/", "web:80")
    .annotate("server-alias", texts(100, (i) => heavyName(`${n}x${i}-`)).join(",")));
  const built = build(...evil, ...names, withPaths("known/web", "known.example", usual("known")), withPaths("new/web", "new.example", usual("new")), service("known/web", "80"), service("new/web", "80"), ingressClass("nginx"));
  const measured = JSON.parse(runLua(SCRIPT, programOf(built), { heavy: HEAVY_HOSTS, rounds: 3 })) as Measured;
  for (const what of ["known", "names", "new"] as const) t.diagnostic(`${what}: ${JSON.stringify(measured[what])}`);
  const { heavy: all, kept, left } = measured;
  t.diagnostic(`heavy: ${all.length} requests, ${all.reduce((sum, { took }) => sum + took, 0)} ms, ${all.reduce((sum, { compiled }) => sum + compiled, 0)} compiled, ${all.filter(({ status }) => status === 500).length} of 500; kept ${kept}`);
  assert.ok(all.filter(({ compiled }) => compiled > 0).length > HEAVY_HOSTS, "they are compiled again and again");
  for (const [i, { compiled, status }] of measured.known.entries()) assert.deepEqual([compiled > 0, status], [i === 0, 404], `request ${i}`);
  for (const [i, { compiled }] of measured.names.entries()) assert.equal(compiled > 0, i === 0, `name ${i}`);
  assert.deepEqual(measured.new.map(({ compiled, status }) => [compiled, status]), [[PATH_BOUNDS.ingress + 1, 404]], "compiling is nobody's fault who asks for the first time");
  assert.equal(left, 0);
});

test("each expression is run for the namespace of the Ingress that wrote it, and names for everybody", () => {
  const paths = (key: string, created: number): IngressDraft => ingress(key).created(created).host("a.example").annotate("use-regex", "true");
  const tables = tablesOf(createCompiler().compile(build(
    paths("shop/web", 0).path("/shop/x(.*)", "web:80", "ImplementationSpecific").annotate("rewrite-target", "/$1").annotate("server-alias", "~^alias"),
    paths("blog/web", 1).path("/blog/[a-z]+", "web:80", "ImplementationSpecific").rawAnnotation("sluice.ingress/match", "/blog/[a-z]+: [{headers: {x-a: {pattern: condition}}}]"),
    paths("next/web", 2).path("/shop/x(.*)", "web:80", "ImplementationSpecific").canary({ "canary-by-header": "X-V", "canary-by-header-pattern": "canary" }),
    ingress("corp/web").host("b.example").path("/", "web:80").annotate("auth-tls-secret", "corp/ca").annotate("auth-tls-match-cn", "CN=name"),
    ...["shop", "blog", "next", "corp"].flatMap((namespace) => [service(`${namespace}/web`, "80"), slice(`${namespace}/web`, 80, "10.0.0.1")]),
    secret("corp/ca", { "ca.crt": selfSigned([]).chain }), ingressClass("nginx"),
  )).program);
  const run = new Map<string, string>();
  const view: RequestView = asked({ http_x_a: "condition", http_x_v: "canary", https: "", ssl_client_s_dn: "" });
  const noting: RequestView = {
    ...view,
    matches: (text, pattern, namespace) => (run.set(pattern, namespace), view.matches(text, pattern, namespace)),
    capture: (text, pattern, namespace) => (run.set(pattern, namespace), view.capture(text, pattern, namespace)),
  };
  for (const [host, path] of [["a.example", "/shop/x"], ["a.example", "/blog/a"], ["alias.test", "/"]] as const) decide(tables, noting, host, path, false);
  assert.deepEqual([...run].sort(), [
    ["(?i)/shop/x(.*)", "shop"], ["(?i)^/", "shop"], ["(?i)^/blog/[a-z]+", "blog"], ["(?i)^/shop/x(.*)", "shop"], ["(?i)^alias", EVERYBODY], ["canary", "next"], ["condition", "blog"],
  ]);
  assert.equal(tables.hosts["b.example"]?.special?.clients?.namespace, "corp");
});
