import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { startEcho } from "../support/echo.ts";
import { site } from "../support/manifests.ts";
import { freePorts, startSluice } from "../support/sluice.ts";

test("unlimited tries end after each endpoint was tried, dead ones included", async (t) => {
  const [dead] = await freePorts(1);
  const echo = await startEcho("alive");
  const endpoints = Array.from({ length: 5 }, (_, i) => `127.0.3.${i + 1}:${dead}`);
  const annotations = { "proxy-next-upstream-tries": "0" };
  const sluice = await startSluice({
    files: {
      "dead.yaml": site({ name: "dead", host: "dead.example", endpoints: endpoints.slice(0, 1), annotations }),
      "some.yaml": site({ name: "some", host: "some.example", endpoints: [...endpoints, `127.0.0.1:${echo.port}`], annotations }),
    },
  });
  t.after(async () => {
    await sluice.stop();
    await echo.close();
  });
  assert.equal((await ask({ port: sluice.http, host: "dead.example" })).status, 502);
  const log = (): string => readFileSync(join(sluice.runtimeDir, "access.log"), "utf8");
  // nginx writes its line after the answer.
  while (!log().includes("dead")) await sleep(5);
  const tries = log().split(`127.0.3.1:${dead}`).length - 1;
  assert.ok(tries >= 1 && tries <= 16, `${tries} tries`);
  for (let i = 0; i < 12; i++) assert.equal((await ask({ port: sluice.http, host: "some.example" })).echo?.backend, "alive");
});

test("a query without a path keeps its slash, whatever the profile", async (t) => {
  const echo = await startEcho("web");
  const endpoints = [`127.0.0.1:${echo.port}`];
  const files = {
    "plain.yaml": site({ name: "plain", host: "plain.example", endpoints }),
    "profile.yaml": site({ name: "profile", host: "profile.example", endpoints, annotations: { "proxy-body-size": "3m" } }),
  };
  const sluice = await startSluice({ files });
  t.after(async () => {
    await sluice.stop();
    await echo.close();
  });
  for (const host of ["plain.example", "profile.example"]) {
    const answer = await ask({ port: sluice.http, host, path: `http://${host}?x=1` });
    assert.equal(answer.echo?.path, "/?x=1", host);
  }
});
