/** The runtime folder belongs to Sluice alone: which folders are refused, what is made in it, and what is left after a clean end. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import { claimFolder, clearAgentFiles, clearFolder, isLeftOver, makeTemp } from "../../src/engine/runtime-folder.ts";
import { identify } from "../../src/support/process-identity.ts";
import { UserError } from "../../src/support/user-error.ts";

const root = process.getuid?.() === 0;
const mode = (path: string): number => statSync(path).mode & 0o7777;

let above: string;
let folder: string;
beforeEach(() => {
  above = mkdtempSync("/dev/shm/sluice-test-");
  chmodSync(above, 0o755);
  folder = `${above}/run`;
});
afterEach(() => rmSync(above, { recursive: true, force: true }));

function refuses(path: string, sentence: RegExp): void {
  assert.throws(() => claimFolder(path), (error) => error instanceof UserError && sentence.test(error.message) && error.message.includes("--runtime-dir"));
}

test("a folder that is made is closed to others; workers of another account may pass through", () => {
  assert.equal(claimFolder(folder), true);
  assert.equal(mode(folder), root ? 0o711 : 0o700);
  assert.equal(claimFolder(folder), false);
});

test("a folder that is there keeps its mode, but lets workers pass", () => {
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(`${folder}/some.log`, "");
  assert.equal(claimFolder(folder), false);
  assert.equal(mode(folder), root ? 0o711 : 0o700);
});

test("a symbolic link is refused, with and without a slash at its end", () => {
  mkdirSync(`${above}/target`, { mode: 0o700 });
  symlinkSync(`${above}/target`, folder);
  for (const path of [folder, `${folder}/`]) refuses(path, /symbolic link/);
});

test("a file, and a folder below one, is refused", () => {
  writeFileSync(folder, "");
  refuses(folder, /is a file/);
  refuses(`${folder}/deeper`, /cannot be (made|used) \(ENOTDIR\)/);
});

test("a folder of another user is refused", { skip: !root && "needs root" }, () => {
  mkdirSync(folder, { mode: 0o755 });
  chownSync(folder, 65534, 65534);
  refuses(folder, /another user \(uid 65534\)/);
});

test("a folder in which others may write is refused, unless it is new: then it is closed", () => {
  for (const open of [0o777, 0o775, 0o1777]) {
    mkdirSync(folder);
    chmodSync(folder, open);
    writeFileSync(`${folder}/planted`, "");
    refuses(folder, /Others may write/);
    rmSync(`${folder}/planted`);
    assert.equal(claimFolder(folder), false);
    assert.equal(mode(folder), root ? 0o711 : 0o700);
    rmSync(folder, { recursive: true });
  }
});

test("a folder that somebody could replace from above, or that workers cannot reach, is refused", { skip: !root && "needs root" }, () => {
  chmodSync(above, 0o777);
  refuses(folder, /Everybody may write in/);
  chmodSync(above, 0o1777);
  assert.equal(claimFolder(folder), false);
  chmodSync(above, 0o700);
  refuses(folder, /workers cannot reach/);
});

test("nginx's temporary folder is ours, whoever's it was", () => {
  mkdirSync(folder, { mode: 0o711 });
  makeTemp(folder);
  assert.deepEqual([mode(`${folder}/temp`), statSync(`${folder}/temp`).uid], [root ? 0o711 : 0o700, process.getuid?.()]);
  rmSync(`${folder}/temp`, { recursive: true });
  mkdirSync(`${above}/target`);
  symlinkSync(`${above}/target`, `${folder}/temp`);
  makeTemp(folder);
  assert.ok(existsSync(`${above}/target`));
  assert.equal(mode(`${folder}/temp`), root ? 0o711 : 0o700);
});

const FILES = ["nginx.conf", "nginx.conf.new", "keys.log", "keys.log.new", "program.log", "default.key", "default.crt", "agent.token", "nginx.pid"];

test("cleared, a folder holds logs and what others put there", () => {
  mkdirSync(folder);
  for (const name of [...FILES, "engine.log", "access.log", "mine"]) writeFileSync(`${folder}/${name}`, "x");
  makeTemp(folder);
  assert.equal(isLeftOver(folder), true);
  clearAgentFiles(folder);
  assert.deepEqual(readdirSync(folder).sort(), ["access.log", "agent.token", "engine.log", "mine"]);
  clearFolder(folder);
  assert.deepEqual(readdirSync(folder).sort(), ["access.log", "engine.log", "mine"]);
  assert.equal(isLeftOver(folder), false);
  clearFolder(folder, true);
  assert.equal(existsSync(folder), false);
});

test("nothing is removed while an agent lives there, or after an nginx that did not end in good order", () => {
  for (const [lock, text] of [["agent.lock", JSON.stringify(identify(process.pid))], ["nginx-master.json", "{}"]] as const) {
    mkdirSync(folder);
    for (const name of FILES) writeFileSync(`${folder}/${name}`, "x");
    writeFileSync(`${folder}/${lock}`, text);
    clearFolder(folder);
    clearFolder(folder, true);
    assert.deepEqual(readdirSync(folder).sort(), [...FILES, lock].sort());
    rmSync(folder, { recursive: true });
  }
});

test("a folder that no Sluice has used is not taken for one", () => {
  mkdirSync(folder);
  writeFileSync(`${folder}/nginx.conf`, "somebody else's");
  assert.equal(isLeftOver(folder), false);
  assert.equal(isLeftOver(`${above}/none`), false);
});
