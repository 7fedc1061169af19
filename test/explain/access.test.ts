/** What `sluice explain` says of the checks before a route. The cases (test/cases) show that nginx does the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createCompiler } from "../../src/compile/program.ts";
import { explainedClient } from "../../src/explain/client.ts";
import { explain } from "../../src/explain/explain.ts";
import type { Explanation } from "../../src/explain/explanation.ts";
import { isIn, networksText } from "../../src/explain/networks.ts";
import { parseRequest } from "../../src/explain/request.ts";
import type { Config } from "../../src/model/config/config.ts";
import { compileNetworks } from "../../src/model/grammar/networks.ts";
import { UserError } from "../../src/support/user-error.ts";
import { buildWith } from "../support/build.ts";
import { ingress, ingressClass, secret, service, slice, testConfig } from "../support/objects.ts";

const USERS = [secret("shop/users", { auth: "ann:{PLAIN}secret\n" }), secret("shop/digests", { auth: `ann:Shop:${"0".repeat(32)}\n` })];

interface Asked {
  readonly config?: Partial<Config>;
  readonly client?: string;
  readonly headers?: readonly string[];
  /** The path that the Ingress declares. The request is always for `/`. */
  readonly path?: string;
}

function explained(annotations: Readonly<Record<string, string>>, { client, headers = [], config = {}, path = "/" }: Asked = {}): Explanation {
  const draft = Object.entries(annotations).reduce((one, [name, value]) => one.annotate(name, value), ingress("shop/web").host("shop.example").path(path, "web:80"));
  const built = buildWith({ config }, ingressClass("nginx"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"), ...USERS, draft);
  const { program } = createCompiler().compile(built);
  return explain(built.model, program, parseRequest("http://shop.example/", headers, "GET", client), built.findings(), { configmap: "", defaultBackendService: "" });
}
const said = (of: Explanation): string[] =>
  of.steps.filter(({ what }) => what !== "host" && what !== "route").map(({ what, result, why }) => `${what} ${result}${why ? `: ${why}` : ""}`);
const auth = (user: string): string => `Authorization: Basic ${Buffer.from(user).toString("base64")}`;

const POOL = "pool shop-web-80: endpoints: 10.0.0.1:80";
const LISTS = { "allowlist-source-range": "10.0.0.0/8,2001:db8::/32", "denylist-source-range": "10.1.0.0/16" };
const PASSWORD = { "auth-type": "basic", "auth-secret": "users", "auth-realm": "Shop" };
const ASKS = 'asks for a password (basic, realm "Shop")';

test("networks: what they say to a client, or to whom they say it", () => {
  assert.deepEqual(said(explained(LISTS, { client: "10.2.0.1" })), ["network passes: 10.2.0.1 is in allowlist-source-range", POOL]);
  assert.deepEqual(said(explained(LISTS, { client: "10.1.0.1" })), ["network 403: 10.1.0.1 is in denylist-source-range", "answer 403"]);
  const other = explained(LISTS, { client: "2001:db9::1" });
  assert.deepEqual(said(other), ["network 403: 2001:db9::1 is not in allowlist-source-range: 10.0.0.0/8, 2001:db8::/32", "answer 403"]);
  assert.deepEqual([other.status, other.pool], [403, undefined]);
  const unknown = explained(LISTS);
  assert.deepEqual(said(unknown), [
    "network not known here: denylist-source-range refuses 10.1.0.0/16 (403); allowlist-source-range lets 10.0.0.0/8, 2001:db8::/32 pass and nobody else (403); --client-ip=ADDRESS says which holds",
    POOL,
  ]);
  assert.deepEqual([unknown.status, unknown.pool], [undefined, "shop-web-80"]);
});

test("a path that nobody declares: 404 for those whom the checks let pass", () => {
  const why = "no backend is declared for it, and there is no default one (--default-backend-service)";
  const path = "/app";
  assert.deepEqual(said(explained({}, { path })), [`answer 404: ${why}`]);
  const refused = explained(LISTS, { path, client: "10.1.0.1" });
  assert.deepEqual([refused.status, ...said(refused)], [403, "network 403: 10.1.0.1 is in denylist-source-range", "answer 403"]);
  const passes = explained(LISTS, { path, client: "10.2.0.1" });
  assert.deepEqual([passes.status, ...said(passes)], [404, "network passes: 10.2.0.1 is in allowlist-source-range", `answer 404: if it passes: ${why}`]);
  assert.equal(explained(PASSWORD, { path }).status, 401);
  assert.equal(explained(PASSWORD, { path, headers: [auth("ann:x")] }).status, 404);
});

test("Exact / is the path / alone where other paths are regular expressions", () => {
  const pathType = (ask: string): string | undefined => {
    const exact = ingress("shop/exact").created(0).host("shop.example").path("/", "web:80", "Exact");
    const built = buildWith({}, ingressClass("nginx"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"), exact,
      ingress("shop/regex").created(1).host("shop.example").path("/r[0-9]+", "web:80").annotate("use-regex", "true"));
    const { program } = createCompiler().compile(built);
    const { steps } = explain(built.model, program, parseRequest(`http://shop.example${ask}`, []), [], { configmap: "", defaultBackendService: "" });
    return steps.find(({ what }) => what === "route")?.result;
  };
  assert.equal(pathType("/"), "/ (exact path)");
  assert.equal(pathType("/r7"), "/r[0-9]+ (regular expression)");
  assert.equal(pathType("/x"), "/ (regular expression)");
});

test("who is blocked gets no further, whatever is asked for", () => {
  const answer = ["answer 403: block-cidrs, block-user-agents or block-referers of the controller's ConfigMap"];
  const config = { blockCidrs: ["10.1.0.0/16"], blockUserAgents: ["~*curl", "EvilBot"] };
  assert.deepEqual(said(explained({}, { config, client: "10.1.0.1" })), answer);
  assert.deepEqual(said(explained({}, { config, headers: ["User-Agent: Curl/8"] })), answer);
  assert.deepEqual(said(explained({}, { config, headers: ["User-Agent: evilbot"] })), answer);
  assert.deepEqual(said(explained({}, { config, client: "10.2.0.1", headers: ["User-Agent: EvilBot/2"] })), [POOL]);
});

test("passwords: 401 without, or for nobody's name; else only nginx knows", () => {
  assert.deepEqual(said(explained(PASSWORD)), [`password 401: ${ASKS}; the request has no Authorization`, "answer 401"]);
  assert.deepEqual(said(explained(PASSWORD, { headers: [auth("bob:x")] })), [`password 401: ${ASKS}; there is no user "bob"`, "answer 401"]);
  assert.deepEqual(said(explained(PASSWORD, { headers: [auth("ann:x")] })), [`password not known here: ${ASKS}; only nginx verifies it`, POOL]);
  assert.match(said(explained({ ...PASSWORD, "auth-type": "digest", "auth-secret": "digests" }, { headers: [auth("ann:x")] }))[0] ?? "", /^password 401: .*no digest$/);
});

test("satisfy: any of them, or all", () => {
  const both = { ...LISTS, ...PASSWORD };
  assert.deepEqual(said(explained(both, { client: "10.2.0.1" })).slice(-1), ["answer 401"]);
  assert.deepEqual(said(explained(both)).slice(-1), ["answer 401: unless what is not known here refuses before"]);
  const any = { ...both, satisfy: "any" };
  assert.deepEqual(said(explained(any, { client: "10.2.0.1" })), ["satisfy any: one that passes is enough", "network passes: 10.2.0.1 is in allowlist-source-range", POOL]);
  assert.deepEqual(said(explained(any, { client: "10.1.0.1" })).slice(-1), ["answer 401: none of them passes"]);
  assert.equal(explained(any).status, undefined);
  const denied = { ...PASSWORD, "denylist-source-range": "10.1.0.0/16", satisfy: "any" };
  assert.equal(explained(denied, { client: "10.2.0.1" }).status, 401);
});

test("external authentication: who is asked what", () => {
  assert.deepEqual(said(explained({ "auth-url": "https://192.0.2.1/check?host=$host", "auth-signin": "https://login.example/" })), [
    "authentication asks GET https://192.0.2.1:443/check?host=${host}: 2xx passes, 401 leads to https://login.example/?rd=${pass_access_scheme}://${http_host}${escaped_request_uri}, 403 is 403, anything else is 500",
    POOL,
  ]);
  const nobody = explained({ "auth-url": "http://auth.shop.svc.cluster.local/" });
  assert.deepEqual([nobody.status, said(nobody).at(-1)], [503, "answer 503"]);
});

test("limits: which, for whom, and who has none", () => {
  const limits = { "limit-rps": "5", "limit-rpm": "60", "limit-connections": "2", "limit-allowlist": "10.0.0.0/8" };
  assert.deepEqual(said(explained(limits)), [
    "limit 5 requests a second and 25 more at once (else 503), 60 requests a minute and 300 more at once (else 503), 2 at a time (else 503): counted by $binary_remote_addr for shop/web; clients of 10.0.0.0/8 have none",
    POOL,
  ]);
  assert.equal(said(explained(limits, { client: "10.0.0.1" }))[0], "limit none for this client: 10.0.0.1 is in limit-allowlist");
});

test("what closes a path says so", () => {
  assert.deepEqual(said(explained({ ...PASSWORD, "auth-secret": "missing" })), ["answer 503: the path is closed: a finding says why"]);
});

test("the client's address: of the connection, or what trusted proxies say", () => {
  const config = { ...testConfig, proxyRealIpCidr: ["10.0.0.0/8"] };
  const client = (forwarded: string, address?: string, use = true): string | undefined =>
    explainedClient(parseRequest("http://a/", [`X-Forwarded-For: ${forwarded}`], "GET", address), { ...config, useForwardedHeaders: use });
  assert.equal(client("192.0.2.1", "10.0.0.1", false), "10.0.0.1");
  assert.equal(client("192.0.2.1", "10.0.0.1"), "192.0.2.1");
  assert.equal(client("192.0.2.1, 192.0.2.2, 10.9.9.9", "10.0.0.1"), "192.0.2.2");
  assert.equal(client("192.0.2.1", "203.0.113.7"), "203.0.113.7");
  assert.equal(client("192.0.2.1"), "192.0.2.1");
  assert.equal(client("10.0.0.2, 10.0.0.3", "10.0.0.1"), "10.0.0.2");
  assert.equal(client("192.0.2.1, junk", "10.0.0.1"), "10.0.0.1");
  assert.equal(client("[2001:db8::1]:99", "10.0.0.1"), "2001:db8::1");
  assert.throws(() => parseRequest("http://a/", [], "GET", "10.0.0.300"), (error) => error instanceof UserError && /--client-ip/.test(error.message));
});

test("networks as text mean the same networks", () => {
  const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`);
  const v6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([address, bits]) => `${address}/${bits}`);
  fc.assert(
    fc.property(fc.oneof(v4, v6), (network) => {
      const compiled = compileNetworks([network]);
      assert.deepEqual(compileNetworks([networksText(compiled)]), compiled);
    }),
  );
  assert.equal(networksText(compileNetworks(["10.0.0.1", "10.0.0.2", "192.0.2.0/24"])), "10.0.0.1 to 10.0.0.2, 192.0.2.0/24");
  assert.equal(networksText(compileNetworks(["1.0.0.0/24", "2.0.0.0/24", "3.0.0.0/24", "4.0.0.0/24", "5.0.0.0/24", "6.0.0.0/24"])), "1.0.0.0/24, 2.0.0.0/24, 3.0.0.0/24, 4.0.0.0/24 and 2 more");
  assert.equal(isIn(compileNetworks(["2001:db8::/32"]), "2001:db8::7"), true);
  assert.equal(isIn(compileNetworks(["192.0.2.0/24"]), "::ffff:192.0.2.9"), true);
});
