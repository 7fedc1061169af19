import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import type { Finding } from "../src/model/findings/findings.ts";
import { createFindingLog } from "../src/report/finding-log.ts";
import { ROOT } from "./support/sluice.ts";

const finding = (kind: Finding["object"]["kind"], namespace: string, name: string, sentence: string): Finding => ({
  code: "a-code", severity: "warning", object: { kind, namespace, name }, field: "", sentence, effect: "it has no effect",
});

test("a finding is logged in whole sentences, once, with its object's name, and its end is told", async (t) => {
  let current: Finding[] = [
    finding("Ingress", "shop", "web", 'did you mean "rules"?'),
    finding("File", "", "/k8s/web.yaml", "This is wrong"),
    finding("Engine", "", "nginx", "This is wrong"),
    finding("Secret", "", "", "This is wrong"),
    finding("Secret", "shop", "", "This is wrong"),
  ];
  const lines: string[] = [];
  let wake = (): void => {};
  const log = createFindingLog(() => current, (level, message, fields) => {
    lines.push(`${level} ${message} ${String(fields?.["object"] ?? "")}`.trim());
    wake();
  });
  t.after(() => log.stop());
  const until = async (count: number): Promise<void> => {
    log.touch();
    while (lines.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  await until(5);
  current = current.slice(0, 3);
  await until(7);
  assert.deepEqual(lines, [
    'warn did you mean "rules"? Effect: it has no effect. Ingress shop/web',
    "warn This is wrong. Effect: it has no effect. File /k8s/web.yaml",
    "warn This is wrong. Effect: it has no effect. Engine nginx",
    "warn This is wrong. Effect: it has no effect. Secret",
    "warn This is wrong. Effect: it has no effect. Secret in shop",
    "info No longer the case: This is wrong. Secret",
    "info No longer the case: This is wrong. Secret in shop",
  ]);
});

test("those of one object come one after the other, and files are named from where one stands", async (t) => {
  const here = process.cwd();
  const current: Finding[] = [
    { ...finding("Ingress", "shop", "web", "First"), field: "spec.rules[0]", file: `${here}/k8s/web.yaml`, line: 12 },
    finding("Ingress", "shop", "other", "Second"),
    { ...finding("Ingress", "shop", "web", "Third"), file: "/elsewhere/web.yaml" },
    finding("File", "", `${here}/k8s/web.yaml`, "Fourth"),
  ];
  const lines: string[] = [];
  const log = createFindingLog(() => current, (_level, message, fields, heading) => {
    lines.push(`${heading?.subject}: ${heading?.details.filter(Boolean).join(", ")}: ${message.split(".")[0]}, ${String(fields?.["at"])}`);
  });
  t.after(() => log.stop());
  log.touch();
  while (lines.length < 4) await sleep(10);
  assert.deepEqual(lines, [
    `Ingress shop/web: a-code, spec.rules[0], k8s/web.yaml:12: First, ${here}/k8s/web.yaml:12`,
    "Ingress shop/web: a-code, /elsewhere/web.yaml:1: Third, /elsewhere/web.yaml:1",
    "Ingress shop/other: a-code: Second, undefined",
    "File k8s/web.yaml: a-code: Fourth, undefined",
  ]);
});

/** What a log writes in a process of its own, whose output is a terminal or not. */
function written(terminal: boolean, output: "text" | "json", env: Readonly<Record<string, string>> = {}): string {
  const program = `process.stderr.isTTY = ${terminal};
    const { createLog } = await import(${JSON.stringify(join(ROOT, "src/support/log.ts"))});
    createLog({ level: "info", output: "${output}" })("warn", "It is wrong.\\nEffect.", { finding: "a-code" }, { subject: "Ingress shop/web\\u001b[2J", details: ["a-code", "", "k8s/web.yaml:1"] });`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8", env: { PATH: process.env["PATH"], ...env } }).stderr;
}

test("text has two lines, coloured at a terminal only, and not with NO_COLOR; nothing in them breaks a line", () => {
  const plain = "warn  Ingress shop/web\\u001b[2J: a-code, k8s/web.yaml:1\n      It is wrong.\\u000aEffect.\n";
  assert.equal(written(true, "text", { NO_COLOR: "1" }), plain);
  assert.equal(stripVTControlCharacters(written(true, "text")), plain);
  assert.ok(written(true, "text").startsWith("\u001b[33mwarn \u001b[39m \u001b[1mIngress"));
  const [first, second] = written(false, "text").split("\n");
  assert.match(first ?? "", /^\d{4}-\S+Z warn  Ingress shop/);
  assert.equal(second?.indexOf("It is wrong"), first?.indexOf("Ingress"));
});

test("JSON stays one record, with the fields", () => {
  const record = JSON.parse(written(true, "json")) as Record<string, unknown>;
  assert.deepEqual([record["level"], record["msg"], record["finding"]], ["warn", "It is wrong.\nEffect.", "a-code"]);
});

test("however many findings there are, a look writes a bounded number of lines, and says how many more there are", async (t) => {
  const of = (code: string, object: number, n: number): Finding => ({ ...finding("Ingress", "shop", `web${object}`, `mistake ${n}`), code });
  const conflicts = Array.from({ length: 3000 }, (_, i) => of("path-conflict", i, 0));
  const unknown = Array.from({ length: 100_000 }, (_, i) => of("annotation-unknown", 1, i));
  let current: Finding[] = [...conflicts, ...unknown, of("rare", 1, 0)];
  const lines: string[] = [];
  let wake = (): void => {};
  const log = createFindingLog(() => current, (level, message, fields) => {
    lines.push(`${level} ${message} ${String(fields?.["finding"])}`);
    wake();
  });
  t.after(() => log.stop());
  const until = async (pattern: RegExp): Promise<void> => {
    log.touch();
    while (!lines.some((line) => pattern.test(line))) await new Promise<void>((resolve) => (wake = resolve));
  };
  await until(/more.*annotation-unknown/);
  const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
  assert.deepEqual([count(/mistake.*path-conflict/), count(/mistake.*annotation-unknown/), count(/mistake.*rare/), lines.length], [50, 5, 1, 58]);
  assert.ok(lines.includes("warn There are 2950 more new findings of this kind path-conflict"), lines.slice(-3).join("\n"));
  assert.ok(lines.includes("warn There are 99995 more new findings of this kind annotation-unknown"));
  current = [];
  await until(/either: 99995 more/);
  assert.equal(lines.length, 2 * 58);
});
