/** The walk-through as its reader meets it: `sluice demo` over a copy of examples/, asked what it says to ask. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { WALKTHROUGH, type Case } from "../../src/demo/walkthrough.ts";
import { takeNetwork, type Network } from "../support/cases/network.ts";
import { ask, type Answer } from "../support/client.ts";
import { freePorts, ROOT } from "../support/sluice.ts";
import { udpClient } from "../support/stream-backends.ts";

const MAIN = join(ROOT, "src/main.ts");
const REQUESTS = 400;
/** Standard deviations: a true share is further off once in some ten million draws. */
const PATIENCE = 5.5;

let network: Network;
let folder: string;
let runtimeDir: string;
let http: number;
let https: number;
let nodePort: number;
let udpPort: number;
let demo: ChildProcess;
let printed = "";

before(async () => {
  network = await takeNetwork();
  folder = mkdtempSync(join(tmpdir(), "sluice-demo-"));
  runtimeDir = `/dev/shm/sluice-demo-test-${process.pid}`;
  cpSync(join(ROOT, "examples"), folder, { recursive: true });
  // Loopback addresses of this run's own, so that a demo may run beside it.
  for (const name of ["default-backend.yaml", "tomcat.yaml", "canary/services.yaml", "languages.yaml", "udp.yaml"]) {
    edit(name, (text) => network.toLocal(text.replaceAll("127.0.1.", "10.0.1.")));
  }
  let health: number;
  [http, https, health, nodePort, udpPort] = (await freePorts(5)) as [number, number, number, number, number];
  edit("tomcat.yaml", (text) => text.replace("30080", String(nodePort)));
  edit("udp.yaml", (text) => text.replace("30007", String(udpPort)));
  demo = spawn(
    process.execPath,
    [MAIN, "demo", `--manifests=${folder}`, `--http-port=${http}`, `--https-port=${https}`, `--healthz-port=${health}`, `--runtime-dir=${runtimeDir}`],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  for (const stream of [demo.stdout, demo.stderr]) stream?.on("data", (text: Buffer) => (printed += text.toString()));
  await said(/Ctrl-C ends everything/, 0);
});
after(async () => {
  await end();
  await network?.close();
  rmSync(folder, { recursive: true, force: true });
  rmSync(runtimeDir, { recursive: true, force: true });
});

/** Ctrl-C; answers the exit code. */
async function end(): Promise<number | null> {
  if (demo.exitCode !== null || demo.signalCode !== null) return demo.exitCode;
  const ended = new Promise<number | null>((resolve) => demo.once("exit", resolve));
  demo.kill("SIGINT");
  return await ended;
}

function edit(name: string, change: (text: string) => string): void {
  const file = join(folder, name);
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

async function said(pattern: RegExp, from: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!pattern.test(printed.slice(from))) {
    assert.equal(demo.exitCode, null, printed);
    assert.ok(Date.now() < deadline, `${pattern} was not said in 30 s:\n${printed}`);
    await sleep(10);
  }
}

/** Edits a file and waits until the demo says something. */
async function editUntil(pattern: RegExp, name: string, change: (text: string) => string): Promise<void> {
  const from = printed.length;
  edit(name, change);
  await said(pattern, from);
}

async function request({ host, path, tls, direct, headers }: Case): Promise<Pick<Answer, "status" | "text">> {
  if (direct?.udp) return { status: 200, text: await datagram(udpPort, "hello") };
  if (direct?.address) return await curl(`http://${network.toLocal(direct.address.replace("127.0.1.", "10.0.1."))}:${direct.port}/`);
  if (direct) return await curl(`http://127.0.0.1:${nodePort}/`);
  return await ask({ port: tls ? https : http, path, host: host ?? "127.0.0.1", tls: tls === true, ...(headers ? { headers } : {}) });
}

async function curl(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

async function datagram(port: number, text: string): Promise<string> {
  const client = udpClient(port);
  const answer = await client.ask(text);
  client.close();
  return answer ?? "";
}

for (const { title, cases } of WALKTHROUGH) {
  test(title, async (t) => {
    for (const one of cases) {
      await t.test(one.title, async () => {
        if ("percent" in one.expect) return checkShare(one, one.expect);
        const { status, text } = await request(one);
        assert.equal(status, one.expect.status);
        assert.equal(/^(\S+) at /.exec(text)?.[1] ?? "", one.expect.service);
      });
    }
  });
}

async function checkShare(one: Case, { percent, service, other }: { percent: number; service: string; other: string }): Promise<void> {
  let taken = 0;
  for (let i = 0; i < REQUESTS; i++) {
    const { text } = await request(one);
    const name = text.split(" ")[0] ?? "";
    assert.ok(name === service || name === other, text);
    if (name === service) taken++;
  }
  const share = percent / 100;
  const bound = PATIENCE * Math.sqrt(REQUESTS * share * (1 - share));
  assert.ok(Math.abs(taken - REQUESTS * share) <= bound, `${taken} of ${REQUESTS} requests reached ${service}, expected about ${percent} %`);
}

test("both endpoints of a Service answer in turn", async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) seen.add((await ask({ port: http, host: "tomcat.lucky.com" })).text.split(",")[0] ?? "");
  assert.equal(seen.size, 2);
});

