/** Every redirect that Sluice makes itself carries the CORS headers of its path: one row for each reason to redirect. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Reason } from "../../edge/src/reasons.ts";
import { ask, type Ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { authority } from "../support/authority.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

/** Rules of Gateways' routes have no CORS of Ingresses. */
type Redirecting = Exclude<Extract<Reason, `redirect-${string}`>, "redirect-rule">;

interface Row {
  readonly annotations: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly request?: Omit<Ask, "port" | "headers">;
}

const ROWS: { readonly [R in Redirecting]: Row } = {
  "redirect-https": { annotations: { "force-ssl-redirect": "true" } },
  "redirect-slash": { annotations: {}, path: "/docs/", request: { path: "/docs" } },
  "redirect-name": { annotations: { "from-to-www-redirect": "true" }, request: { host: "www.redirect-name.example" } },
  "redirect-annotation": { annotations: { "permanent-redirect": "https://elsewhere.example/" } },
  "redirect-app-root": { annotations: { "app-root": "/app" } },
  "redirect-sign-in": { annotations: { "auth-url": "http://127.0.0.1:{port}/?echo-status=401", "auth-signin": "https://in.example/" } },
  "redirect-certificate": { annotations: { "auth-tls-secret": "shop/ca", "auth-tls-error-page": "https://elsewhere.example/" }, request: { tls: true } },
};

let echo: EchoBackend;
let sluice: Sluice;

before(async () => {
  echo = await startEcho("web");
  const cors = { "enable-cors": "true", "cors-allow-origin": "https://a.example", "cors-allow-credentials": "true" };
  const sites = Object.entries(ROWS).map(([name, { annotations, path }]) => {
    const own = Object.entries(annotations).map(([key, value]) => [key, value.replace("{port}", String(echo.port))]);
    const text = site({ name, host: `${name}.example`, endpoints: [`127.0.0.1:${echo.port}`], annotations: { ...cors, ...Object.fromEntries(own) }, ...(path === undefined ? {} : { path }) });
    return [`${name}.yaml`, text] as const;
  });
  const ca = documents({ apiVersion: "v1", kind: "Secret", metadata: { name: "ca", namespace: "shop" }, data: { "ca.crt": Buffer.from(authority("Shop").chain).toString("base64") } });
  sluice = await startSluice({
    files: { "settings.yaml": configMap({ "worker-processes": "1", "answer-reason-header": "X-Answer-Reason" }), "ca.yaml": ca, ...Object.fromEntries(sites) },
    args: ["--configmap=sluice/sluice", "--allow-local-targets"],
  });
});
after(async () => {
  await Promise.all([sluice?.stop(), echo?.close()]);
});

for (const [reason, { request }] of Object.entries(ROWS)) {
  test(`${reason}: for an origin that is allowed, and for no other`, async () => {
    const asked = { port: request?.tls === true ? sluice.https : sluice.http, host: `${reason}.example`, ...request };
    const { status, headers } = await ask({ ...asked, headers: { origin: "https://a.example" } });
    assert.ok(status >= 300 && status < 400, `${status}`);
    assert.equal(headers["x-answer-reason"], reason);
    assert.deepEqual(
      ["access-control-allow-origin", "access-control-allow-credentials", "vary"].map((name) => headers[name]), ["https://a.example", "true", "Origin"],
    );
    assert.notEqual(headers["access-control-allow-methods"], undefined);
    const other = await ask({ ...asked, headers: { origin: "https://b.example" } });
    assert.deepEqual([other.status, other.headers["access-control-allow-origin"], other.headers["vary"]], [status, undefined, "Origin"]);
  });
}
