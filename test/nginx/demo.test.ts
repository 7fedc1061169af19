/** The walk-through as its reader meets it: `sluice demo` over a copy of examples/, with the requests that it suggests. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { WALKTHROUGH, type Case } from "../../src/demo/walkthrough.ts";
import { takeNetwork, type Network } from "../support/cases/network.ts";
import { ask, type Answer } from "../support/client.ts";
import { startDemo, type Demo } from "../support/demo.ts";
import { freePorts, ROOT } from "../support/sluice.ts";
import { udpClient } from "../support/stream-backends.ts";

const MAIN = join(ROOT, "src/main.ts");
const REQUESTS = 400;
/** How far a share may be off, in standard deviations: a right one is further off once in some ten million draws. */
const PATIENCE = 5.5;

let network: Network;
let folder: string;
let nodePort: number;
let udpPort: number;
let demo: Demo;

before(async () => {
  network = await takeNetwork();
  folder = mkdtempSync(join(tmpdir(), "sluice-demo-"));
  cpSync(join(ROOT, "examples"), folder, { recursive: true });
  // Endpoints get loopback addresses of this run's own, so that a demo may run beside it.
  for (const name of ["default-backend.yaml", "tomcat.yaml", "canary/services.yaml", "languages.yaml", "udp.yaml", "canary/rollout.yaml"]) {
    edit(name, (text) => network.toLocal(text.replaceAll("127.0.1.", "10.0.1.")));
  }
  [nodePort, udpPort] = await freePorts(2);
  edit("tomcat.yaml", (text) => text.replace("30080", String(nodePort)));
  edit("udp.yaml", (text) => text.replace("30007", String(udpPort)));
  demo = await startDemo([`--manifests=${folder}`]);
  await demo.said(/Ctrl-C ends everything/);
});
after(async () => {
  await demo?.remove();
  await network?.close();
  rmSync(folder, { recursive: true, force: true });
});

