import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { lockHolder, takeLock } from "../../src/engine/locks.ts";
import { identify } from "../../src/support/process-identity.ts";
import { UserError } from "../../src/support/user-error.ts";

let file: string;
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "locks-"));
  file = join(folder, "controller.lock");
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("nobody holds a lock that is missing, unreadable, or of a process that is gone", () => {
  assert.equal(lockHolder(file), undefined);
  for (const text of ["", "{", "null", '{"pid":"x"}', '{"pid":0,"started":"1"}', '{"pid":4194399,"started":"1"}']) {
    writeFileSync(file, text);
    assert.equal(lockHolder(file), undefined, text);
  }
});

test("a reused pid is not the process that took the lock", () => {
  writeFileSync(file, JSON.stringify({ pid: process.pid, started: "1" }));
  assert.equal(lockHolder(file), undefined);
});

test("a lock is this process's until it ends, and may be taken again", () => {
  assert.equal(takeLock(file, "controller"), file);
  assert.equal(takeLock(file, "controller"), file);
  assert.deepEqual(lockHolder(file), identify(process.pid));
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), identify(process.pid));
});

test("another living process keeps its lock; once it was killed the lock is free", async () => {
  const other = spawn("sleep", ["60"]);
  const ended = new Promise((resolve) => other.once("exit", resolve));
  await new Promise((resolve) => other.once("spawn", resolve));
  writeFileSync(file, JSON.stringify(identify(other.pid ?? 0)));
  assert.throws(() => takeLock(file, "controller"), (error) => error instanceof UserError && error.message.includes(`pid ${other.pid}`) && error.message.includes("--runtime-dir"));
  other.kill("SIGKILL");
  await ended;
  assert.equal(takeLock(file, "controller"), file);
});

test("of many that find a stale lock at the same moment exactly one gets it", { timeout: 60_000 }, async () => {
  const taker = `
    import { takeLock } from ${JSON.stringify(new URL("../../src/engine/locks.ts", import.meta.url).href)};
    const [file, at] = process.argv.slice(1);
    while (Date.now() < Number(at));
    try { takeLock(file, "controller"); process.send("taken"); } catch (error) { process.send(error.name); }
    process.on("message", () => process.exit());`;
  for (const round of [1, 2]) {
    writeFileSync(file, '{"pid":4194399,"started":"1"}');
    const at = String(Date.now() + 1500);
    const takers = Array.from({ length: 5 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", taker, file, at], { stdio: ["ignore", "inherit", "inherit", "ipc"] }));
    const said = await Promise.all(takers.map((one) => new Promise<string>((resolve) => one.once("message", (word) => resolve(String(word))))));
    const winner = takers[said.indexOf("taken")];
    assert.deepEqual(said.toSorted(), ["UserError", "UserError", "UserError", "UserError", "taken"], `round ${round}`);
    assert.equal(lockHolder(file)?.pid, winner?.pid);
    await Promise.all(takers.map((one) => new Promise((resolve) => one.once("exit", resolve) && one.send("end"))));
    assert.deepEqual(readdirSync(folder), ["controller.lock"]);
  }
});

test("a folder that cannot be written is one sentence", () => {
  assert.throws(() => takeLock(join(folder, "none", "controller.lock"), "controller"), (error) => error instanceof UserError && error.message.includes("--runtime-dir"));
});

test("a claim that a killed process left is no claim", () => {
  writeFileSync(`${file}.4194399.1`, "");
  assert.equal(takeLock(file, "controller"), file);
  rmSync(file);
  writeFileSync(`${file}.4194399.1`, "");
  assert.equal(takeLock(file, "controller"), file);
  assert.deepEqual(readdirSync(folder), ["controller.lock"]);
});
