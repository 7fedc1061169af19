/**
 * No answer ever has a header twice. A header of Sluice's own replaces the backend's, and one of the operator's
 * (add-headers) or of an Ingress's (custom-headers) replaces both, in every kind of answer.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as https from "node:https";
import * as http from "node:http";
import { after, before, test } from "node:test";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

/** Headers that answers have, from Sluice or from backends, with a value that tells its source. */
const HEADERS: Readonly<Record<string, (source: string) => string>> = {
  "Strict-Transport-Security": (source) => `max-age=1; ${source}`,
  "X-Why": (source) => source,
  Server: (source) => source,
  Date: (source) => (source === "backend" ? "Sun, 06 Nov 1994 08:49:37 GMT" : "Mon, 07 Nov 1994 08:49:37 GMT"),
  "Content-Type": (source) => `text/${source}`,
  "Last-Modified": (source) => (source === "backend" ? "Sun, 06 Nov 1994 08:49:37 GMT" : "Mon, 07 Nov 1994 08:49:37 GMT"),
  ETag: (source) => `"${source}"`,
  Expires: (source) => (source === "backend" ? "Sun, 06 Nov 1994 08:49:37 GMT" : "Mon, 07 Nov 1994 08:49:37 GMT"),
  "Cache-Control": (source) => source,
  Pragma: (source) => source,
  Link: (source) => `<${source}>`,
  Refresh: (source) => `5; url=/${source}`,
  Vary: (source) => source,
  Allow: (source) => source,
  "Retry-After": (source) => source,
  "WWW-Authenticate": (source) => `Basic realm="${source}"`,
  "Authentication-Info": (source) => `nextnonce="${source}"`,
  "Access-Control-Allow-Origin": (source) => source,
  "Access-Control-Allow-Methods": (source) => source,
  "Access-Control-Allow-Headers": (source) => source,
  "Access-Control-Allow-Credentials": (source) => source,
  "Access-Control-Expose-Headers": (source) => source,
  "Access-Control-Max-Age": (source) => source,
  "X-Frame-Options": (source) => source,
  "X-Custom": (source) => source,
};
/** The headers that a source sends. Only backends send WWW-Authenticate: no client could answer a challenge that the operator wrote. */
const says = (source: string): Record<string, string> =>
  Object.fromEntries(Object.entries(HEADERS).flatMap(([name, value]) => (name === "WWW-Authenticate" && source !== "backend" ? [] : [[name, value(source)]])));
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const REALM = "shop";

interface Kind {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** The backend answers; absent: Sluice does. */
  readonly backend?: true;
  /** The request is for a host that no Ingress declares. */
  readonly undeclared?: true;
  readonly adds?: true;
}

