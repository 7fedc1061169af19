/** A host that waits for a reload keeps all that its last version refers to: nothing that was serving stops. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let [old, young]: EchoBackend[] = [];
let sluice: Sluice;

/** A host with a password and a Service of its own: it refers to a pool and to users. */
function manifest(service: string, backend: EchoBackend | undefined, secret: string, bodySize: string, host = "shop.example"): string {
  const annotations = { "proxy-body-size": bodySize, "proxy-request-buffering": "off", "auth-type": "basic", "auth-secret": secret };
  return site({ name: service, host, endpoints: [`127.0.0.1:${backend?.port}`], annotations }) +
    documents({ apiVersion: "v1", kind: "Secret", metadata: { name: secret, namespace: "shop" }, data: { auth: Buffer.from("ann:{PLAIN}secret\n").toString("base64") } }).replace(/^/, "---\n");
}

const AS_ANN = { host: "shop.example", headers: { authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` } };

before(async () => {
  [old, young] = [await startEcho("old"), await startEcho("young")];
  sluice = await startSluice({ args: ["--reload-interval=600"], files: { "shop.yaml": manifest("one", old, "users-one", "2k") } });
  // Uses up the reloads that come at once: the next one comes ten minutes later.
  for (const size of ["5k", "6k", "7k", "3k"]) await sluice.apply({ "first.yaml": manifest("first", old, "users-first", size, "first.example") });
});
after(async () => {
  await sluice?.stop();
  await old?.close();
  await young?.close();
});

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 1000, `not within 20 s: ${what}`);
    await sleep(20);
  }
}

test("pools and users that its next version does without stay until that one is out", async () => {
  const served = async (): Promise<readonly unknown[]> => {
    const { status, echo } = await ask({ port: sluice.http, ...AS_ANN });
    return [status, echo?.backend];
  };
  assert.deepEqual(await served(), [200, "old"]);
  sluice.write({
    "shop.yaml": manifest("two", young, "users-two", "4k"),
    "later.yaml": site({ name: "later", host: "later.example", endpoints: [`127.0.0.1:${young?.port}`] }),
  });
  await until("what waits for nothing is out, and what is gone with it", async () => (await ask({ port: sluice.http, host: "later.example" })).status === 200);
  for (let i = 0; i < 20; i++) assert.deepEqual(await served(), [200, "old"]);
  // With settings that nginx has loaded already, the host waits no more.
  sluice.write({ "shop.yaml": manifest("two", young, "users-two", "3k") });
  await until("the new version is out", async () => (await served())[1] === "young");
});
