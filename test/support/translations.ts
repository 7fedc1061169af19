/**
 * Where a page in another language has fallen behind its English original.
 *
 * Sentences are free. What a reader copies, follows or looks up is not: both pages have the same headings, and under each of them the same
 * fenced blocks (but for comments), tables, list items, links, images, words in backquotes and numbers.
 */
import type { Page } from "./pages.ts";

export interface Section {
  readonly level: number;
  readonly title: string;
  /** Of the heading, counted from 1. */
  readonly line: number;
  /** Fenced blocks as they stand, fences included. */
  readonly blocks: readonly { readonly line: number; readonly text: string }[];
  /** What is outside of fenced blocks, line by line. */
  readonly prose: readonly string[];
}

export interface Link {
  readonly target: string;
  readonly image: boolean;
}

/** The sections of a page: each from its heading to the next one of any level. */
export function sectionsOf({ text }: Page): readonly Section[] {
  const sections: { level: number; title: string; line: number; blocks: { line: number; text: string }[]; prose: string[] }[] = [];
  let block: string[] | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const section = sections.at(-1);
    const [, marks = "", title = ""] = /^(#+) (.*)$/.exec(line) ?? [];
    if (block) {
      block.push(line);
      if (line === "```") {
        section?.blocks.push({ line: index + 2 - block.length, text: block.join("\n") });
        block = undefined;
      }
    } else if (line.startsWith("```")) block = [line];
    else if (marks !== "") sections.push({ level: marks.length, title, line: index + 1, blocks: [], prose: [] });
    else section?.prose.push(line);
  }
  return sections;
}

/** Links and images of a text, those of HTML included. */
export function linksOf(text: string): readonly Link[] {
  return [...text.matchAll(/(!?)\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)]
    .map(([, mark, target, source]) => ({ target: target ?? source ?? "", image: mark === "!" || source !== undefined }));
}

/** The anchor of a heading, as GitHub makes it. Letters of every script stay. */
export function anchorOf(title: string): string {
  return title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

/**
 * One sentence for each thing of the original that the translation does not have, or has besides. `place` says where a link of a page leads, in the
 * same words for both languages.
 */
export function differences(original: Page, translation: Page, place: (page: Page, target: string) => string): readonly string[] {
  const [wanted, had] = [sectionsOf(original), sectionsOf(translation)];
  const uneven = wanted.findIndex(({ level }, index) => level !== had[index]?.level);
  if (uneven >= 0 || had.length > wanted.length) {
    const at = uneven >= 0 ? uneven : wanted.length;
    return [`${where(translation, had[at])} is where ${where(original, wanted[at])} should be`];
  }
  return wanted.flatMap((section, index) => {
    const other = had[index] ?? section;
    const told = [
      ...blockDifferences(section, other),
      ...listed("tables", tablesOf(section), tablesOf(other)),
      ...listed("list items", [`${itemsOf(section)}`], [`${itemsOf(other)}`]),
      ...listed("links", leads(original, section, place), leads(translation, other, place)),
      ...listed("words in backquotes", codesOf(section), codesOf(other)),
      ...listed("numbers", numbersOf(section), numbersOf(other)),
    ];
    return told.map((what) => `${where(translation, other)} differs from ${where(original, section)}: ${what}`);
  });
}

function where(page: Page, section: Section | undefined): string {
  return section ? `${page.name}:${section.line} "${"#".repeat(section.level)} ${section.title}"` : `the end of ${page.name}`;
}

function blockDifferences(original: Section, translation: Section): readonly string[] {
  if (original.blocks.length !== translation.blocks.length) return [`${translation.blocks.length} fenced blocks, not ${original.blocks.length}`];
  return original.blocks.flatMap((block, index) => {
    const other = translation.blocks[index] ?? block;
    const [wanted, had] = [withoutComments(block.text), withoutComments(other.text)];
    const line = wanted.findIndex((text, at) => text !== had[at]);
    if (line >= 0) return [`line ${other.line + line} should be ${JSON.stringify(wanted[line])}, not ${JSON.stringify(had[line])}`];
    return had.length > wanted.length ? [`line ${other.line + wanted.length} is more than the original's block has`] : [];
  });
}

/** The lines of a fenced block. Comments of sh and yaml are left out, but for the list of findings, which a test reads. */
function withoutComments(block: string): readonly string[] {
  const lines = block.split("\n");
  return /^```(?:sh|yaml)$/.test(lines[0] ?? "") ? lines.map((line) => line.replace(/(^|\s+)# (?!findings: ).*$/, "")) : lines;
}

/** Each table as its numbers of rows and columns. */
function tablesOf({ prose }: Section): readonly string[] {
  const tables = prose.join("\n").match(/(?:^\|.*\n?)+/gm) ?? [];
  return tables.map((table) => {
    const rows = table.trim().split("\n");
    const columns = new Set(rows.map((row) => row.replaceAll("\\|", "").split("|").length - 2));
    return `${rows.length} rows of ${[...columns].join(" or ")}`;
  });
}

function itemsOf({ prose }: Section): number {
  return prose.filter((line) => /^(?:-|\d+\.) /.test(line)).length;
}

function leads(page: Page, { prose }: Section, place: (page: Page, target: string) => string): readonly string[] {
  return linksOf(prose.join("\n")).map(({ target, image }) => `${image ? "image " : ""}${place(page, target)}`).toSorted();
}

/** Words in backquotes, each once: their order and number are the sentence's. */
function codesOf({ prose }: Section): readonly string[] {
  return [...new Set([...prose.join("\n").matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word))].toSorted();
}

/** Numbers in digits, each once, outside of backquotes and of links' targets. Layers have Chinese names: 四层, 七层. */
function numbersOf({ prose }: Section): readonly string[] {
  const text = prose.join("\n").replaceAll(/`[^`\n]+`|\]\([^)\s]+\)|^\d+\. |\blayer \d/gim, " ");
  return [...new Set(text.match(/\d+(?:[.,:/]\d+)*/g))].toSorted();
}

function listed(what: string, wanted: readonly string[], had: readonly string[]): readonly string[] {
  const [missing, more] = [without(wanted, had), without(had, wanted)];
  if (missing.length === 0 && more.length === 0) return [];
  return [`${what}: ${[...missing.map((one) => `${one} is missing`), ...more.map((one) => `${one} is not in the original`)].join(", ")}`];
}

/** Those of a list that are left when each of another list has taken one equal to it. */
function without(list: readonly string[], taken: readonly string[]): readonly string[] {
  const rest = [...taken];
  return list.filter((one) => {
    const at = rest.indexOf(one);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}
