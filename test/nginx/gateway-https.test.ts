/** HTTPS listeners of Gateways, on real nginx: certificates, connections that were made for another listener, grants. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { askExplain } from "../support/explain-live.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { GATEWAY_CLASS, gatewayOf, httpRoute, ruleTo, serviceAt } from "../support/gateways.ts";
import { documents, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const ADDRESS = "127.9.2.1";
const OTHER = "127.9.2.2";

let echo: EchoBackend;
let sluice: Sluice;
let port: number;

const listener = (name: string, hostname: string | undefined, secret: string, namespace?: string): object => ({
  name, port, protocol: "HTTPS", ...(hostname === undefined ? {} : { hostname }), tls: { certificateRefs: [{ name: secret, ...(namespace === undefined ? {} : { namespace }) }] },
});

const GRANT = {
  apiVersion: "gateway.networking.k8s.io/v1beta1", kind: "ReferenceGrant", metadata: { name: "shop", namespace: "vault" },
  spec: { from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "shop" }], to: [{ group: "", kind: "Secret" }] },
};

before(async () => {
  echo = await startEcho("web");
  [port = 0] = await freePorts(1);
  sluice = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.2.0/24"],
    files: {
      "services.yaml": serviceAt("web", echo.port),
      "secrets.yaml": [tlsSecret("one", selfSigned(["one.example"], "one.example")), tlsSecret("two", selfSigned(["*.two.example"], "*.two.example")), tlsSecret("far", selfSigned(["far.example"], "far.example"), "vault")].join("---\n"),
      "gateways.yaml": documents(
        GATEWAY_CLASS,
        gatewayOf("shop", ADDRESS, [listener("one", "one.example", "one"), listener("two", "*.two.example", "two"), listener("bad", "bad.example", "missing"), listener("far", "far.example", "far", "vault")]),
        gatewayOf("rest", OTHER, [listener("all", undefined, "two")]),
      ),
      "routes.yaml": documents(httpRoute({ name: "web", parents: ["shop", "rest"], rules: [ruleTo("web")] })),
    },
  });
});
after(async () => {
  await Promise.all([sluice?.stop(), echo?.close()]);
});

const get = (host: string, more: Partial<Ask> = {}): Promise<Answer> => ask({ address: ADDRESS, port, tls: true, path: "/", host, ...more });

test("each listener shows its own certificate", async () => {
  const one = await get("one.example");
  assert.deepEqual([one.status, one.certificate?.subject.CN], [200, "one.example"]);
  const two = await get("a.b.two.example");
  assert.deepEqual([two.status, two.certificate?.subject.CN], [200, "*.two.example"]);
  const rest = await get("one.example", { address: OTHER });
  assert.deepEqual([rest.status, rest.certificate?.subject.CN], [200, "*.two.example"]);
});

test("a connection that was made for another listener gets 421, and a name that no listener has 404", async () => {
  assert.equal((await get("one.example", { serverName: "x.two.example" })).status, 421);
  assert.equal((await get("y.two.example", { serverName: "x.two.example" })).status, 200);
  assert.equal((await get("unheard.example", { serverName: "one.example" })).status, 404);
  const explained = (name: string, host: string): ReturnType<typeof askExplain> => askExplain(sluice, { url: `https://${name}:${port}/`, headers: [`Host: ${host}`], gateway: "shop/shop" });
  const misdirected = await explained("x.two.example", "one.example");
  assert.deepEqual([misdirected.status, misdirected.steps.at(-1)?.why], [421, `the connection was made for "x.two.example", which is another listener's: clients open one of their own then`]);
  const served = await explained("x.two.example", "y.two.example");
  assert.deepEqual([served.pool, served.steps.find(({ what }) => what === "tls")?.result], ["shop-web-80", "Secret shop/two"]);
  assert.equal((await explained("one.example", "unheard.example")).status, 404);
});

test("a listener without its certificate is not served, and says why", async () => {
  assert.equal((await get("bad.example")).status, 404);
  const { text } = await sluice.ask("/api/v1/findings");
  assert.match(text, /names the Secret \\"shop\/missing\\", which cannot be used: it does not exist/);
  assert.match(text, /names a Secret of the namespace \\"vault\\", which allows that to nobody of \\"shop\\": create a ReferenceGrant there/);
});

test("a grant opens what it allows, without a reload, and closes it again when it goes", async () => {
  assert.equal((await get("far.example")).status, 404);
  const { reloads } = await sluice.apply({ "grant.yaml": documents(GRANT) });
  const granted = await get("far.example");
  assert.deepEqual([granted.status, granted.certificate?.subject.CN, reloads], [200, "far.example", 0]);
  await sluice.apply({ "grant.yaml": undefined });
  assert.equal((await get("far.example")).status, 404);
});
