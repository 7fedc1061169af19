/** `sluice top` on a terminal: drawn anew in its place, within its size, and the cursor is there again at the end. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createTraffic, trafficLines } from "../../src/report/traffic.ts";
import { parseSettings } from "../../src/settings.ts";
import { ROOT } from "../support/sluice.ts";

/** A health port on which 30 routes have one request more at each look. */
async function serve(t: TestContext): Promise<number> {
  const traffic = createTraffic({ settings: parseSettings([], "run", {}), routes: () => 40 });
  const server = createServer(({ url = "" }, response) => {
    const rows = Array.from({ length: 30 }, (_, index) => ({ namespace: "shop", ingress: `web-${index}`, service: "web", path: "/".padEnd(index * 3, "x"), canary: "", status: index % 2 === 0 ? 200 : 500, requests: 1, host: "shop.example" }));
    traffic.count(rows, {});
    response.end([...trafficLines(traffic.since(new URL(url, "http://x").searchParams.get("since") ?? ""))].join(""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What two pictures write to a terminal of 60 columns and 12 lines, until Ctrl-C, with `␛` for each escape, and how the command ends. */
async function onTerminal(t: TestContext, env: Readonly<Record<string, string>>): Promise<{ readonly said: string; readonly code: number }> {
  const port = await serve(t);
  const command = `stty rows 12 cols 60; exec "${process.execPath}" "${join(ROOT, "src/main.ts")}" top --interval=1 --healthz-port=${port}`;
  const { NO_COLOR: _, ...inherited } = process.env;
  // `script` (Debian's bsdutils) gives a command a terminal.
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"], env: { ...inherited, TERM: "xterm", ...env } });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const closed = once(child, "close");
  while (said.split("\u001b[H").length < 3 || !said.endsWith("\u001b[J")) await Promise.race([once(child.stdout, "data", { signal: t.signal }), closed.then(() => assert.fail(said))]);
  child.stdin.write("\u0003");
  const [code] = await closed;
  return { said: said.replaceAll("\u001b", "␛"), code: code as number };
}

test("redrawn in place, as large as the terminal, until Ctrl-C", { timeout: 60_000 }, async (t) => {
  const { said, code } = await onTerminal(t, {});
  assert.equal(code, 130);
  const [begin, first = "", second = ""] = said.split("␛[H");
  assert.equal(begin, "␛[?25l␛[2J");
  assert.match(second, /␛\[J(?:\^C)?␛\[\?25h(?:\r\n)?$/);
  assert.match(first, /␛\[31m/, "5xx are red");
  for (const picture of [first, second]) {
    const lines = picture.split("␛[J")[0]?.replaceAll(/␛\[[\d;]*[mK]/g, "").split("\r\n").slice(0, -1) ?? [];
    assert.equal(lines.length, 11);
    for (const line of lines) assert.ok(line.length <= 60, line);
    assert.match(lines[0] ?? "", /^[\d.]+ requests\/s {3}0 4xx\/s {3}[\d.]+ 5xx\/s {3}30 active/);
    assert.equal(lines.at(-1), "… and 23 more");
  }
});

test("NO_COLOR", { timeout: 60_000 }, async (t) => {
  const { said } = await onTerminal(t, { NO_COLOR: "1" });
  assert.doesNotMatch(said, /␛\[\d*m/);
});
