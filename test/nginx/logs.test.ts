/** `sluice logs` beside real workers: every request while somebody watches, a sample at other times, and no secret of a query. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { JournalRow } from "../../edge/src/journal.ts";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { journalOf } from "../support/journal.ts";
import { configMap, site } from "../support/manifests.ts";
import { freePorts, ROOT, startSluice, type Sluice } from "../support/sluice.ts";

let echo: EchoBackend;
const sluices: Sluice[] = [];

before(async () => {
  echo = await startEcho("web");
  for (const metrics of ["--enable-metrics=true", "--enable-metrics=false"]) {
    sluices.push(await startSluice({
      files: {
        "settings.yaml": configMap({ "worker-processes": "2" }),
        "web.yaml": site({ name: "web", host: "web.example", endpoints: [`127.0.0.1:${echo.port}`] }),
        "each.yaml": site({ name: "each", host: "each.test", endpoints: [`127.0.0.1:${echo.port}`] }),
        "other.yaml": site({ name: "other", host: "other.example", endpoints: [`127.0.0.1:${echo.port}`], annotations: { "enable-cors": "true" } }),
      },
      args: ["--configmap=sluice/sluice", metrics],
    }));
  }
});
after(async () => {
  for (const sluice of sluices) await sluice.stop();
  await echo?.close();
});

interface Following {
  readonly rows: () => readonly JournalRow[];
  readonly until: (holds: (rows: readonly JournalRow[]) => boolean) => Promise<void>;
  readonly end: () => void;
  readonly ended: Promise<{ code: number | null; stderr: string }>;
}

function follow(t: TestContext, sluice: Sluice, ...args: readonly string[]): Following {
  const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "logs", "-f", "--output=json", `--healthz-port=${sluice.health}`, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const rows = (): JournalRow[] => said.split("\n").slice(0, -1).map((line) => JSON.parse(line) as JournalRow);
  return {
    rows,
    async until(holds) {
      while (!holds(rows())) await once(child.stdout, "data", { signal: t.signal });
    },
    end: () => child.kill("SIGKILL"),
    ended: once(child, "close").then(([code]) => ({ code: code as number | null, stderr })),
  };
}

/** Asks again and again until the follower hears of it: the workers have been told to note every request. */
async function settle(sluice: Sluice, following: Following): Promise<void> {
  let asked = 0;
  while (!following.rows().some(({ path }) => path.startsWith("/settle/late"))) {
    for (let i = 0; i < 4; i++) await ask({ port: sluice.http, host: "web.example", path: `/settle/${asked > 20 ? "late" : "early"}${asked++}` });
    await sleep(50);
  }
}

test("while nobody follows, a few of many, and Sluice's own answers", { timeout: 60_000 }, async () => {
  const [sluice] = sluices as [Sluice];
  for (let i = 0; i < 300; i++) await ask({ port: sluice.http, host: "web.example", path: `/few/${i}` });
  for (let i = 0; i < 5; i++) await ask({ port: sluice.http, host: `nobody-${i}.example`, path: "/few/nobody" });
  const rows = async (): Promise<readonly JournalRow[]> => (await journalOf(sluice)).filter(({ path }) => path.startsWith("/few/"));
  while ((await rows()).filter(({ reason }) => reason === "no-route").length < 5) await sleep(50);
  const sampled = (await rows()).filter(({ host }) => host === "web.example").length;
  assert.ok(sampled >= 1 && sampled < 60, `${sampled} of 300`);
});

