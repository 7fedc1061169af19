import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../src/model/findings.ts";
import { createFindingLog } from "../src/report/finding-log.ts";

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
