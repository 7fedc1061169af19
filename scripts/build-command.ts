/**
 * Builds the command line: src/ and the packages that it needs become one file, bin/build/command.cjs, which starts faster than
 * the hundreds that it is made of. bin/sluice runs it while the sources are those that it was made of; `node src/main.ts` always
 * runs the sources. Warnings fail.
 *
 * What a command does not import is in the file, and is not run. Packages that only an API server needs stay where they are. The
 * source map leads from an error back to src/ (SLUICE_DEBUG=1).
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
/** Two folders below the root, as the files of src/ that name others by their way from there. */
const to = `${root}bin/build`;

/** What bin/sluice compares with. */
function sources(): string {
  return execFileSync("sh", ["-c", '. "$1/bin/sources.sh" && sources "$1"', "sh", root], { encoding: "utf8", maxBuffer: 2 ** 26 });
}

/** Packages that the sources ask Node for become part of the build, each still run when it is asked for first. */
const packages: Plugin = {
  name: "packages",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/support\/packages\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/^.*\bcreateRequire\b.*\n/gm, ""),
      loader: "ts",
    }));
  },
};

/** The lines of what it is made of. */
const made = (): string => sources().replace(/^bin\/build\/.*\n/gm, "");

mkdirSync(to, { recursive: true });
const before = made();
if (before === "") throw new Error("the sources cannot be listed: GNU find is needed");
const { warnings, outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/main.ts"],
  outfile: `${to}/command.cjs`,
  write: false,
  metafile: true,
  bundle: true,
  platform: "node",
  // Node starts it sooner than a module: that would make Node load all that node:crypto and node:util can name.
  format: "cjs",
  target: "node24",
  external: ["@kubernetes/client-node", "undici"],
  plugins: [packages],
  define: { "import.meta.url": "ownAddress" },
  banner: { js: 'const ownAddress = require("node:url").pathToFileURL(__filename).href;' },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "inline",
  sourcemap: "linked",
  sourcesContent: false,
});
const listed = new Set(before.split("\n").map((line) => line.split(" ")[0]));
const unlisted = Object.keys(metafile.inputs).find((file) => !file.includes("node_modules/") && !listed.has(file));
if (unlisted !== undefined) throw new Error(`bin/sources.sh does not list ${unlisted}, which is built in`);
if (warnings.length > 0) process.exitCode = 1;
else {
  // While files are replaced, the sources are run.
  rmSync(`${to}/sources`, { force: true });
  for (const { path, contents } of outputFiles) put(basename(path), contents);
  // Before the file is loaded, and for whoever wants to see it: reading the source map takes longer than a start.
  const load = 'if (process.env.SLUICE_DEBUG) process.setSourceMapsEnabled(true);\nrequire("./command.cjs");\n';
  // The name that people start the program by is the file's (settings/program-name.ts).
  for (const name of ["main.cjs", "kubectl-sluice.cjs"]) put(name, load);
  const all = sources();
  if (made() !== before) throw new Error("a source was changed meanwhile: build again");
  put("sources", all);
}

/** Files are renamed into place: a Sluice that starts meanwhile reads the old file or the new one, and never a part. */
function put(name: string, contents: string | Uint8Array): void {
  writeFileSync(`${to}/.new`, contents);
  renameSync(`${to}/.new`, `${to}/${name}`);
}
