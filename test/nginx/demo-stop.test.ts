/**
 * Ctrl-C while the demo starts: at each step of the start, as soon as the step can be seen from outside. The demo always ends, and
 * leaves neither a process nor a file.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { processesThatName } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { site } from "../support/manifests.ts";

/** Files of the runtime folder in the order in which the start makes them. */
const STEPS = ["controller.lock", "agent.token", "control.sock", "agent.lock", "nginx.conf", "nginx-master.json", "program.log"] as const;

for (const step of STEPS) {
  test(`Ctrl-C as soon as there is ${step}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-demo-stop-"));
    writeFileSync(join(folder, "site.yaml"), site({ name: "web", host: "shop.example", endpoints: [] }));
    const demo = await startDemo([`--manifests=${folder}`]);
    const { runtimeDir } = demo;
    t.after(async () => {
      await demo.remove();
      rmSync(folder, { recursive: true, force: true });
    });
    for (const deadline = Date.now() + 30_000; !existsSync(join(runtimeDir, step)); ) {
      assert.ok(Date.now() < deadline, `no ${step} in 30 s`);
      assert.equal(demo.process.exitCode, null, demo.printed());
      await sleep(1);
    }
    const code = await Promise.race([demo.interrupt(), sleep(30_000, "still there after half a minute", { ref: false })]);
    assert.equal(code, 0, demo.printed());
    assert.doesNotMatch(demo.printed(), /\n\s+at |Error/);
    assert.match(demo.printed(), /^Stopping\.$/m);
    assert.equal(existsSync(runtimeDir), false, demo.printed());
    assert.deepEqual(processesThatName(runtimeDir), []);
  });
}
