/**
 * Draws the picture at the top of the README, docs/demo.svg: a terminal in which `make demo` serves the walk-through, answers
 * requests, and edits go live. Every line of output in it was printed by a real run, in a pseudo-terminal, over a copy of
 * examples/; only the long introduction of the demo is cut short.
 *
 * Needs the demo's ports and addresses; beside another demo: `unshare --net sh -c 'ip link set lo up; npm run recording'`.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { curlLine, WALKTHROUGH, type Reach } from "../src/demo/walkthrough.ts";
import { drawTerminal, type Line } from "./recording/svg.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sluice-recording-"));
const LIMIT_MS = 30_000;
const lines: Line[] = [];

const REACH: Reach = { address: "127.0.0.1", http: 8080, https: 8443, certificate: "" };
const HELLO = WALKTHROUGH.find(({ file }) => file === "canary/weight-header-cookie.yaml");

function curl(title: string): string {
  const found = HELLO?.cases.find((one) => one.title === title);
  if (!found) throw new Error(`the walk-through has no case ${title}`);
  return curlLine(found, REACH);
}

/** Starts a command in a pseudo-terminal. */
function inTerminal(command: string): ChildProcess {
  const env = { ...process.env, TERM: "xterm-256color", COLUMNS: "100" };
  return spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
}

async function run(command: string): Promise<string[]> {
  const child = inTerminal(command);
  let printed = "";
  child.stdout?.on("data", (text: Buffer) => (printed += text.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  return printed.split("\r\n").filter((line) => line !== "");
}

function type(command: string, shown = command): void {
  lines.push({ text: "", pause: 0 }, { text: `\u001b[32m$\u001b[0m ${shown}`, pause: 1.2 });
}

function print(printed: readonly string[]): void {
  for (const text of printed) lines.push({ text, pause: 0.15 });
}

cpSync(join(root, "examples"), join(folder, "examples"), { recursive: true });
const program = `"${process.execPath}" "${join(root, "src/main.ts")}"`;
const demo = inTerminal(`${program} demo --manifests=examples`);
try {
  let said = "";
  let taken = 0;
  demo.stdout?.on("data", (text: Buffer) => (said += text.toString()));
  /** What the demo says next, up to the line that matches. */
  const until = async (pattern: RegExp): Promise<string[]> => {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const rest = said.slice(taken);
      const found = pattern.exec(rest);
      const end = found ? rest.indexOf("\r\n", found.index) : -1;
      if (end >= 0) {
        taken += end + 2;
        return rest.slice(0, end).split("\r\n").filter((line) => line !== "");
      }
      if (demo.exitCode !== null || Date.now() > deadline) throw new Error(`the demo did not say ${String(pattern)}:\n${said}`);
      await sleep(20);
    }
  };
  const edit = async (shown: string, file: string, change: (text: string) => string, pattern: RegExp): Promise<void> => {
    type(shown);
    const path = join(folder, "examples", file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
    print(await until(pattern));
  };

  type("make demo");
  print((await until(/^Sluice serves .*$/m)).filter((line) => line.startsWith("S")));
  await until(/Ctrl-C ends everything/);
  lines.push({ text: "\u001b[2m… and what to ask, line by line. In another terminal:\u001b[0m", pause: 0.6 });
  for (const title of ['header "always"', 'header "never"']) {
    type(curl(title));
    print(await run(curl(title)));
  }
  const weight = "canary/weight-header-cookie.yaml";
  await edit(`sed -i 's/canary-weight: "30"/canary-weight: "100"/' examples/${weight}`, weight, (text) => text.replace('canary-weight: "30"', 'canary-weight: "100"'), /live after/);
  type("bin/sluice explain …", "bin/sluice explain http://canary-service.abc.com/ --manifests=examples");
  print((await run(`${program} explain http://canary-service.abc.com/ --manifests=examples 2>/dev/null`)));
  const services = "canary/services.yaml";
  await edit(`sed -i 's/name: canary-hello-service$/name: canary-helo-service/' examples/${services}`, services,
    (text) => text.replaceAll(/name: canary-hello-service$/gm, "name: canary-helo-service"), /Effect: /);
} finally {
  demo.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
}
writeFileSync(join(root, "docs/demo.svg"), drawTerminal("make demo", lines));
