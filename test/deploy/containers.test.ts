/**
 * Controller and nginx in two containers of a pod. Either may start first; when one dies, the other goes on. Both are told
 * to end at the same moment, and no request is lost before the grace period is over. Nothing but the runtime folder can
 * be written, and there is no shell.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { stat } from "../../src/support/process-identity.ts";
import { ask } from "../support/client.ts";
import { containersMissing, startPod, type Container, type Pod } from "../support/containers.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { documents, site, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { freePorts, startSluice, writeFiles, type Generation } from "../support/sluice.ts";
import { startLoad } from "../support/load.ts";

const GRACE_S = 3;
const LIMIT_MS = 30_000;

let echo: EchoBackend;
before(async () => {
  echo = await startEcho("web");
});
after(() => echo?.close());

const files = (host: string): Readonly<Record<string, string>> => ({
  "web.yaml": site({ name: "web", host, endpoints: [`127.0.0.1:${echo.port}`], tlsSecret: "pair", annotations: { "ssl-redirect": "false" } }),
  "pair.yaml": tlsSecret("pair", selfSigned([host], "pair")),
});

async function until(what: string, holds: () => boolean | Promise<boolean>, context: () => string): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS} ms\n${context()}`);
    await sleep(20);
  }
}

test("controller and nginx in two containers", { skip: containersMissing ?? false }, async (t) => {
  const manifests = mkdtempSync(join(tmpdir(), "sluice-manifests-"));
  chmodSync(manifests, 0o755);
  const [port, tls, health, tcp = 0] = await freePorts(4);
  writeFiles(manifests, { ...files("shop.example"), "tcp.yaml": documents({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "tcp", namespace: "shop" }, data: { [tcp]: "shop/web:80" } }) });
  const pod: Pod = startPod();
  t.after(() => pod.stop());
  t.after(() => rmSync(manifests, { recursive: true, force: true }));
  const runtimeDir = join(pod.volume, "run");
  const common = [`--runtime-dir=${runtimeDir}`, `--shutdown-grace-period=${GRACE_S}`];
  const startAgent = (): Promise<Container> => pod.start("nginx", ["agent", ...common, `--temp-dir=${pod.volume}/temp`, "--shutdown-timeout=20"]);
  const startController = (): Promise<Container> =>
    pod.start("controller", ["run", "--external-agent", `--manifests=${manifests}`, "--bind-address=127.0.0.1", `--http-port=${port}`,
      `--https-port=${tls}`, `--healthz-port=${health}`, "--healthz-host=127.0.0.1", "--reload-interval=0", "--tcp-services-configmap=shop/tcp", ...common]);
  let nginx = await startAgent();
  let controller = await startController();
  const logs = (): string => `controller:\n${controller.log()}\nnginx:\n${nginx.log()}`;

  const readyz = async (): Promise<number> => (await fetch(`http://127.0.0.1:${health}/readyz`).catch(() => undefined))?.status ?? 0;
  const ready = (): Promise<void> => until("readiness", async () => (await readyz()) === 200, logs);
  const sync = async (): Promise<Generation> => {
    const response = await fetch(`http://127.0.0.1:${health}/api/v1/sync`, { method: "POST" });
    const text = await response.text();
    assert.equal(response.status, 200, `${text}\n${logs()}`);
    return JSON.parse(text) as Generation;
  };
  const served = (host: string): Promise<boolean> =>
    ask({ port: tls, tls: true, host }).then(({ status, certificate }) => status === 200 && certificate?.subject.CN === "pair", () => false);
  const servedBelow = (): Promise<boolean> => ask({ port: tcp, host: "any" }).then(({ status, echo: from }) => status === 200 && from !== undefined, () => false);
  const kill = async (container: Container): Promise<void> => {
    container.kill("SIGKILL");
    await container.ended;
  };

  await t.test("nginx's container first: it waits, and serves when the controller is there", async () => {
    await ready();
    assert.equal((await ask({ port, host: "shop.example" })).status, 200);
    assert.ok(await served("shop.example"));
    await until("a TCP port", servedBelow, logs);
    const body = randomBytes(700_000);
    const long = await ask({ port, host: "shop.example", method: "POST", body, headers: { "content-length": `${body.length}` } });
    assert.deepEqual([long.status, long.echo?.bodyLength], [200, body.length], "a body that goes through a file");
    assert.ok(existsSync(join(pod.volume, "temp/client_body")));
    await until("the access log in the container's output", () => /POST/.test(nginx.log()), logs);
  });

  await t.test("the controller dies: nginx serves on, and the next one takes over without a reload or a failed request", async (t) => {
    const load = startLoad(t, { port, host: "shop.example" });
    await kill(controller);
    await load.more(20);
    controller = await startController();
    await ready();
    writeFiles(manifests, files("store.example"));
    const { reloads } = await sync();
    assert.equal(reloads, 0);
    assert.ok(await served("store.example"));
    assert.deepEqual((await load.stop()).filter(({ problem }) => problem !== undefined && problem !== "status 404"), []);
  });

  await t.test("nginx's masters die: the agent starts others", async () => {
    const before = mastersIn(nginx);
    assert.equal(before.length, 2, "one for http, one for the TCP port");
    for (const pid of before) process.kill(pid, "SIGKILL");
    await until("new masters", () => mastersIn(nginx).filter((pid) => !before.includes(pid)).length === 2, logs);
    await until("traffic", () => served("store.example"), logs);
    await until("TCP traffic", servedBelow, logs);
    await sync();
  });

  await t.test("nginx's container dies: a new one serves as soon as it is there", async () => {
    await kill(nginx);
    nginx = await startAgent();
    await until("traffic", () => served("store.example"), logs);
    await sync();
  });

  await t.test("both die: nginx's container alone serves what was served before, certificates included", async () => {
    await kill(controller);
    await kill(nginx);
    nginx = await startAgent();
    await until("traffic from the snapshot", () => served("store.example"), logs);
    await until("TCP traffic from the snapshot", servedBelow, logs);
    controller = await startController();
    await ready();
    assert.equal((await sync()).reloads, 0, "what came back is what was wanted");
  });

  await t.test("SIGTERM to both: not ready at once, every request until the grace period ends is answered, then all is gone", async (t) => {
    const load = startLoad(t, { port, host: "store.example" });
    await load.more(20);
    const slow = slowRequest(port, "store.example");
    await slow.begun;
    const told = performance.now();
    for (const container of [nginx, controller]) container.kill("SIGTERM");
    // A controller that answers 503 still runs: after its end, nobody answers.
    await until("readiness to fail", async () => (await readyz()) === 503, logs);
    assert.equal(await controller.ended, 0, logs());
    slow.finish();
    assert.equal(await slow.status, 200, "a request that was under way is finished");
    assert.equal(await nginx.ended, 0, logs());
    const sent = await load.stop();
    const answered = sent.filter(({ ended }) => ended < told + GRACE_S * 1000);
    assert.ok(answered.some(({ begun }) => begun > told), "requests came in the grace period");
    assert.deepEqual(answered.filter(({ problem }) => problem !== undefined), []);
    assert.deepEqual(sent.filter(({ problem }) => problem?.startsWith("status")), [], "nginx refuses a connection, or answers it");
    assert.deepEqual(readdirSync(runtimeDir), []);
  });

  await t.test("the controller first: it waits for nginx's container", async () => {
    controller = await startController();
    await until("the controller", async () => (await readyz()) === 503, logs);
    nginx = await startAgent();
    await ready();
    assert.ok(await served("store.example"));
  });
});

test("SIGTERM with a grace period: not ready at once, requests are served until it ends", async (t) => {
  const sluice = await startSluice({ files: files("shop.example"), args: [`--shutdown-grace-period=${GRACE_S}`] });
  t.after(() => sluice.stop());
  const load = startLoad(t, { port: sluice.http, host: "shop.example" });
  await load.more(20);
  const ended = new Promise<number | null>((resolve) => sluice.process.once("exit", resolve));
  const told = performance.now();
  sluice.process.kill("SIGTERM");
  await until("readiness to fail", async () => (await sluice.ask("/readyz").catch(() => ({ status: 0 }))).status === 503, sluice.log);
  assert.equal(await ended, 0);
  const sent = await load.stop();
  const within = sent.filter(({ ended: at }) => at < told + GRACE_S * 1000);
  assert.ok(within.some(({ begun }) => begun > told), "requests came in the grace period");
  assert.deepEqual(within.filter(({ problem }) => problem !== undefined), []);
});

/** Process ids of the nginx masters that the agent in this container started. */
function mastersIn({ process: { pid } }: Container): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return children.filter((child) => stat(child)?.command === "nginx" && stat(child)?.state !== "Z" && isMaster(child));
}

/** Tells masters from workers: workers whose master died become children of a container's process 1, too. */
function isMaster(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("master process");
  } catch {
    // The process has ended meanwhile.
    return false;
  }
}

/** A request whose body ends when `finish` is called. */
function slowRequest(port: number, host: string): { begun: Promise<void>; finish(): void; status: Promise<number | undefined> } {
  const request = http.request({ host: "127.0.0.1", port, method: "POST", agent: false, headers: { host, "content-length": "10" } });
  const status = new Promise<number | undefined>((resolve, reject) => {
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
  });
  status.catch(() => undefined);
  const begun = new Promise<void>((resolve) => {
    request.write("12345", () => resolve());
  });
  return { begun, status, finish: () => void request.end("67890") };
}
