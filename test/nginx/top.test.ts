/** `sluice top` beside real workers: each request is counted once, under its route or canary, in the interval in which workers told of it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Interval, RouteRates } from "../../src/get/rates.ts";
import type { TrafficRow } from "../../src/report/traffic.ts";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { freePorts, ROOT, startSluice, type Sluice, type SluiceOptions } from "../support/sluice.ts";

let echo: EchoBackend;
const sluices: Sluice[] = [];

const options = (metrics: string): SluiceOptions => ({
  files: {
    "settings.yaml": configMap({ "worker-processes": "2" }),
    "web.yaml": site({ name: "web", host: "web.example", endpoints: [`127.0.0.1:${echo.port}`] }),
    "next.yaml": site({ name: "next", host: "web.example", endpoints: [`127.0.0.1:${echo.port}`], annotations: { canary: "true", "canary-by-header": "next" } }),
    "other.yaml": site({ name: "other", host: "*.other.example", path: "/other", endpoints: [`127.0.0.1:${echo.port}`] }),
    "none.yaml": site({ name: "none", host: "none.example", endpoints: [] }),
    "idle.yaml": site({ name: "idle", host: "idle.example", endpoints: [] }),
  },
  // Options that take labels away from the metrics.
  args: ["--configmap=sluice/sluice", metrics, "--metrics-per-host=false", "--metrics-per-path=false", "--report-status-classes"],
});

before(async () => {
  echo = await startEcho("web");
  for (const metrics of ["--enable-metrics=true", "--enable-metrics=false"]) sluices.push(await startSluice(options(metrics)));
});
after(async () => {
  for (const sluice of sluices) await sluice.stop();
  await echo?.close();
});

/** Requests whose numbers are known, one after the other. */
async function send({ http: port }: Sluice): Promise<void> {
  const all = [
    ...Array.from({ length: 20 }, () => ({ host: "web.example" })),
    ...Array.from({ length: 5 }, () => ({ host: "web.example", headers: { "x-want-status": "404" } })),
    ...Array.from({ length: 3 }, () => ({ host: "web.example", headers: { "x-want-status": "500" } })),
    ...Array.from({ length: 4 }, () => ({ host: "web.example", headers: { next: "always" } })),
    ...Array.from({ length: 7 }, () => ({ host: "a.other.example", path: "/other/x" })),
    ...Array.from({ length: 2 }, () => ({ host: "none.example" })),
    ...Array.from({ length: 6 }, () => ({ host: "nobody.example" })),
  ];
  for (const one of all) await ask({ port, ...one });
}

const SENT = 47;
type Numbers = readonly [requests: number, clientErrors: number, serverErrors: number];
const COUNTS: Readonly<Record<string, Numbers>> = {
  "shop/web web.example / web": [28, 5, 3],
  "shop/web web.example / canary shop-next-80": [4, 0, 0],
  "shop/other *.other.example /other other": [7, 0, 0],
  "shop/none none.example / none": [2, 0, 2],
};

const nameOf = ({ namespace, ingress, host, path, service, canary }: RouteRates): string => `${namespace}/${ingress} ${host} ${path} ${canary === "" ? service : `canary ${canary}`}`;

/** Adds intervals up, by route; requests that no Ingress took are left out. */
function sums(intervals: readonly Interval[]): Record<string, Numbers> {
  const all: Record<string, Numbers> = {};
  for (const route of intervals.flatMap(({ routes }) => routes)) {
    if (route.ingress === "") continue;
    const [requests, clientErrors, serverErrors] = all[nameOf(route)] ?? [0, 0, 0];
    all[nameOf(route)] = [requests + route.requests, clientErrors + route.clientErrors, serverErrors + route.serverErrors];
  }
  return all;
}

const requestsIn = (intervals: readonly Interval[]): number => intervals.reduce((sum, { total: { requests } }) => sum + requests, 0);

interface Watching {
  readonly intervals: () => readonly Interval[];
  readonly stderr: () => string;
  readonly until: (holds: (intervals: readonly Interval[]) => boolean) => Promise<void>;
}

function watch(t: TestContext, sluice: Sluice): Watching {
  const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "top", "-o", "json", "--interval=1", `--healthz-port=${sluice.health}`], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const intervals = (): Interval[] => said.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Interval);
  return {
    intervals,
    stderr: () => stderr,
    async until(holds) {
      while (!holds(intervals())) await once(child.stdout, "data", { signal: t.signal });
    },
  };
}

for (const [index, how] of ["measured", "counted"].entries()) {
  test(`each request once, under its route, where requests are ${how}`, { timeout: 60_000 }, async (t) => {
    const sluice = sluices[index] as Sluice;
    const watching = watch(t, sluice);
    await watching.until((intervals) => intervals.length > 0);
    await send(sluice);
    await watching.until((intervals) => requestsIn(intervals) >= SENT);
    await sleep(1500);
    const all = watching.intervals();
    assert.equal(requestsIn(all), SENT);
    assert.deepEqual(sums(all), COUNTS);
    const own: Record<string, number> = {};
    for (const [reason, number] of all.flatMap(({ total: { ownAnswers } }) => Object.entries(ownAnswers))) own[reason] = (own[reason] ?? 0) + number;
    assert.deepEqual(own, { "no-endpoints": 2, "no-route": 6 });
    const measured = how === "measured";
    for (const { routes, total } of all) {
      for (const { p50, p99 } of routes) assert.equal(p50 !== undefined && p99 !== undefined && p50 <= p99, measured);
      assert.equal(total.connections !== undefined, measured);
      // Four declared routes, a canary, and the rest of *.other.example.
      assert.equal(total.active + (total.quiet ?? 0), 6);
    }
  });
}