test("an edited weight is live when the demo says so", async () => {
  await editUntil(/weight-header-cookie\.yaml: live after [\d.]+ ms/, "canary/weight-header-cookie.yaml", (text) =>
    text.replace('canary-weight: "30"', 'canary-weight: "100"'),
  );
  for (let i = 0; i < 20; i++) {
    assert.match((await ask({ port: http, host: "canary-service.abc.com" })).text, /^canary-hello-service /);
  }
});

test("http redirects to https once the annotation says so", async () => {
  await editUntil(/tomcat\.yaml: live after/, "tomcat.yaml", (text) => text.replace('ssl-redirect: "false"', 'ssl-redirect: "true"'));
  const answer = await ask({ port: http, host: "tomcat.lucky.com", path: "/a?b" });
  assert.deepEqual([answer.status, answer.headers["location"]], [308, "https://tomcat.lucky.com/a?b"]);
});

test("a change for which nginx was reloaded says so, others do not", async () => {
  const from = printed.length;
  const withBuffers = (text: string): string => text.replace(/( *)(nginx\.ingress\.kubernetes\.io\/)ssl-redirect: "true"\n/, '$&$1$2proxy-buffer-size: "7k"\n');
  await editUntil(/tomcat\.yaml: live after [\d.]+ ms \(1 part of the routing program, and nginx was reloaded\)/, "tomcat.yaml", withBuffers);
  assert.doesNotMatch(printed.slice(0, from), /reloaded/);
});

test("an endpoint that is added gets a backend, and its turn", async () => {
  const added = network.toLocal("10.0.1.13");
  await editUntil(/tomcat\.yaml: live after/, "tomcat.yaml", (text) => text.replace(/^endpoints:$/m, `endpoints:\n  - addresses: [${added}]`));
  const deadline = Date.now() + 10_000;
  for (let answer = ""; !answer.startsWith(`tomcat at ${added}:`); ) {
    assert.ok(Date.now() < deadline, `${added} was never asked`);
    answer = (await ask({ port: https, host: "tomcat.lucky.com", tls: true })).text;
  }
});

test("a file that changes nothing is said, and is not charged to the next one", async () => {
  await editUntil(/default-backend\.yaml: changes nothing\n/, "default-backend.yaml", (text) => `# A comment.\n${text}`);
  const from = printed.length;
  await editUntil(/: live after/, "canary/weight-total.yaml", (text) => text.replace('canary-weight: "500"', 'canary-weight: "501"'));
  assert.doesNotMatch(printed.slice(from), /default-backend/);
  assert.match(printed.slice(from), /weight-total\.yaml: live after [\d.]+ ms/);
});

test("a file that breaks is said, and what it held keeps serving", async () => {
  const before = readFileSync(join(folder, "tomcat.yaml"), "utf8");
  await editUntil(/yaml-invalid, .*tomcat\.yaml:\d+\n *This document is not valid YAML/, "tomcat.yaml", () => "apiVersion: [\n");
  assert.equal((await ask({ port: https, host: "tomcat.lucky.com", tls: true })).status, 200);
  await said(/tomcat\.yaml: changes nothing \(yaml-invalid, line \d\)/, 0);
  edit("tomcat.yaml", () => before);
});

test("what was wrong is told again when it is mended", async () => {
  const before = readFileSync(join(folder, "canary/services.yaml"), "utf8");
  await editUntil(/Service "hello-service" does not exist/, "canary/services.yaml", (text) => text.replace("  name: hello-service", "  name: helo-service"));
  await editUntil(/No longer the case: Service "hello-service" does not exist/, "canary/services.yaml", () => before);
});

test("a Service that is renamed keeps its ports and its backends, which answer by the new name", async () => {
  const from = printed.length;
  edit("tomcat.yaml", (text) => text.replaceAll(/(name|service-name): tomcat$/gm, "$1: renamed"));
  const deadline = Date.now() + 10_000;
  for (let answer = ""; !answer.startsWith("renamed at "); answer = (await ask({ port: https, host: "tomcat.lucky.com", tls: true })).text) {
    assert.ok(Date.now() < deadline, printed.slice(from));
    await sleep(20);
  }
  await said(/tomcat\.yaml: live after/, from);
  await sleep(500);
  assert.doesNotMatch(printed.slice(from), /in use by another process|is taken/);
  assert.match((await curl(`http://127.0.0.1:${nodePort}/`)).text, /^renamed at /);
  assert.match((await curl(`http://${network.toLocal("10.0.1.10")}:8080/`)).text, /^renamed at /);
});

test("Ctrl-C ends everything and leaves nothing behind", async () => {
  assert.equal(await end(), 0, printed);
  assert.equal(existsSync(runtimeDir), false);
  await assert.rejects(ask({ port: http }), /ECONNREFUSED/);
});

test("a port that is taken is one sentence with its remedy, and nothing is left", async () => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  const { port } = busy.address() as AddressInfo;
  const [free, health] = await freePorts(2);
  try {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [MAIN, "demo", `--http-port=${port}`, `--https-port=${free}`, `--healthz-port=${health}`, `--runtime-dir=${runtimeDir}`],
      { encoding: "utf8", timeout: 20_000 },
    );
    assert.match(stderr, new RegExp(`^sluice: 127\\.0\\.0\\.1:${port} is in use by another process.*--http-port\\.\n$`));
    assert.deepEqual([status, stdout.split("\n")[0], existsSync(runtimeDir)], [1, "Starting nginx with the files of examples.", false]);
  } finally {
    busy.close();
  }
});
