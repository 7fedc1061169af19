/** Every command of the benchmarks, and of the conformance suite, as a process: help, mistakes and what is missing are text for people, and an interrupted run leaves nothing. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../support/sluice.ts";

const folder = mkdtempSync(join(tmpdir(), "bench-commands-"));
const cache = mkdtempSync(join(tmpdir(), "bench-cache-"));
after(() => [folder, cache].forEach((one) => rmSync(one, { recursive: true })));

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Readonly<Record<string, string>> };
/** Name → file. */
const COMMANDS = new Map(Object.entries(scripts).flatMap(([name, line]) => (/^(?:bench|conformance$|soak$|abuse$)/.test(name) ? [[name, line.replace(/^node /, "")] as const] : [])));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(file: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(ROOT, file), ...argv], { cwd: ROOT, env: { ...process.env, NODE_COMPILE_CACHE: cache, ...env }, timeout: 15_000 });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

function assertSentence({ code, out, err }: Ended, name: string, about: RegExp): void {
  assert.equal(out, "");
  assert.match(err, /^[^\n]+[^.\n]\.\n$/, "one line, one full stop at its end");
  assert.ok(err.startsWith(`${name}: `), err);
  assert.match(err, about);
  assert.equal(code, 1);
}

test("each command says its usage, and what is wrong with a flag in one sentence", { concurrency: 2 }, async (t) => {
  assert.ok(COMMANDS.size >= 12, `there are ${COMMANDS.size}`);
  await Promise.all([...COMMANDS].map(([name, file]) => t.test(name, async () => {
    const help = await run(file, ["--help"]);
    assert.deepEqual([help.code, help.err], [0, ""]);
    assert.ok(help.out.startsWith(`npm run ${name}`), help.out);
    assertSentence(await run(file, ["--wrong"]), name, /--wrong\b/);
  })));
});

/** Each is found before anything is started. */
const MISTAKES: readonly (readonly [name: string, argv: readonly string[], about: RegExp, env?: NodeJS.ProcessEnv])[] = [
  ["bench", ["--results=/proc/nope/deeper", "--only=control"], /--results: nothing can be written to the folder \/proc\/nope\/deeper/],
  ["bench", ["--workload", ""], /No workload is named: use some of plain,/],
  ["bench:start", ["often"], /"often" is not a whole number from 1 to 1000/],
  ["bench:plain", ["no-such-commit"], /git knows no commit "no-such-commit"|needs git/],
  ["bench:size", ["--hosts", "100,"], /--hosts=100, is not a list of whole numbers/],
  ["bench:cluster", [], /needs a real API server, and there is no start\.sh in \/nope: set SLUICE_ENVTEST/, { SLUICE_ENVTEST: "/nope" }],
  ["conformance", ["--profile", "http,smtp"], /--profile=smtp names no profile: use http, .* or udp/],
  ["conformance", ["--build-only", "--report=/proc/nope/report.yaml"], /--report: nothing can be written to the folder \/proc\/nope/],
  ["conformance", ["--build-only"], /needs Go 1\.26 or later, and there is no go in the PATH/, { PATH: "/nope", XDG_CACHE_HOME: "/nope" }],
  ["soak", ["--only", "nothing"], /--only=nothing names no disturbance: use worker, .* or none/],
  ["abuse", ["--h2spec"], /--h2spec needs a value/],
  ["abuse", ["--h2spec", "/etc/passwd"], /--h2spec=\/etc\/passwd is no program/],
  ["abuse", ["--h2spec", "/bin/true"], /--h2spec=\/bin\/true is not h2spec 2/],
  ["abuse", [], /needs .*openssl.*: apt-get install .*openssl/, { PATH: "/nope" }],
  ["bench:instructions", [], /needs .*valgrind and .*h2load.*: apt-get install .*valgrind nghttp2-client/, { PATH: "/nope" }],
];

test("what makes no sense, or is missing, is one sentence", { concurrency: 2 }, async (t) => {
  await Promise.all(MISTAKES.map(([name, argv, about, env]) => t.test(`${name} ${argv.join(" ")}${env ? ` with another ${Object.keys(env).join()}` : ""}`, async () => {
    assertSentence(await run(COMMANDS.get(name) ?? assert.fail(name), argv, env), name, about);
  })));
});

const INTERRUPTED = `
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { untilEnd } from "${ROOT}bench/ending.ts";
import { inFolder } from "${ROOT}bench/in-folder.ts";
await inFolder(async (dir) => {
  mkdtempSync(tmpdir() + "/left-");
  const child = spawn("sleep", ["60"]);
  await untilEnd(Promise.resolve({ stop: () => new Promise((resolve) => child.once("exit", resolve).kill()) }));
  console.log(JSON.stringify({ dir, pid: child.pid }));
  setTimeout(() => { throw new Error("something is gone"); }, 1500);
  await new Promise((resolve, reject) => child.once("exit", () => reject(new Error("it ended"))));
});
`;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends what was started, twice told as once, and leaves no folder`, async () => {
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", INTERRUPTED], { cwd: ROOT, env: { ...process.env, TMPDIR: folder } });
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const line = await new Promise<Buffer>((resolve) => child.stdout.once("data", resolve));
    const { dir, pid } = JSON.parse(line.toString()) as { dir: string; pid: number };
    assert.ok(existsSync(dir));
    child.kill(signal);
    child.kill(signal);
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.deepEqual([code, err], [130, "interrupted: ending what was started\n"]);
    assert.deepEqual([existsSync(dir), readdirSync(folder)], [false, []]);
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });
}
