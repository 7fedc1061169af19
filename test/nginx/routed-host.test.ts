/**
 * One host for everybody: in whatever forms a request names its host, backends, services of external authentication,
 * mirrors, redirects and logs only hear of the routed host.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startEcho, type Echo, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startFastcgi, type Backend } from "../support/protocol-backends.ts";
import { rawClient, type RawAnswer } from "../support/raw-http.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const SETTINGS = { "worker-processes": "1", "allow-snippet-annotations": "true", "annotations-risk-level": "Critical" };
const LOG = "$host|$http_host|${http_host}|$best_http_host|";

let sluice: Sluice;
let web: EchoBackend;
let other: EchoBackend;
let fastcgi: Backend;
const mirrored: string[] = [];
const mirror = createServer(({ headers, url }, response) => {
  mirrored.push(`${headers.host ?? ""} ${url ?? ""}`);
  response.end();
});

/** How a request line and a Host header may name `host`, and what everybody must hear: the routed host, with its port if there is one. */
const FORMS: readonly (readonly [form: string, line: (host: string) => string, header: (host: string) => string | undefined, heard: (host: string) => string])[] = [
  ["as it is", () => "", (host) => host, (host) => host],
  ["with a port", () => "", (host) => `${host}:8080`, (host) => `${host}:8080`],
  ["in upper case", () => "", (host) => host.toUpperCase(), (host) => host.toUpperCase()],
  ["with a dot at its end", () => "", (host) => `${host}.`, (host) => `${host}.`],
  ["all of it", () => "", (host) => `${host.toUpperCase()}.:8080`, (host) => `${host.toUpperCase()}.:8080`],
  ["a port without digits", () => "", (host) => `${host}:`, (host) => `${host}:`],
  ["a port that is none", () => "", (host) => `${host}:x`, (host) => host],
  ["another host as a port", () => "", (host) => `${host}:80@admin.example`, (host) => host],
  ["an absolute line", (host) => `http://${host}`, () => "admin.example", (host) => host],
  ["an absolute line and the same host", (host) => `http://${host}`, (host) => host, (host) => host],
  ["an absolute line and the same host with a port", (host) => `http://${host}`, (host) => `${host}:99`, (host) => host],
  ["an absolute line with a port", (host) => `http://${host}:8080`, () => "admin.example:9", (host) => `${host}:8080`],
  ["an absolute line in upper case", (host) => `HTTPS://${host.toUpperCase()}`, () => "admin.example", (host) => host.toUpperCase()],
  ["an absolute line with a dot", (host) => `x+y://${host}.`, () => "admin.example", (host) => `${host}.`],
  ["an absolute line of HTTP/1.0", (host) => `http://${host}`, () => undefined, (host) => host],
  ["an absolute line behind blanks", (host) => `   http://${host}`, () => "admin.example", (host) => host],
];

