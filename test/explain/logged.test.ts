/** Lines of the access log, as nginx wrote them, tell the request, its attempts and its Ingress. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readLogLine } from "../../src/explain/log-line.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const JSON_FORMAT = '{"time": "$time_iso8601", "host": "$host", "request": "$request", "status": $status, "agent": "$http_user_agent", "upstream": "$upstream_addr", "answers": "$upstream_status", "reason": "$sluice_reason", "header": "$upstream_header_time"}';
const FORMATS: readonly (readonly [name: string, settings: Readonly<Record<string, string>>])[] = [
  ["the usual format", {}],
  ["JSON", { "log-format-upstream": JSON_FORMAT, "log-format-escape-json": "true" }],
];

let echo: EchoBackend;
let dead: string;
const sluices: Sluice[] = [];
const fileOf = (index: number): string => join("/dev/shm", `sluice-logged-${process.pid}-${index}.log`);

before(async () => {
  echo = await startEcho("web");
  const [closed] = await freePorts(1);
  dead = `127.0.0.1:${closed}`;
  const web = `127.0.0.1:${echo.port}`;
  for (const [index, [, settings]] of FORMATS.entries()) {
    sluices.push(await startSluice({
      files: {
        "settings.yaml": configMap({ "worker-processes": "1", "access-log-path": fileOf(index), ...settings }),
        "web.yaml": site({ name: "web", host: "web.example", endpoints: [web] }),
        "half.yaml": site({ name: "half", host: "half.example", endpoints: [dead, web], path: "/half" }),
        "dead.yaml": site({ name: "dead", host: "dead.example", endpoints: [dead] }),
      },
      args: ["--configmap=sluice/sluice"],
    }));
  }
});
after(async () => {
  for (const sluice of sluices) await sluice.stop();
  await echo?.close();
  for (const index of FORMATS.keys()) rmSync(fileOf(index), { force: true });
});

async function lineWith(index: number, mark: string): Promise<string> {
  for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
    const line = readFileSync(fileOf(index), "utf8").split("\n").find((one) => one.includes(mark));
    if (line !== undefined) return line;
    assert.ok(Date.now() < deadline, mark);
  }
}

const explain = (index: number, line: string, ...args: readonly string[]) =>
  runCommand(["explain", "--log", line, "--configmap=sluice/sluice", `--manifests=${(sluices[index] as Sluice).manifests}`, ...args]);

for (const [index, [name]] of FORMATS.entries()) {
  test(`${name}: the request, its attempts and its Ingress`, async () => {
    const { http } = sluices[index] as Sluice;
    await ask({ port: http, host: "web.example", path: "/cart?mark=web&q=%22a%20b%22", headers: { "user-agent": 'quote " and \\ back' } });
    const web = await explain(index, await lineWith(index, "mark=web"));
    assert.equal(web.stderr, "");
    assert.match(web.stdout, /: GET \/cart\?mark=web&q=%22a%20b%22(?: from 127\.0\.0\.1)?, answered 200/);
    assert.match(web.stdout, new RegExp(`\\n {2}tried 127\\.0\\.0\\.1:${echo.port}: 200`));
    assert.match(web.stdout, /\nhttp:\/\/web\.example\/cart\?mark=web[^]*Ingress shop\/web, spec\.rules\[0\]/);

    // The endpoints take turns, so that one of two requests begins with the dead one.
    for (const turn of ["half-a", "half-b"]) await ask({ port: http, host: "half.example", path: `/half?mark=${turn}` });
    const lines = [await lineWith(index, "mark=half-a"), await lineWith(index, "mark=half-b")];
    const half = await explain(index, lines.find((line) => line.includes(dead)) ?? "");
    assert.match(half.stdout, new RegExp(`\\n {2}tried ${dead}: 502[^\\n]*\\n {2}tried 127\\.0\\.0\\.1:${echo.port}: 200`), half.stderr);
    assert.match(half.stdout, /Ingress shop\/half, spec/);

    await ask({ port: http, host: "dead.example", path: "/?mark=dead" });
    const broken = await explain(index, await lineWith(index, "mark=dead"), "-o", "json");
    const { logged, objects } = JSON.parse(broken.stdout) as { logged: { status: string; attempts: { endpoint: string }[]; reason?: string; hosts: string[] }; objects: { name: string }[] };
    assert.deepEqual([logged.status, logged.attempts[0]?.endpoint, logged.hosts, objects.map(({ name: one }) => one)], ["502", dead, ["dead.example"], ["dead"]]);
    if (name === "JSON") assert.equal(logged.reason, "upstream-unreachable");
  });
}

test("a running Sluice reads the line too, with its own format", async () => {
  const [, sluice] = sluices as [Sluice, Sluice];
  await ask({ port: sluice.http, host: "web.example", path: "/?mark=live" });
  const { stdout, code } = await runCommand(["explain", "--live", `--healthz-port=${sluice.health}`, `--log=${await lineWith(1, "mark=live")}`]);
  assert.equal(code, 0);
  assert.match(stdout, /GET \/\?mark=live, answered 200[^]*Ingress shop\/web[^]*asked now, it agrees/);
});

test("a line that tells too little, or is none, is a slip that says what to do", async () => {
  const [sluice] = sluices as [Sluice];
  await ask({ port: sluice.http, host: "nobody.example", path: "/?mark=nobody" });
  for (const [line, said] of [
    [await lineWith(0, "mark=nobody"), /does not say for which host it is, and no host has a route to .*: put \$host into log-format-upstream, or give the URL/],
    ["nonsense", /is not of the access log's format: log-format-upstream is "\$remote_addr - /],
  ] as const) {
    const { code, stderr } = await explain(0, line);
    assert.deepEqual([code, said.test(stderr)], [2, true], stderr);
  }
  const { code, stderr } = await explain(0, "x", "http://web.example/");
  assert.deepEqual([code, /One request at a time/.test(stderr)], [2, true]);
});

test("reading takes time in proportion to the line, whatever is in it", () => {
  const begun = process.cpuUsage().user;
  for (const filler of [" ", "\"", "- ", "[", ", ", "a, "]) assert.equal(readLogLine(filler.repeat(200_000), DEFAULT_CONFIG.logFormatUpstream, "default"), undefined);
  assert.ok(process.cpuUsage().user - begun < 5_000_000);
});

test("values end where the format says, and lists of attempts where they end", () => {
  const read = readLogLine('a b|[x] 10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80 "q\\x22q" 1', '$remote_user|[${host}] $upstream_addr "$http_referer" $status', "default");
  assert.deepEqual(read, { remote_user: "a b", host: "x", upstream_addr: "10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80", http_referer: 'q"q', status: "1" });
  assert.deepEqual(readLogLine("- -", "$host $status", "default"), {});
  assert.equal(readLogLine("a", "$host $status", "default"), undefined);
  assert.equal(readLogLine("x a", "y $host", "default"), undefined);
});
