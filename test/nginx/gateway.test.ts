/** Gateways from files, on real nginx: addresses, listeners, matches, weights, and what is answered where nothing fits. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, type Answer, type Ask } from "../support/client.ts";
import type { LiveExplanation } from "../../src/explain/served.ts";
import { askExplain } from "../support/explain-live.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { exactly, GATEWAY_CLASS, gatewayOf, httpListener, httpRoute, prefix, ruleTo, serviceAt } from "../support/gateways.ts";
import { documents, site } from "../support/manifests.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const SHOP = "127.9.1.1";
const BLOG = "127.9.1.2";
const NAMES = ["a", "b", "c"] as const;

let echoes: EchoBackend[];
let sluice: Sluice;
let port: number;
let other: number;

before(async () => {
  echoes = await Promise.all(NAMES.map((name) => startEcho(name)));
  [port = 0, other = 0] = await freePorts(2);
  const services = echoes.map(({ name, port: at }) => serviceAt(name, at)).join("---\n");
  sluice = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.1.0/24"],
    files: {
      "services.yaml": services,
      "ingress.yaml": site({ name: "ingress", host: "shop.example", endpoints: [`127.0.0.1:${echoes[2]?.port}`] }),
      "gateways.yaml": documents(
        GATEWAY_CLASS,
        gatewayOf("shop", SHOP, [
          httpListener("all", port), httpListener("wild", port, { hostname: "*.wild.example" }), httpListener("exact", port, { hostname: "one.wild.example" }), httpListener("other", other),
        ]),
        gatewayOf("blog", BLOG, [httpListener("all", port)]),
      ),
      "routes.yaml": documents(
        httpRoute({
          name: "matches", parents: [{ name: "shop", sectionName: "all" }], hostnames: ["shop.example"],
          rules: [
            ruleTo("a", { matches: [prefix("/")] }),
            ruleTo("b", { matches: [exactly("/one"), prefix("/two/"), { ...prefix("/header"), headers: [{ name: "X-Version", value: "2" }] }, { path: prefix("/"), queryParams: [{ name: "Animal", value: "wh ale" }], method: "POST" }] }),
            ruleTo("c", { matches: [prefix("/two/three"), { ...prefix("/header"), headers: [{ name: "x-version", value: "2" }, { name: "X-Color", type: "RegularExpression", value: "bl.e" }] }] }),
          ],
        }),
        httpRoute({ name: "rest", parents: [{ name: "shop", sectionName: "all" }], rules: [ruleTo("c", { matches: [prefix("/rest")] })] }),
        httpRoute({ name: "wild", parents: [{ name: "shop", sectionName: "all" }], hostnames: ["*.levels.example"], rules: [ruleTo("a", { matches: [prefix("/long/path")] }), ruleTo("c", { matches: [prefix("/wild")] })] }),
        httpRoute({ name: "exact", parents: [{ name: "shop", sectionName: "all" }], hostnames: ["deep.one.levels.example"], rules: [ruleTo("b", { matches: [prefix("/long")] })] }),
        httpRoute({ name: "isolated", parents: [{ name: "shop", sectionName: "wild" }], rules: [ruleTo("a", { matches: [prefix("/")] })] }),
        httpRoute({ name: "isolated-exact", parents: [{ name: "shop", sectionName: "exact" }], rules: [ruleTo("b", { matches: [prefix("/only")] })] }),
        httpRoute({ name: "by-port", parents: [{ name: "shop", port: other }], rules: [ruleTo("b", { matches: [prefix("/")] })] }),
        httpRoute({
          name: "blog", parents: ["blog"], hostnames: ["shop.example"],
          rules: [
            ruleTo({ a: 3, b: 1, c: 0 }, { matches: [prefix("/weights")] }),
            ruleTo({ a: 1, missing: 1 }, { matches: [prefix("/half")] }),
            { matches: [prefix("/none")] },
            ruleTo("a", { matches: [exactly("/same")] }),
            ruleTo({ b: 3, c: 1 }, { matches: [prefix("/same")] }),
            ruleTo({ a: 0 }, { matches: [prefix("/zero")] }),
            ruleTo("a", { matches: [prefix("/unknown")], filters: [{ type: "Unheard" }] }),
            ruleTo("a", {
              matches: [prefix("/headers")],
              filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "X-Set", value: "new" }], add: [{ name: "X-Add", value: "more" }], remove: ["X-Gone"] } }],
            }),
            { matches: [prefix("/moved")], filters: [{ type: "RequestRedirect", requestRedirect: { hostname: "new.example", statusCode: 301 } }] },
            { matches: [prefix("/secure")], filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https" } }] },
            { matches: [prefix("/port")], filters: [{ type: "RequestRedirect", requestRedirect: { port: 8443 } }] },
          ],
        }),
      ),
    },
  });
});
after(async () => {
  await Promise.all([sluice?.stop(), ...(echoes ?? []).map((one) => one.close())]);
});

const get = (address: string, path: string, more: Partial<Ask> = {}): Promise<Answer> => ask({ address, port, host: "shop.example", path, ...more });

const MATCHES: readonly (readonly [what: string, path: string, more: Partial<Ask>, backend: string | number])[] = [
  ["the shortest prefix takes the rest", "/anything", {}, "a"],
  ["an exact path", "/one", {}, "b"],
  ["an exact path is no prefix", "/one/two", {}, "a"],
  ["a prefix with a slash at its end is one without", "/two", {}, "b"],
  ["a prefix is made of whole elements", "/twofold", {}, "a"],
  ["the longer prefix comes first", "/two/three/four", {}, "c"],
  ["without the header the next shorter prefix takes it", "/header", {}, "a"],
  ["a header", "/header", { headers: { "x-version": "2" } }, "b"],
  ["a header of another value", "/header", { headers: { "x-version": "20" } }, "a"],
  ["more headers come first, and an expression stands for the whole value", "/header", { headers: { "x-version": "2", "x-color": "blue" } }, "c"],
  ["an expression that matches a part only", "/header", { headers: { "x-version": "2", "x-color": "blue!" } }, "b"],
  ["a method and a decoded parameter", "/x?a=1&Animal=wh%20ale", { method: "POST" }, "b"],
  ["names of parameters tell small letters from capitals", "/x?animal=wh%20ale", { method: "POST" }, "a"],
  ["another method", "/x?Animal=wh%20ale", {}, "a"],
  ["a route without host names is not asked where one with the name matches", "/rest", {}, "a"],
  ["a route without host names", "/rest", { host: "unheard.example" }, "c"],
  ["nothing matches", "/else", { host: "unheard.example" }, 404],
  ["a wildcard stands for several labels", "/wild", { host: "any.depth.levels.example" }, "c"],
  ["a wildcard does not stand for its parent", "/wild", { host: "levels.example" }, 404],
  ["the more specific host name comes before the longer path", "/long/path", { host: "deep.one.levels.example" }, "b"],
  ["what the more specific host name does not take falls to the next", "/wild", { host: "deep.one.levels.example" }, "c"],
  ["a listener for the name has it alone", "/x", { host: "one.wild.example" }, 404],
  ["its own routes", "/only", { host: "one.wild.example" }, "b"],
  ["the wildcard's listener has the other names", "/only", { host: "two.wild.example" }, "a"],
  ["a name that every object of JavaScript has", "/rest", { host: "constructor" }, "c"],
  ["a name that is none", "/", { host: "sh op" }, 400],
];

for (const [what, path, more, expected] of MATCHES) {
  test(`match: ${what}`, async () => {
    const { status, echo } = await get(SHOP, path, more);
    assert.equal(echo?.backend ?? status, expected);
    if (expected !== 400) assert.equal(whoTakes(await explained(SHOP, path, more)), expected);
  });
}

function explained(address: string, path: string, { host = "shop.example", headers = {}, method = "GET" }: Partial<Ask> = {}): Promise<LiveExplanation> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
  return askExplain(sluice, { url: `http://${address}:${port}${path}`, headers: [`Host: ${host}`, ...lines], method });
}

/** The backend that an explanation ends at, or the status. */
function whoTakes({ pool, status }: LiveExplanation): string | number | undefined {
  return pool === undefined ? status : pool.replace(/^shop-(.*)-80$/, "$1");
}

