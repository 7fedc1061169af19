/**
 * Compiles the edge to one Lua file, edge/build/sluice.lua. Warnings fail: the compiler gives one where JavaScript and
 * Lua would disagree (truthiness, for instance). With `--check` nothing is written.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const build = `${root}edge/build`;

mkdirSync(build, { recursive: true });
const fresh = mkdtempSync(`${build}/.new-`);
try {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`${root}edge/node_modules/typescript-to-lua/dist/tstl.js`, "-p", `${root}edge/tsconfig.json`, "--outDir", fresh],
    { encoding: "utf8" },
  );
  const said = stdout + stderr;
  process.stderr.write(said);
  if (status !== 0 || /\bwarning\b/.test(said)) process.exitCode = 1;
  // Whole or not at all: a Sluice that starts meanwhile reads the old file or the new one.
  else if (!process.argv.includes("--check")) renameSync(`${fresh}/sluice.lua`, `${build}/sluice.lua`);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