for (const [index, how] of ["measured", "counted"].entries()) {
  test(`while nobody follows, each status of a route, where requests are ${how}`, { timeout: 60_000 }, async () => {
    const sluice = sluices[index] as Sluice;
    // On one connection, so both come to one worker, and mostly within one second.
    const head = (path: string, more: string): string => `GET ${path} HTTP/1.1\r\nHost: each.test\r\n${more}\r\n`;
    const socket = connect(sluice.http, "127.0.0.1");
    socket.write(head("/each/fine", "") + head("/each/bad", "x-want-status: 418\r\nConnection: close\r\n"));
    await once(socket.resume(), "close");
    const statuses = async (): Promise<string> => (await journalOf(sluice)).filter(({ path }) => path.startsWith("/each/")).map(({ status }) => status).sort().join();
    while ((await statuses()) !== "200,418") await sleep(50);
  });

  test(`each request once while somebody follows, where requests are ${how}`, { timeout: 60_000 }, async (t) => {
    const sluice = sluices[index] as Sluice;
    const following = follow(t, sluice);
    await settle(sluice, following);
    const paths = Array.from({ length: 120 }, (_, one) => `/once/${one}`);
    for (let from = 0; from < paths.length; from += 20) {
      await Promise.all(paths.slice(from, from + 20).map((path, turn) => ask({ port: sluice.http, host: turn % 2 === 0 ? "web.example" : "other.example", path: `${path}?token=hunter2` })));
      await sleep(50);
    }
    await ask({ port: sluice.http, host: "nobody.example", path: "/once/nobody" });
    await following.until((rows) => rows.some(({ path }) => path === "/once/nobody"));
    await following.until((rows) => rows.filter(({ path }) => path.startsWith("/once/")).length >= 121);
    const told = following.rows().filter(({ path }) => path.startsWith("/once/"));
    assert.deepEqual(told.map(({ path }) => path).sort(), [...paths, "/once/nobody"].sort());
    assert.doesNotMatch(JSON.stringify(following.rows()), /hunter2/);
    const one = told.find(({ path }) => path === "/once/1");
    assert.deepEqual(
      [one?.host, one?.status, one?.reason, one?.namespace, one?.ingress, one?.route, one?.upstream, one?.answers, one?.client, one?.scheme],
      ["other.example", 200, "", "shop", "other", "/", `127.0.0.1:${echo.port}`, "200", "127.0.0.1", "http"],
    );
    assert.equal(told.find(({ path }) => path === "/once/nobody")?.reason, "no-route");
    following.end();
  });
}

test("filters, and text for people", async () => {
  const [sluice] = sluices as [Sluice];
  const logs = (...args: readonly string[]) => runCommand(["logs", `--healthz-port=${sluice.health}`, ...args]);
  const lines = (text: string): string[] => text.split("\n").filter(Boolean);
  const all = lines((await logs()).stdout);
  assert.match(all.join("\n"), /^\d{4}-\d\d-\d\dT[\d:.]+Z 200 GET http:\/\/web\.example\/few\/\d+ by 127\.0\.0\.1:\d+ \(shop\/web \/\) \d+ ms from 127\.0\.0\.1$/m);
  for (const [args, holds] of [
    [["--host=other.example"], (line: string) => line.includes("://other.example/")],
    [["--host=*.example", "--status=4xx"], (line: string) => line.includes(" 404 ")],
    [["--ingress=shop/web"], (line: string) => line.includes("(shop/web ")],
    [["--ingress", "other,nothing"], (line: string) => line.includes("(shop/other ")],
    [["-n", "shop"], (line: string) => line.includes("(shop/")],
    [["--reason=any"], (line: string) => line.includes(" no-route ")],
    [["--reason=none", "--status=200"], (line: string) => line.includes(" 200 ")],
  ] as const) {
    const told = lines((await logs(...args)).stdout);
    assert.ok(told.length > 0 && told.length < all.length, args.join(" "));
    assert.deepEqual(told.filter((line) => !holds(line)), [], args.join(" "));
  }
  assert.match((await logs("--host=absent.example")).stderr, /^No request that was noted is one of these/);
});

test("a slip, nobody there, and a Sluice that ends: one sentence each", { timeout: 60_000 }, async (t) => {
  const [, sluice] = sluices as [Sluice, Sluice];
  for (const [args, said] of [
    [["--status=40"], /--status must be a status or a class of statuses/],
    [["--reason=norute"], /There is no reason "norute": did you mean "no-route"\?/],
    [["word"], /Unexpected word "word"/],
  ] as const) {
    const { code, stderr } = await runCommand(["logs", ...args]);
    assert.deepEqual([code, said.test(stderr)], [2, true], stderr);
  }
  const [port] = await freePorts(1);
  const { code, stderr } = await runCommand(["logs", `--healthz-port=${port}`]);
  assert.deepEqual([code, stderr], [4, `sluice: No Sluice answers at 127.0.0.1:${port} (connection refused): start it, or name its port with --healthz-port.\n`]);
  const following = follow(t, sluice);
  await following.until((rows) => rows.length > 0);
  await sluices.pop()?.stop();
  const end = await following.ended;
  assert.equal(end.code, 4);
  assert.match(end.stderr, /^sluice: No Sluice answers at 127\.0\.0\.1:\d+ \([^)]+\): start it, or name its port with --healthz-port\.\n$/);
});
