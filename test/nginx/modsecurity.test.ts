/** enable-modsecurity on real nginx: requests are inspected where the module is installed; routes are closed, with a finding, where it is not. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { MODSECURITY } from "../support/modsecurity.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let sluice: Sluice;
let web: EchoBackend;
const installed = MODSECURITY !== undefined;

before(async () => {
  web = await startEcho("web");
  const endpoints = [`127.0.0.1:${web.port}`];
  sluice = await startSluice({
    args: ["--configmap=sluice/sluice"],
    files: {
      "on.yaml": site({ name: "on", host: "on.example", endpoints, annotations: { "enable-modsecurity": "true", "modsecurity-transaction-id": "$request_id" } }),
      "off.yaml": site({ name: "off", host: "off.example", endpoints, annotations: { "enable-modsecurity": "false" } }),
      "bad.yaml": site({ name: "bad", host: "bad.example", endpoints, annotations: { "enable-modsecurity": "yes" } }),
      "rules.yaml": site({ name: "rules", host: "rules.example", endpoints, annotations: { "enable-owasp-core-rules": "true" } }),
      "plain.yaml": site({ name: "plain", host: "plain.example", endpoints }),
    },
  });
});
after(async () => {
  await sluice?.stop();
  await web?.close();
});

const status = async (name: string): Promise<number> => (await ask({ port: sluice.http, host: `${name}.example`, path: "/a?b=c" })).status;

test("requests are inspected, or not served", async () => {
  assert.equal(await status("on"), installed ? 200 : 503);
  assert.equal(await status("bad"), 503);
  for (const name of ["off", "rules", "plain"]) assert.equal(await status(name), 200, name);
  const { text } = await sluice.ask("/api/v1/findings");
  assert.equal(text.includes("libnginx-mod-http-modsecurity"), !installed);
  assert.match(text, /annotation-ineffective/);
});

test("the ConfigMap turns it on for everybody but those who turn it off", async () => {
  await sluice.apply({ "settings.yaml": configMap({ "enable-modsecurity": "true" }) });
  assert.equal(await status("plain"), installed ? 200 : 503);
  assert.equal(await status("off"), 200);
  await sluice.apply({ "settings.yaml": configMap({}) });
  assert.equal(await status("plain"), 200);
});