/** Kinds of hosts, and what their answers must say when everybody hears `heard` and the routed host is `host`. */
const HEARERS: Readonly<Record<string, { annotations?: Record<string, string>; path?: string; check(answer: RawAnswer, heard: string, host: string): void }>> = {
  plain: {
    check: (answer, heard) => {
      const { headers } = echo(answer);
      assert.deepEqual([headers["host"], headers["x-forwarded-host"]], [heard, heard]);
    },
  },
  filtered: { annotations: { "limit-rps": "1000", "enable-cors": "true" }, check: (answer, heard) => assert.equal(echo(answer).headers["host"], heard) },
  profiled: { annotations: { "proxy-buffering": "on" }, check: (answer, heard) => assert.equal(echo(answer).headers["x-forwarded-host"], heard) },
  vhost: { annotations: { "upstream-vhost": "$http_host" }, check: (answer, heard) => assert.equal(echo(answer).headers["host"], heard) },
  rewritten: { annotations: { "rewrite-target": "/$http_host" }, check: (answer, heard) => assert.equal(echo(answer).path, `/${heard}`) },
  led: { annotations: { "rewrite-target": "https://$http_host/led" }, check: (answer, heard) => assert.equal(answer.headers.get("location"), `https://${heard}/led`) },
  asked: {
    annotations: { "auth-url": "http://TARGET/?echo-copy=x-original-url&echo-header=said:$http_host", "auth-response-headers": "echo-x-original-url, said" },
    path: "/a?b",
    check: (answer, heard) => {
      const { headers } = echo(answer);
      assert.deepEqual([headers["echo-x-original-url"], headers["said"]], [`http://${heard}/a?b`, heard]);
    },
  },
  signin: {
    annotations: { "auth-url": "http://TARGET/?echo-status=401", "auth-signin": "https://in.example/" },
    check: (answer, heard) => assert.equal(answer.headers.get("location"), `https://in.example/?rd=http://${heard}%2F`),
  },
  secure: { annotations: { "force-ssl-redirect": "true" }, path: "/a", check: (answer, heard) => assert.equal(answer.headers.get("location"), `https://${heard.replace(/:.*/, "")}/a`) },
  root: { annotations: { "app-root": "/app" }, check: (answer, heard) => assert.equal(answer.headers.get("location"), `http://${heard}/app`) },
  mirrored: { annotations: { "mirror-target": "http://TARGET/$http_host", "mirror-host": "$http_host" }, path: "/mirrored", check: (answer, heard) => assert.equal(echo(answer).headers["host"], heard) },
  page: {
    annotations: { "custom-http-errors": "418", "default-backend": "other" },
    check: (answer, heard) => assert.deepEqual([echo(answer).backend, echo(answer).headers["host"]], ["other", heard]),
  },
  told: {
    annotations: { "configuration-snippet": 'more_set_headers "X-Told: $http_host"; add_header X-Added ${http_host} always;' },
    check: (answer, heard) => assert.deepEqual([answer.headers.get("x-told"), answer.headers.get("x-added")], [heard, heard]),
  },
  php: { annotations: { "backend-protocol": "FCGI" }, check: (answer, heard, host) => assert.deepEqual([params(answer)["HTTP_HOST"], params(answer)["SERVER_NAME"]], [heard, host]) },
};

function echo({ status, body }: RawAnswer): Echo {
  assert.ok(body.startsWith("{"), `${status} ${body}`);
  return JSON.parse(body) as Echo;
}

function params({ body }: RawAnswer): Record<string, string> {
  return (JSON.parse(body) as { params: Record<string, string> }).params;
}

before(async () => {
  [web, other, fastcgi] = await Promise.all([startEcho("web"), startEcho("other"), startFastcgi()]);
  await new Promise<void>((resolve) => mirror.listen(0, "127.0.0.1", resolve));
  const target = (name: string): string => `127.0.0.1:${name === "mirrored" ? (mirror.address() as AddressInfo).port : other.port}`;
  const files = Object.entries(HEARERS).map(([name, { annotations = {} }]) => {
    const port = name === "php" ? fastcgi.port : web.port;
    const filled = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, value.replace("TARGET", target(name))]));
    return [`${name}.yaml`, site({ name, host: `${name}.example`, endpoints: [`127.0.0.1:${port}`], annotations: filled })] as const;
  });
  sluice = await startSluice({
    files: {
      ...Object.fromEntries(files),
      "label.yaml": site({ name: "label", host: "*.label.example", endpoints: [`127.0.0.1:${web.port}`], annotations: { "server-alias": "*.parent.example, start.*, ~^.+expression\\.example$" } }),
      "all.yaml": site({ name: "all", host: "*", endpoints: [`127.0.0.1:${web.port}`] }).replace('"host":"*",', ""),
      "other.yaml": site({ name: "other", host: "admin.example", endpoints: [`127.0.0.1:${other.port}`] }),
      "settings.yaml": configMap({ ...SETTINGS, "log-format-upstream": LOG }),
    },
    args: ["--configmap=sluice/sluice", "--allow-local-targets"],
  });
});
after(async () => {
  await sluice?.stop();
  await Promise.all([web, other, fastcgi].map((one) => one.close()));
  await new Promise((resolve) => mirror.close(resolve));
});

