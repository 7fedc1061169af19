/** How commands behave at a terminal, and where their readers go away. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { runCommand } from "../support/command.ts";
import { ROOT } from "../support/sluice.ts";

/** Quoted: the project may lie in a folder whose name has a blank. */
const EXAMPLES = `"${join(ROOT, "examples")}"`;
const SLUICE = `"${process.execPath}" "${join(ROOT, "src/main.ts")}"`;

/** A server that takes requests and never answers. */
async function silent(t: TestContext): Promise<number> {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

interface Said {
  /** With `␛` for each escape. */
  readonly said: string;
  readonly code: number;
}

/** What a command line of a shell says at a terminal of 80 columns, and how it ends. @param until when it has said this, Ctrl-C is pressed. */
async function atTerminal(t: TestContext, line: string, until?: RegExp): Promise<Said> {
  const { NO_COLOR: _, FORCE_COLOR: __, COLUMNS: ___, ...inherited } = process.env;
  // `script` (Debian's bsdutils) gives a command a terminal.
  const child = spawn("script", ["-qec", `stty rows 24 cols 80; exec ${line}`, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"], env: { ...inherited, TERM: "xterm" } });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  let pressed = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (pressed || !until?.test(said)) return;
    pressed = true;
    child.stdin.write("\u0003");
  });
  const [code] = await once(child, "close");
  return { said: said.replaceAll("\u001b", "␛"), code: code as number };
}

test("what takes long is said in one line; Ctrl-C ends it, and nothing more is said", { timeout: 60_000 }, async (t) => {
  const port = await silent(t);
  const { said, code } = await atTerminal(t, `${SLUICE} get routes --apiserver-host=http://127.0.0.1:${port}`, /reading .* 1 s/);
  assert.equal(code, 130);
  assert.match(said, /^(?:\r␛\[Ksluice: reading [^\r\n]* …(?: 1 s)?)+/);
  assert.match(said, /1 s(?:\^C)?\r?\n?$/);
});

test("the line is gone when the work is done, and no pipe gets one", { timeout: 60_000 }, async (t) => {
  const port = await silent(t);
  const { said, code } = await atTerminal(t, `${SLUICE} get routes --healthz-port=${port}`);
  assert.equal(code, 4);
  assert.match(said, /sluice: asking 127\.0\.0\.1:\d+ … \d s\r␛\[Ksluice: No Sluice answers/);
  const piped = await runCommand(["get", "routes", `--healthz-port=${port}`]);
  assert.deepEqual([piped.code, piped.stdout], [4, ""]);
  assert.match(piped.stderr, /^sluice: No Sluice answers[^\n]*\n$/);
});

test("tables fit the terminal", { timeout: 60_000 }, async (t) => {
  const { said, code } = await atTerminal(t, `${SLUICE} get routes --manifests=${EXAMPLES}`);
  assert.equal(code, 0);
  const lines = said.replaceAll(/\r␛\[K(?:sluice: [^\r\n]* …[^\r\n]*)?/g, "").split("\r\n").filter((line) => line !== "");
  assert.ok(lines.length > 5);
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.match(said, /…/);
});

test("a reader that goes away ends no command with noise", { timeout: 60_000 }, async (t) => {
  for (const words of ["--help", "check --help", `get routes --manifests=${EXAMPLES}`, `check ${EXAMPLES} -o json`]) {
    const { said } = await atTerminal(t, `bash -c 'set -o pipefail; ${SLUICE} ${words} | true'`);
    assert.equal(said.replaceAll(/\r␛\[K(?:sluice: [^\r\n]* …[^\r\n]*)?/g, ""), "", words);
  }
});

test("the version, by each of its names; help of subcommands", async () => {
  const { stdout } = await runCommand(["--version"]);
  assert.match(stdout, /^sluice \d+\.\d+\.\d+\n$/);
  for (const words of [["-v"], ["version"], ["check", "--version"]]) assert.equal((await runCommand(words)).stdout, stdout);
  assert.match((await runCommand(["help", "migrate", "report"])).stdout, /^Usage: sluice migrate report /);
});

test("stop tells programs, too, whether it stopped something", async () => {
  const { code, stdout } = await runCommand(["stop", "--runtime-dir=/tmp/sluice-nothing-here", "-o", "json"]);
  assert.deepEqual([code, stdout], [0, '{"runtimeDir":"/tmp/sluice-nothing-here","stopped":false}\n']);
});

test("a slip is told with what was meant", async () => {
  for (const [words, says] of [
    [["chek"], /did you mean "check"\?/], [["check", "--fial-on=error"], /did you mean --fail-on\?/], [["get", "-namespace=shop"], /did you mean --namespace\?/], [["migrate", "repot"], /did you mean "migrate report"\?/],
    [["-x"], /"sluice --help" lists the commands/], [["get", "rotes"], /did you mean "routes"\?/], [["rollout", "pasue", "shop/next"], /did you mean "pause"\?/],
  ] as const) {
    const { code, stdout, stderr } = await runCommand(words);
    assert.deepEqual([code, stdout], [2, ""], words.join(" "));
    assert.match(stderr, says);
  }
});
