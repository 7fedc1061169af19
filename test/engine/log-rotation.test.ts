/** Logs are kept in memory, so their size is bounded; after a rotation every process writes to the new file. */
import assert from "node:assert/strict";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { boundOnce, makeAccessLog, type Logs } from "../../src/engine/agent/log-rotation.ts";

let folder: string;
let reopened: number;
let logs: Logs;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "logs-"));
  reopened = 0;
  logs = { folder, workers: process.getuid?.() === 0 ? { uid: 65534 } : undefined, reopen: () => reopened++ };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (name: string): string => readFileSync(join(folder, name), "utf8");

test("nobody else may read the access log, and workers may open it", () => {
  writeFileSync(join(folder, "access.log"), "old\n", { mode: 0o644 });
  makeAccessLog(logs);
  const { mode, uid } = statSync(join(folder, "access.log"));
  assert.deepEqual([mode & 0o777, uid, text("access.log")], [0o640, logs.workers?.uid ?? process.getuid?.(), "old\n"]);
});

test("a long access log is renamed and made anew before nginx opens it", () => {
  makeAccessLog(logs);
  boundOnce(logs, 4);
  assert.deepEqual([reopened, existsSync(join(folder, "access.log.1"))], [0, false]);
  writeFileSync(join(folder, "access.log"), "long\n");
  boundOnce(logs, 4);
  assert.deepEqual([reopened, text("access.log.1"), text("access.log")], [1, "long\n", ""]);
  assert.equal(statSync(join(folder, "access.log")).mode & 0o777, 0o640);
});

test("a long engine log goes on in place: whoever holds it open writes at its new start", () => {
  const held = openSync(join(folder, "engine.log"), "a", 0o640);
  try {
    for (const line of ["first\n", "second\n"]) {
      writeSync(held, line);
      boundOnce(logs, 4);
      assert.deepEqual([text("engine.log.1"), text("engine.log")], [line, ""]);
    }
    writeSync(held, "x");
    assert.equal(text("engine.log"), "x");
    assert.equal(reopened, 0);
  } finally {
    closeSync(held);
  }
});

test("a log that cannot be kept is emptied", () => {
  for (const name of ["access.log", "engine.log"]) {
    writeFileSync(join(folder, name), "long\n");
    mkdirSync(join(folder, `${name}.1`, "in-the-way"), { recursive: true });
  }
  boundOnce(logs, 4);
  assert.deepEqual([text("access.log"), text("engine.log")], ["", ""]);
});

test("no log, or no folder, is no error", () => {
  boundOnce(logs, 4);
  boundOnce({ ...logs, folder: join(folder, "none") }, 0);
});
