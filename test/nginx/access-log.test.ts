/** The access log of real nginx: where requests are logged, in which format, and which requests are not logged. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { ask, type Ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let echo: EchoBackend;
let sluice: Sluice;
let folder: string;
let files = 0;

before(async () => {
  echo = await startEcho("web");
  folder = mkdtempSync("/dev/shm/sluice-logs-");
  sluice = await startSluice({
    files: {
      "settings.yaml": configMap({ "worker-processes": "1" }),
      "web.yaml": site({ name: "web", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`] }),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
  rmSync(folder, { recursive: true, force: true });
});

const newFile = (): string => join(folder, `access-${++files}.log`);
const apply = (data: Readonly<Record<string, string>>): Promise<unknown> =>
  sluice.apply({ "settings.yaml": configMap({ "worker-processes": "1", "log-format-upstream": "$host $request_uri", ...data }) });
const request = (path: string, more: Partial<Ask> = {}): Promise<unknown> => ask({ port: sluice.http, host: "shop.example", path, ...more });

/** Waits until the log has this line, and gives all its lines. nginx writes a line when the request has ended. */
async function logUntil(file: string, line: string, read = (bytes: Buffer): string => bytes.toString()): Promise<string[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const lines = read(readFileSync(file)).split("\n").filter((one) => one !== "");
    if (lines.some((one) => one.includes(line))) return lines;
    assert.ok(Date.now() < deadline, `${file} does not say "${line}":\n${lines.join("\n")}`);
    await sleep(20);
  }
}

test("URIs that are to be skipped are: whole ones, and those that a pattern matches; the list is data", async () => {
  const file = newFile();
  await apply({ "access-log-path": file, "skip-access-log-urls": "/ping, ~^/static/, ~*\\.PNG$, ~(" });
  for (const path of ["/ping", "/ping?x", "/pong", "/static/a", "/a/static/", "/a.png", "/end"]) await request(path);
  assert.deepEqual(await logUntil(file, "/end"), ["/ping?x", "/pong", "/a/static/", "/end"].map((path) => `shop.example ${path}`));
  const { reloads } = await sluice.generation();
  await apply({ "access-log-path": file, "skip-access-log-urls": "/pong" });
  for (const path of ["/ping", "/pong", "/end-2"]) await request(path);
  assert.deepEqual((await logUntil(file, "/end-2")).slice(4), ["shop.example /ping", "shop.example /end-2"]);
  assert.equal((await sluice.generation()).reloads, reloads, "a changed list costs no reload");
});

test("what nobody declared is logged, unless that is not wanted", async () => {
  const file = newFile();
  await apply({ "access-log-path": file });
  await request("/1", { host: "nobody.example" });
  await logUntil(file, "nobody.example /1");
  await apply({ "access-log-path": file, "enable-access-log-for-default-backend": "false" });
  await request("/2", { host: "nobody.example" });
  await request("/3");
  assert.deepEqual((await logUntil(file, "/3")).slice(1), ["shop.example /3"]);
});

test("health checks of load balancers are not logged", async () => {
  const file = newFile();
  await apply({ "access-log-path": file });
  const checked = await ask({ port: sluice.http, host: "nobody.example", path: "/healthz" });
  assert.deepEqual([checked.status, checked.text], [200, ""]);
  await request("/healthz");
  assert.deepEqual(await logUntil(file, "/healthz"), ["shop.example /healthz"]);
});

test("the path for http comes before the other; escaping as asked for; variables of ingress-nginx", async () => {
  const [other, file] = [newFile(), newFile()];
  const format = '{"agent":"$http_user_agent","service":"$namespace/$ingress_name/$service_name/$service_port$location_path","upstream":"$proxy_upstream_name","ports":"${pass_server_port} $pass_port $balancer_ewma_score"}';
  const where = { "access-log-path": other, "http-access-log-path": file, "log-format-upstream": format };
  const agent = { headers: { "user-agent": 'a"b' } };
  await apply({ ...where, "log-format-escape-json": "true" });
  await request("/", agent);
  assert.deepEqual(JSON.parse((await logUntil(file, "agent"))[0] ?? ""), { agent: 'a"b', service: "shop/web/web/80/", upstream: "shop-web-80", ports: `${sluice.http} ${sluice.http} -1` });
  await apply({ ...where, "log-format-escape-json": "true", "log-format-escape-none": "true" });
  await request("/", agent);
  await logUntil(file, '"agent":"a"b"');
  assert.throws(() => readFileSync(other), { code: "ENOENT" });
});

test("a buffer, compressed, and written after a while", async () => {
  const file = newFile();
  await apply({ "access-log-path": file, "access-log-params": "buffer=4k flush=100ms gzip=1" });
  await request("/packed");
  await logUntil(file, "/packed", (bytes) => (bytes.length > 0 ? gunzipSync(bytes).toString() : ""));
});

test("no access log at all", async () => {
  const file = newFile();
  await apply({ "access-log-path": file, "disable-http-access-log": "true" });
  await request("/");
  assert.throws(() => readFileSync(file), { code: "ENOENT" });
});

test("syslog gets both logs; the error log has a file where that is asked for", async () => {
  const messages: string[] = [];
  const server = createSocket("udp4").on("message", (bytes) => messages.push(String(bytes)));
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  const said = async (what: string): Promise<void> => {
    const deadline = Date.now() + 10_000;
    while (!messages.some((one) => one.includes(what))) {
      assert.ok(Date.now() < deadline, messages.join("\n"));
      await sleep(20);
    }
  };
  try {
    await apply({ "enable-syslog": "true", "syslog-host": "127.0.0.1", "syslog-port": String(server.address().port) });
    await request("/to-syslog");
    await said("shop.example /to-syslog");
    await said("[notice]");
  } finally {
    server.close();
  }
  const errors = join(folder, "error.log");
  await apply({ "error-log-path": errors, "skip-access-log-urls": "~(" });
  await request("/");
  await logUntil(errors, "a pattern cannot be run");
});

test("what cannot be is a finding, and logs go on as before", async () => {
  await apply({ "enable-syslog": "true", "access-log-params": "if=$arg_x", "skip-access-log-urls": "nonsense" });
  const findings = JSON.parse((await sluice.ask("/api/v1/findings")).text) as { readonly code: string; readonly field: string }[];
  assert.deepEqual(findings.filter(({ code }) => code.startsWith("config-")).map(({ code, field }) => `${code} ${field}`).sort(), [
    "config-syslog-without-host data[enable-syslog]", "config-value-invalid data[access-log-params]", "config-value-invalid data[skip-access-log-urls]",
  ]);
});
