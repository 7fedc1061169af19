/**
 * What Sluice says of bad input. At its start: one sentence with a remedy, and an exit code. While it runs: a finding with
 * file and line, and everything else is served on. Never a stack trace.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Finding } from "../../src/model/findings/findings.ts";
import { ask } from "../support/client.ts";
import { eventually } from "../support/cluster.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { site } from "../support/manifests.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const STACK = /^\s+at .*(?:\(|file:|node:)/m;
let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-bad-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Checks that the command printed one line that matches, no stack trace, and ended with this exit code. */
function expectRefusal({ code, stdout, stderr }: Ended, wanted: RegExp, exit = 1): void {
  assert.equal(code, exit, stderr);
  assert.doesNotMatch(stderr, STACK);
  assert.equal(stdout, "");
  const sentences = stderr.split("\n").filter((line) => line.startsWith("sluice: "));
  assert.equal(sentences.length, 1, stderr);
  assert.match(sentences[0] ?? "", wanted);
}

/** Flags with which Sluice would start; each test adds what must prevent the start. */
async function flags(t: TestContext): Promise<string[]> {
  const runtimeDir = mkdtempSync("/dev/shm/sluice-bad-");
  t.after(() => rmSync(runtimeDir, { recursive: true, force: true }));
  const [http, https, health] = await freePorts(3);
  return ["--bind-address=127.0.0.1", `--http-port=${http}`, `--https-port=${https}`, `--healthz-port=${health}`,
    "--healthz-host=127.0.0.1", `--runtime-dir=${runtimeDir}`];
}

async function busyPort(t: TestContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return (server.address() as { port: number }).port;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("a busy port is named with its flag", async (t) => {
  const port = await busyPort(t);
  for (const flag of ["--http-port", "--https-port", "--healthz-port"]) {
    const ended = await runCommand(["run", `--manifests=${folder}`, ...(await flags(t)), `${flag}=${port}`]);
    expectRefusal(ended, new RegExp(`127\\.0\\.0\\.1:${port} is in use.*${flag}`));
  }
});

test("nginx that is missing, or is something else", async (t) => {
  const run = async (binary: string): Promise<Ended> => runCommand(["run", `--manifests=${folder}`, ...(await flags(t))], { NGINX_BINARY: binary });
  expectRefusal(await run("/nowhere/nginx"), /nginx cannot be run as "\/nowhere\/nginx".*apt-get install nginx libnginx-mod-http-lua/);
  expectRefusal(await run("/bin/true"), /does not say its version/);
});

test("a folder of manifests that is not there", async (t) => {
  expectRefusal(await runCommand(["run", "--manifests=/nowhere", ...(await flags(t))]), /\/nowhere.*does not exist/);
});

test("log lines have their time, and the level by its name, in JSON too", async () => {
  const first = async (...more: string[]): Promise<string> => (await runCommand(["run", "--manifests=/nowhere", "--v=2", ...more])).stderr.split("\n")[0] ?? "";
  assert.match(await first(), /^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}-v has no effect/);
  const { level, time, msg } = JSON.parse(await first("--output=json")) as Record<string, string>;
  assert.equal(level, "info");
  assert.match(time ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.match(msg ?? "", /^-v has no effect/);
});

test("a runtime folder that cannot be", async (t) => {
  const taken = file("taken", "");
  const run = async (path: string): Promise<Ended> => runCommand(["run", `--manifests=${folder}`, ...(await flags(t)), `--runtime-dir=${path}`]);
  expectRefusal(await run(taken), /is a file, not a folder.*--runtime-dir/);
  expectRefusal(await run(`/dev/shm/${"x".repeat(100)}`), /--runtime-dir must be .* at most 80 bytes/, 2);
});

test("a kubeconfig that is missing, does not parse, or lacks the context", async (t) => {
  const run = async (...more: string[]): Promise<Ended> => runCommand(["run", ...(await flags(t)), ...more]);
  expectRefusal(await run("--kubeconfig=/nowhere/config"), /\/nowhere\/config/);
  expectRefusal(await run(`--kubeconfig=${file("broken", "clusters: [\n")}`), /broken/);
  const good = file("good", "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\nusers: [{name: a, user: {}}]\n");
  expectRefusal(await run(`--kubeconfig=${good}`, "--context=elsewhere"), /elsewhere/);
});

test("an API server that cannot be reached is tried again, which is said; a signal ends it", async (t) => {
  const [port] = await freePorts(3);
  const kubeconfig = file("unreachable", `apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: [{name: a, cluster: {server: 'http://127.0.0.1:${port}'}}]\nusers: [{name: a, user: {}}]\n`);
  const { code, stderr } = await runCommand(["run", ...(await flags(t)), `--kubeconfig=${kubeconfig}`], {}, /again in/);
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`cannot reach http://127\\.0\\.0\\.1:${port}.*refused.*again in`));
  assert.doesNotMatch(stderr, STACK);
});

