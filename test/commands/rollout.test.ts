/** `sluice rollout status` on a terminal: drawn anew each second, within its size, also while no Sluice answers; and which token is shown to whom. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { RolloutStatus } from "../../src/rollout/status.ts";
import { runCommand } from "../support/command.ts";
import { ROOT } from "../support/sluice.ts";

async function serve(t: TestContext, answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const status = (name: string, requests: number): RolloutStatus => ({
  ingress: `shop/${name}`, status: "advancing", weight: 20, step: 2, steps: [5, 20, 50, 100], lasted: 10, lasts: 60, requests, requestsNeeded: 100, canary: ["shop/next:80"],
  begun: new Date().toISOString(), since: new Date().toISOString(), quantile: 0.99,
  arms: { canary: { requests, errors: 0, took: 5 }, primary: { requests: 4 * requests, errors: 1, took: 5 } }, last: "The canary gets 20 % of the requests (step 2 of 4)",
});

/** What the first pictures write to a terminal of 60 columns and 16 lines, until Ctrl-C, with `␛` for each escape, and how the command ends. */
async function onTerminal(t: TestContext, words: string, pictures: number, answer: RequestListener, env: Readonly<Record<string, string>> = {}): Promise<{ readonly pictures: readonly string[]; readonly code: number }> {
  const port = await serve(t, answer);
  const command = `stty rows 16 cols 60; exec "${process.execPath}" "${join(ROOT, "src/main.ts")}" rollout ${words} --healthz-port=${port}`;
  const { NO_COLOR: _, FORCE_COLOR: __, COLUMNS: ___, ...inherited } = process.env;
  // `script` (Debian's bsdutils) gives a command a terminal.
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"], env: { ...inherited, TERM: "xterm", ...env } });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const closed = once(child, "close");
  while (said.split("\u001b[H").length <= pictures || !said.endsWith("\u001b[J")) await Promise.race([once(child.stdout, "data", { signal: t.signal }), closed.then(() => assert.fail(said))]);
  child.stdin.write("\u0003");
  const [code] = await closed;
  said = said.replaceAll("\u001b", "␛");
  assert.match(said, /␛\[J(?:\^C)?␛\[\?25h(?:\r\n)?$/, "the cursor is there again");
  return { pictures: said.split("␛[H").slice(1), code: code as number };
}

function linesOf(picture: string): readonly string[] {
  return picture.split("␛[J")[0]?.replaceAll(/␛\[[\d;]*[mK]/g, "").split("\r\n").slice(0, -1) ?? [];
}

test("redrawn in place until Ctrl-C, with the newest numbers", { timeout: 60_000 }, async (t) => {
  let looks = 0;
  const { pictures, code } = await onTerminal(t, "status shop/next", 3, (_request, response) => response.end(JSON.stringify([status("next", ++looks), status("other", 7)])));
  assert.equal(code, 130);
  assert.match(pictures[0] ?? "", /␛\[36madvancing␛/);
  for (const [index, picture] of pictures.entries()) {
    const lines = linesOf(picture);
    assert.equal(lines[0], "ingress/shop/next   advancing   20 % of the requests");
    assert.ok(lines.includes(`  canary    ${String(index + 1).padStart(8)}      0 %   5 ms`), picture);
    for (const line of lines) assert.ok(line.length <= 60 && !line.includes("…"), line);
  }
});

test("a Sluice that goes away is told above the last picture, and asked on; NO_COLOR", { timeout: 60_000 }, async (t) => {
  let looks = 0;
  const { pictures } = await onTerminal(t, "status", 4, (request, response) => {
    looks++;
    if (looks === 2) request.socket.destroy();
    else response.end(JSON.stringify(looks === 3 ? [] : [status("next", looks), status("other", 7)]));
  }, { NO_COLOR: "1" });
  assert.doesNotMatch(pictures.join(""), /␛\[\d*m/);
  const [first = [], second = [], third = [], fourth = []] = pictures.map(linesOf);
  assert.match(first[0] ?? "", /^INGRESS +STATUS/, "two in full have no room");
  assert.match(second[0] ?? "", /^sluice: No Sluice answers at 127\.0\.0\.1:\d+ \(/);
  assert.match(second[1] ?? "", /^INGRESS +STATUS/);
  assert.deepEqual(third, ["No rollouts: a canary has one with the annotation sluice.ing".slice(0, 59).concat("…")]);
  assert.equal(fourth.length, first.length);
});

test("a token is shown to the Sluice that names its folder, and nothing but a token", { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-rollout-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const asked: (string | undefined)[] = [];
  const token = "0123456789abcdef".repeat(4);
  const port = await serve(t, ({ headers, method, url }: IncomingMessage, response) => {
    asked.push(`${method} ${url} ${headers.authorization}`);
    if (headers.authorization === `Bearer ${token}`) response.end(JSON.stringify({ ...status("next", 1), last: "It is \u001b[2J\npaused" }));
    else response.writeHead(403, { "sluice-runtime-dir": folder }).end("this needs the token\n");
  });
  const pause = () => runCommand(["rollout", "pause", "shop/next", `--healthz-port=${port}`], { XDG_RUNTIME_DIR: join(folder, "none") });
  const missing = await pause();
  assert.deepEqual([missing.code, /admin\.token is not there: run this as the user/.test(missing.stderr)], [1, true], missing.stderr);
  writeFileSync(join(folder, "admin.token"), "a secret of another kind\n");
  const other = await pause();
  assert.deepEqual([other.code, /holds no token of a Sluice/.test(other.stderr)], [1, true], other.stderr);
  writeFileSync(join(folder, "admin.token"), token);
  assert.deepEqual(await pause(), { code: 0, stdout: "ingress/shop/next: It is \\u001b[2J\\u000apaused\n", stderr: "" });
  const path = "POST /api/v1/rollouts/shop/next/pause";
  assert.deepEqual(asked, [`${path} undefined`, `${path} undefined`, `${path} undefined`, `${path} Bearer ${token}`]);
});

test("what answers and is no Sluice, or an older one", { timeout: 60_000 }, async (t) => {
  for (const answer of [(_: IncomingMessage, response: Parameters<RequestListener>[1]) => void response.writeHead(404).end("not found\n"), (_: IncomingMessage, response: Parameters<RequestListener>[1]) => void response.end("<html>")]) {
    const port = await serve(t, answer);
    for (const words of [["list"], ["status", "--once"], ["list", "-o", "json"]]) {
      const { code, stderr } = await runCommand(["rollout", ...words, `--healthz-port=${port}`]);
      assert.deepEqual([code, stderr], [4, `sluice: No Sluice answers at 127.0.0.1:${port} (what answers there is no Sluice, or an older one): start it, or name its port with --healthz-port.\n`]);
    }
  }
});

test("wait: what is over at once, or away for a moment, is looked at again before it counts", { timeout: 60_000 }, async (t) => {
  const next = status("next", 7);
  const cases: readonly (readonly [looks: readonly (readonly RolloutStatus[] | undefined)[], code: number, waits: RegExp])[] = [
    // An Ingress that was just written: its former release, and then its new one.
    [[[{ ...next, status: "promoted" }], [next], [{ ...next, status: "failed" }]], 3, /^waiting: step 2 of 4, at 20 % of the requests: its least time\n/],
    // A Sluice that is started anew has no release at first.
    [[[next], undefined, [], [next], [{ ...next, status: "ready" }]], 0, /waiting: No Sluice answers [^\n]*\nwaiting: step 2 of 4/],
  ];
  for (const [looks, code, waits] of cases) {
    let at = 0;
    const port = await serve(t, ({ url = "", socket }, response) => {
      if (url.startsWith("/api/v1/ingresses/")) return void response.end(JSON.stringify({ ingress: "shop/next", state: "programmed", findings: [] }));
      const look = looks[Math.min(at++, looks.length - 1)];
      if (look === undefined) socket.destroy();
      else response.end(JSON.stringify(look));
    });
    const ended = await runCommand(["wait", "shop/next", "--for=rollout", `--healthz-port=${port}`]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, waits);
  }
});
