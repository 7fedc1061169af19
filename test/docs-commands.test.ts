/** Commands of Sluice in the pages are ones that its command line understands: the command, each flag, each value. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { COMMANDS, commandText, parseSettings } from "../src/settings.ts";
import { ROOT } from "./support/sluice.ts";

const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md")).map((name) => join("docs", name)),
];

/** Words of a line of a shell, with `|` and the like as words of their own. What follows `#` is left out. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [, single, double, sign, bare] of line.replace(/(^|\s)#.*$/, "").matchAll(/'([^']*)'|"([^"]*)"|([|;&<>()]+)|((?:[^\s'"|;&<>()]|'[^']*'|"[^"]*")+)/g)) {
    words.push(single ?? double ?? sign ?? (bare ?? "").replaceAll(/['"]/g, ""));
  }
  return words;
}

/** The command lines of Sluice in a line of a shell, each without the program's name. */
function commandsIn(line: string): string[][] {
  const parts: string[][] = [[]];
  for (const word of wordsOf(line)) {
    if (/^[|;&<>()]+$/.test(word)) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts.flatMap((words) => {
    const at = words.findIndex((word, index) => /^(?:.*\/)?sluice$/.test(word) && (index === 0 || words[index - 1] === "--" || (index === 1 && (words[0] === "kubectl" || words[0] === "sudo"))));
    return at < 0 || at + 1 >= words.length ? [] : [words.slice(at + 1)];
  });
}

test("every command line of Sluice in the pages is understood", () => {
  const seen = new Map<string, number>();
  for (const name of PAGES) {
    const text = readFileSync(join(ROOT, name), "utf8");
    for (const [, block = ""] of text.matchAll(/```sh\n([^]*?)```/g)) {
      for (const words of block.replaceAll(/\\\n\s*/g, " ").split("\n").flatMap(commandsIn)) {
        const command = COMMANDS.find((one) => commandText(one) === words.slice(0, commandText(one).split(" ").length).join(" ")) ?? (words[0] === "lint" ? "check" : undefined);
        if (words.some((word) => word.includes("…")) || words[0] === "completion" || words[0]?.startsWith("--")) continue;
        assert.ok(command, `${name}: sluice ${words.join(" ")}`);
        const rest = words.slice(commandText(command).split(" ").length);
        assert.doesNotThrow(() => parseSettings(rest, command, {}), `${name}: sluice ${words.join(" ")}`);
        seen.set(command, (seen.get(command) ?? 0) + 1);
      }
    }
  }
  for (const command of ["run", "demo", "explain", "check", "diff", "get", "logs", "top", "rollout", "wait", "migrate-report", "migrate-replay", "rbac", "secret", "stop"]) assert.ok(seen.has(command), `no page shows ${command}`);
});

test("the reader of command lines sees a mistake", () => {
  assert.deepEqual(commandsIn("helm template x | bin/sluice check - --partial   # what"), [["check", "-", "--partial"]]);
  assert.deepEqual(commandsIn("kubectl exec -n a deploy/b -c c -- sluice wait ingress/shop/web"), [["wait", "ingress/shop/web"]]);
  assert.deepEqual(commandsIn("kubectl -n sluice rollout status deployment/x"), []);
  assert.deepEqual(commandsIn("kubectl sluice get routes"), [["get", "routes"]]);
  assert.deepEqual(commandsIn("source <(bin/sluice completion bash)"), [["completion", "bash"]]);
  assert.deepEqual(commandsIn("bin/sluice explain URL -H 'test: always' >x"), [["explain", "URL", "-H", "test: always"]]);
  assert.throws(() => parseSettings(["--no-such"], "logs", {}));
});
