/** Checks of every case, in every form: nothing fails, and every finding has its place in its file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { asClusterTakesThem } from "../../src/check/api-server.ts";
import { checkGithub } from "../../src/check/github.ts";
import { checkResult, fails, messageText } from "../../src/check/result.ts";
import { checkSarif } from "../../src/check/sarif.ts";
import { checkText } from "../../src/check/text.ts";
import { judgeSource } from "../../src/commands/judged.ts";
import { parseSettings } from "../../src/settings.ts";
import { renewLines } from "../../src/source/manifests/documents.ts";
import { textSource } from "../../src/source/text.ts";
import { coloured, plain } from "../../src/support/terminal.ts";
import { CONFIGMAP, readCases } from "../support/cases/case.ts";

test("the manifests of every case can be checked, and told in each form", async () => {
  let told = 0;
  for (const { name, manifests, flags } of readCases()) {
    const text = Object.values(manifests).join("\n---\n");
    const source = textSource(new Map([["all.yaml", text]]));
    await source.start(() => {}, new AbortController().signal);
    const { findings, all: unsorted } = await judgeSource(source, { ...parseSettings([`--configmap=${CONFIGMAP}`, ...flags], "run", {}), manifests: ["all.yaml"] }, false);
    const lines = text.split("\n");
    for (const all of [findings, asClusterTakesThem(findings, unsorted, source.snapshot.all("Ingress").values())]) {
      const result = checkResult(all, { objects: 1, skipped: 0 }, renewLines);
      told += result.findings.length;
      for (const { file, line = 0, column = 0, object } of result.findings) {
        if (file === undefined) assert.match(object.kind, /^(?:Service|Secret|ConfigMap)$/, `${name}: only what a flag or a ConfigMap names has no place`);
        else assert.ok(column >= 1 && column <= (lines[line - 1] ?? assert.fail(`${name}: there is no line ${line}`)).length + 1, `${name}: ${line}:${column}`);
      }
      assert.doesNotThrow(() => JSON.parse(checkSarif(result, "1", (path) => path)));
      assert.equal(checkGithub(result, (path) => path).split("\n").length, result.findings.length + 1);
      for (const one of result.findings) assert.ok(checkText(result, plain).includes(messageText(one).slice(0, 20)), name);
      assert.equal(fails(result, "error"), result.counts.error > 0);
      assert.equal(fails(result, "never"), false);
    }
  }
  assert.ok(told > 200, `${told} findings`);
});

test("colours are there for a terminal alone", () => {
  const finding = { code: "x", severity: "error" as const, object: { kind: "Ingress" as const, namespace: "n", name: "i" }, field: "spec", sentence: "It \u001b[31m is", effect: "none", file: "a.yaml", line: 2, column: 3 };
  const result = checkResult([finding], { objects: 1, skipped: 0 }, () => {});
  assert.ok(checkText(result, coloured).includes("\u001b["));
  assert.ok(!checkText(result, plain).includes("\u001b["), "what a manifest says colours nothing");
});
