/** bin/sluice: what Node compiled is kept for the next start, in a folder that nobody else can fill. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../bin/sluice", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sluice-launcher-"));
after(() => rmSync(folder, { recursive: true }));

const version = (env: Readonly<Record<string, string>>): void => {
  assert.match(execFileSync(LAUNCHER, ["--version"], { encoding: "utf8", env: { PATH: process.env["PATH"], ...env } }), /^sluice \d/);
};

test("it lies in the user's cache, for the user alone", () => {
  const home = join(folder, "home");
  mkdirSync(home);
  version({ HOME: home });
  const cache = join(home, ".cache/sluice");
  assert.equal(statSync(cache).mode & 0o777, 0o700);
  assert.notEqual(readdirSync(cache).length, 0);
});

test("XDG_CACHE_HOME and NODE_COMPILE_CACHE say another place, or none", () => {
  version({ HOME: join(folder, "unused"), XDG_CACHE_HOME: join(folder, "xdg") });
  assert.deepEqual(readdirSync(join(folder, "xdg")), ["sluice"]);
  version({ HOME: join(folder, "unused"), NODE_COMPILE_CACHE: "" });
  assert.ok(!readdirSync(folder).includes("unused"));
});

test("it starts where there is no home, or none that can be written", () => {
  version({});
  version({ HOME: "/proc/nowhere" });
});

test("a folder that somebody else made is not used", { skip: process.getuid?.() === 0 ? false : "NOT TESTED: only root can give a folder away" }, () => {
  const cache = join(folder, "others/sluice");
  mkdirSync(cache, { recursive: true, mode: 0o777 });
  chownSync(cache, 12345, 12345);
  version({ XDG_CACHE_HOME: join(folder, "others") });
  assert.deepEqual(readdirSync(cache), []);
});

test("nor is one that others may write to, or that a link leads to", () => {
  const open = join(folder, "open/sluice");
  mkdirSync(open, { recursive: true });
  chmodSync(open, 0o770);
  version({ XDG_CACHE_HOME: join(folder, "open") });
  assert.deepEqual(readdirSync(open), []);
  const [target, linked] = [join(folder, "target"), join(folder, "linked")];
  for (const one of [target, linked]) mkdirSync(one, { mode: 0o700 });
  symlinkSync(target, join(linked, "sluice"));
  version({ XDG_CACHE_HOME: linked });
  assert.deepEqual(readdirSync(target), []);
});
