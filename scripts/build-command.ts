/**
 * Builds the command line: each command, with all of src/ and of the packages that it needs, becomes one file in bin/build/, which
 * starts faster than the hundreds that it is made of. bin/sluice runs the build while it and its sources are as they were then;
 * `node src/main.ts` always runs the sources. Warnings fail.
 *
 * What of a command is loaded late is in its file, too, and is run late. Packages that only an API server needs stay where they
 * are. Source maps lead from an error back to src/ (SLUICE_DEBUG=1).
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const MAIN = `${root}src/main.ts`;
/** Two folders below the root, as the files of src/ that name others by their way from there. */
const to = `${root}bin/build`;
/** One for all files, because main.ts asks of an error whether it is one of these. */
const SHARED = "support/user-error.ts";

/** What bin/sluice compares with. */
function sources(): string {
  return execFileSync("sh", ["-c", '. "$1/bin/sources.sh" && sources "$1"', "sh", root], { encoding: "utf8", maxBuffer: 2 ** 26 });
}

/** The lines of what it is made of. */
const made = (): string => sources().replace(/^bin\/build\/.*\n/gm, "");

const fileOf = (source: string): string => `${basename(source, ".ts")}.cjs`;

/** What main.ts imports late, and what all share, are files of their own. */
const files: Plugin = {
  name: "files",
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ path, kind, importer }) => {
      const isFile = kind === "dynamic-import" ? importer === MAIN : path.endsWith(`/${basename(SHARED)}`) && kind === "import-statement";
      return isFile ? { path: `./${fileOf(path)}`, external: true } : undefined;
    });
  },
};

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

mkdirSync(to, { recursive: true });
const before = made();
if (before === "") throw new Error("the sources cannot be listed: GNU find is needed");
const late = [...new Set([...readFileSync(MAIN, "utf8").matchAll(/\bimport\("\.\/([^"]+)"\)/g)].map(([, path = ""]) => path))];
const { warnings, outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: [{ in: "src/main.ts", out: "start" }, ...[SHARED, ...late].map((path) => ({ in: `src/${path}`, out: basename(path, ".ts") }))],
  outdir: to,
  outExtension: { ".js": ".cjs" },
  write: false,
  metafile: true,
  bundle: true,
  platform: "node",
  // Node starts it sooner than a module: that would make Node load all that node:crypto and node:util can name.
  format: "cjs",
  target: "node24",
  external: ["@kubernetes/client-node", "undici"],
  plugins: [files, packages],
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
  // Before anything is loaded, and for whoever wants to see it: reading a source map takes longer than a start.
  const load = 'if (process.env.SLUICE_DEBUG) process.setSourceMapsEnabled(true);\nrequire("./start.cjs");\n';
  const written = new Map<string, string | Uint8Array>(outputFiles.map(({ path, contents }) => [basename(path), contents]));
  // The name that people start the program by is the file's (settings/program-name.ts).
  for (const name of ["main.cjs", "kubectl-sluice.cjs"]) written.set(name, load);
  for (const [name, contents] of written) put(name, contents);
  for (const name of readdirSync(to)) if (!written.has(name)) rmSync(`${to}/${name}`, { force: true });
  for (const [name, contents] of written) {
    if (!readFileSync(`${to}/${name}`).equals(Buffer.from(contents))) throw new Error(`${to}/${name} is another build's: build again, once`);
  }
  const all = sources();
  if (made() !== before) throw new Error("a source was changed meanwhile: build again");
  put("sources", all);
}

/** Files are renamed into place: a Sluice that starts meanwhile reads the old file or the new one, and never a part. */
function put(name: string, contents: string | Uint8Array): void {
  const fresh = `${to}/.new.${process.pid}`;
  writeFileSync(fresh, contents);
  renameSync(fresh, `${to}/${name}`);
}
