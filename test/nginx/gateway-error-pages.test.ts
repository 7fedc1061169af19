/** Error pages of the operator's for routes of Gateways, on real nginx. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { GATEWAY_CLASS, gatewayOf, httpListener, httpRoute, prefix, ruleTo, serviceAt } from "../support/gateways.ts";
import { configMap, documents } from "../support/manifests.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const ADDRESS = "127.9.4.1";

let echoes: EchoBackend[];
let sluice: Sluice;
let port: number;

before(async () => {
  echoes = await Promise.all(["web", "pages"].map((name) => startEcho(name)));
  [port] = await freePorts(1);
  const filters = [
    { type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "X-Version", value: "rule" }] } },
    { type: "ResponseHeaderModifier", responseHeaderModifier: { set: [{ name: "X-Set", value: "rule" }] } },
    { type: "URLRewrite", urlRewrite: { hostname: "inner.example" } },
  ];
  sluice = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.4.0/24", "--configmap=sluice/sluice", "--default-backend-service=shop/pages"],
    files: {
      "settings.yaml": configMap({ "custom-http-errors": "404" }),
      "services.yaml": echoes.map(({ name, port: at }) => serviceAt(name, at)).join("---\n"),
      "gateways.yaml": documents(GATEWAY_CLASS, gatewayOf("shop", ADDRESS, [httpListener("all", port)])),
    },
  });
  // After the start, so that a location that nginx does not have would cost a reload.
  await sluice.apply({ "routes.yaml": documents(httpRoute({ name: "web", parents: ["shop"], rules: [ruleTo("web"), ruleTo("web", { matches: [prefix("/filtered")], filters })] })) });
});
after(async () => {
  await Promise.all([sluice?.stop(), ...(echoes ?? []).map((one) => one.close())]);
});

for (const path of ["/", "/filtered"]) {
  test(`the page of an error at ${path} is asked for with what the client sent`, async () => {
    const { status, echo, headers } = await ask({ address: ADDRESS, port, host: "shop.example", path, headers: { "x-version": "client", "x-want-status": "404", "x-want-page": "404" } });
    const { host, "x-version": version, "x-code": code } = echo?.headers ?? {};
    assert.deepEqual([status, echo?.backend, host, version, code, headers["x-set"]], [404, "pages", "shop.example", "client", "404", undefined]);
  });
}

test("filters beside error pages cost no reload", async () => {
  assert.equal((await sluice.generation()).reloads, 0);
});
