/** Everything that the documentation names exists, and the reference pages are those that the tables give. */
import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { HEAVIEST_PATTERN } from "../edge/src/pattern-weight.ts";
import { MOST_BYTES, MOST_MICROSECONDS } from "../edge/src/password-cost.ts";
import { curlLine, WALKTHROUGH } from "../src/demo/walkthrough.ts";
import { ALIAS_BOUNDS, LONGEST_PATH, MEAN_WEIGHT, MOST_AUTH_HEADERS, MOST_ENDPOINTS, MOST_VARIABLES, PATH_BOUNDS, ROUTE_BOUNDS, SIZE_BOUNDS, TOTAL_SIZE_BOUNDS, type Bounds } from "../src/model/shapes/bounds.ts";
import { MOST_OF_A_CODE } from "../src/model/findings/findings.ts";
import { MOST_FILE } from "../src/source/manifests/declarations.ts";
import { MOST_YAML } from "../src/source/manifests/documents.ts";
import { referencePages } from "../scripts/reference/pages.ts";
import { ROOT } from "./support/sluice.ts";
import { anchorOf } from "./support/translations.ts";

const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md")).map((name) => join("docs", name)),
  "examples/README.md",
].map((name) => ({ name, text: readFileSync(join(ROOT, name), "utf8") }));

/** The project's top folders and files: a text in backquotes that begins with one of them is taken for a path. */
const TOP = readdirSync(ROOT).filter((name) => name !== "node_modules");
/** Folders that the set-up makes, so they may be missing. */
const MADE = ["node_modules", "edge/build", "dashboard/build"];

test("every link leads somewhere", () => {
  for (const { name, text } of PAGES) {
    for (const [, target = ""] of prose(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? join(ROOT, name) : join(ROOT, dirname(name), path);
      assert.ok(existsSync(file), `${name} links to ${target}, which does not exist`);
      if (anchor) assert.ok(anchors(readFileSync(file, "utf8")).has(anchor), `${name} links to ${target}, which has no such heading`);
    }
  }
});

test("every picture that a page shows is there, and every picture that is there is shown", () => {
  const pages = globSync("docs/guide/**/*.md", { cwd: ROOT });
  const shown = new Set(pages.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    return [...text.matchAll(/(?:src|srcset)="([^"]+)"|!\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, attribute, target]) => join(dirname(page), attribute ?? target ?? ""));
  }));
  for (const picture of shown) assert.ok(existsSync(join(ROOT, picture)), picture);
  for (const file of readdirSync(join(ROOT, "docs/guide/images"))) assert.ok(shown.has(join("docs/guide/images", file)), `no page shows ${file}`);
});

test("the README begins with the name, a sentence, the picture and the two commands", () => {
  const [name, sentence, picture, commands] = (PAGES.find((page) => page.name === "README.md")?.text ?? "").split("\n\n");
  assert.equal(name, "# Sluice");
  assert.match(sentence ?? "", /^A Kubernetes Ingress controller .*\.$/);
  assert.match(picture ?? "", /^!\[.+\]\(docs\/demo\.svg\)$/);
  assert.match(commands ?? "", /^```sh\nmake demo .*\nmake test .*\n```$/);
});

test("the picture is of today's walk-through", () => {
  const svg = readFileSync(join(ROOT, "docs/demo.svg"), "utf8");
  const rows = [...svg.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, row = ""]) => row.replaceAll(/<[^>]*>/g, "").replaceAll("&quot;", '"'));
  const reach = { address: "127.0.0.1", http: 8080, https: 8443, certificate: "" };
  const lines = WALKTHROUGH.flatMap(({ cases }) => cases.map((one) => `$ ${curlLine(one, reach)}`));
  const asked = rows.filter((row) => row.startsWith("$ curl"));
  assert.equal(asked.length, 2, rows.join("\n"));
  for (const line of asked) assert.ok(lines.includes(line), `${line}: run "npm run recording"`);
  assert.ok(rows.some((row) => row.includes("live after ")), rows.join("\n"));
});

test("every file and folder that is named exists", () => {
  for (const { name, text } of PAGES) {
    for (const [, word = ""] of prose(text).matchAll(/`([\w.@-]+(?:\/[\w.*@<>-]*)*)`/g)) {
      if (!word.includes("/") || !TOP.includes(word.split("/")[0] ?? "")) continue;
      const path = word.replace(/[*<].*$/, "");
      if (MADE.some((made) => path.startsWith(made))) continue;
      assert.ok(existsSync(join(ROOT, path)), `${name} names ${word}, which does not exist`);
    }
  }
});

test("every npm script and make target that is named exists", () => {
  const scripts = Object.keys((JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object }).scripts);
  const targets = [...readFileSync(join(ROOT, "Makefile"), "utf8").matchAll(/^(\w+):/gm)].map(([, target]) => target);
  for (const { name, text } of PAGES) {
    for (const [, script = ""] of text.matchAll(/\bnpm run (?:--silent )?([\w:]+)/g)) assert.ok(scripts.includes(script), `${name}: npm run ${script}`);
    for (const [, target = ""] of text.matchAll(/`make (\w+)`/g)) assert.ok(targets.includes(target), `${name}: make ${target}`);
  }
});

test("decisions are numbered one after the other, and listed with their titles", () => {
  const list = readFileSync(join(ROOT, "docs/decisions/README.md"), "utf8");
  const rows = [...list.matchAll(/^(\d+)\. \[(.*)\]\((.*)\)$/gm)].map(([, number, title, file]) => ({ number: Number(number), title, file: file ?? "" }));
  assert.deepEqual(rows.map(({ number }) => number), rows.map((_, index) => index + 1));
  assert.deepEqual(rows.map(({ file }) => file), readdirSync(join(ROOT, "docs/decisions")).filter((name) => name !== "README.md").toSorted());
  for (const { number, title, file } of rows) {
    assert.ok(file.startsWith(`${String(number).padStart(3, "0")}-`), file);
    assert.equal(readFileSync(join(ROOT, "docs/decisions", file), "utf8").split("\n")[0], `# ${number}. ${title}`);
  }
});