test("a table of one interval, with what was asked in it", { timeout: 60_000 }, async (t) => {
  const [sluice] = sluices as [Sluice];
  const counted = async (): Promise<number> => {
    const { text } = await sluice.ask("/api/v1/traffic");
    return text.split("\n").slice(1, -1).reduce((sum, line) => sum + (JSON.parse(line) as TrafficRow).requests, 0);
  };
  /** What `sluice top` prints when its second look comes after all of `send` was counted. */
  const top = async (...args: readonly string[]): Promise<string> => {
    let looks = 0;
    const server = createServer(async ({ url = "" }, response) => {
      const before = await counted();
      if (looks++ === 1) {
        await send(sluice);
        while ((await counted()) < before + SENT) await sleep(50);
      }
      response.end((await sluice.ask(url)).text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const { code, stdout, stderr } = await runCommand(["top", "--interval=1", `--healthz-port=${(server.address() as AddressInfo).port}`, ...args]);
    assert.deepEqual([code, stderr, looks], [0, "", 2]);
    return stdout;
  };
  const [line = "", ...more] = (await top("-o", "json", "--once")).split("\n");
  const interval = JSON.parse(line) as Interval;
  assert.deepEqual([more, sums([interval]), interval.total.requests, interval.total.quiet], [[""], COUNTS, SENT, 2]);
  const table = (await top("--sort=errors")).split("\n");
  assert.match(table[0] ?? "", /^[\d.]+ requests\/s {3}[\d.]+ 4xx\/s {3}[\d.]+ 5xx\/s {3}\d+ connections? {3}4 active routes, 2 quiet {3}in [\d.]+ s$/);
  assert.match(table[1] ?? "", /^answered by Sluice itself: no-route [\d.]+\/s, no-endpoints [\d.]+\/s$/);
  assert.deepEqual(table.slice(3, 9).map((text) => text.trim().split(/ {2,}/).slice(5)), [
    ["NAMESPACE", "INGRESS", "HOST", "PATH", "SERVICE"],
    ["shop", "web", "web.example", "/", "web"],
    ["shop", "none", "none.example", "/", "none"],
    ["-", "-", "*", "(no route)", "-"],
    ["shop", "other", "*.other.example", "/other", "other"],
    ["shop", "web", "web.example", "/ (canary)", "shop-next-80"],
  ]);
  assert.ok(!table.join("").includes("\u001b"));
  const some = (await top("--host=*.other.example", "-n", "shop", "--ingress=other", "--lines=1")).trimEnd().split("\n");
  assert.match(some[0] ?? "", /1 active route {3}/);
  assert.match(some.at(-1) ?? "", /shop +other +\*\.other\.example +\/other +other$/);
});

test("a slip, nobody there; and a Sluice that is started anew is watched on", { timeout: 60_000 }, async (t) => {
  for (const [args, said] of [
    [["--sort=errrors"], /--sort must be one of requests, errors, latency/],
    [["--interval=0"], /--interval must be a whole number from 1 to 3600/],
    [["word"], /Unexpected word "word"/],
  ] as const) {
    const { code, stderr } = await runCommand(["top", ...args]);
    assert.deepEqual([code, said.test(stderr)], [2, true], stderr);
  }
  const [port] = await freePorts(1);
  const { code, stderr } = await runCommand(["top", `--healthz-port=${port}`]);
  assert.deepEqual([code, stderr], [4, `sluice: No Sluice answers at 127.0.0.1:${port} (connection refused): start it, or name its port with --healthz-port.\n`]);
  const before = sluices.pop() as Sluice;
  const watching = watch(t, before);
  await watching.until((intervals) => intervals.length > 0);
  const ended = once(before.process, "exit");
  before.process.kill("SIGKILL");
  await ended;
  while (watching.stderr() === "") await sleep(20);
  await sleep(1500);
  const { args = [] } = options("--enable-metrics=false");
  const sluice = await startSluice({ successorOf: before, args });
  sluices.push(sluice);
  const seen = watching.intervals().length;
  await watching.until((intervals) => intervals.length > seen);
  for (let i = 0; i < 9; i++) await ask({ port: sluice.http, host: "a.other.example", path: "/other/again" });
  const again = (intervals: readonly Interval[]): number => sums(intervals)["shop/other *.other.example /other other"]?.[0] ?? 0;
  await watching.until((intervals) => again(intervals) >= 9);
  assert.equal(again(watching.intervals()), 9);
  assert.match(watching.stderr(), /^sluice: No Sluice answers at 127\.0\.0\.1:\d+ \([^)]+\): start it, or name its port with --healthz-port\.\n$/);
});
