/**
 * The image, without a container engine: the steps of its Dockerfile run in a plain Debian folder, and both containers of
 * the pod then run in that folder, as the manifests say. The test takes minutes and fetches packages, so it runs only on
 * request: `npm run test:image`, as root, with debootstrap and capsh.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { containersMissing, startPod, type Container, type Pod } from "../support/containers.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { goldenFile } from "../support/golden.ts";
import { objectsIn } from "../support/kubectl.ts";
import { documents, site } from "../support/manifests.ts";
import { podOf } from "../support/pod-template.ts";
import { freePorts, ROOT, writeFiles } from "../support/sluice.ts";

const ENTRYPOINT = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(readFileSync(join(ROOT, "deploy/image/Dockerfile"), "utf8"))?.[1] ?? "[]") as readonly string[];
const LIMIT_MS = 60_000;

/** A folder with an image that was made before, for runs that should skip making it; undefined: the image is made. */
const BUILT = process.env["SLUICE_TEST_IMAGE"]?.startsWith("/") ? process.env["SLUICE_TEST_IMAGE"] : undefined;

const missing = ((): string | undefined => {
  if (!process.env["SLUICE_TEST_IMAGE"]) return 'SKIPPED, NOTHING PROVEN ABOUT THE IMAGE: it takes minutes; run "npm run test:image"';
  for (const command of ["debootstrap", "capsh"]) {
    if (spawnSync("sh", ["-c", `command -v ${command}`]).status !== 0) return `SKIPPED, NOTHING PROVEN ABOUT THE IMAGE: ${command} is not installed`;
  }
  return containersMissing;
})();

describe("the image", { skip: missing ?? false }, () => {
  let image: string;
  let files: string;
  let echo: EchoBackend;
  let pod: Pod;
  let tcp: number;

  const show = (command: string, args: readonly string[]): void => void execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });

  const build = (): void => {
    chmodSync(image, 0o755);
    show("debootstrap", ["--variant=minbase", "bookworm", image]);
    show(join(ROOT, "deploy/image/install.sh"), ["app", join(image, "opt/sluice")]);
    copyFileSync(join(ROOT, "deploy/image/install.sh"), join(image, "tmp/install.sh"));
    show("chroot", [image, "/tmp/install.sh", "system"]);
    rmSync(join(image, "tmp/install.sh"));
  };

  before(async () => {
    image = BUILT ?? mkdtempSync("/var/tmp/sluice-image-");
    if (BUILT === undefined) build();
    echo = await startEcho("web");
    files = mkdtempSync("/var/tmp/sluice-image-files-");
    chmodSync(files, 0o755);
    [tcp] = await freePorts(1);
    writeFiles(files, {
      "web.yaml": site({ name: "web", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`] }),
      "tcp.yaml": documents({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "tcp", namespace: "shop" }, data: { [tcp]: "shop/web:80" } }),
    });
    pod = startPod({ folder: image, files });
  });
  after(async () => {
    await pod?.stop();
    await echo?.close();
    for (const folder of BUILT === undefined ? [image, files] : [files]) if (folder) rmSync(folder, { recursive: true, force: true });
  });

  test("holds what runs and nothing that builds", (t) => {
    const inImage = (command: string): string => spawnSync("chroot", [image, "sh", "-c", command], { encoding: "utf8" }).stdout.trim();
    assert.match(inImage("sluice --version"), /^sluice \d/);
    assert.match(inImage("nginx -v 2>&1"), /^nginx version/);
    for (const tool of ["npm", "npx", "gcc", "cc", "make", "python3", "git"]) assert.equal(inImage(`command -v ${tool}`), "", tool);
    assert.ok(existsSync(join(image, "opt/sluice/edge/build/sluice.lua")));
    const size = (path: string): string => execFileSync("du", ["-sh", "--one-file-system", join(image, path)], { encoding: "utf8" }).split("\t")[0] ?? "";
    t.diagnostic(`size: ${size(".")} in all, of it ${size("opt/sluice")} Sluice with Node`);
  });

  const start = async (lowPort: boolean): Promise<void> => {
    const [high, tls, health] = await freePorts(3);
    const http = lowPort ? await freeLowPort() : high;
    // Commands and arguments are those of the manifests, with this machine's ports and files in place of the cluster's.
    const [controller, nginx] = podOf(objectsIn(readFileSync(goldenFile(lowPort ? "host-network" : "base"), "utf8"))).spec.containers;
    assert.ok(controller && nginx);
    const inCluster = /^--(publish-service|report-node|election-id|configmap)/;
    const run = [...controller.args.filter((word) => !inCluster.test(word)), "--manifests=/mnt", "--bind-address=127.0.0.1", `--http-port=${http}`,
      `--https-port=${tls}`, `--healthz-port=${health}`, "--healthz-host=127.0.0.1", "--shutdown-grace-period=0", "--tcp-services-configmap=shop/tcp"];
    const agent = [...nginx.args.map((word) => word.replace("/var/cache/sluice", "/run/sluice/cache")), "--shutdown-grace-period=0"];
    const command = nginx.command?.map((word) => (word.includes("/") || word.startsWith("-") ? word : join("/usr/local/bin", word)));
    const containers: readonly Container[] = [
      await pod.start("nginx", [...(command ?? ENTRYPOINT), ...agent], lowPort ? "cap_net_bind_service" : ""),
      await pod.start("controller", [...ENTRYPOINT, ...run]),
    ];
    const logs = (): string => containers.map(({ log }) => log()).join("\n");
    const deadline = Date.now() + LIMIT_MS;
    while ((await fetch(`http://127.0.0.1:${health}/readyz`).catch(() => undefined))?.status !== 200) {
      assert.ok(Date.now() < deadline, logs());
      await sleep(50);
    }
    assert.equal((await ask({ port: http, host: "shop.example" })).status, 200, logs());
    assert.equal((await ask({ port: tcp, host: "any" })).status, 200, `the TCP port\n${logs()}`);
    for (const container of containers) container.kill("SIGTERM");
    for (const { ended } of containers) assert.equal(await ended, 0, logs());
  };

  test("both containers serve, as an ordinary user without capabilities on a read-only root", () => start(false));

  test("on the node's network nginx opens a port below 1024 with that one capability", () => start(true));
});

async function freeLowPort(): Promise<number> {
  for (let port = 900; port < 1000; port++) {
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error("no free port below 1024");
}
