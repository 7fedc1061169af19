/** Pages in Chinese say what their English originals say, in the words of one glossary. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { type Page, PAGES } from "./support/pages.ts";
import { ROOT } from "./support/sluice.ts";
import { anchorOf, differences, linksOf, sectionsOf } from "./support/translations.ts";

const FOLDER = "docs/guide/zh-CN/";
const GLOSSARY = "术语表";
const MARK = "（英文）";

const CHINESE = PAGES.filter(({ name }) => name.startsWith(FOLDER) || name === "README.zh-CN.md");

function originalName(name: string): string {
  return name.replace("zh-CN/", "").replace(".zh-CN", "");
}

const ORIGINALS: ReadonlyMap<string, Page> = new Map(CHINESE.flatMap(({ name }) => {
  const page = PAGES.find((one) => one.name === originalName(name));
  return page ? [[name, page]] : [];
}));

/** The links by which each page of a pair leads to the other one, from their own folders. */
function languageLinks(name: string): { readonly chinese: string; readonly english: string } {
  const file = name.slice(FOLDER.length);
  return name.startsWith(FOLDER) ? { chinese: `[简体中文](zh-CN/${file})`, english: `[English](../${file})` } : { chinese: `[简体中文](${name})`, english: `[English](${originalName(name)})` };
}

/** A page without its link to the other language, and without the glossary, which the English pages have in a file of its own. */
function compared({ name, text }: Page): Page {
  const kept = text.replace(new RegExp(`^## ${GLOSSARY}\n[^]*?(?=^## |(?![^]))`, "m"), "").replace(/^\[(?:简体中文|English)\]\(.*\)$/m, "");
  return { name, text: kept };
}

/** Where a link leads, from the project's folder and in the English page's words: a heading in Chinese stands for the English one at its place. */
function place(page: Page, target: string): string {
  if (/^[a-z]+:/.test(target)) return target;
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page.name : normalize(join(dirname(page.name), path));
  const english = originalName(file);
  if (anchor === undefined) return english;
  const chinese = CHINESE.find(({ name }) => name === file);
  const original = ORIGINALS.get(file);
  if (!chinese || !original) return `${english}#${anchor}`;
  const at = sectionsOf(chinese).findIndex(({ title }) => anchorOf(title) === decodeURIComponent(anchor));
  return `${english}#${anchorOf(sectionsOf(original)[at]?.title ?? `no heading: ${anchor}`)}`;
}

for (const page of CHINESE) {
  test(`${page.name} keeps up with its original`, () => {
    const original = ORIGINALS.get(page.name);
    assert.ok(original, `${page.name} has no original ${originalName(page.name)}`);
    const behind = differences(compared(original), compared(page), place);
    assert.equal(behind.length, 0, `\n${behind.join("\n")}\nWhoever changes one of the two pages changes the other, too.`);
  });

  test(`${page.name} and its original lead to each other before their first part`, () => {
    const { chinese, english } = languageLinks(page.name);
    const original = ORIGINALS.get(page.name);
    for (const [{ name, text }, link] of [[page, english], [original ?? page, chinese]] as const) {
      assert.ok((text.split("\n## ")[0] ?? "").split("\n").includes(link), `${name} has no line ${link} before its first part`);
    }
  });

  test(`${page.name} leads to pages in Chinese where they are, and says where they are not`, () => {
    const faults = page.text.split("\n").flatMap((line, index) => {
      if (line === languageLinks(page.name).english) return [];
      return line.split(" | ").flatMap((cell) => unmarked(page, cell)).map((fault) => `${page.name}:${index + 1}: ${fault}`);
    });
    assert.equal(faults.join("\n"), "");
  });

  test(`${page.name} has the pictures that it shows`, () => {
    for (const { target, image } of linksOf(page.text)) if (image) assert.ok(existsSync(join(ROOT, dirname(page.name), target)), `${page.name} shows ${target}, which does not exist`);
    for (const [, alt, html] of page.text.matchAll(/!\[([^\]]*)\]\(|alt="([^"]*)"/g)) assert.match(alt ?? html ?? "", /\p{Script=Han}/u, `${page.name}: a picture is described in Chinese`);
  });

  test(`${page.name} is set as Chinese is`, () => {
    const prose = page.text.replace(/^```[^]*?^```$/gm, (block) => block.replaceAll(/[^\n]+/g, ""));
    const faults = prose.split("\n").flatMap((line, index) => typesetting(line).map((fault) => `${page.name}:${index + 1}: ${fault}`));
    assert.equal(faults.join("\n"), "");
  });
}

