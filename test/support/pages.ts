/** The pages of the documentation, and the objects that they show. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./sluice.ts";

export interface Page {
  /** From the project's folder. */
  readonly name: string;
  readonly text: string;
}

/** Every page of the project's folder and of docs/. */
export const PAGES: readonly Page[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md")).map((name) => join("docs", name)),
].map((name) => ({ name, text: readFileSync(join(ROOT, name), "utf8") }));

export interface Block {
  readonly line: number;
  readonly text: string;
  /** The codes after `# findings:` in its first line, which is how a page shows what is wrong on purpose. */
  readonly expected: readonly string[];
}

/** The fenced blocks of YAML that hold whole objects of Kubernetes: other blocks are parts of objects, or something else. */
export function manifestsOf({ text }: Page): readonly Block[] {
  return [...text.matchAll(/^```yaml\n([^]*?)^```/gm)].flatMap(({ index, 1: block = "" }) => {
    if (!/^apiVersion:/m.test(block) || !/^kind:/m.test(block)) return [];
    const expected = /^# findings: (.*)$/m.exec(block.split("\n", 1)[0] ?? "")?.[1] ?? "";
    return [{ line: text.slice(0, index).split("\n").length + 1, text: block, expected: expected === "" ? [] : expected.split(", ") }];
  });
}
