/** The objects that the pages show are right: `sluice check --partial` finds in them what the page says, and nothing else. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkSource } from "../src/commands/checked.ts";
import { readRollout } from "../src/model/annotations/sluice/rollout.ts";
import type { Finding } from "../src/model/findings/findings.ts";
import { parseSettings } from "../src/settings.ts";
import { textSource } from "../src/source/text.ts";
import { runCommand } from "./support/command.ts";
import { manifestsOf, PAGES } from "./support/pages.ts";

/** Errors and warnings about files, which a page keeps one for each of its blocks. */
async function judged(files: ReadonlyMap<string, string>): Promise<readonly Finding[]> {
  const source = textSource(files);
  await source.start(() => {}, new AbortController().signal);
  const settings = { ...parseSettings(["--partial"], "check", {}), manifests: [...files.keys()] };
  return (await checkSource(source, settings, true)).findings.filter(({ severity }) => severity !== "info");
}

const told = (findings: readonly Finding[]): string => findings.map(({ code, file, object, sentence }) => `${file}: ${object.kind} ${object.namespace}/${object.name}: ${sentence} (${code})`).join("\n");

test("the objects of each page are right, or have the findings that the page names", async () => {
  let objects = 0;
  for (const page of PAGES) {
    const blocks = manifestsOf(page);
    const right = new Map(blocks.filter(({ expected }) => expected.length === 0).map(({ line, text }) => [`${page.name}-${line}.yaml`, text]));
    assert.equal(told(await judged(right)), "");
    for (const { line, text, expected } of blocks.filter((block) => block.expected.length > 0)) {
      const findings = await judged(new Map([[`${page.name}-${line}.yaml`, text]]));
      assert.deepEqual([...new Set(findings.map(({ code }) => code))].toSorted(), expected.toSorted(), told(findings));
    }
    objects += blocks.length;
  }
  assert.ok(objects > 12, `${objects} blocks`);
});

test("what a check says of the old tutorial, and what it mends, is what the page shows", async () => {
  const page = PAGES.find(({ name }) => name === "docs/guide/old-tutorials.md");
  const [old] = page ? manifestsOf(page) : [];
  assert.ok(page && old);
  const folder = mkdtempSync(join(tmpdir(), "sluice-page-"));
  try {
    const file = join(folder, "old.yaml");
    writeFileSync(file, old.text);
    const shown = (command: string): string => new RegExp(`^\\$ ${command}\n([^]*?)^\`\`\``, "m").exec(page.text)?.[1] ?? "";
    const named = (text: string): string => text.replaceAll(file, "old.yaml").trim();
    assert.equal(named((await runCommand(["check", file])).stdout), shown("sluice check old.yaml").trim());
    assert.equal(named((await runCommand(["check", "--fix", file])).stderr), shown("sluice check --fix old.yaml").trim());
    assert.match(readFileSync(file, "utf8"), /apiVersion: networking[.]k8s[.]io\/v1\n/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the rollout that the page of canaries shows with all its parts is the default", () => {
  const text = PAGES.find(({ name }) => name === "docs/guide/canary.md")?.text ?? "";
  const [, shown = ""] = /sluice[.]ingress\/rollout: \|\n((?: {6}.*\n)+)/.exec(text) ?? [];
  const parts = shown.replaceAll(/^ {6}/gm, "");
  assert.deepEqual(readRollout(parts), readRollout("{}"));
  const named = [...text.matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, name]) => name);
  for (const [, part] of parts.matchAll(/^([a-z-]+):/gm)) assert.ok(named.includes(part), part);
  for (const latency of ["800ms", "2x", "off"]) assert.doesNotThrow(() => readRollout(`latency: ${latency}`));
  assert.doesNotThrow(() => readRollout("steps: [{weight: 5, for: 10m, requests: 2000}]"));
});

test("a mistake in a page would be seen", async () => {
  const text = "```yaml\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\nspec:\n  rulez: []\n```\n";
  const [block] = manifestsOf({ name: "page.md", text });
  assert.ok(block);
  assert.match(told(await judged(new Map([["page.md-2.yaml", block.text]]))), /rulez.*\(field-unknown\)/);
  assert.deepEqual(manifestsOf({ name: "page.md", text: "```yaml\nmetadata:\n  name: part\n```\n" }), []);
});