/** Links of a line, or of a cell of a table, that lead to an English page without saying so, or in spite of a Chinese one. */
function unmarked(page: Page, text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s#]+\.md)(?:#[^)\s]*)?\)/g)].flatMap(({ 0: whole, 1: target = "", index }) => {
    const file = normalize(join(dirname(page.name), target));
    if (CHINESE.some(({ name }) => name === file)) return [];
    const twin = CHINESE.find(({ name }) => originalName(name) === file);
    if (twin) return [`${target} is there in Chinese: ${twin.name}`];
    const said = text.slice(index + whole.length).startsWith(MARK) || /英文：(?:\[[^\]]*\]\([^)\s]*\)(?: · |、))*\[[^\]]*$/.test(text.slice(0, index));
    return said ? [] : [`${target} is in English: write ${MARK} behind the link`];
  });
}

/** What a Chinese typesetter would mend in a line. */
function typesetting(line: string): readonly string[] {
  const text = line.replace(/(?:src|srcset|media)="[^"]*"/g, "").replaceAll(/!?\[([^\]]*)\]\([^)\s]+\)/g, "$1");
  const plain = text.replaceAll("**", "").replaceAll(/\*(\p{Script=Han}+)\*/gu, "$1");
  const faults = [
    [/\p{Script=Han}[\w`$/<>-]|[\w`%/<>-]\p{Script=Han}/u, "a blank is missing between Chinese and other letters"],
    [/\p{Script=Han}[,.;:!?()]|[,;:!?()]\p{Script=Han}/u, "punctuation beside Chinese is full-width"],
    [/ [，。；：！？、（）]|[，。；：！？、（）] (?![|·])/u, "full-width punctuation has no blank beside it"],
  ] as const;
  const found = faults.flatMap(([pattern, fault]) => {
    const hit = pattern.exec(plain);
    return hit ? [`${fault}: "${plain.slice(Math.max(0, hit.index - 8), hit.index + 8)}"`] : [];
  });
  const plainly = [...text.matchAll(/\*\*.+?\*\*/g)].filter(({ 0: words, index }) => {
    const begins = /^\*\*[\p{P}`]/u.test(words) && /[\p{L}\p{N}]$/u.test(text.slice(0, index));
    return begins || (/[\p{P}`]\*\*$/u.test(words) && /^[\p{L}\p{N}]/u.test(text.slice(index + words.length)));
  });
  return [...found, ...plainly.map(([words]) => `Markdown does not begin or end bold letters between punctuation and a letter: ${words}`)];
}

