/** What lies in the runtime folder while Sluice runs, who may touch it, and what is left afterwards. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { groupMembers, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { startEcho } from "../support/echo.ts";
import { probe } from "../support/engine.ts";
import { site } from "../support/manifests.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

/** Files that are left after a clean end: logs, one of which the test's own harness writes. */
const LOGS = ["access.log", "controller.log", "engine.log"];

function modes(sluice: Sluice, ...files: readonly string[]): Record<string, string> {
  return Object.fromEntries(files.map((file) => {
    const { mode, uid, gid } = lstatSync(join(sluice.runtimeDir, file));
    return [file, `${(mode & 0o7777).toString(8)} ${uid}:${gid}`];
  }));
}

async function endedBy(name: NodeJS.Signals, sluice: Sluice): Promise<void> {
  const ended = new Promise((resolve) => sluice.process.once("exit", resolve));
  sluice.process.kill(name);
  await ended;
}

test("workers may read the snapshot and fill nginx's temporary folders, and change nothing", { skip: process.getuid?.() !== 0 && "needs root" }, async (t) => {
  const echo = await startEcho("web");
  t.after(() => echo.close());
  const sluice = await startSluice({ files: { "web.yaml": site({ name: "web", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`] }) } });
  t.after(() => sluice.stop());
  const { workers } = probe(sluice.runtimeDir);
  assert.ok(workers);
  const { uid, gid } = workers;
  assert.deepEqual(modes(sluice, "", "program.log", "keys.log", "access.log", "engine.log", "nginx.conf", "agent.token", "default.key", "temp", "temp/scgi", "temp/client_body", "control.sock"), {
    "": "711 0:0",
    "program.log": `640 0:${gid}`,
    "keys.log": `640 0:${gid}`,
    "access.log": `640 ${uid}:0`,
    "engine.log": "640 0:0",
    "nginx.conf": "600 0:0",
    "agent.token": "600 0:0",
    "default.key": "600 0:0",
    temp: "711 0:0",
    "temp/scgi": `700 ${uid}:0`,
    "temp/client_body": `700 ${uid}:0`,
    "control.sock": `600 ${uid}:${gid}`,
  });
  const before = statSync(join(sluice.runtimeDir, "temp/client_body")).mtimeMs;
  const body = randomBytes(700_000);
  const { status, echo: got } = await ask({ port: sluice.http, host: "shop.example", method: "POST", body, headers: { "content-length": `${body.length}` } });
  assert.deepEqual([status, got?.bodyLength], [200, body.length]);
  assert.ok(statSync(join(sluice.runtimeDir, "temp/client_body")).mtimeMs > before, "the body went through a file");
});

test("after a clean end nothing is left but logs", async (t) => {
  const sluice = await startSluice();
  t.after(() => sluice.stop());
  assert.ok(existsSync(join(sluice.runtimeDir, "default.key")));
  await endedBy("SIGTERM", sluice);
  assert.deepEqual(readdirSync(sluice.runtimeDir).sort(), LOGS);
});

test("`sluice stop` removes what killed ones left", async (t) => {
  const sluice = await startSluice();
  t.after(() => sluice.stop());
  const held = (file: string): ProcessIdentity => JSON.parse(readFileSync(join(sluice.runtimeDir, file), "utf8")) as ProcessIdentity;
  const agent = held("agent.lock");
  const nginx = groupMembers(held("nginx-master.json").pid);
  await endedBy("SIGKILL", sluice);
  for (const { pid } of [agent, ...nginx]) process.kill(pid, "SIGKILL");
  assert.ok(existsSync(join(sluice.runtimeDir, "default.key")));
  const { code } = await runCommand(["stop", `--runtime-dir=${sluice.runtimeDir}`]);
  assert.equal(code, 0);
  assert.deepEqual(readdirSync(sluice.runtimeDir).sort(), LOGS);
});

test("`sluice stop` leaves a folder alone that no Sluice has used", async (t) => {
  const folder = mkdtempSync("/dev/shm/sluice-test-");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "nginx.conf"), "somebody else's");
  assert.match((await runCommand(["stop", `--runtime-dir=${folder}`])).stdout, /^nothing runs/);
  assert.deepEqual(readdirSync(folder), ["nginx.conf"]);
});

test("a start that fails takes away the folder that it made, and only that", async (t) => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  t.after(() => busy.close());
  const { port } = busy.address() as AddressInfo;
  const [https, health] = await freePorts(2);
  const above = mkdtempSync("/dev/shm/sluice-test-");
  t.after(() => rmSync(above, { recursive: true, force: true }));
  chmodSync(above, 0o755);
  mkdirSync(join(above, "manifests"));
  mkdirSync(join(above, "there"), { mode: 0o711 });
  for (const name of ["new", "there"]) {
    const { code, stderr } = await runCommand(["run", `--manifests=${above}/manifests`, "--bind-address=127.0.0.1", `--http-port=${port}`, `--https-port=${https}`,
      `--healthz-port=${health}`, "--healthz-host=127.0.0.1", `--runtime-dir=${above}/${name}`]);
    assert.equal(code, 1);
    assert.match(stderr, /is in use by another process/);
  }
  assert.deepEqual(readdirSync(above).sort(), ["manifests", "there"]);
  assert.deepEqual(readdirSync(join(above, "there")), []);
});

test("a runtime folder that somebody else could swap is one sentence", async (t) => {
  const above = mkdtempSync("/dev/shm/sluice-test-");
  t.after(() => rmSync(above, { recursive: true, force: true }));
  mkdirSync(join(above, "target"));
  symlinkSync(join(above, "target"), join(above, "run"));
  const { code, stderr } = await runCommand(["run", `--manifests=${above}/target`, `--runtime-dir=${above}/run`]);
  assert.equal(code, 1);
  assert.match(stderr, /^sluice: The runtime folder \S+ is a symbolic link.*--runtime-dir\.\n$/);
});