test("an explanation names the listener, each rule in its turn and why it does not take the request, and the shares", async () => {
  const { listener, rules = [] } = await explained(SHOP, "/header", { headers: { "x-version": "3" } });
  assert.equal(listener, "shop/shop/all");
  const told = rules.map(({ rule, object, outcome, why }) => [rule, object, outcome, why]);
  assert.deepEqual(told.filter(([rule]) => rule?.startsWith("shop.example /header ")), [
    [`shop.example /header (prefix) when http_x_version = 2 and http_x_color ~ ^(?:bl.e)$`, "HTTPRoute shop/matches spec.rules[2]", "no", "http_x_version = 2 does not hold"],
    [`shop.example /header (prefix) when http_x_version = 2`, "HTTPRoute shop/matches spec.rules[1]", "no", "http_x_version = 2 does not hold"],
  ]);
  assert.deepEqual(told.find(([, , outcome]) => outcome === "takes"), ["shop.example / (prefix)", "HTTPRoute shop/matches spec.rules[0]", "takes", ""]);
  const shares = await explained(BLOG, "/weights");
  assert.match(shares.steps.find(({ what }) => what === "share")?.why ?? "", /^shares: shop\/a:80 3\/4, shop\/b:80 1\/4/);
  assert.deepEqual(shares.findings, []);
  const same = await explained(BLOG, "/same/x");
  assert.deepEqual(same.steps.filter(({ what }) => what === "route" || what === "share").map(({ result }) => result), ["/same (longest prefix)", "by weight"], "beside an exact path that is written alike");
  const broken = await explained(BLOG, "/unknown");
  assert.deepEqual([broken.status, broken.findings.some(({ sentence }) => sentence.includes('filter of the type "Unheard"'))], [500, true]);
  const { location } = await explained(BLOG, "/moved/x?y=1");
  assert.equal(location, `http://new.example:${port}/moved/x?y=1`);
});

