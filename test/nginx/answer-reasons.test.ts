/** The reason why Sluice answered itself: the same word in the response header, in the access log, in the counter and in the journal. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { JournalRow } from "../../edge/src/journal.ts";
import { ask, type Ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { journalOf } from "../support/journal.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { scrapeUntil, total } from "../support/scrape.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

let echo: EchoBackend;
let silent: Server;
let sluice: Sluice;
const accessLog = join("/dev/shm", `sluice-reasons-${process.pid}.log`);

const htpasswd = documents({
  apiVersion: "v1", kind: "Secret", metadata: { name: "users", namespace: "shop" },
  data: { auth: Buffer.from("bob:$apr1$8sVwPRz1$R8Sh0nBvIZ3Ep4JdPpIvA1\nann:{PLAIN}secret\n").toString("base64") },
});

before(async () => {
  echo = await startEcho("web");
  // This backend takes requests and never answers.
  silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const [closed] = await freePorts(1);
  const web = [`127.0.0.1:${echo.port}`];
  const one = (name: string, annotations: Readonly<Record<string, string>> = {}, endpoints = web): Record<string, string> => ({
    [`${name}.yaml`]: site({ name, host: `${name}.example`, endpoints, annotations }),
  });
  const rewrite = { "access-log-path": accessLog, "log-format-upstream": "$request_uri $status $sluice_reason" };
  sluice = await startSluice({
    files: {
      "settings.yaml": configMap({ "worker-processes": "1", "answer-reason-header": "X-Answer-Reason", ...rewrite }),
      "users.yaml": htpasswd,
      ...one("web"), ...one("empty", {}, []), ...one("dead", {}, [`127.0.0.1:${closed}`]),
      ...one("silent", { "proxy-read-timeout": "1", "proxy-next-upstream": "off" }, [`127.0.0.1:${(silent.address() as AddressInfo).port}`]),
      ...one("closed", { "whitelist-source-range": "nonsense" }), ...one("tls", { "force-ssl-redirect": "true" }),
      ...one("moved", { "permanent-redirect": "https://elsewhere.example" }), ...one("root", { "app-root": "/app" }),
      ...one("cors", { "enable-cors": "true" }), ...one("network", { "denylist-source-range": "127.0.0.0/8" }),
      ...one("network-paged", { "denylist-source-range": "127.0.0.0/8", "custom-http-errors": "403", "default-backend": "web" }),
      ...one("password", { "auth-type": "basic", "auth-secret": "users" }),
      ...one("either", { "auth-type": "basic", "auth-secret": "users", "denylist-source-range": "127.0.0.0/8", satisfy: "any" }),
      "part.yaml": site({ name: "part", host: "part.example", endpoints: web, annotations: { "auth-type": "basic", "auth-secret": "users" }, path: "/app" }),
      ...one("asked", { "auth-url": `http://127.0.0.1:${echo.port}/?echo-status=403` }),
      ...one("signin", { "auth-url": `http://127.0.0.1:${echo.port}/?echo-status=401`, "auth-signin": "https://login.example/" }),
      ...one("unasked", { "auth-url": `http://127.0.0.1:${closed}/` }),
      ...one("rate", { "limit-rpm": "1", "limit-burst-multiplier": "1" }), ...one("small", { "proxy-body-size": "10" }),
      ...one("paged", { "custom-http-errors": "503", "default-backend": "web" }, []),
      ...one("dead-paged", { "custom-http-errors": "502", "default-backend": "web" }, [`127.0.0.1:${closed}`]),
    },
    args: ["--configmap=sluice/sluice", "--enable-metrics", "--allow-local-targets"],
  });
});
after(async () => {
  await sluice?.stop();
  silent?.closeAllConnections();
  silent?.close();
  await echo?.close();
  rmSync(accessLog, { force: true });
});

type Expected = readonly [what: string, request: Omit<Ask, "port">, status: number, reason: string | undefined];
const EXPECTED: readonly Expected[] = [
  ["a backend's answer", { host: "web.example" }, 200, undefined],
  ["a backend's own failure", { host: "web.example", headers: { "x-want-status": "503" } }, 503, undefined],
  ["a name that nobody declared", { host: "nobody.example" }, 404, "no-route"],
  ["a Service without endpoints", { host: "empty.example" }, 503, "no-endpoints"],
  ["a default backend of the Ingress's own in its place", { host: "paged.example" }, 200, undefined],
  ["an Ingress that is kept closed", { host: "closed.example" }, 503, "misconfigured"],
  ["http where https is wanted", { host: "tls.example" }, 308, "redirect-https"],
  ["a redirect of the Ingress", { host: "moved.example" }, 301, "redirect-annotation"],
  ["an app root", { host: "root.example" }, 302, "redirect-app-root"],
  ["a preflight request", { host: "cors.example", method: "OPTIONS", headers: { origin: "https://a.example" } }, 204, "preflight"],
  ["a client of a network that is denied", { host: "network.example" }, 403, "denied-by-network"],
  ["the same with an error page", { host: "network-paged.example", headers: { "x-want-page": "410" } }, 410, "denied-by-network"],
  ["no password", { host: "password.example" }, 401, "denied-by-password"],
  ["neither network nor password", { host: "either.example" }, 401, "denied-by-password"],
  ["a service that says no", { host: "asked.example" }, 403, "denied-by-external-auth"],
  ["a service that wants a login", { host: "signin.example" }, 302, "redirect-sign-in"],
  ["a path that nobody declared, and no password", { host: "part.example" }, 401, "denied-by-password"],
  ["the same with the password", { host: "part.example", headers: { authorization: "Basic YW5uOnNlY3JldA==" } }, 404, "no-route"],
  ["a service that is not there", { host: "unasked.example" }, 500, "external-auth-unavailable"],
  ["a body that is too large", { host: "small.example", method: "POST", body: "x".repeat(11) }, 413, "body-too-large"],
  ["a backend that refuses connections", { host: "dead.example" }, 502, "upstream-unreachable"],
  ["the same with an error page", { host: "dead-paged.example", headers: { "x-want-page": "502" } }, 502, "upstream-unreachable"],
  ["a backend that does not answer", { host: "silent.example" }, 504, "upstream-timeout"],
];

const asked = new Map<string, number>();
/** What the journal has to have. */
const expected: Partial<JournalRow>[] = [];

