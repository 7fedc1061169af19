/** What `sluice completion` prints, tried in bash: every command, its flags, and the values of those that have few. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, test } from "node:test";
import { commandText, COMMANDS, type Command } from "../../src/settings.ts";
import { FLAGS, SHORT_FLAGS } from "../../src/settings/table.ts";
import type { FlagRow } from "../../src/settings/table.ts";
import { runCommand } from "../support/command.ts";

let script: string;

before(async () => {
  script = (await runCommand(["completion", "bash"])).stdout;
});

/** What bash offers at the end of a line. */
function offered(line: string): readonly string[] {
  const words = line.split(" ");
  const program = `${script}
compopt() { :; }
COMP_LINE=$1 COMP_POINT=\${#1}; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_sluice
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["--norc", "-c", program, "bash", line, ...words], { encoding: "utf8" }).split("\n").filter((one) => one !== "");
}

const flagsOf = (command: Command): string[] => (Object.values(FLAGS) as readonly FlagRow<unknown>[]).filter(({ commands }) => commands?.includes(command) ?? true).map(({ flag }) => flag);

test("commands, and the flags of each", () => {
  assert.deepEqual(offered("sluice "), [...new Set(COMMANDS.map((command) => commandText(command).split(" ")[0])), "completion", "help", "version"]);
  assert.deepEqual(offered("sluice migrate rep"), COMMANDS.map(commandText).filter((text) => text.startsWith("migrate rep")).map((text) => text.split(" ")[1]));
  assert.deepEqual(offered("sluice exp"), ["explain"]);
  for (const command of COMMANDS) {
    const names = offered(`sluice ${commandText(command)} --`).map((one) => one.replace(/^--|=$/g, ""));
    assert.deepEqual([...names].sort(), [...new Set([...flagsOf(command), "help"])].sort(), command);
  }
});

test("values of flags, and words", () => {
  assert.deepEqual(offered("sluice check --output="), ["text", "json", "sarif", "github"]);
  assert.deepEqual(offered("sluice get --output=y"), ["yaml"]);
  assert.deepEqual(offered("sluice run --secrets=n"), ["named"]);
  assert.deepEqual(offered("sluice migrate report --output=h"), ["html"]);
  assert.deepEqual(offered("sluice migrate replay --log-format-escape=j"), ["json"]);
  assert.deepEqual(offered("sluice get ro"), ["routes"]);
  assert.deepEqual(offered("sluice rollout re"), ["resume", "restart"]);
  assert.deepEqual(offered("sluice wait --for=r"), ["rollout"]);
  assert.deepEqual(offered("sluice completion "), ["bash", "zsh", "fish"]);
  assert.deepEqual(offered("sluice check -o "), ["text", "json", "sarif", "github"]);
  assert.deepEqual(offered("sluice lint -o s"), ["sarif"]);
  assert.deepEqual(offered("sluice diff --output m"), ["markdown"]);
  assert.deepEqual(offered("sluice check --output=j"), ["json"]);
  assert.ok(offered("sluice check -o json --fi").includes("--fix"), "a flag behind a value");
  assert.ok(offered("sluice check --output --fa").includes("--fail-on="), "no value begins so");
});

test("the other shells' scripts name every flag too; a slip is told", async () => {
  for (const shell of ["zsh", "fish"]) {
    const { code, stdout } = await runCommand(["completion", shell]);
    assert.equal(code, 0);
    for (const { flag } of Object.values(FLAGS)) assert.ok(stdout.includes(shell === "zsh" ? `'--${flag}` : `-l ${flag}`), `${shell} ${flag}`);
    for (const short of Object.values(SHORT_FLAGS)) assert.ok(stdout.includes(shell === "zsh" ? `'-${short}[` : ` -s ${short} `), `${shell} -${short}`);
  }
  const { code, stderr } = await runCommand(["completion", "tcsh"]);
  assert.deepEqual([code, stderr], [2, 'sluice: For which shell? Write "sluice completion bash", zsh or fish.\n']);
});