/** Every way in which an answer comes about. */
const KINDS: Readonly<Record<string, Kind>> = {
  plain: { status: 200, backend: true },
  profiled: { annotations: { "proxy-buffering": "on" }, status: 200, backend: true },
  filtered: { annotations: { "limit-rps": "1000" }, status: 200, backend: true },
  sticky: { annotations: { affinity: "cookie" }, status: 200, backend: true },
  cors: { annotations: { "enable-cors": "true", "cors-allow-origin": "https://o.example" }, headers: { Origin: "https://o.example" }, status: 200, backend: true },
  preflight: { annotations: { "enable-cors": "true" }, method: "OPTIONS", headers: { Origin: "https://o.example" }, status: 204 },
  page: { annotations: { "custom-http-errors": "418", "default-backend": "plain" }, headers: { "X-Want-Status": "418", "X-Want-Page": "418" }, status: 418, backend: true },
  "page of a refusal": { annotations: { "custom-http-errors": "403", "default-backend": "plain", "denylist-source-range": "127.0.0.0/8" }, headers: { "X-Want-Page": "403" }, status: 403, backend: true },
  "failure of a backend": { headers: { "X-Want-Status": "500" }, status: 500, backend: true },
  "redirect of a backend": { annotations: { "proxy-redirect-from": "http://a/", "proxy-redirect-to": "/" }, headers: { "X-Want-Status": "302" }, status: 302, backend: true },
  denied: { annotations: { "denylist-source-range": "127.0.0.0/8" }, status: 403 },
  "without password": { annotations: { "auth-type": "basic", "auth-secret": "basic" }, status: 401 },
  "with a digest": { annotations: { "auth-type": "digest", "auth-secret": "digest", "auth-realm": REALM }, status: 200, backend: true },
  "not let in": { annotations: { "auth-url": "http://127.0.0.1:PORT/?echo-status=401&echo-header=WWW-Authenticate:Basic" }, status: 401 },
  "sent to sign in": { annotations: { "auth-url": "http://127.0.0.1:PORT/?echo-status=401", "auth-signin": "https://in.example/" }, status: 302 },
  "let in": { annotations: { "auth-url": "http://127.0.0.1:PORT/?echo-header=Set-Cookie:a=b" }, status: 200, backend: true },
  redirected: { annotations: { "permanent-redirect": "https://o.example/" }, status: 301 },
  "app root": { annotations: { "app-root": "/app" }, status: 302 },
  "too large": { annotations: { "proxy-body-size": "1" }, method: "POST", headers: { "Content-Length": "5" }, status: 413 },
  "nobody's host": { undeclared: true, status: 404 },
  snippet: { annotations: { "configuration-snippet": 'more_set_headers "X-Custom: snippet" "X-Frame-Options: snippet";' }, status: 200, backend: true },
  // Headers that a snippet adds with add_header stand beside those of the operator and the Ingress, as in nginx.
  "snippet with if": { adds: true, annotations: { "configuration-snippet": 'if ($request_method = GET) { add_header Strict-Transport-Security "max-age=7" always; }' }, status: 200, backend: true },
};
const hostOf = (kind: string): string => `${kind.replace(/\W/g, "-")}.example`;

let sluice: Sluice;
let echo: EchoBackend;

const shop = (name: string, data: Readonly<Record<string, string>>, kind = "ConfigMap"): string =>
  documents({ apiVersion: "v1", kind, metadata: { name, namespace: "shop" }, ...(kind === "Secret" ? { type: "Opaque", data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")])) } : { data }) });

function files({ added = {}, custom = {}, settings = {} }: { added?: Record<string, string>; custom?: Record<string, string>; settings?: Record<string, string> }): Record<string, string> {
  const own = Object.keys(custom).length > 0 ? { "custom-headers": "shop/custom" } : {};
  const sites = Object.entries(KINDS).flatMap(([kind, { annotations = {}, undeclared }]) => {
    if (undeclared) return [];
    const filled = Object.fromEntries(Object.entries({ ...annotations, ...own }).map(([key, value]) => [key, value.replace("PORT", String(echo.port))]));
    return [[`${hostOf(kind)}.yaml`, site({ name: kind.replace(/\W/g, "-"), host: hostOf(kind), endpoints: [`127.0.0.1:${echo.port}`], annotations: filled })]];
  });
  return {
    ...(Object.fromEntries(sites) as Record<string, string>),
    "headers.yaml": [shop("added", added), shop("custom", custom), shop("basic", { auth: "ann:{PLAIN}secret\n" }, "Secret"), shop("digest", { auth: `ann:${REALM}:${md5(`ann:${REALM}:secret`)}\n` }, "Secret")].join("---\n"),
    "settings.yaml": configMap({
      "worker-processes": "1", "allow-snippet-annotations": "true", "annotations-risk-level": "Critical", "answer-reason-header": "X-Why", "add-headers": "shop/added",
      "global-allowed-response-headers": Object.keys(HEADERS).join(","), ...settings,
    }),
  };
}

before(async () => {
  echo = await startEcho("web");
  sluice = await startSluice({ files: files({}), args: ["--configmap=sluice/sluice", "--allow-local-targets"] });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

type Lines = readonly (readonly [name: string, value: string])[];

/** The status and the header lines of the answer, as they came. */
function ask(tls: boolean, { path = "/", method = "GET" }: Kind, host: string, headers: Readonly<Record<string, string>>): Promise<{ status: number; lines: Lines }> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: tls ? sluice.https : sluice.http, path, method, agent: false, servername: host, rejectUnauthorized: false, headers: { host, ...headers } };
    const request = (tls ? https : http).request(options, (response) => {
      const { rawHeaders, statusCode = 0 } = response;
      response.resume().on("close", () => resolve({ status: statusCode, lines: rawHeaders.flatMap((text, i) => (i % 2 === 0 ? [[text, rawHeaders[i + 1] ?? ""] as const] : [])) }));
    });
    request.setTimeout(10_000, () => request.destroy(new Error("no answer"))).on("error", reject);
    request.end("Content-Length" in headers ? "x".repeat(Number(headers["Content-Length"])) : undefined);
  });
}

async function answer(tls: boolean, name: string, kind: Kind, fromBackend: Readonly<Record<string, string>>): Promise<Lines> {
  const host = hostOf(name);
  const headers: Record<string, string> = { ...kind.headers, ...(Object.keys(fromBackend).length > 0 ? { "X-Want-Headers": JSON.stringify(fromBackend) } : {}) };
  if (name === "with a digest") {
    const { lines } = await ask(tls, kind, host, {});
    const nonce = /nonce="([^"]*)"/.exec(lines.filter(([header]) => header === "WWW-Authenticate").map(([, value]) => value).join())?.[1] ?? "";
    const response = md5(`${md5(`ann:${REALM}:secret`)}:${nonce}:00000001:c:auth:${md5("GET:/")}`);
    headers["Authorization"] = `Digest username="ann", realm="${REALM}", nonce="${nonce}", uri="/", qop=auth, nc=00000001, cnonce="c", response="${response}"`;
  }
  const { status, lines } = await ask(tls, kind, host, headers);
  assert.equal(status, kind.status, `${name}: ${JSON.stringify(lines)}`);
  return lines;
}