test("the glossary in Chinese has words of the glossary, and the pages use its words alone", () => {
  const words = new Set([...readFileSync(join(ROOT, "GLOSSARY.md"), "utf8").matchAll(/^\| ([^|]+) \|/gm)].map(([, word]) => word));
  const page = CHINESE.find(({ name }) => name.endsWith("/concepts.md"));
  const table = (page ? sectionsOf(page) : []).find(({ title }) => title === GLOSSARY)?.prose.filter((line) => line.startsWith("|")) ?? [];
  const rows = table.slice(2).map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.ok(rows.length > 15, `${rows.length} rows`);
  const chinese = new Map(rows.map(([english = "", word = ""]) => [english, word]));
  for (const english of chinese.keys()) assert.ok(words.has(english), `GLOSSARY.md has no word ${english}`);
  const others = [...(/and not these: ([^.]+)\./.exec(readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8"))?.[1] ?? "").matchAll(/(\w[\w-]*) ([^;]+)/g)];
  assert.ok(others.length > 10, `CONTRIBUTING.md has ${others.length} words with others that are not used`);
  for (const [, english = "", not = ""] of others) {
    assert.ok(chinese.has(english), `the table has no word ${english}`);
    for (const { name, text } of CHINESE) {
      const prose = text.split(`\n## ${GLOSSARY}\n`)[0] ?? "";
      for (const word of not.split("、")) assert.ok(!prose.includes(word), `${name} says ${word}: ${english} is ${chinese.get(english)}`);
    }
  }
});

test("the pictures with Chinese words are drawn as the others", () => {
  const shown = CHINESE.flatMap((page) => linksOf(page.text).map(({ target }) => normalize(join(dirname(page.name), target)))).filter((name) => name.endsWith(".zh-CN.svg"));
  assert.ok(shown.length > 0);
  const drawn = (name: string): string => readFileSync(join(ROOT, name), "utf8").replaceAll(/(?<=<text[^>]*>)[^<]*(?=<\/text>)|(?<=aria-label=")[^"]*/g, "");
  for (const name of shown) assert.equal(drawn(name), drawn(originalName(name)), `${name} is drawn otherwise than ${originalName(name)}`);
});

test("a page that fell behind is told, with its place", () => {
  const original = { name: "a.md", text: "# A\n\nSee [b](b.md) and `x`, 10,000 times.\n\n## B\n\n```sh\nrun --x   # why\n```\n\n| a | b |\n|---|---|\n| one | two |\n\n- one\n" };
  const same = { name: "zh.md", text: "# 甲\n\n`x`，见[乙](b.md)，10,000 次。\n\n## 乙\n\n```sh\nrun --x   # 理由\n```\n\n| 甲 | 乙 |\n|---|---|\n| 一 | 二 |\n\n- 一\n" };
  const told = (text: string): readonly string[] => differences(original, { name: "zh.md", text }, (_, target) => target);
  assert.deepEqual(told(same.text), []);
  for (const [from, to, message] of [
    ["--x ", "--y ", 'zh.md:5 "## 乙" differs from a.md:5 "## B": line 8 should be "run --x", not "run --y"'],
    ["| 一 | 二 |\n", "", 'zh.md:5 "## 乙" differs from a.md:5 "## B": tables: 3 rows of 2 is missing, 2 rows of 2 is not in the original'],
    ["10,000", "1,000", 'zh.md:1 "# 甲" differs from a.md:1 "# A": numbers: 10,000 is missing, 1,000 is not in the original'],
    ["- 一\n", "", 'zh.md:5 "## 乙" differs from a.md:5 "## B": list items: 1 is missing, 0 is not in the original'],
    ["b.md", "c.md", 'zh.md:1 "# 甲" differs from a.md:1 "# A": links: b.md is missing, c.md is not in the original'],
    ["`x`", "x", 'zh.md:1 "# 甲" differs from a.md:1 "# A": words in backquotes: x is missing'],
    ["## 乙", "### 乙", 'zh.md:5 "### 乙" is where a.md:5 "## B" should be'],
    ["## 乙", "乙", 'the end of zh.md is where a.md:5 "## B" should be'],
    ["- 一\n", "- 一\n\n## 丙\n", 'zh.md:17 "## 丙" is where the end of a.md should be'],
  ] as const) assert.deepEqual(told(same.text.replace(from, to)), [message]);
});

test("a slip in setting Chinese is told", () => {
  for (const line of ["**数据**是变化的。", "见 [TLS](tls.md)：两次，`x` 与 30% 的", "| 用途 | `a`、`b` |", "*证书*：按名字（SNI）选定。"]) assert.deepEqual(typesetting(line), []);
  for (const line of ["用nginx转发", "转发,然后", "见 [证书](a.md)TLS", "转发 ，然后", "**不重载。**因为", "都**`x`** 也", "权重(30)"]) assert.equal(typesetting(line).length > 0, true, line);
});
