/**
 * Compiles the edge to one Lua file, edge/build/sluice.lua. Warnings fail: the compiler gives one where JavaScript and
 * Lua would disagree (truthiness, for instance). What the nginx below HTTP runs becomes edge/build/stream.js, without its
 * types. With `--check` nothing is written.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
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
  // Files are renamed into place: a Sluice that starts meanwhile reads the old file or the new one, and never a part.
  else if (!process.argv.includes("--check")) {
    writeFileSync(`${fresh}/stream.js`, streamScript());
    for (const file of ["stream.js", "sluice.lua"]) renameSync(`${fresh}/${file}`, `${build}/${file}`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/** The script without its types, as njs takes it: njs has no `export` but the default one, and `catch` must name the error. */
function streamScript(): string {
  // Hides the warning that stripping types is experimental: Node's own loader does it to every file here.
  process.removeAllListeners("warning");
  const text = stripTypeScriptTypes(readFileSync(`${root}edge/stream/endpoint.ts`, "utf8"));
  return text.replace(/^export (?!default)/gm, "").replace(/\bcatch \{/g, "catch (_error) {");
}
