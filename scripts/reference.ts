/** Writes docs/reference/*.md and docs/guide/annotations.md from the tables that the program itself reads. A test says when a page is out of date. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { referencePages } from "./reference/pages.ts";

const folder = fileURLToPath(new URL("../docs/", import.meta.url));

for (const [name, text] of referencePages()) {
  writeFileSync(`${folder}${name}`, text);
  process.stdout.write(`docs/${name}\n`);
}
