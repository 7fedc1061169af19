/** `sluice demo DIR`: a tutorial as its reader types it, with nothing behind its Services. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { freePorts, ROOT } from "../support/sluice.ts";

const TUTORIAL = join(ROOT, "test/cases/tutorial/other-namespace/cluster.yaml");

let folder: string;
let runtimeDir: string;
let http: number;
let https: number;
let demo: ChildProcess;
let printed = "";

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-demo-folder-"));
  runtimeDir = `/dev/shm/sluice-demo-folder-${process.pid}`;
  cpSync(TUTORIAL, join(folder, "tutorial.yaml"));
  let health: number;
  [http, https, health] = (await freePorts(3)) as [number, number, number];
  const flags = [`--http-port=${http}`, `--https-port=${https}`, `--healthz-port=${health}`, `--runtime-dir=${runtimeDir}`];
  demo = spawn(process.execPath, [join(ROOT, "src/main.ts"), "demo", folder, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [demo.stdout, demo.stderr]) stream?.on("data", (text: Buffer) => (printed += text.toString()));
  await said(/Ctrl-C ends everything/, 0);
});
after(async () => {
  await end();
  rmSync(folder, { recursive: true, force: true });
  rmSync(runtimeDir, { recursive: true, force: true });
});

async function end(): Promise<number | null> {
  if (demo.exitCode !== null || demo.signalCode !== null) return demo.exitCode;
  const ended = new Promise<number | null>((resolve) => demo.once("exit", resolve));
  demo.kill("SIGINT");
  return await ended;
}

async function said(pattern: RegExp, from: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!pattern.test(printed.slice(from))) {
    assert.equal(demo.exitCode, null, printed);
    assert.ok(Date.now() < deadline, `${pattern} was not said in 30 s:\n${printed}`);
    await sleep(10);
  }
}

const get = async (host: string, path = "/"): Promise<string> => {
  const { status, text } = await ask({ port: http, host, path });
  return status === 200 ? (text.split(" at ")[0] ?? "") : String(status);
};

test("the introduction names each route, what it leads to, and how to ask it", () => {
  const lines = printed.split("\n").map((line) => line.trim());
  assert.ok(lines.some((line) => line.startsWith(`Sluice serves ${folder}/ at http://127.0.0.1:${http} and https://127.0.0.1:${https}`)), printed);
  const asked = (title: string, command: string): void => assert.equal(lines[lines.indexOf(title) + 1], command, printed);
  asked("# hello.lucky.com/ (prefix), Ingress default/hello: hello-service:80", `curl -i -H 'Host: hello.lucky.com' http://127.0.0.1:${http}/`);
  asked("# tomcat.lucky.com/ (prefix), Ingress ingress-myapp/ingress-myapp: tomcat:8080 (no endpoint: 503)", `curl -i -H 'Host: tomcat.lucky.com' http://127.0.0.1:${http}/`);
});

test("stand-ins answer for Services that no EndpointSlice puts on this machine", async () => {
  assert.equal(await get("hello.lucky.com"), "hello-service");
  assert.equal(await get("tomcat.lucky.com"), "503");
});

test("a Secret or a default backend that the folder does not have is not asked of it", () => {
  assert.doesNotMatch(printed, /tomcat-ingress-secret|default-http-backend/);
});

test("what the findings ask for is done, is live, and the finding is told to be mended", async () => {
  assert.match(printed, /There is a Service of that name in namespace default; an Ingress reaches its own namespace's Services only/);
  const from = printed.length;
  const file = join(folder, "tutorial.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("  namespace: ingress-myapp\n", "  namespace: default\n"));
  await said(/tutorial\.yaml: live after/, from);
  await said(/No longer the case: Service "tomcat" does not exist in namespace "ingress-myapp"/, from);
  assert.equal(await get("tomcat.lucky.com"), "tomcat");
});

test("Ctrl-C leaves nothing behind", async () => {
  assert.equal(await end(), 0, printed);
  assert.equal(existsSync(runtimeDir), false);
});