test("explain does not wait for an API server that cannot be reached", async () => {
  const [port] = await freePorts(3);
  const kubeconfig = file("away", `apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: [{name: a, cluster: {server: 'http://127.0.0.1:${port}'}}]\nusers: [{name: a, user: {}}]\n`);
  const ended = await runCommand(["explain", "http://shop.example/", `--kubeconfig=${kubeconfig}`]);
  expectRefusal(ended, new RegExp(`^sluice: http://127\\.0\\.0\\.1:${port} cannot be read: connection refused; .*\\.$`));
  assert.equal(ended.stderr.split("\n").length, 2, ended.stderr);
});

test("slips on the command line", async () => {
  const slips: readonly [readonly string[], RegExp][] = [
    [["rum"], /no command "rum": did you mean "run"\?$/],
    [["constructor"], /no command "constructor": "sluice --help" lists/],
    [["help", "rum"], /did you mean "run"/],
    [["run", "--htpp-port=80"], /no flag --htpp-port.*--http-port/],
    [["run", "--http-port=eighty"], /--http-port must be .*not "eighty"/],
    [["run", "--http-port=99999"], /--http-port must be .*not "99999"/],
    [["run", "--http-port=8080", "--https-port=8080"], /--https-port and --http-port are both 8080/],
    [["run", "--http-port"], /--http-port needs a value/],
    [["run", "--configmap=nameless"], /--configmap must be .*not "nameless"/],
    [["run", "false"], /Unexpected word "false"/],
    [["explain"], /Which request/],
    [["explain", "ftp://shop.example/"], /no URL of a request/],
    [["explain", "http://shop.example/", "-H", "no colon"], /no header/],
  ];
  for (const [args, wanted] of slips) expectRefusal(await runCommand(args), wanted, 2);
});

test("help is there in both orders, and says how explain is told of a request", async () => {
  const [after, before, all] = [await runCommand(["explain", "--help"]), await runCommand(["help", "explain"]), await runCommand(["help"])];
  assert.equal(before.stdout, after.stdout);
  for (const option of ["-H", "-X", "-u", "--client-ip"]) assert.match(after.stdout, new RegExp(`^  ${option}[,=]`, "m"));
  assert.match(all.stdout, /^Usage: sluice COMMAND/m);
});

test("a signal during the start ends it at once, and leaves nothing", async (t) => {
  const given = await flags(t);
  const { code, stderr } = await runCommand(["run", `--manifests=${folder}`, ...given], {}, /manifests read/);
  assert.equal(code, 0, stderr);
  const port = /--http-port=(\d+)/.exec(given.join(" "))?.[1];
  await assert.rejects(ask({ port: Number(port) }), /ECONNREFUSED/);
});

/** The findings, as `code file:line field`. */
async function told(sluice: Sluice): Promise<string[]> {
  const findings = JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[];
  return findings.map(({ code, file: path, line, field }) => `${code} ${path?.replace(`${sluice.manifests}/`, "")}:${line} ${field}`.trim());
}

