/** Writes docs/reference/*.md, and the pages of docs/guide/ that are made from tables, anew. A test says when one is out of date. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { referencePages } from "./reference/pages.ts";

const folder = fileURLToPath(new URL("../docs/", import.meta.url));

for (const [name, text] of referencePages()) {
  writeFileSync(`${folder}${name}`, text);
  process.stdout.write(`docs/${name}\n`);
}