const SOURCES: Readonly<Record<string, { added?: true; custom?: true; backend?: true; settings?: Record<string, string> }>> = {
  nobody: {},
  "a backend": { backend: true },
  "add-headers": { added: true },
  "custom-headers": { custom: true },
  "all of them": { added: true, custom: true, backend: true },
  "all of them where nginx names itself": { added: true, custom: true, backend: true, settings: { "server-tokens": "true", "allow-backend-server-header": "true", "use-gzip": "true" } },
  "all of them without hsts": { added: true, custom: true, backend: true, settings: { hsts: "false" } },
};

for (const [who, { added, custom, backend, settings = {} }] of Object.entries(SOURCES)) {
  test(`said by ${who}: every header once, in every kind of answer`, async () => {
    await sluice.apply(files({ ...(added ? { added: says("added") } : {}), ...(custom ? { custom: says("custom") } : {}), settings }));
    const wrong: string[] = [];
    for (const [name, kind] of Object.entries(KINDS)) {
      if (kind.adds && (added || custom)) continue;
      for (const tls of [false, true]) {
        const lines = await answer(tls, name, kind, backend ? says("backend") : {});
        const names = lines.map(([header]) => header.toLowerCase()).filter((header) => header !== "set-cookie");
        const twice = names.filter((header, i) => names.indexOf(header) !== i);
        const value = (wanted: string): string | undefined => lines.find(([header]) => header.toLowerCase() === wanted.toLowerCase())?.[1];
        const policy = value("Strict-Transport-Security");
        // An answer that is given before the path is looked up has no custom-headers, because they belong to the Ingress.
        const expected = added ? /^max-age=1; (added|custom)$/ : custom ? /^max-age=(1; custom|31536000; includeSubDomains)$/ : /^max-age=(31536000; includeSubDomains|7)$/;
        if (tls ? !expected.test(policy ?? "") : policy !== undefined && !/added|custom|=7$/.test(policy)) wrong.push(`${name}: ${policy}`);
        if (value("X-Why") === "backend" || (kind.status === 200 && !added && !custom && value("X-Why") !== undefined)) wrong.push(`${name}: ${value("X-Why")}`);
        if (twice.length > 0) wrong.push(`${name}${tls ? ", TLS" : ""}: ${JSON.stringify(lines.filter(([header]) => twice.includes(header.toLowerCase())))}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}
