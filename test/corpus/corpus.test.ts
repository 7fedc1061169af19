/** The corpus: what the commands say of manifests as people write them. `README.md` says how to add one. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { after, test } from "node:test";
import { startCommands } from "../support/commands.ts";
import { CORPUS, readEntries, type Entry } from "../support/corpus.ts";
import { ROOT } from "../support/sluice.ts";

const SUITES = ["ingress-nginx-docs", "charts", "broken", "examples"];

// Paths are part of what is wrapped into lines, so they have one length everywhere.
mkdirSync(join(ROOT, "tmp"), { recursive: true });
const top = relative(process.cwd(), mkdtempSync(join(ROOT, "tmp/corpus-")));
const commands = startCommands();
after(async () => {
  await commands.close();
  rmSync(top, { recursive: true, force: true });
});

/** What a person sees who runs the command in the folder's parent. */
async function shown(words: readonly string[], folder: string, name: string): Promise<string> {
  const { code, stdout, stderr } = await commands.run(words.map((word) => word.replaceAll("FOLDER", folder)));
  assert.doesNotMatch(stderr, /\n\s+at |unexpected/);
  const said = (stdout + stderr).replaceAll(`${folder}/`, "").replaceAll(folder, name);
  const typed = words.map((word) => (/[\s;|]/.test(word) ? `'${word}'` : word)).join(" ");
  return `$ sluice ${typed.replaceAll("FOLDER", name)}\n${withoutTimes(said)}${code === 0 ? "" : `exit code ${code}\n`}`;
}

/** Certificates are made by each run. */
function withoutTimes(text: string): string {
  return text
    .replaceAll(/(?<=valid until |expires on |expired on |until )\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?/g, "DATE")
    .replaceAll(/\b36[45]\b(?= days|d\b)/g, "N")
    .replaceAll(/\d{4}-\d\d-\d\d {3}36[45]$/gm, "DATE   N");
}

async function transcript({ name, flags, asked }: Entry, folder: string): Promise<string> {
  const lines = [
    ["check", "FOLDER"],
    ["get", "routes", "--manifests=FOLDER"],
    ...asked.map((words) => (words[0] === "explain" || words[0] === "get" ? [...words, "--manifests=FOLDER"] : [...words, "FOLDER"])),
  ];
  const said: string[] = [];
  for (const words of lines) {
    said.push(await shown([...words, ...flags], folder, name));
  }
  return said.join("\n");
}

function compare(file: string, text: string): void {
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, text);
  assert.equal(text, existsSync(file) ? readFileSync(file, "utf8") : "", `${file} says something else (UPDATE_GOLDEN=1 writes it)`);
}

for (const suite of SUITES) {
  test(suite, async (t) => {
    const entries = readEntries(suite);
    for (const entry of entries) {
      await t.test(entry.name, async () => {
        const folder = join(top, suite, entry.name);
        entry.write(folder);
        compare(join(CORPUS, suite, `${entry.name}.txt`), await transcript(entry, folder));
      });
    }
    await t.test("migrate report", async () => {
      const folder = join(top, `${suite} together`, suite);
      for (const entry of entries.filter(({ alone }) => !alone)) entry.write(folder);
      compare(join(CORPUS, suite, "migrate-report.txt"), await shown(["migrate", "report", "FOLDER"], folder, suite));
    });
  });
}
