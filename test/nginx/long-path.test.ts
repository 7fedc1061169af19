import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LONGEST_PATH } from "../../src/model/shapes/bounds.ts";
import { ask } from "../support/client.ts";
import { startEcho } from "../support/echo.ts";
import { site } from "../support/manifests.ts";
import { startSluice } from "../support/sluice.ts";

test("a path of thousands of characters is served and counted, and its worker keeps following", async (t) => {
  const echo = await startEcho("web");
  const long = `/${"x".repeat(LONGEST_PATH - 1)}`;
  const manifest = site({ name: "web", host: "long.example", endpoints: [`127.0.0.1:${echo.port}`] });
  assert.ok(manifest.includes('"path":"/"') || manifest.includes("path: /"), "the manifest has a path to replace");
  const sluice = await startSluice({ files: { "web.yaml": manifest.replace(/("path":|path: )"?\/"?/, `$1"${long}"`) } });
  t.after(async () => {
    await sluice.stop();
    await echo.close();
  });
  assert.equal((await ask({ port: sluice.http, host: "long.example", path: long })).echo?.path, long);
  const counted = `path="${long.slice(0, 2048)}"`;
  for (const deadline = Date.now() + 10_000; !(await sluice.ask("/metrics")).text.includes(counted); await sleep(50)) {
    assert.ok(Date.now() < deadline, `not counted\n${sluice.log()}`);
  }
  assert.doesNotMatch(sluice.log(), /its connection is closed/);
});
