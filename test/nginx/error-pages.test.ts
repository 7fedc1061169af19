/** Error pages on real nginx: which backend is asked, what it is told, and that only a new set of statuses costs a reload. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let sluice: Sluice;
let web: EchoBackend;
let errors: EchoBackend;
let accessLog: string;

const at = ({ address, port }: EchoBackend): string => `${address}:${port}`;

before(async () => {
  web = await startEcho("web");
  errors = await startEcho("errors");
  accessLog = join("/dev/shm", `sluice-access-${process.pid}.log`);
  sluice = await startSluice({
    files: { "settings.yaml": configMap({ "access-log-path": accessLog, "log-format-upstream": "$request_uri $status $proxy_upstream_name" }) },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await Promise.all([web?.close(), errors?.close()]);
  rmSync(accessLog, { force: true });
});

test("what is refused never gets to the backend behind it, and a body without length stays behind", async () => {
  await sluice.apply({
    "web.yaml": site({ name: "web", host: "small.example", endpoints: [at(web)], annotations: { "proxy-body-size": "100", "custom-http-errors": "413", "default-backend": "errors" } }),
    "errors.yaml": site({ name: "errors", host: "errors.example", endpoints: [at(errors)] }),
  });
  const served = web.requests();
  for (const how of [{ port: sluice.http, headers: { "transfer-encoding": "chunked" } }, { port: sluice.https, http2: true }]) {
    const answer = await ask({ ...how, host: "small.example", method: "POST", body: Buffer.alloc(200_000, "x") });
    assert.deepEqual([answer.echo?.backend, answer.echo?.headers["x-code"], answer.echo?.bodyLength], ["errors", "413", 0]);
  }
  assert.equal(web.requests(), served);
});

test("HEAD stays HEAD, and the connection is kept for the next request", async () => {
  await sluice.apply({ "head.yaml": site({ name: "web", host: "head.example", endpoints: [at(web)], annotations: { "custom-http-errors": "404", "default-backend": "errors" } }), "web.yaml": undefined });
  const socket = connect(sluice.http, "127.0.0.1");
  const head = "HEAD / HTTP/1.1\r\nHost: head.example\r\nX-Want-Status: 404\r\nX-Want-Page: 410\r\n\r\n";
  socket.write(head + head + head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  assert.equal(text.match(/^HTTP\/1\.1 410 /gm)?.length, 3, text);
});

test("a default backend that gets its endpoints later is used without a reload", async () => {
  const page = { "custom-http-errors": "404", "default-backend": "late" };
  await sluice.apply({ "head.yaml": site({ name: "web", host: "late.example", endpoints: [at(web)], annotations: page }) });
  const asked = { port: sluice.http, host: "late.example", headers: { "x-want-status": "404" } };
  assert.deepEqual((await ask(asked)).echo, undefined);
  const { reloads } = await sluice.generation();
  const after = await sluice.apply({ "late.yaml": site({ name: "late", host: "pages.example", endpoints: [at(errors)] }) });
  assert.equal((await ask(asked)).echo?.backend, "errors");
  assert.equal(after.reloads, reloads);
});

test("enable-access-log keeps requests out of the access log, their error pages too; enable-rewrite-log writes a line", async () => {
  const annotations = { "enable-access-log": "false", "enable-rewrite-log": "true", "custom-http-errors": "404", "default-backend": "errors" };
  await sluice.apply({
    "head.yaml": site({ name: "web", host: "quiet.example", endpoints: [at(web)], annotations }),
    "loud.yaml": site({ name: "loud", host: "loud.example", endpoints: [at(web)], annotations: { "custom-http-errors": "404", "default-backend": "errors" } }),
    "unclear.yaml": site({ name: "unclear", host: "unclear.example", endpoints: [at(web)], annotations: { "enable-access-log": "no", "enable-rewrite-log": "1x" } }),
  });
  const missing = { "x-want-status": "404" };
  for (const path of ["/quiet", "/quiet/page"]) await ask({ port: sluice.http, host: "quiet.example", path, headers: path === "/quiet" ? {} : missing });
  await ask({ port: sluice.http, host: "loud.example", path: "/loud", headers: missing });
  await ask({ port: sluice.http, host: "unclear.example", path: "/unclear" });
  const read = (): string => readFileSync(accessLog, "utf8");
  const deadline = Date.now() + 5000;
  while (!read().includes("/unclear ") && Date.now() < deadline) await sleep(10);
  assert.match(read(), /^\/loud 200 custom-default-backend-shop-errors$/m);
  assert.match(read(), /^\/unclear 200 shop-unclear-80$/m);
  assert.doesNotMatch(read(), /quiet/);
  assert.match(sluice.engineLog(), /\[notice\].*request for quiet\.example \/quiet goes on as \/quiet/);
  assert.doesNotMatch(sluice.engineLog(), /request for unclear\.example/);
});
