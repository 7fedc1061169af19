/** The built command line serves as the sources do, and starts its agent from the build. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { builtCopy, type BuiltCopy } from "../support/built.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let copy: BuiltCopy;
let echo: EchoBackend;
let sluice: Sluice;

before(async () => {
  copy = builtCopy();
  echo = await startEcho("web");
  const main = join(copy.project, "bin/build/main.cjs");
  sluice = await startSluice({ main, files: { "site.yaml": site({ name: "web", host: "built.example", endpoints: [`127.0.0.1:${echo.port}`] }) }, args: ["--output=json"] });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
  copy?.remove();
});

test("it serves, its agent is of the same build, and it writes log lines for machines", async () => {
  const { status } = await ask({ port: sluice.http, host: "built.example", path: "/" });
  assert.equal(status, 200);
  const { pid } = JSON.parse(readFileSync(join(sluice.runtimeDir, "agent.lock"), "utf8")) as { readonly pid: number };
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  assert.deepEqual(words.filter((word) => !word.startsWith("--")).slice(1, 3), [join(copy.project, "bin/build/main.cjs"), "agent"]);
  for (const line of sluice.log().trimEnd().split("\n")) assert.equal(typeof (JSON.parse(line) as { readonly msg: unknown }).msg, "string");
  assert.match((await sluice.ask("/metrics")).text, /^nodejs_version_info/m);
});
