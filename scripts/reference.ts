/** Writes docs/reference/*.md from the tables that the program itself reads. A test says when a page is out of date. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { referencePages } from "./reference/pages.ts";

const folder = fileURLToPath(new URL("../docs/reference/", import.meta.url));

mkdirSync(folder, { recursive: true });
for (const [name, text] of referencePages()) {
  writeFileSync(`${folder}${name}`, text);
  process.stdout.write(`docs/reference/${name}\n`);
}
