/** Headers that a service of external authentication may trust come from Sluice or from a trusted proxy, never from a client. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { rawClient } from "../support/raw-http.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

/** Claims: headers that say where a request came from, what it asks for, or who sends it. Sluice sends some of them itself. */
const CLAIMS = `
  Forwarded Proxy X-Forwarded X-Forwarded-For X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto X-Forwarded-Scheme X-Forwarded-Ssl X-Forwarded-Server X-Forwarded-By
  X-Forwarded-Uri X-Forwarded-Method X-Forwarded-Path X-Forwarded-Prefix X-Forwarded-Query X-Forwarded-User X-Forwarded-Email X-Forwarded-Groups
  X-Forwarded-Preferred-Username X-Forwarded-Access-Token X-Forwarded-Client-Cert X-Forwarded-Tls-Client-Cert X-Forwarded-Tls-Client-Cert-Info
  X-Original-URL X-Original-URI X-Original-Method X-Original-Host X-Original-Proto X-Original-Forwarded-For X-Original-Forwarded-Host X-Original-Remote-Addr
  X-Scheme X-Url-Scheme Front-End-Https X-Host X-Rewrite-URL X-Sent-From X-HTTP-Method X-HTTP-Method-Override X-Method-Override
  X-Real-IP X-Real-Port X-Client-IP Client-IP X-Cluster-Client-IP True-Client-IP CF-Connecting-IP CF-Connecting-IPv6 CF-Visitor Fastly-Client-IP X-Remote-Addr X-Remote-User
  Remote-User Remote-Groups Remote-Email Remote-Name Remote-Addr X-Auth-Request-Redirect X-Auth-Request-User X-Auth-Request-Email X-Auth-Request-Groups
  X-Envoy-Original-Path X-Envoy-External-Address X-Authelia-URL X-authentik-username X-Client-Cert X-SSL-Client-Verify
  ssl-client-verify ssl-client-subject-dn ssl-client-issuer-dn ssl-client-cert`.trim().split(/\s+/);
const SPELLINGS: Readonly<Record<string, (name: string) => string>> = {
  "as it is": (name) => name,
  "upper case": (name) => name.toUpperCase(),
  "lower case": (name) => name.toLowerCase(),
  underscores: (name) => name.replaceAll("-", "_"),
  "one underscore": (name) => name.replace("-", "_").toUpperCase(),
  "the last one an underscore": (name) => name.replace(/-(?!.*-)/, "_"),
  dots: (name) => name.replaceAll("-", "."),
};
/** Headers that are the client's own to send: they reach the service. */
const PASSED = ["Authorization", "Cookie", "Accept", "User-Agent", "Origin", "Referer", "X-Api-Key", "X-Requested-With", "traceparent", "CF-Access-Jwt-Assertion", "X-Forward"];
const LENIENT = { "enable-underscores-in-headers": "true", "ignore-invalid-headers": "false" };

let sluice: Sluice;
let web: EchoBackend;
let heard: string[] = [];
const service = createServer(({ rawHeaders }, response) => {
  heard = rawHeaders.flatMap((text, i) => (i % 2 === 0 ? [`${text}: ${rawHeaders[i + 1] ?? ""}`] : []));
  response.writeHead(200, { "X-User": "ann" }).end();
});

before(async () => {
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  web = await startEcho("web");
  const annotations = { "auth-url": `http://127.0.0.1:${(service.address() as AddressInfo).port}/`, "auth-response-headers": "X-User" };
  const endpoints = [`127.0.0.1:${web.port}`];
  const ca = Buffer.from(selfSigned(["ca"], "ca").chain).toString("base64");
  sluice = await startSluice({
    files: {
      "web.yaml": site({ name: "web", host: "shop.example", endpoints, annotations }),
      "certified.yaml": site({ name: "certified", host: "certified.example", endpoints, annotations: { ...annotations, "auth-tls-secret": "shop/ca", "auth-tls-verify-client": "optional" } }),
      "ca.yaml": documents({ apiVersion: "v1", kind: "Secret", type: "Opaque", metadata: { name: "ca", namespace: "shop" }, data: { "ca.crt": ca } }),
      "settings.yaml": configMap(LENIENT),
    },
    args: ["--configmap=sluice/sluice", "--allow-local-targets"],
  });
});
after(async () => {
  await sluice?.stop();
  await web?.close();
  await new Promise((resolve) => service.close(resolve));
});

/** Sends these headers, each with the value `claimed`, and gives the names of those that reached the service with it. */
async function claimed(names: readonly string[], host = "shop.example"): Promise<string[]> {
  heard = [];
  const client = rawClient(sluice.http);
  const { status } = await client.ask(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${names.map((name) => `${name}: claimed\r\n`).join("")}\r\n`);
  assert.equal(status, 200);
  assert.ok(heard.some((line) => line.startsWith("X-Sent-From: nginx")), heard.join("\n"));
  return heard.filter((line) => line.endsWith(": claimed")).map((line) => line.slice(0, line.indexOf(":"))).sort();
}

for (const [spelling, spell] of Object.entries(SPELLINGS)) {
  test(`no claim of a client's gets there, in ${spelling}`, async () => {
    for (const host of ["shop.example", "certified.example"]) assert.deepEqual(await claimed(CLAIMS.map(spell), host), []);
  });
}

test("what is a client's own affair does, and its claims change nothing of what Sluice says", async () => {
  assert.deepEqual(await claimed([...PASSED, ...CLAIMS]), [...PASSED].sort());
  const said = [...heard.filter((line) => !line.endsWith(": claimed"))];
  await claimed([]);
  const withoutId = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith("X-Request-ID"));
  assert.deepEqual(withoutId(said), withoutId(heard));
});

test("a proxy in proxy-real-ip-cidr is believed where use-forwarded-headers says so, and nobody else", async (t) => {
  t.after(() => sluice.apply({ "settings.yaml": configMap(LENIENT) }));
  const names = ["X-Forwarded-Host", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Original-URI", "X-Scheme", "Forwarded", "X_Forwarded_User"];
  const own = ["X-Original-URL", "X-Original-Method", "X-Sent-From", "X-Forwarded-Proto", "ssl-client-verify"];
  const apply = (data: Readonly<Record<string, string>>): Promise<unknown> => sluice.apply({ "settings.yaml": configMap({ ...LENIENT, ...data }) });
  for (const full of ["false", "true"]) {
    await apply({ "use-forwarded-headers": "true", "proxy-real-ip-cidr": "10.0.0.0/8,127.0.0.0/8", "compute-full-forwarded-for": full });
    assert.deepEqual(await claimed([...names, ...own]), [...names].sort());
    await apply({ "use-forwarded-headers": "true", "proxy-real-ip-cidr": "10.0.0.0/8,::1,192.0.2.7", "compute-full-forwarded-for": full });
    assert.deepEqual(await claimed([...names, ...own]), []);
  }
  await apply({ "enable-real-ip": "true" });
  assert.deepEqual(await claimed(names), []);
});

test("a backend hears from the service alone who the user is, however a client spells the name", async () => {
  const client = rawClient(sluice.http);
  const { body } = await client.ask("GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nX-User: admin\r\nX_User: admin\r\nx_USER: admin\r\nX.User: admin\r\n\r\n");
  const { headers } = JSON.parse(body) as { headers: Record<string, string> };
  assert.deepEqual(Object.entries(headers).filter(([name]) => /^x.user$/.test(name)), [["x-user", "ann"]]);
});
