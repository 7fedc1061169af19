/** ListenerSets from files, on real nginx: who may add listeners to a Gateway, which of two comes first, and which routes reach them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { askExplain } from "../support/explain-live.ts";
import { GATEWAY_CLASS, gatewayOf, httpListener, httpRoute, listenerSetOf, ruleTo, serviceAt } from "../support/gateways.ts";
import { documents, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const ADDRESS = "127.9.8.1";

let echoes: readonly EchoBackend[];
let sluice: Sluice;
let port: number;
let secure: number;

const gatewayAllowing = (from: string): object => {
  const gateway = gatewayOf("shop", ADDRESS, [httpListener("own", port, { hostname: "own.example" })]) as { readonly spec: object };
  return { ...gateway, spec: { ...gateway.spec, allowedListeners: { namespaces: { from } } } };
};
const inSet = (name: string): object => ({ kind: "ListenerSet", name });
const https = (name: string, hostname: string, secret: string): object => ({ name, hostname, port: secure, protocol: "HTTPS", tls: { certificateRefs: [{ name: secret }] } });

before(async () => {
  echoes = await Promise.all(["a", "b"].map((name) => startEcho(name)));
  [port = 0, secure = 0] = await freePorts(2);
  sluice = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.8.0/24"],
    files: {
      "services.yaml": echoes.map(({ name, port: at }) => serviceAt(name, at)).join("---\n"),
      "team.yaml": [serviceAt("a", echoes[0]?.port ?? 0, "team"), tlsSecret("team", selfSigned(["team.example"], "team.example"), "team")].join("---\n"),
      "gateway.yaml": documents(GATEWAY_CLASS, gatewayAllowing("All")),
      "sets.yaml": documents(
        listenerSetOf("first", "shop", [httpListener("http", port, { hostname: "set.example" }), httpListener("taken", port, { hostname: "own.example" }), httpListener("other", port, { hostname: "both.example" })]),
        listenerSetOf("second", "shop", [httpListener("http", port, { hostname: "both.example" })]),
        listenerSetOf("team", "shop", [https("tls", "team.example", "team"), httpListener("http", port, { hostname: "team.example" })], "team"),
      ),
      "routes.yaml": documents(
        httpRoute({ name: "of-gateway", parents: ["shop"], rules: [ruleTo("a")] }),
        httpRoute({ name: "of-set", parents: [inSet("first"), inSet("second")], rules: [ruleTo("b")] }),
        // The namespace of the set may attach to it, and no other: `from: Same` is its own.
        httpRoute({ name: "of-team", namespace: "team", parents: [inSet("team")], rules: [ruleTo("a")] }),
        httpRoute({ name: "stranger", parents: [{ ...inSet("team"), namespace: "team" }], rules: [ruleTo("b")] }),
      ),
    },
  });
});
after(async () => {
  await Promise.all([sluice?.stop(), ...(echoes ?? []).map((one) => one.close())]);
});

const get = async (host: string): Promise<string | number> => {
  const { status, echo } = await ask({ address: ADDRESS, port, host, path: "/" });
  return echo?.backend ?? status;
};

test("routes of a set serve its listeners and nothing else of the Gateway, and the other way round", async () => {
  assert.deepEqual([await get("own.example"), await get("set.example"), await get("team.example")], ["a", "b", "a"]);
  assert.equal(await get("unheard.example"), 404);
});

test("of listeners that are not distinct the first serves: the Gateway's own, then the oldest set's", async () => {
  assert.equal(await get("both.example"), "b");
  const { text } = await sluice.ask("/api/v1/findings");
  const found = (JSON.parse(text) as readonly { readonly code: string; readonly field: string; readonly object: { readonly kind: string; readonly name: string }; readonly sentence: string }[])
    .filter(({ object }) => object.kind === "ListenerSet").map(({ object, field, sentence }) => `${object.name} ${field} ${sentence}`);
  assert.deepEqual(found, [
    "first spec.listeners[1] A listener that comes before has this port and host name: give this one another",
    "second spec.listeners[0] A listener that comes before has this port and host name: give this one another",
  ]);
});

test("a team's set has the team's certificate", async () => {
  const { status, certificate } = await ask({ address: ADDRESS, port: secure, tls: true, host: "team.example", path: "/" });
  assert.deepEqual([status, certificate?.subject.CN], [200, "team.example"]);
  const explained = await askExplain(sluice, { url: `https://team.example:${secure}/`, headers: [], gateway: "shop/shop" });
  assert.equal(explained.listener, "team/team+/tls");
  assert.equal(explained.steps.find(({ what }) => what === "listener")?.result, `tls of ListenerSet team/team at ${ADDRESS}:${secure}`);
});

test("whom the Gateway does not allow any more is not served, without a reload, and serves again when it is allowed", async () => {
  const { reloads } = await sluice.generation();
  await sluice.apply({ "gateway.yaml": documents(GATEWAY_CLASS, gatewayAllowing("Same")) });
  assert.deepEqual([await get("set.example"), await get("team.example"), await get("own.example")], ["b", 404, "a"]);
  assert.match((await sluice.ask("/api/v1/findings")).text, /The Gateway allows no ListenerSet of the namespace \\"team\\" \(spec\.allowedListeners\)/);
  await sluice.apply({ "gateway.yaml": documents(GATEWAY_CLASS, gatewayAllowing("None")) });
  assert.deepEqual([await get("set.example"), await get("own.example")], [404, "a"]);
  await sluice.apply({ "gateway.yaml": documents(GATEWAY_CLASS, gatewayAllowing("All")) });
  assert.deepEqual([await get("set.example"), await get("team.example")], ["b", "a"]);
  assert.equal((await sluice.generation()).reloads, reloads);
});
