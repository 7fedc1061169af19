import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const shop = (host: string, port: number): string => site({ name: "web", host, endpoints: [`127.0.0.1:${port}`] });

let sluice: Sluice;
let backend: EchoBackend;
before(async () => {
  backend = await startEcho("web");
  sluice = await startSluice({ files: { "shop.yaml": shop("shop.example", backend.port) } });
});
after(async () => {
  await sluice?.stop();
  await backend?.close();
});

test("a request reaches its backend over HTTP/1.1, HTTPS and HTTP/2", async () => {
  for (const how of [{ port: sluice.http }, { port: sluice.https, tls: true }, { port: sluice.https, http2: true }]) {
    const answer = await ask({ ...how, host: "shop.example", path: "/a%20b/c?d=e" });
    assert.equal(answer.status, 200);
    assert.equal(answer.echo?.path, "/a%20b/c?d=e");
  }
});

test("a changed file is live when sync answers, without a reload", async () => {
  const { reloads } = await sluice.apply({ "shop.yaml": shop("store.example", backend.port) });
  assert.equal(reloads, 0);
  assert.equal((await ask({ port: sluice.http, host: "store.example" })).status, 200);
  assert.equal((await ask({ port: sluice.http, host: "shop.example" })).status, 404);
});