test("while it runs", async (t) => {
  const echo: EchoBackend = await startEcho("web");
  t.after(() => echo.close());
  const web = (host: string): string => site({ name: "web", host, endpoints: [`127.0.0.1:${echo.port}`] });
  const sluice = await startSluice({ files: { "web.yaml": web("shop.example"), "other.yaml": site({ name: "other", host: "other.example", endpoints: [] }) } });
  t.after(() => sluice.stop());
  const status = async (host: string): Promise<number> => (await ask({ port: sluice.http, host })).status;

  await t.test("a file that becomes invalid YAML takes nothing away; mended, it is read", async () => {
    await sluice.apply({ "web.yaml": "kind: Ingress\nmetadata: {name: web\n" });
    assert.equal(await status("shop.example"), 200);
    assert.deepEqual((await told(sluice)).filter((line) => line.startsWith("yaml-invalid")), ["yaml-invalid web.yaml:3"]);
    await sluice.apply({ "web.yaml": web("moved.example") });
    assert.equal(await status("shop.example"), 404);
    assert.equal(await status("moved.example"), 200);
    assert.deepEqual((await told(sluice)).filter((line) => !line.startsWith("no-endpoints")), []);
    await eventually("the log", sluice.log, (log) => /^\S+Z info {2}ready: every worker serves what was read$/m.test(log));
    await eventually("the log", sluice.log, (log) => /^\S+Z info {2}published a change parts=host moved\.example, host shop\.example/m.test(log));
  });

  await t.test("a file that never was valid keeps nobody else from serving", async () => {
    await sluice.apply({ "binary.yaml": "\0\x01\x02: [}", "more.yaml": site({ name: "more", host: "more.example", endpoints: [`127.0.0.1:${echo.port}`] }) });
    assert.equal(await status("more.example"), 200);
    assert.ok((await told(sluice)).some((line) => line.startsWith("yaml-invalid binary.yaml:1")));
    await sluice.apply({ "binary.yaml": undefined, "more.yaml": undefined });
  });

  await t.test("a field of the wrong type: the object's last good version serves, its file's other objects are read", async () => {
    const spoiled = web("moved.example").replace('"number":80', '"number":"eighty"').replace('"path":"/"', '"path":"/new"');
    await sluice.apply({ "web.yaml": spoiled });
    assert.equal(await status("moved.example"), 200);
    assert.deepEqual((await told(sluice)).filter((line) => line.startsWith("field-type")), [
      "field-type web.yaml:1 spec.rules[0].http.paths[0].backend.service.port.number",
    ]);
    await sluice.apply({ "web.yaml": web("moved.example") });
  });

  await t.test("a folder emptied and filled again serves again", async () => {
    await sluice.apply({ "web.yaml": undefined, "other.yaml": undefined });
    assert.equal(await status("moved.example"), 404);
    await sluice.apply({ "web.yaml": web("shop.example") });
    assert.equal(await status("shop.example"), 200);
  });

  await t.test("nothing of it was a stack trace, and nothing reloaded nginx", async () => {
    assert.doesNotMatch(sluice.log(), STACK);
    assert.doesNotMatch(sluice.engineLog(), STACK);
    assert.equal((await sluice.generation()).reloads, 0);
  });

  await t.test("a second Sluice with the same runtime folder is refused, and the first serves on", async () => {
    const [http, https, health] = await freePorts(3);
    const ended = await runCommand(["run", `--manifests=${folder}`, "--bind-address=127.0.0.1", `--http-port=${http}`, `--https-port=${https}`,
      `--healthz-port=${health}`, `--runtime-dir=${sluice.runtimeDir}`]);
    expectRefusal(ended, new RegExp(`${sluice.process.pid}.*--runtime-dir`));
    assert.equal(await status("shop.example"), 200);
  });
});
