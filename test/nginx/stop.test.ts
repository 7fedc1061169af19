import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { groupMembers, identify, isAlive, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { freePorts, ROOT, startSluice, type Sluice } from "../support/sluice.ts";

const run = promisify(execFile);
const sluiceCommand = (...args: string[]): Promise<{ stdout: string; stderr: string }> => run(join(ROOT, "bin/sluice"), args, { timeout: 30_000 });

function held(sluice: Sluice, file: string): ProcessIdentity {
  return JSON.parse(readFileSync(join(sluice.runtimeDir, file), "utf8")) as ProcessIdentity;
}

test("a second run on the same runtime folder is refused with one sentence, and the first one serves on", async (t) => {
  const sluice = await startSluice();
  t.after(() => sluice.stop());
  const [http, https, health] = await freePorts(3);
  const second = sluiceCommand("run", `--manifests=${sluice.manifests}`, "--bind-address=127.0.0.1", `--http-port=${http}`,
    `--https-port=${https}`, `--healthz-port=${health}`, `--runtime-dir=${sluice.runtimeDir}`);
  await assert.rejects(second, (error: { code: number; stderr: string }) => {
    assert.equal(error.code, 1);
    assert.match(error.stderr, /^sluice: Another Sluice controller \(pid \d+\) uses .*--runtime-dir.*\n$/);
    return true;
  });
  assert.equal((await sluice.ask("/readyz")).status, 200);
});

test("`sluice stop` ends a running Sluice, and what a killed one left behind", async (t) => {
  for (const orphaned of [false, true]) {
    const sluice = await startSluice();
    t.after(() => sluice.stop());
    const [agent, master] = [held(sluice, "agent.lock"), held(sluice, "nginx-master.json")];
    if (orphaned) {
      const controller = identify(sluice.process.pid ?? 0);
      assert.ok(controller);
      sluice.process.kill("SIGKILL");
      while (isAlive(controller)) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.ok(isAlive(agent) && isAlive(master), "nginx outlives its controller");
    }
    const { stdout } = await sluiceCommand("stop", `--runtime-dir=${sluice.runtimeDir}`);
    assert.match(stdout, /^stopped/);
    assert.equal(isAlive(agent), false);
    assert.deepEqual(groupMembers(master.pid), []);
    assert.match((await sluiceCommand("stop", `--runtime-dir=${sluice.runtimeDir}`)).stdout, /^nothing runs/);
  }
});

test("SIGTERM and SIGINT end everything", async () => {
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    const sluice = await startSluice();
    const [agent, master] = [held(sluice, "agent.lock"), held(sluice, "nginx-master.json")];
    const ended = new Promise<number | null>((resolve) => sluice.process.once("exit", resolve));
    sluice.process.kill(name);
    assert.equal(await ended, 0);
    assert.equal(isAlive(agent), false);
    assert.deepEqual(groupMembers(master.pid), []);
    await sluice.stop();
  }
});
