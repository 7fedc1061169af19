/** Writes docs/reference/*.md, the pages of docs/guide/ that are made from tables, and the manual page anew. A test says when one is out of date. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { referencePages } from "./reference/pages.ts";

const folder = fileURLToPath(new URL("../docs/", import.meta.url));

for (const [name, text] of referencePages()) {
  mkdirSync(dirname(`${folder}${name}`), { recursive: true });
  writeFileSync(`${folder}${name}`, text);
  process.stdout.write(`docs/${name}\n`);
}
