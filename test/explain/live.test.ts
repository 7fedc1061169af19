/** `sluice explain --live`: for every answer that Sluice gives itself, the reason and the object, from the running data plane. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, type Ask } from "../support/client.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { journalOf } from "../support/journal.ts";
import { configMap, documents, site, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

let echo: EchoBackend;
let silent: Server;
let sluice: Sluice;
let dead: string;

before(async () => {
  echo = await startEcho("web");
  // This backend takes requests and never answers.
  silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const [closed] = await freePorts(1);
  dead = `127.0.0.1:${closed}`;
  const web = [`127.0.0.1:${echo.port}`];
  const one = (name: string, annotations: Readonly<Record<string, string>> = {}, endpoints = web, secret?: string): Record<string, string> => ({
    [`${name}.yaml`]: site({ name, host: `${name}.example`, endpoints, annotations, ...(secret === undefined ? {} : { tlsSecret: secret }) }),
  });
  const pair = selfSigned(["web.example", "cert.example"], "web.example");
  const authority = selfSigned(["authority.example"], "authority.example");
  sluice = await startSluice({
    files: {
      "settings.yaml": configMap({ "worker-processes": "2", "limit-req-status-code": "429" }),
      "users.yaml": documents({ apiVersion: "v1", kind: "Secret", metadata: { name: "users", namespace: "shop" }, data: { auth: Buffer.from("ann:{PLAIN}secret\n").toString("base64") } }),
      "tls.yaml": tlsSecret("tls", pair),
      "ca.yaml": documents({ apiVersion: "v1", kind: "Secret", metadata: { name: "ca", namespace: "shop" }, data: { "ca.crt": Buffer.from(authority.chain).toString("base64") } }),
      ...one("web", {}, web, "tls"), ...one("empty", {}, []), ...one("dead", {}, [dead]),
      ...one("half", {}, [dead, ...web]),
      ...one("silent", { "proxy-read-timeout": "1", "proxy-next-upstream": "off" }, [`127.0.0.1:${(silent.address() as AddressInfo).port}`]),
      ...one("network", { "denylist-source-range": "127.0.0.0/8" }), ...one("password", { "auth-type": "basic", "auth-secret": "users" }),
      ...one("rate", { "limit-rpm": "1", "limit-burst-multiplier": "1" }), ...one("small", { "proxy-body-size": "10" }),
      ...one("cert", { "auth-tls-secret": "shop/ca" }, web, "tls"),
      ...one("new", { canary: "true", "canary-by-header": "X-Ver", "canary-by-header-pattern": "^(?=2)" }),
      "new.yaml": site({ name: "new", host: "web.example", endpoints: web, annotations: { canary: "true", "canary-by-header": "X-Ver", "canary-by-header-pattern": "^(?=2)" } }),
    },
    args: ["--configmap=sluice/sluice", "--enable-metrics"],
  });
});
after(async () => {
  await sluice?.stop();
  silent?.closeAllConnections();
  silent?.close();
  await echo?.close();
});

const explain = (...args: readonly string[]): Promise<Ended> => runCommand(["explain", ...args, "--live", `--healthz-port=${sluice.health}`]);

/** Waits until the journal has a request for this host with this status. */
async function noted(host: string, status: number): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
    if ((await journalOf(sluice)).some((row) => row.host === host && row.status === status)) return;
    assert.ok(Date.now() < deadline, `no ${status} for ${host} in the journal`);
  }
}

type Row = readonly [status: number, reason: string, host: string, object: RegExp, request?: Partial<Ask>, explained?: readonly string[]];
const ANSWERS: readonly Row[] = [
  [404, "no-route", "nobody.example", /no rule names "nobody\.example"/],
  [503, "no-endpoints", "empty.example", /Ingress shop\/empty, spec\.rules\[0\]/],
  [308, "redirect-https", "web.example", /Ingress shop\/web, spec\.rules\[0\]/],
  [413, "body-too-large", "small.example", /body-too-large \(shop\/small \/\)/, { method: "POST", body: "x".repeat(11) }],
  [401, "denied-by-password", "password.example", /denied-by-password \(shop\/password \/\)/],
  [403, "denied-by-network", "network.example", /denied-by-network \(shop\/network \/\)/],
  [502, "upstream-unreachable", "dead.example", /upstream-unreachable by 127\.0\.0\.1:\d+.* \(shop\/dead \/\)/],
  [504, "upstream-timeout", "silent.example", /upstream-timeout by 127\.0\.0\.1:\d+ \(shop\/silent \/\)/],
];

for (const [status, reason, host, object, request = {}] of ANSWERS) {
  test(`${status} ${reason}: the reason, what it means, and the object`, async () => {
    const answer = await ask({ port: sluice.http, host, ...request });
    assert.equal(answer.status, status);
    await noted(host, status);
    tells(await explain(`http://${host}/`, ...(request.method === undefined ? [] : ["-X", request.method])), status, reason, object);
  });
}

