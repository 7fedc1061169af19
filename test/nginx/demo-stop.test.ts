/**
 * Ctrl-C while the demo starts: at each step of the start, as soon as the step can be seen from outside. Every time it ends, and
 * leaves neither a process nor a file.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { processesThatName } from "../support/command.ts";
import { site } from "../support/manifests.ts";
import { freePorts, ROOT } from "../support/sluice.ts";

/** Files of the runtime folder in the order in which they come to be. */
const STEPS = ["controller.lock", "demo/secret.yaml", "agent.token", "control.sock", "agent.lock", "nginx.conf", "nginx-master.json", "program.log"] as const;

for (const step of STEPS) {
  test(`Ctrl-C as soon as there is ${step}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-demo-stop-"));
    const runtimeDir = mkdtempSync("/dev/shm/sluice-demo-stop-");
    rmSync(runtimeDir, { recursive: true });
    writeFileSync(join(folder, "site.yaml"), site({ name: "web", host: "shop.example", endpoints: [] }));
    const [http, https, health] = await freePorts(3);
    const demo = spawn(
      process.execPath,
      [join(ROOT, "src/main.ts"), "demo", `--manifests=${folder}`, `--http-port=${http}`, `--https-port=${https}`, `--healthz-port=${health}`, `--runtime-dir=${runtimeDir}`],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    t.after(() => {
      demo.kill("SIGKILL");
      for (const one of [folder, runtimeDir]) rmSync(one, { recursive: true, force: true });
    });
    let printed = "";
    for (const stream of [demo.stdout, demo.stderr]) stream.on("data", (text: Buffer) => (printed += text.toString()));
    const ended = new Promise<number | null>((resolve) => demo.once("exit", resolve));
    while (!existsSync(join(runtimeDir, step))) {
      assert.equal(demo.exitCode, null, printed);
      await sleep(1);
    }
    demo.kill("SIGINT");
    const code = await Promise.race([ended, sleep(30_000, "still there after half a minute", { ref: false })]);
    assert.equal(code, 0, printed);
    assert.doesNotMatch(printed, /\n\s+at |Error/);
    assert.match(printed, /^Stopping\.$/m);
    assert.equal(existsSync(runtimeDir), false, printed);
    assert.deepEqual(processesThatName(runtimeDir), []);
  });
}
