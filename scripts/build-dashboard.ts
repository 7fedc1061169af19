/**
 * Builds the dashboard's page: dashboard/src/ becomes three files in dashboard/build/, with all that they need in them.
 * Warnings fail.
 */
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../dashboard/", import.meta.url));
const to = `${root}build`;

mkdirSync(to, { recursive: true });
const fresh = mkdtempSync(`${to}/.new-`);
try {
  const { warnings } = await build({
    entryPoints: { app: `${root}src/main.tsx` },
    outdir: fresh,
    bundle: true,
    minify: true,
    format: "iife",
    // Browsers of the last three years.
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
  });
  if (warnings.length > 0) process.exitCode = 1;
  else {
    copyFileSync(`${root}src/index.html`, `${fresh}/index.html`);
    // Files are renamed into place: a Sluice that starts meanwhile reads the old file or the new one, and never a part.
    for (const file of ["app.css", "app.js", "index.html"]) renameSync(`${fresh}/${file}`, `${to}/${file}`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
