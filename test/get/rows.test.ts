/** What `sluice get` lists, as rows and as tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { countRoutes, LISTED, rowsOf, type ListedKind, type ListedRow } from "../../src/get/rows.ts";
import { tableText } from "../../src/get/table.ts";
import { build } from "../support/build.ts";
import { ingress, secret, service, slice } from "../support/objects.ts";
import type { Given } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";

const pair = selfSigned(["shop.example"]);
const SHOP: readonly Given[] = [
  ingress("shop/web").created(0).host("shop.example").path("/", "web:80").path("/slow", "web:80").tls("tls", "shop.example").annotate("server-alias", "www.shop.example"),
  ingress("shop/slow").created(1).host("slow.example").path("/", "nobody:http", "Exact").annotate("proxy-buffering", "on").annotate("proxy-read-timeout", "7"),
  ingress("blog/moved").created(2).host("moved.example").path("/", "web:80").annotate("permanent-redirect", "https://elsewhere.example"),
  ingress("shop/next").created(3).host("shop.example").path("/", "next:80").canary({ "canary-weight": "10", "canary-by-cookie": "next" }),
  secret("shop/tls", { "tls.crt": pair.chain, "tls.key": pair.key }),
  service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1", "10.0.0.2"), service("shop/next", "80"), slice("shop/next", 80, "10.0.0.3"),
];

function rows(kind: ListedKind, ...given: readonly Given[]): readonly ListedRow[] {
  const built = build(...given);
  const { program } = createCompiler().compile(built);
  return rowsOf(kind, { model: built.model, program, findings: built.findings() });
}

test("routes: host, path, where they lead, and how many endpoints are ready", () => {
  assert.equal(tableText("routes", rows("routes", ...SHOP), false), `NAMESPACE   INGRESS   HOST            PATH             TARGET                             ENDPOINTS
blog        moved     moved.example   / (prefix)       301 to https://elsewhere.example   -
shop        web       shop.example    /slow (prefix)   shop/web:80                        2
shop        web       shop.example    / (prefix)       shop/web:80                        2
shop        slow      slow.example    / (exact)        shop/nobody:http                   0
`);
  assert.deepEqual(rows("routes", ...SHOP)[2]?.["canaries"], ["shop/next:80 by cookie next or 10 of 100"]);
});

test("routes and canaries are counted as requests are", () => {
  assert.equal(countRoutes(build(...SHOP).model), 5);
  assert.equal(countRoutes(build(service("shop/web", "80")).model), 0);
  const byMethod = ingress("shop/post").created(4).host("shop.example").path("/", "web:80").rawAnnotation("sluice.ingress/match", "/: [{method: POST}]");
  const twoTypes = ingress("shop/types").created(4).host("types.example").path("/x", "web:80").path("/x", "web:80", "Exact");
  // The canary is of the other; the rest of a host is counted too.
  for (const [one, more] of [[byMethod, 1], [twoTypes, 2]] as const) {
    const { model } = build(...SHOP, one);
    assert.equal(countRoutes(model), 5 + more);
    assert.equal(countRoutes(model), 5 + more);
  }
});

test("hosts, backends, certificates, canaries", () => {
  assert.deepEqual(rows("hosts", ...SHOP).map(({ host, routes: count, tls, ingresses, aliases }) => [host, count, tls, ingresses, aliases]), [
    ["moved.example", 1, "none", ["blog/moved"], []],
    ["shop.example", 2, "shop/tls", ["shop/web"], ["www.shop.example"]],
    ["slow.example", 1, "none", ["shop/slow"], []],
  ]);
  assert.deepEqual(rows("backends", ...SHOP).filter(({ namespace }) => namespace === "shop").map((row) => [row["service"], row["port"], row["routes"], row["ready"], row["endpoints"]]), [
    ["next", "80", 1, 1, ["10.0.0.3:80"]], ["nobody", "http", 1, 0, []], ["web", "80", 2, 2, ["10.0.0.1:80", "10.0.0.2:80"]],
  ]);
  const [certificate] = rows("certs", ...SHOP);
  assert.deepEqual([certificate?.["name"], certificate?.["namespace"], certificate?.["secret"]], ["shop.example", "shop", "tls"]);
  assert.ok(Number(certificate?.["days"]) > 0);
  assert.deepEqual(rows("canaries", ...SHOP).map((row) => [row["ingress"], row["target"], row["rule"], row["share"], row["primary"]]), [["next", "shop/next:80", "cookie next", "10 of 100", "shop/web:80"]]);
});

test("findings and profiles: what is wrong, and what nginx has beyond the usual", () => {
  assert.deepEqual(rows("findings", ...SHOP).map(({ severity, code, object }) => [severity, code, object])[0], ["error", "service-missing", "Ingress shop/slow"]);
  const profiles = rows("profiles", ...SHOP);
  // The path, and the rest of its host.
  assert.deepEqual(profiles.map(({ settings, routes: count }) => [settings, count]), [[["buffering=true", "filtered=true"], 2]]);
});

test("no key and no password is in any row; a table breaks no line and colours nothing", () => {
  const odd = ingress("shop/odd").host("odd.example").path("/\u001b[31m", "web:80");
  for (const kind of LISTED) {
    const listed = rows(kind, ...SHOP, odd);
    assert.doesNotMatch(JSON.stringify(listed), /PRIVATE KEY|BEGIN/);
    for (const wide of [false, true]) {
      const text = tableText(kind, listed, wide);
      assert.ok(!text.includes("\u001b"), text);
      assert.equal(text.split("\n").length, listed.length + 2);
    }
  }
  assert.equal(tableText("canaries", [], false), "No canaries.\n");
});
