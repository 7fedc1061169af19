import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { startEcho } from "../support/echo.ts";
import { site } from "../support/manifests.ts";
import { startSluice } from "../support/sluice.ts";

test("an adopted nginx that cannot have its new port is no reload: it serves on, and nginx's words are a finding", async (t) => {
  const echo = await startEcho("web");
  const taken = createServer();
  t.after(() => taken.close());
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const first = await startSluice({ files: { "web.yaml": site({ name: "web", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`] }) } });
  const gone = new Promise((resolve) => first.process.once("exit", resolve));
  first.process.kill("SIGKILL");
  await gone;
  const { port } = taken.address() as AddressInfo;
  const second = await startSluice({ successorOf: first, args: [`--http-port=${port}`] });
  t.after(async () => {
    await second.stop();
    await echo.close();
  });
  const findings = async (): Promise<string> => (await second.ask("/api/v1/findings")).text;
  for (const deadline = Date.now() + 20_000; !(await findings()).includes("engine-refused"); await sleep(100)) {
    assert.ok(Date.now() < deadline, `nothing is refused\n${second.log()}`);
  }
  assert.match(await findings(), new RegExp(`bind\\(\\) to 127\\.0\\.0\\.1:${port} failed`));
  assert.equal((await second.generation()).reloads, 0);
  assert.equal((await second.ask("/readyz")).status, 200);
  assert.equal((await ask({ port: first.http, host: "shop.example" })).status, 200);
});
