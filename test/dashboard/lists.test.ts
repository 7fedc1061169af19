/** Lists for the page: search, parts, order; and the way of a host's traffic. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { createLists } from "../../src/dashboard/lists.ts";
import { takesRequest, wayOf } from "../../src/dashboard/way.ts";
import type { ListPage } from "../../src/dashboard/shapes.ts";
import { selfSigned as selfSignedAt } from "../../src/engine/agent/default-certificate.ts";
import type { Served } from "../../src/get/rows.ts";
import { build } from "../support/build.ts";
import { ingress, secret, service, slice } from "../support/objects.ts";
import type { Given } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";

const pair = selfSigned(["shop.example"]);
const SHOP: readonly Given[] = [
  ingress("shop/web").created(0).host("shop.example").path("/", "web:80").path("/cart", "cart:80", "Exact").tls("tls", "shop.example").annotate("server-alias", "www.shop.example"),
  ingress("shop/next").created(1).host("shop.example").path("/", "next:80").canary({ "canary-weight": "10", "canary-by-header": "X-Next" }),
  ingress("shop/old").created(2).host("old.example").path("/", "web:80").annotate("permanent-redirect", "https://shop.example"),
  secret("shop/tls", { "tls.crt": pair.chain, "tls.key": pair.key }),
  service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1", "10.0.0.2"), service("shop/next", "80"), slice("shop/next", 80, "10.0.0.3"),
];

function servedFrom(...given: readonly Given[]): Served {
  const built = build(...given);
  return { model: built.model, program: createCompiler().compile(built).program, findings: built.findings() };
}

function page(kind: string, query: Readonly<Record<string, string>> = {}, served: () => Served | undefined = () => servedFrom(...SHOP)): ListPage {
  const listed = createLists(served, () => 0).page(kind, new URLSearchParams(query));
  assert.ok(listed);
  return listed;
}

test("a search finds rows with all its words, in any order and case", () => {
  const hosts = (q: string): readonly unknown[] => page("hosts", { q }).rows.map(({ host }) => host);
  assert.deepEqual(hosts(""), ["old.example", "shop.example"]);
  assert.deepEqual(hosts("OLD"), ["old.example"]);
  assert.deepEqual(hosts("www shop/web"), ["shop.example"], "aliases and Ingresses are searched, too");
  assert.deepEqual(hosts("nothing"), []);
  const { found, of } = page("hosts", { q: "old" });
  assert.deepEqual([found, of], [1, 2]);
});

test("a part of a list is what was asked for, and bounded", () => {
  const many = servedFrom(...Array.from({ length: 450 }, (_, index) => ingress(`shop/i${index}`).host(`h${String(index).padStart(3, "0")}.example`).path("/", "web:80")));
  const part = page("hosts", { from: "440", limit: "100" }, () => many);
  assert.deepEqual([part.found, part.from, part.rows.length, part.rows[0]?.["host"]], [450, 440, 10, "h440.example"]);
  for (const limit of ["100000", "-1", "1e9", "x", ""]) assert.equal(page("hosts", { limit }, () => many).rows.length, 200, limit);
  assert.equal(page("hosts", { from: "99999" }, () => many).rows.length, 0);
  assert.equal(page("hosts", { q: "h".repeat(100_000) }, () => many).found, 0);
});

test("certificates come by expiry, findings by severity", () => {
  const older = selfSignedAt(new Date(Date.now() - 300 * 24 * 3600 * 1000), "sooner.example");
  const both = [
    ...SHOP, ingress("shop/sooner").host("sooner.example").path("/", "web:80").tls("older", "sooner.example"), secret("shop/older", { "tls.crt": older.certificate, "tls.key": older.key }),
  ];
  assert.deepEqual(page("certs", {}, () => servedFrom(...both)).rows.map(({ name }) => name), ["sooner.example", "shop.example"]);
  const severities = page("findings", {}, () => servedFrom(...SHOP, ingress("shop/bad").host("bad.example").path("/", "nobody:80").annotate("proxy-read-timeout", "soon"))).rows.map(({ severity }) => String(severity));
  assert.ok(severities.includes("error") && severities.includes("warning"), severities.join());
  const order = ["error", "warning", "info"];
  assert.deepEqual(severities, severities.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
});

test("rows are made once for a version, however many ask, and once a second for those who name none", () => {
  let made = 0;
  let clock = 0;
  let version = 7;
  const lists = createLists(() => {
    made++;
    return servedFrom(...SHOP);
  }, () => version, () => clock);
  const look = (query: Readonly<Record<string, string>>): number => {
    lists.page("hosts", new URLSearchParams(query));
    return made;
  };
  assert.equal(look({ version: "7" }), 1);
  assert.equal(look({ version: "7" }), 1);
  assert.equal(look({ version: "6" }), 1, "an older version is none to make rows for");
  assert.equal(look({ version: "999999" }), 1, "nor is one that is to come");
  version = 8;
  assert.equal(look({}), 1);
  assert.equal(look({ version: "8" }), 2, "a page that was told of a change gets it, however soon it asks");
  clock = 999;
  assert.equal(look({}), 2);
  clock = 1000;
  assert.equal(look({}), 3);
});

test("nothing but lists is listed", () => {
  const lists = createLists(() => servedFrom(...SHOP), () => 0);
  for (const kind of ["", "secrets", "profiles", "__proto__", "constructor"]) assert.equal(lists.page(kind, new URLSearchParams()), undefined, kind);
  assert.deepEqual(createLists(() => undefined, () => 0).page("hosts", new URLSearchParams())?.rows, [], "nothing is served yet");
});

test("the way of a host's traffic: routes, shares, Services, endpoints", () => {
  const way = wayOf(servedFrom(...SHOP).model, "shop.example");
  assert.deepEqual(way && { ...way, pools: Object.keys(way.pools) }, {
    host: "shop.example", aliases: ["www.shop.example"], tls: "shop/tls", more: 0,
    routes: [
      { namespace: "shop", ingress: "web", path: "/cart", text: "/cart (exact)", service: "cart", redirect: "", arms: [{ canary: "", ingress: "", rule: "", share: 100, target: "shop/cart:80", pool: "shop/cart/80" }] },
      {
        namespace: "shop", ingress: "web", path: "/", text: "/ (prefix)", service: "web", redirect: "",
        arms: [
          { canary: "shop-next-80", ingress: "shop/next", rule: "header X-Next", share: 10, target: "shop/next:80", pool: "shop/next/80" },
          { canary: "", ingress: "", rule: "", share: 90, target: "shop/web:80", pool: "shop/web/80" },
        ],
      },
    ],
    pools: ["shop/cart/80", "shop/next/80", "shop/web/80"],
  });
  assert.deepEqual(way?.pools["shop/web/80"], { endpoints: ["10.0.0.1:80", "10.0.0.2:80"], more: 0 });
  assert.deepEqual(way?.pools["shop/cart/80"], { endpoints: [], more: 0 });
});

test("a redirect leads to no Service; a host that nobody declares has no way", () => {
  const { model } = servedFrom(...SHOP);
  assert.deepEqual(wayOf(model, "old.example")?.routes.map(({ arms, redirect }) => [arms.length, redirect]), [[0, "301 to https://shop.example"]]);
  for (const name of ["nobody.example", "", "*", "_", "__proto__"]) assert.equal(wayOf(model, name), undefined, name);
});

test("a picture has no more than can be looked at", () => {
  const addresses = Array.from({ length: 100 }, (_, index) => `10.0.1.${index + 1}`);
  const big = Array.from({ length: 200 }, (_, index) => `/p${index}`).reduce((made, path) => made.path(path, "web:80"), ingress("shop/big").host("big.example"));
  const way = wayOf(servedFrom(big, service("shop/web", "80"), slice("shop/web", 80, ...addresses)).model, "big.example");
  assert.deepEqual([way?.routes.length, way?.more], [60, 140]);
  assert.deepEqual([way?.pools["shop/web/80"]?.endpoints.length, way?.pools["shop/web/80"]?.more], [24, 76]);
});

test("characters of a path that nobody sees, or that turn text around, are told", () => {
  const { model } = servedFrom(ingress("shop/web").host("shop.example").path("/a\u202ecod", "web:80"), service("shop/web", "80"));
  const [route] = wayOf(model, "shop.example")?.routes ?? [];
  assert.deepEqual([route?.path, route?.text], ["/a\u202ecod", "/a\\u202ecod (prefix)"], "rates name it as declared");
});

test("a value of an annotation may be as long as it likes: it is told cut", () => {
  const long = servedFrom(...Array.from({ length: 50 }, (_, index) => ingress(`shop/i${index}`).host(`h${index}.example`).path("/", "web:80").annotate("proxy-body-size", "z".repeat(100_000))));
  const { rows } = page("findings", {}, () => long);
  assert.ok(rows.some(({ says }) => /is not valid for proxy-body-size/.test(String(says))), "the end says what is wrong");
  assert.ok(JSON.stringify(rows).length < 300_000);
});

test("a request is of one host: by its name, an alias, or the wildcard that has no better one", () => {
  const { model } = servedFrom(
    ingress("shop/web").host("shop.example").path("/", "web:80").annotate("server-alias", "www.shop.example,~^shop[0-9]+\\.example$"),
    ingress("shop/any").host("*.shop.example").path("/", "web:80"), ingress("shop/own").host("own.shop.example").path("/", "web:80"),
    ingress("shop/rest").path("/", "web:80"), service("shop/web", "80"),
  );
  const who = (host: string, name: string): readonly string[] => ["shop.example", "*.shop.example", "own.shop.example", "*"].filter((one) => takesRequest(model, one)({ host, namespace: "shop", ingress: name }));
  assert.deepEqual(who("shop.example", "web"), ["shop.example"]);
  assert.deepEqual(who("www.shop.example", "web"), ["shop.example"]);
  assert.deepEqual(who("shop7.example", "web"), ["shop.example"]);
  assert.deepEqual(who("own.shop.example", "own"), ["own.shop.example"]);
  assert.deepEqual(who("a.shop.example", "any"), ["*.shop.example"]);
  assert.deepEqual(who("nobody.example", "rest"), ["*"]);
  assert.deepEqual(who("nobody.example", ""), []);
});