function edit(name: string, change: (text: string) => string): void {
  const file = join(folder, name);
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

/** Edits a file and waits until the demo says something. */
async function editUntil(pattern: RegExp, name: string, change: (text: string) => string): Promise<void> {
  const from = demo.printed().length;
  edit(name, change);
  await demo.said(pattern, from);
}

async function request({ host, path, tls, direct, headers }: Case): Promise<Pick<Answer, "status" | "text">> {
  if (direct?.udp) return { status: 200, text: await datagram(udpPort, "hello") };
  if (direct?.address) return await curl(`http://${network.toLocal(direct.address.replace("127.0.1.", "10.0.1."))}:${direct.port}/`);
  if (direct) return await curl(`http://127.0.0.1:${nodePort}/`);
  return await ask({ port: tls ? demo.https : demo.http, path, host: host ?? "127.0.0.1", tls: tls === true, ...(headers ? { headers } : {}) });
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

test("one release ends with all requests, the other is taken back, and then nobody asks any more", { timeout: 90_000 }, async () => {
  const ends = async (pattern: RegExp): Promise<void> => {
    for (const deadline = Date.now() + 80_000; !pattern.test(demo.printed()); await sleep(200)) assert.ok(Date.now() < deadline, `${pattern}\n${demo.printed()}`);
  };
  await Promise.all([ends(/Ready to promote: .* 100 % .*rollout=default\/good-release-canary/), ends(/more errors than the primary: .*rollout=default\/bad-release-canary/)]);
  assert.match(demo.printed(), /^the weight of a canary: live after/m);
  assert.doesNotMatch(demo.printed(), /^the endpoints: live after/m);
  const requests = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${demo.health}/metrics`)).text();
    return [...text.matchAll(/^nginx_ingress_controller_requests\{.*release.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  // Workers tell once a second what they counted.
  await sleep(2500);
  const before = await requests();
  assert.ok(before > 400, String(before));
  await sleep(2500);
  assert.equal(await requests(), before);
});

test("both endpoints of a Service answer in turn", async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) seen.add((await ask({ port: demo.http, host: "tomcat.lucky.com" })).text.split(",")[0] ?? "");
  assert.equal(seen.size, 2);
});

test("an edited weight is live when the demo says so", async () => {
  await editUntil(/weight-header-cookie\.yaml: live after [\d.]+ ms/, "canary/weight-header-cookie.yaml", (text) =>
    text.replace('canary-weight: "30"', 'canary-weight: "100"'),
  );
  for (let i = 0; i < 20; i++) {
    assert.match((await ask({ port: demo.http, host: "canary-service.abc.com" })).text, /^canary-hello-service /);
  }
});

test("http redirects to https once the annotation says so", async () => {
  await editUntil(/tomcat\.yaml: live after/, "tomcat.yaml", (text) => text.replace('ssl-redirect: "false"', 'ssl-redirect: "true"'));
  const answer = await ask({ port: demo.http, host: "tomcat.lucky.com", path: "/a?b" });
  assert.deepEqual([answer.status, answer.headers["location"]], [308, "https://tomcat.lucky.com/a?b"]);
});

test("a change for which nginx was reloaded says so, others do not", async () => {
  const from = demo.printed().length;
  const withTimeout = (text: string): string => text.replace(/( *)(nginx\.ingress\.kubernetes\.io\/)ssl-redirect: "true"\n/, '$&$1$2proxy-next-upstream-timeout: "7"\n');
  await editUntil(/tomcat\.yaml: live after [\d.]+ ms \(1 part of the routing program, and nginx was reloaded\)/, "tomcat.yaml", withTimeout);
  assert.doesNotMatch(demo.printed().slice(0, from), /reloaded/);
});

test("an endpoint that is added gets a backend, and its turn", async () => {
  const added = network.toLocal("10.0.1.13");
  await editUntil(/tomcat\.yaml: live after/, "tomcat.yaml", (text) => text.replace(/^endpoints:$/m, `endpoints:\n  - addresses: [${added}]`));
  const deadline = Date.now() + 10_000;
  for (let answer = ""; !answer.startsWith(`tomcat at ${added}:`); ) {
    assert.ok(Date.now() < deadline, `${added} was never asked`);
    answer = (await ask({ port: demo.https, host: "tomcat.lucky.com", tls: true })).text;
  }
});

test("a file that changes nothing is said, and is not charged to the next one", async () => {
  await editUntil(/default-backend\.yaml: changes nothing\n/, "default-backend.yaml", (text) => `# A comment.\n${text}`);
  const from = demo.printed().length;
  await editUntil(/weight-total\.yaml: live after [\d.]+ ms/, "canary/weight-total.yaml", (text) => text.replace('canary-weight: "500"', 'canary-weight: "501"'));
  assert.doesNotMatch(demo.printed().slice(from), /default-backend/);
});

test("nor is one that was written shortly before", async () => {
  const from = demo.printed().length;
  edit("default-backend.yaml", (text) => `# Another comment.\n${text}`);
  await sleep(700);
  await editUntil(/weight-total\.yaml: live after [\d.]+ ms/, "canary/weight-total.yaml", (text) => text.replace('canary-weight: "501"', 'canary-weight: "502"'));
  const printed = demo.printed().slice(from);
  assert.match(printed, /default-backend\.yaml: changes nothing\n/);
  assert.doesNotMatch(printed, /default-backend\.yaml, |, \S*default-backend\.yaml/);
});

test("nor to a release that goes on", async () => {
  const from = demo.printed().length;
  edit("canary/rollout.yaml", (text) => text.replace('fails: "10%"', 'fails: "0%"'));
  await sleep(700);
  const token = readFileSync(join(demo.runtimeDir, "admin.token"), "utf8").trim();
  const { status } = await fetch(`http://127.0.0.1:${demo.health}/api/v1/rollouts/default/bad-release-canary/restart`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  assert.equal(status, 200);
  await demo.said(/^the weight of a canary: live after/m, from);
  await demo.said(/rollout\.yaml: changes nothing\n/, from);
  assert.doesNotMatch(demo.printed().slice(from), /rollout\.yaml: live after/);
});

test("a file that breaks is said, and what it held keeps serving", async () => {
  const before = readFileSync(join(folder, "tomcat.yaml"), "utf8");
  await editUntil(/yaml-invalid, .*tomcat\.yaml:\d+\n *This document is not valid YAML/, "tomcat.yaml", () => "apiVersion: [\n");
  assert.equal((await ask({ port: demo.https, host: "tomcat.lucky.com", tls: true })).status, 200);
  await demo.said(/tomcat\.yaml: changes nothing \(yaml-invalid, line \d\)/, 0);
  edit("tomcat.yaml", () => before);
});

test("what was wrong is told again when it is mended", async () => {
  const before = readFileSync(join(folder, "canary/services.yaml"), "utf8");
  await editUntil(/Service "hello-service" does not exist/, "canary/services.yaml", (text) => text.replace("  name: hello-service", "  name: helo-service"));
  await editUntil(/No longer the case: Service "hello-service" does not exist/, "canary/services.yaml", () => before);
});

test("a Service that is renamed keeps its ports and its backends, which answer by the new name", async () => {
  const from = demo.printed().length;
  edit("tomcat.yaml", (text) => text.replaceAll(/(name|service-name): tomcat$/gm, "$1: renamed"));
  const deadline = Date.now() + 10_000;
  for (let answer = ""; !answer.startsWith("renamed at "); answer = (await ask({ port: demo.https, host: "tomcat.lucky.com", tls: true })).text) {
    assert.ok(Date.now() < deadline, demo.printed().slice(from));
    await sleep(20);
  }
  await demo.said(/tomcat\.yaml: live after/, from);
  await sleep(500);
  assert.doesNotMatch(demo.printed().slice(from), /in use by another process|is taken/);
  assert.match((await curl(`http://127.0.0.1:${nodePort}/`)).text, /^renamed at /);
  assert.match((await curl(`http://${network.toLocal("10.0.1.10")}:8080/`)).text, /^renamed at /);
});

test("Ctrl-C ends everything and leaves nothing behind", async () => {
  assert.equal(await demo.interrupt(), 0, demo.printed());
  assert.equal(existsSync(demo.runtimeDir), false);
  await assert.rejects(ask({ port: demo.http }), /ECONNREFUSED/);
});

test("a port that is taken is one sentence with its remedy, and nothing is left", async () => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  const { port } = busy.address() as AddressInfo;
  const [free, health] = await freePorts(2);
  try {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [MAIN, "demo", `--http-port=${port}`, `--https-port=${free}`, `--healthz-port=${health}`, `--runtime-dir=${demo.runtimeDir}`],
      { encoding: "utf8", timeout: 20_000 },
    );
    assert.match(stderr, new RegExp(`^sluice: 127\\.0\\.0\\.1:${port} is in use by another process.*--http-port\\.\n$`));
    assert.deepEqual([status, stdout.split("\n")[0], existsSync(demo.runtimeDir)], [1, "Starting nginx with the files of examples.", false]);
  } finally {
    busy.close();
  }
});