function tells({ stdout, stderr, code }: Ended, status: number, reason: string, object: RegExp): void {
  assert.equal(stderr, "");
  assert.equal(code, status === 404 ? 3 : status === 503 ? 4 : 0, stdout);
  assert.match(stdout, new RegExp(`Z ${status} [A-Z]+ https?://[^ ]+ ${reason}\\b`), "what nginx did");
  assert.match(stdout, new RegExp(`\\n {2}${reason}: \\S`), "what it means");
  assert.match(stdout, object);
}

test("429 rate-limited", async () => {
  let status = 0;
  for (let i = 0; i < 4; i++) ({ status } = await ask({ port: sluice.http, host: "rate.example" }));
  assert.equal(status, 429);
  await noted("rate.example", 429);
  tells(await explain("http://rate.example/"), 429, "rate-limited", /rate-limited \(shop\/rate \/\)/);
});

test("421 misdirected: a connection for another host", async () => {
  const { status } = await ask({ port: sluice.https, host: "cert.example", serverName: "web.example", tls: true });
  assert.equal(status, 421);
  await noted("cert.example", 421);
  tells(await explain("https://cert.example/"), 421, "misdirected", /421 GET https:\/\/cert\.example\/ misdirected/);
});

test("499 client-closed", async () => {
  const socket = connect(sluice.http, "127.0.0.1");
  socket.write("GET /left HTTP/1.1\r\nHost: silent.example\r\n\r\n");
  await sleep(200);
  socket.destroy();
  await noted("silent.example", 499);
  tells(await explain("http://silent.example/left"), 499, "client-closed", /client-closed by 127\.0\.0\.1:\d+ \(shop\/silent \/\)/);
});

test("the workers are asked, and know what only nginx can tell", async () => {
  const { stdout } = await explain("https://web.example/", "-H", "X-Ver: 2");
  assert.match(stdout, /canary +not known here/);
  assert.match(stdout, /all serve generation \d+; asked now:\n {2}worker 0 \(pid \d+, generation \d+\): shop\/web \/ → canary shop-new-80: .*\n {2}worker 1 \(/);
  assert.match((await explain("https://web.example/", "-H", "X-Ver: 3")).stdout, /asked now, all 2 agree/);
});

test("an endpoint that fails is told apart from one that answers", async () => {
  for (let i = 0; i < 6; i++) assert.equal((await ask({ port: sluice.http, host: "half.example", path: `/${i}` })).status, 200);
  for (const deadline = Date.now() + 10_000; ; await sleep(200)) {
    const { stdout } = await explain("http://half.example/");
    if (new RegExp(`${dead} failed \\d+, last \\d+ s ago\\n`).test(stdout) && new RegExp(`127.0.0.1:${echo.port} answered \\d+`).test(stdout)) return;
    assert.ok(Date.now() < deadline, stdout);
    // Once a second, a worker notes the first request of a route and status.
    await ask({ port: sluice.http, host: "half.example" });
  }
});

test("a slip is told like anywhere, and JSON has it all", async () => {
  const { code, stderr } = await explain("ftp://web.example/");
  assert.deepEqual([code, /is no URL/.test(stderr)], [2, true], stderr);
  const { live } = JSON.parse((await explain("https://web.example/café", "-o", "json")).stdout) as { live: { workers: { ingress: string }[]; differ: unknown[]; behind: string[] } };
  assert.deepEqual([live.workers.map(({ ingress }) => ingress), live.differ, live.behind], [["web", "web"], [], []]);
});

test("a request that has just ended is there at once, whichever worker had it", async () => {
  for (let times = 0; times < 12; times++) {
    const path = `/just-now-${times}`;
    assert.equal((await ask({ port: sluice.http, host: "empty.example", path })).status, 503);
    const query = new URLSearchParams({ request: JSON.stringify({ url: `http://empty.example${path}`, method: "GET", headers: [] }) }).toString();
    const { live } = JSON.parse((await sluice.ask(`/api/v1/explain?${query}`)).text) as { readonly live: { readonly requests: readonly { readonly path: string }[] } };
    assert.equal(live.requests[0]?.path, path);
  }
});

test("requests of another scheme, or of another side of a split, are told only where there are no others", async () => {
  await ask({ port: sluice.http, host: "web.example", path: "/twice" });
  await ask({ port: sluice.https, tls: true, host: "web.example", path: "/twice" });
  const of = async (url: string): Promise<readonly string[]> => {
    const query = new URLSearchParams({ request: JSON.stringify({ url, method: "GET", headers: [] }) }).toString();
    const { live } = JSON.parse((await sluice.ask(`/api/v1/explain?${query}`)).text) as { readonly live: { readonly requests: readonly { readonly scheme: string; readonly path: string }[] } };
    return [...new Set(live.requests.filter(({ path }) => path === "/twice").map(({ scheme }) => scheme))];
  };
  assert.deepEqual([await of("https://web.example/twice"), await of("http://web.example/twice")], [["https"], ["http"]]);
});
