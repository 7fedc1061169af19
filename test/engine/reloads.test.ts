/** When and why nginx is reloaded, and that its clients notice nothing of it. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NGINX_BINARY } from "../../src/engine/paths.ts";
import { ask, type Answer } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { startLoad, type Load } from "../support/load.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const NAMES = ["a", "b", "c", "d"] as const;
/** Longer than any fixed time that an agent might wait for nginx. */
const LONG_MS = 11_000;
const BODY = "x".repeat(3000);

let echo: EchoBackend;
let sluice: Sluice;
let folder: string;

function manifest(name: string, annotations: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { [`${name}.yaml`]: site({ name, host: `${name}.example`, endpoints: [`127.0.0.1:${echo.port}`], annotations }) };
}

/** Of a body that is passed on while it is read nginx alone can hold the limit, so that each size is a profile. */
const limited = (size: string): Record<string, string> => ({ "proxy-body-size": size, "proxy-request-buffering": "off" });

const config = (data: Readonly<Record<string, string>> = {}): Record<string, string> => ({ "config.yaml": configMap({ "worker-processes": "2", ...data }) });

before(async () => {
  echo = await startEcho("web");
  folder = mkdtempSync(join(tmpdir(), "refusing-"));
  sluice = await startSluice({
    files: Object.assign(config(), ...NAMES.map((name) => manifest(name))) as Record<string, string>,
    args: ["--configmap=sluice/sluice", "--reload-interval=10"],
    env: { NGINX_BINARY: refusingNginx() },
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The real nginx, except that its test refuses every configuration while the file `refuse` exists, and takes long while `slow` exists. */
function refusingNginx(): string {
  const file = join(folder, "nginx");
  const refusal = `echo 'nginx: [emerg] unknown directive "tea" in x:1' >&2; exit 1`;
  const slowness = `[ "$1" = -t ] && [ -e "${folder}/slow" ] && sleep ${String(LONG_MS / 1000)}`;
  writeFileSync(file, `#!/bin/sh\n[ "$1" = -t ] && [ -e "${folder}/refuse" ] && { ${refusal}; }\n${slowness}\nexec "${NGINX_BINARY}" "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

async function reloadsBy(reason: string): Promise<number> {
  const { text } = await sluice.ask("/metrics");
  return Number(new RegExp(`^sluice_reloads_total\\{reason="${reason}"\\} (\\d+)`, "m").exec(text)?.[1] ?? 0);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within 30 s: ${what}\n${sluice.log()}`);
    await sleep(50);
  }
}

const OK = ({ status }: Answer): boolean => status === 200;
/** Posts to the host until the test ends. */
const startPosts = (t: TestContext, host: string, right = OK): Load => startLoad(t, { port: sluice.http, host, method: "POST", body: BODY, right });
/** Ends the load; some of it got through, and nothing failed. */
async function assertServed(load: Load): Promise<void> {
  const sent = await load.stop();
  assert.ok(sent.length > 0);
  assert.deepEqual(sent.filter(({ problem }) => problem !== undefined), []);
}

test("a host longer than a frame is served to its last path", async () => {
  const long = (index: number): string => `/${"p".repeat(200)}/${String(index)}`;
  const paths = Array.from({ length: 800 }, (_, index) => ({ path: long(index), pathType: "Exact", backend: { service: { name: "a", port: { number: 80 } } } }));
  const ingress = {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "long", namespace: "shop" },
    spec: { ingressClassName: "nginx", rules: [{ host: "long.example", http: { paths } }] },
  };
  assert.ok(JSON.stringify(paths).length > 2 * 65_536);
  const { reloads } = await sluice.apply({ "long.yaml": documents(ingress) });
  assert.equal(reloads, 0);
  for (const index of [0, 399, 799]) assert.equal((await ask({ port: sluice.http, host: "long.example", path: long(index) })).status, 200);
  assert.equal((await ask({ port: sluice.http, host: "long.example", path: long(800) })).status, 404);
});

test("a new profile costs one reload; until then the previous route serves, and no request fails", async (t) => {
  const others = startPosts(t, "a.example");
  const changing = startPosts(t, "b.example", ({ status }) => status === 200 || status === 413);
  const { reloads } = await sluice.apply(manifest("b", limited("2k")));
  assert.equal(reloads, 1);
  assert.equal(await reloadsBy("new-profile"), 1);
  assert.equal((await ask({ port: sluice.http, host: "b.example", method: "POST", body: BODY })).status, 413);
  await sleep(500);
  await assertServed(others);
  await assertServed(changing);
});

test("a profile that is loaded already, and one that is given up, cost nothing", async () => {
  assert.equal((await sluice.apply(manifest("c", limited("2k")))).reloads, 1);
  assert.equal((await ask({ port: sluice.http, host: "c.example", method: "POST", body: BODY })).status, 413);
  assert.equal((await sluice.apply({ ...manifest("b"), ...manifest("c") })).reloads, 1);
  assert.equal((await ask({ port: sluice.http, host: "b.example", method: "POST", body: BODY })).status, 200);
  assert.equal((await sluice.apply(manifest("b", limited("2k")))).reloads, 1);
});

test("the first new profiles come at once, and the rest of a burst with one more reload", async () => {
  for (const [index, name] of ["b", "c", "d", "b", "c", "d", "b", "c", "d"].entries()) {
    sluice.write(manifest(name, limited(`${index + 1}00`)));
    await sleep(150);
  }
  await until("all three are programmed", async () => {
    const sent = [["b", 701], ["c", 801], ["d", 901], ["d", 900]] as const;
    const sizes = await Promise.all(sent.map(([name, size]) => ask({ port: sluice.http, host: `${name}.example`, method: "POST", body: "x".repeat(size) })));
    return sizes.map(({ status }) => status).join() === "413,413,413,200";
  });
  const all = await reloadsBy("new-profile");
  assert.ok(all >= 3 && all <= 5, `${all} reloads, of which one was before`);
});

test("the operator's settings cost a reload of their own, which takes what nobody uses any more along, and no request fails", async (t) => {
  const given = (): boolean => readFileSync(join(sluice.runtimeDir, "nginx.conf"), "utf8").includes("client_max_body_size 700;");
  await sluice.apply(manifest("b"));
  assert.equal(given(), true, "a profile stays while it may be in use, and until the next reload");
  const load = startPosts(t, "a.example");
  await sluice.apply(config({ "keep-alive": "30" }));
  assert.equal(await reloadsBy("settings"), 1);
  assert.equal(given(), false);
  await sleep(500);
  await assertServed(load);
});

test("when nginx refuses a configuration the old one serves on, and it is said why", async (t) => {
  const load = startPosts(t, "a.example");
  const before = await sluice.generation();
  writeFileSync(`${folder}/refuse`, "");
  sluice.write(config({ "keep-alive": "31" }));
  await until("it was refused", async () => sluice.log().includes("nginx refuses"));
  assert.match(sluice.log(), /nginx refuses its new configuration and goes on with the old one: unknown directive "tea"/);
  assert.ok(!/^\s+at /m.test(sluice.log()), "no stack trace");
  assert.equal((await sluice.generation()).reloads, before.reloads);
  sluice.write(manifest("e"));
  await until("changes of routes go on", async () => (await ask({ port: sluice.http, host: "e.example" })).status === 200);
  await assertServed(load);
  rmSync(`${folder}/refuse`);
  await sluice.apply(config({ "keep-alive": "32" }));
  assert.equal(await reloadsBy("settings"), 2);
});

test("a configuration that takes long to test, and long to load, is taken in its own time, and no request fails", async (t) => {
  const load = startPosts(t, "a.example");
  const before = await reloadsBy("settings");
  const refusals = sluice.log().split("nginx refuses").length;
  const text = (): string => readFileSync(join(sluice.runtimeDir, "nginx.conf"), "utf8");
  writeFileSync(`${folder}/slow`, "");
  sluice.write(config({ "keep-alive": "33" }));
  await until("it was tested", async () => text().includes("keepalive_timeout 33s"));
  rmSync(`${folder}/slow`);
  const { pid: master } = JSON.parse(readFileSync(`${sluice.runtimeDir}/nginx-master.json`, "utf8")) as { pid: number };
  process.kill(master, "SIGSTOP");
  try {
    await sleep(LONG_MS);
  } finally {
    process.kill(master, "SIGCONT");
  }
  await until("it was loaded", async () => (await reloadsBy("settings")) === before + 1);
  await sluice.sync();
  assert.equal(sluice.log().split("nginx refuses").length, refusals, "nobody took it for refused");
  await assertServed(load);
});

test("a worker that does not acknowledge makes sync answer 504 and say which", async () => {
  await until("workers of earlier configurations have left", async () => workersOf(sluice.runtimeDir).length === 2);
  const stopped = workersOf(sluice.runtimeDir)[0] ?? 0;
  process.kill(stopped, "SIGSTOP");
  try {
    sluice.write(manifest("f"));
    const { status, text } = await sluice.ask("/api/v1/sync", "POST");
    assert.equal(status, 504);
    const { reason, observed, programmed } = JSON.parse(text) as { reason: string; observed: number; programmed: number };
    assert.match(reason, /^not acknowledged by worker \d \(at generation \d+\)$/);
    assert.ok(programmed < observed);
  } finally {
    process.kill(stopped, "SIGCONT");
  }
  const { observed, programmed } = await sluice.sync();
  assert.equal(programmed, observed);
});

/** Process ids of the workers of the nginx that runs in this runtime folder. */
function workersOf(runtimeDir: string): number[] {
  const { pid: master } = JSON.parse(readFileSync(`${runtimeDir}/nginx-master.json`, "utf8")) as { pid: number };
  return readdirSync("/proc").map(Number).filter((pid) => {
    try {
      return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) === master;
    } catch {
      return false;
    }
  });
}