for (const [form, line, header, heard] of FORMS) {
  test(`${form}: everybody hears of the routed host`, async () => {
    const client = rawClient(sluice.http);
    for (const [name, { path = "/", check }] of Object.entries(HEARERS)) {
      const host = `${name}.example`;
      const said = header(host);
      const version = said === undefined ? "1.0" : "1.1";
      const more = name === "page" ? "X-Want-Status: 418\r\nX-Want-Page: 200\r\n" : "";
      const answer = await client.ask(`GET ${line(host)}${path} HTTP/${version}\r\n${said === undefined ? "" : `Host: ${said}\r\n`}${more}Connection: close\r\n\r\n`);
      assert.doesNotThrow(() => check(answer, heard(host), host), `${name} ${form}: ${JSON.stringify(answer)}`);
      const own = heard(host);
      await until(`${host}|${own}|${own}|${own}|`, () => readFileSync(join(sluice.runtimeDir, "access.log"), "utf8").trimEnd().split("\n").at(-1));
    }
    const copied = heard("mirrored.example");
    await until(`${copied} /${copied}`, () => mirrored.at(-1));
  });
}

/** Waits until the last entry (of a log, or of what a mirror saw) is the wanted one: it may come a moment after the answer. */
async function until(wanted: string, last: () => string | undefined): Promise<void> {
  for (const deadline = Date.now() + 10_000; last() !== wanted; await sleep(5)) assert.ok(Date.now() < deadline, `${last()} instead of ${wanted}`);
}

test("HTTP/2 with :authority and another Host: refused, or served as the routed host", async () => {
  const session = http2.connect(`https://127.0.0.1:${sluice.https}`, { rejectUnauthorized: false, servername: "plain.example" });
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const stream = session.request({ ":path": "/", ":authority": "plain.example:8443", host: "admin.example" });
    let status = 0;
    let text = "";
    stream.on("response", (headers) => (status = headers[":status"] ?? 0)).on("error", reject);
    stream.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", () => resolve({ status, text }));
  });
  session.close();
  if (status === 400) return;
  const { headers, backend } = JSON.parse(text) as Echo;
  assert.deepEqual([backend, headers["host"]?.replace(/:.*/, ""), headers["x-forwarded-host"]?.replace(/:.*/, "")], ["web", "plain.example", "plain.example"]);
});

/** Puts each of the 256 bytes into names that a wildcard, an alias, an expression and the catch-all would match. */
test("a host that no rule names and that is no host name reaches nobody, whoever would take it", async () => {
  const client = rawClient(sluice.http);
  const reached: string[] = [];
  const allowed = /^[A-Za-z0-9._:-]$/;
  for (const parent of ["admin.label.example", "admin.parent.example", "expression.example", "nowhere.example"]) {
    for (let byte = 0; byte < 256; byte++) {
      const character = String.fromCharCode(byte);
      if (character === "\n" || character === "\r") continue;
      const { status, body } = await client.ask(`GET / HTTP/1.1\r\nHost: x${character}${parent}\r\nConnection: close\r\n\r\n`);
      if (allowed.test(character)) assert.equal(status, 200, `x${character}${parent}`);
      else if (status !== 400) reached.push(`x${character}${parent}: ${status} ${body}`);
    }
  }
  assert.deepEqual(reached, []);
  for (const name of ["[::1]", "[fe80::7.8.9.10]:80", "10.0.0.1:8080", "xn--bcher-kva.label.example"]) {
    assert.equal((await client.ask(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)).status, 200, name);
  }
});