test("decisions that code and pages name by number or file are those", () => {
  const code = ["src", "edge/src", "edge/stream", "test", "scripts", "deploy"].flatMap((folder) => filesIn(folder));
  for (const { name, text } of [...PAGES, ...code]) {
    for (const [, file = ""] of text.matchAll(/decisions\/(\d{3}-[\w.-]+\.md)/g)) assert.ok(existsSync(join(ROOT, "docs/decisions", file)), `${name} names ${file}`);
    for (const [, number = "", file = ""] of text.matchAll(/\[[^\]]*\b[Dd]ecision (\d+)\]\((?:[^)]*\/)?(\d{3})-/g)) assert.equal(Number(number), Number(file), name);
  }
});

test("the page of bounds has those of the code", () => {
  const page = readFileSync(join(ROOT, "docs/guide/bounds.md"), "utf8");
  const of = ({ ingress, namespace, all }: Bounds): string => [`${ingress.toLocaleString("en-US")} of an Ingress`, `${namespace.toLocaleString("en-US")} of a namespace`, all.toLocaleString("en-US")].join(", ");
  const inMebi = ({ ingress, namespace, all }: Bounds): string => `${ingress / 1024 ** 2} MiB of an Ingress, ${namespace / 1024 ** 2} of a namespace, ${all / 1024 ** 2}`;
  const cells = [
    `${of(ALIAS_BOUNDS)} in all, and ${MEAN_WEIGHT} characters for each on average; \`alias-expressions-exhausted\``,
    `${of(PATH_BOUNDS)} of a host (a Prefix path is two), and ${MEAN_WEIGHT} characters for each on average; \`path-expressions-exhausted\``,
    `${of(ROUTE_BOUNDS)} of a host; \`paths-exhausted\``,
    `${inMebi(SIZE_BOUNDS)} of a host; \`host-too-large\``,
    `${inMebi(TOTAL_SIZE_BOUNDS)} in all, beside ${TOTAL_SIZE_BOUNDS.share / 1024 ** 2} MiB that is kept for each namespace; \`ingress-too-large\`, \`namespace-too-large\``,
    `${HEAVIEST_PATTERN.toLocaleString("en-US")} characters; \`alias-invalid\`, \`path-pattern-invalid\``,
    `paths of ${LONGEST_PATH.toLocaleString("en-US")} bytes;`,
    `${MOST_VARIABLES} in a text |`,
    `${MOST_AUTH_HEADERS}, with ${MOST_VARIABLES} variables in all |`,
    `${MOST_ENDPOINTS.toLocaleString("en-US")}; \`endpoints-exhausted\``,
    `${MOST_MICROSECONDS / 1_000_000} s and ${MOST_BYTES / 1024 ** 2} MiB for each try`,
    `${MOST_FILE} MiB; \`too-large\``,
    `${MOST_YAML}; \`too-large\``,
    `${MOST_OF_A_CODE} of an object and code, and \`findings-further\``,
  ];
  for (const cell of cells) assert.ok(page.includes(`| ${cell}`), `docs/guide/bounds.md: | ${cell}`);
});

for (const [name, text] of referencePages()) {
  test(`docs/${name} is current`, () => {
    const written = readFileSync(join(ROOT, "docs", name), "utf8");
    assert.ok(written === text, `docs/${name} is out of date: run "npm run docs:reference"`);
  });
}

test("every stage has its folder in the map of the house", () => {
  const map = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  for (const entry of readdirSync(join(ROOT, "src"), { withFileTypes: true })) {
    const path = relative(ROOT, join(ROOT, "src", entry.name));
    if (entry.isDirectory()) assert.ok(map.includes(`${path}/`), `ARCHITECTURE.md does not name ${path}/`);
  }
});

test("every folder of source says in a sentence or two what it promises", () => {
  for (const folder of ["src/", "edge/src/", "edge/stream/", ...globSync(["src/**/", "edge/src/**/"], { cwd: ROOT })]) {
    const path = join(ROOT, folder, "README.md");
    assert.ok(existsSync(path), `${folder} has no README.md`);
    assert.match(readFileSync(path, "utf8"), /^[A-Z][^\n]*[.]\n$/, `${folder}README.md is one line`);
  }
});

function filesIn(folder: string): { name: string; text: string }[] {
  return globSync(`${folder}/**/*.{ts,md,yaml,sh}`, { cwd: ROOT }).map((name) => ({ name, text: readFileSync(join(ROOT, name), "utf8") }));
}

/** The text of a page without its fenced blocks. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, "");
}

/** The anchors of a page, as GitHub makes them from headings. */
function anchors(text: string): Set<string> {
  const heads = [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, head = ""]) => head);
  return new Set(heads.map(anchorOf));
}

test("each folder of code begins with a sentence that says what it promises", () => {
  const folders = ["src", "edge/src", "edge/stream"].flatMap((root) => [root, ...readdirSync(join(ROOT, root), { recursive: true, withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? [relative(ROOT, join(entry.parentPath, entry.name))] : []))]);
  assert.ok(folders.length > 30, String(folders.length));
  for (const folder of folders) assert.match(readFileSync(join(ROOT, folder, "README.md"), "utf8"), /^[A-Z][^\n]{15,}[.:;]/, folder);
});