test("without an address the explanation asks who has the name, and tells of the others", async () => {
  const ask = (more: { readonly host?: string; readonly gateway?: string }): Promise<LiveExplanation> => askExplain(sluice, { url: `http://${more.host ?? "shop.example"}:${port}/one`, ...(more.gateway === undefined ? {} : { gateway: more.gateway }) });
  // An Ingress has the name, too, at another port.
  const ingress = await ask({});
  assert.deepEqual([ingress.pool, ingress.listener], ["shop-ingress-80", undefined]);
  assert.match(ingress.steps[0]?.why ?? "", /Gateway shop\/shop at 127\.9\.1\.1:\d+.* have routes for the name, too: --gateway=shop\/(?:shop|blog) asks there/);
  assert.equal(whoTakes(await ask({ gateway: "shop/shop" })), "b");
  assert.equal((await ask({ gateway: "shop/blog" })).status, 404);
  const wild = await ask({ host: "two.wild.example" });
  assert.deepEqual([wild.listener, whoTakes(wild)], ["shop/shop/wild", "a"]);
  for (const [gateway, text] of [["shop/none", /No Gateway "shop\/none" is served: write NAMESPACE\/NAME, such as shop\/(?:blog|shop)/], ["shop/shop", /Gateway shop\/shop does not listen for https at port 443: it has http at/]] as const) {
    const request = JSON.stringify({ url: "https://shop.example/", headers: [], method: "GET", gateway });
    assert.match((await sluice.ask(`/api/v1/explain?${new URLSearchParams({ request }).toString()}`)).text, text);
  }
});

test("a Gateway's address and port are its own, and Ingresses keep theirs", async () => {
  assert.equal((await get(BLOG, "/anything")).status, 404);
  assert.equal((await ask({ address: SHOP, port: other, host: "whatever.example", path: "/" })).echo?.backend, "b");
  assert.equal((await ask({ port: sluice.http, host: "shop.example", path: "/" })).echo?.backend, "c");
  assert.equal((await sluice.generation()).reloads, 0);
});

test("weights are kept, and a backend that is missing keeps its share and answers 500", async () => {
  const counts = new Map<string | number, number>();
  const draws = 400;
  for (let i = 0; i < draws; i++) {
    const { status, echo } = await get(BLOG, "/weights");
    const who = echo?.backend ?? status;
    counts.set(who, (counts.get(who) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), ["a", "b"]);
  // Six standard deviations.
  assert.ok(Math.abs((counts.get("a") ?? 0) - 0.75 * draws) < 52, JSON.stringify([...counts]));
  const half = await Promise.all(Array.from({ length: 100 }, async () => (await get(BLOG, "/half")).status));
  assert.deepEqual([...new Set(half)].sort(), [200, 500]);
});

test("rules without a backend that can be asked, and rules that cannot be honoured, answer 500", async () => {
  for (const path of ["/none", "/zero", "/unknown"]) assert.equal((await get(BLOG, path)).status, 500, path);
});

test("headers of the request are set, added to and removed", async () => {
  const { echo } = await get(BLOG, "/headers", { headers: { "x-set": "old", "x-add": "first", "x-gone": "1", "x-kept": "yes" } });
  const { "x-set": set, "x-add": add, "x-gone": gone, "x-kept": kept } = echo?.headers ?? {};
  assert.deepEqual([set, add?.replaceAll(" ", ""), gone, kept], ["new", "first,more", undefined, "yes"]);
});

test("redirects take from the listener and the request what they do not say", async () => {
  const led = async (path: string): Promise<readonly [number, string | undefined]> => {
    const { status, headers } = await get(BLOG, path);
    return [status, headers["location"]];
  };
  assert.deepEqual(await led("/moved/x?y=1"), [301, `http://new.example:${port}/moved/x?y=1`]);
  assert.deepEqual(await led("/secure"), [302, "https://shop.example/secure"]);
  assert.deepEqual(await led("/port"), [302, "http://shop.example:8443/port"]);
});