for (const [index, [what, request, status, reason]] of EXPECTED.entries()) {
  test(`${what}: ${reason ?? "no reason"}`, async () => {
    const path = `${request.path ?? "/"}?${index}`;
    const answer = await ask({ port: sluice.http, ...request, path });
    assert.deepEqual([answer.status, answer.headers["x-answer-reason"]], [status, reason]);
    assert.equal(await logged(path), `${status} ${reason ?? "-"}`);
    expected.push({ host: request.host ?? "", method: request.method ?? "GET", status, reason: reason ?? "" });
    if (reason) asked.set(reason, (asked.get(reason) ?? 0) + 1);
  });
}

test("the health check: health-check, which is not logged", async () => {
  const answer = await ask({ port: sluice.http, host: "nobody.example", path: "/healthz" });
  assert.deepEqual([answer.status, answer.headers["x-answer-reason"]], [200, "health-check"]);
  asked.set("health-check", 1);
});

test("over a limit", async () => {
  const reasons: (string | undefined)[] = [];
  for (let i = 0; i < 4; i++) reasons.push((await ask({ port: sluice.http, host: "rate.example" })).headers["x-answer-reason"]);
  assert.equal(reasons.at(-1), "rate-limited");
  asked.set("rate-limited", reasons.filter((reason) => reason === "rate-limited").length);
});

test("a client that goes away: client-closed", async () => {
  const socket = connect(sluice.http, "127.0.0.1");
  socket.write("GET /left HTTP/1.1\r\nHost: silent.example\r\n\r\n");
  await sleep(200);
  socket.destroy();
  expected.push({ host: "silent.example", path: "/left", status: 499, reason: "client-closed", ingress: "silent" });
  asked.set("client-closed", 1);
});

test("what is no request", async () => {
  const socket = connect(sluice.http, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  assert.match(text, /^HTTP\/1\.1 400 [^]*X-Answer-Reason: bad-request/);
  asked.set("bad-request", 1);
});

test("each is counted once, and nothing else is", async () => {
  const samples = await scrapeUntil(sluice, (now) => [...asked].every(([reason, count]) => total(now, "sluice_answers_total", { reason }) >= count));
  const counted = samples.filter(({ name, value }) => name === "sluice_answers_total" && value > 0).map(({ labels, value }) => [labels["reason"], value]);
  assert.deepEqual(new Map(counted as [string, number][]), new Map([...asked].sort(([a], [b]) => order(samples, a) - order(samples, b))));
});

test("each is in the journal", async () => {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const rows = await journalOf(sluice);
    const missing = expected.filter((wanted) => !rows.some((row) => isDeepStrictEqual({ ...row, ...wanted }, row)));
    if (missing.length === 0) return;
    if (Date.now() > deadline) return assert.deepEqual(missing, [], rows.map((row) => JSON.stringify(row)).join("\n"));
    await sleep(100);
  }
});

function order(samples: readonly { readonly labels: Readonly<Record<string, string>> }[], reason: string): number {
  return samples.findIndex(({ labels }) => labels["reason"] === reason);
}

/** The access log's line of a request. nginx writes the line when the request has ended, a moment after the client has its answer. */
async function logged(path: string): Promise<string> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const line = readFileSync(accessLog, "utf8").split("\n").find((one) => one.startsWith(`${path} `));
    if (line !== undefined) return line.slice(path.length + 1);
    assert.ok(Date.now() < deadline, `no line for ${path}`);
    await sleep(20);
  }
}
