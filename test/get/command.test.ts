/** The command line of `sluice get`, from files. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { runCommand } from "../support/command.ts";
import { site } from "../support/manifests.ts";
import { freePorts, ROOT } from "../support/sluice.ts";

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-get-"));
  writeFileSync(join(folder, "web.yaml"), site({ name: "web", host: "shop.example", endpoints: ["10.0.0.1:80"] }));
  writeFileSync(join(folder, "api.yaml"), site({ name: "api", host: "api.example", endpoints: [] }).replaceAll('"namespace":"shop"', '"namespace":"other"'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const get = (...args: readonly string[]) => runCommand(["get", ...args, `--manifests=${folder}`]);

test("by namespace and by name, as a table, JSON and YAML", async () => {
  const { stdout, code } = await get("routes", "-n", "shop");
  assert.deepEqual([code, stdout], [0, "NAMESPACE   INGRESS   HOST           PATH         TARGET        ENDPOINTS\nshop        web       shop.example   / (prefix)   shop/web:80   1\n"]);
  assert.deepEqual((JSON.parse((await get("route", "api.example", "-ojson")).stdout) as { host: string }[]).map(({ host }) => host), ["api.example"]);
  assert.deepEqual((parse((await get("backends", "web", "-o", "yaml")).stdout) as { endpoints: string[] }[]).map(({ endpoints }) => endpoints), [["10.0.0.1:80"]]);
  assert.match((await get("routes", "-o", "wide")).stdout, /^NAMESPACE .*CANARIES +HTTPS\n/);
});

test("exit codes: 2 for a slip, 4 where no Sluice answers", async () => {
  for (const args of [[], ["nothing"], ["routes", "-o", "xml"]]) {
    const { code, stderr } = await get(...args);
    assert.equal(code, 2, stderr);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
  const [port] = await freePorts(1);
  const { code, stderr } = await runCommand(["get", "routes", `--healthz-port=${port}`]);
  assert.equal(code, 4);
  assert.match(stderr, /^sluice: No Sluice answers at 127\.0\.0\.1:\d+ \(connection refused\): start it, name its port with --healthz-port, or give --manifests or --kubeconfig\.\n$/);
});

test("--watch lists again when something is different", { timeout: 60_000 }, async (t) => {
  const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "get", "hosts", "--watch", `--manifests=${folder}`], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const until = async (text: string): Promise<void> => {
    while (!said.includes(text)) await once(child.stdout, "data", { signal: t.signal });
  };
  await until("shop.example");
  writeFileSync(join(folder, "late.yaml"), site({ name: "late", host: "late.example", endpoints: [] }));
  await until("late.example");
  const [first = "", second = ""] = said.split("\n\n");
  assert.ok(!first.includes("late.example") && second.includes("shop.example"), said);
});
