/**
 * The two proxies whose instructions are counted, each as one nginx process under callgrind: Sluice's nginx with the
 * files of a running controller, and nginx by hand (`bench/rivals/nginx.ts`).
 */
import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { KeyPair } from "../../test/support/openssl.ts";
import { freePorts } from "../../test/support/sluice.ts";
import { interrupted } from "../ending.ts";
import { rival as nginx } from "../rivals/nginx.ts";
import type { Site, SiteHost } from "../site/site.ts";
import { beginSluice, stopSluice } from "../sluices.ts";
import { counting, OUTPUT, vgdbPrefix, type Counts } from "./callgrind.ts";
import { flagsOf, manifestsOf, type Setting } from "./workloads.ts";

/** An nginx under callgrind. */
export interface Counted {
  readonly http: number;
  readonly https: number;
  /** What was executed since the last call. */
  take(): Promise<Counts>;
}

const STARTED = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of STARTED) child.kill("SIGKILL");
});

/** Ends all that was started here. */
export async function endCounted(): Promise<void> {
  await Promise.all([...STARTED].map(stop));
}

/** The backend answers every request with a few bytes. */
export async function startBackend(dir: string): Promise<{ readonly port: number }> {
  const [port] = await freePorts(1);
  prepare(dir);
  const conf = [
    "daemon off;", "master_process off;", `pid ${dir}/nginx.pid;`, "error_log stderr warn;", "events { worker_connections 4096; }", "http {",
    ...temporary(dir),
    "access_log off; default_type text/plain; keepalive_requests 1000000000; keepalive_timeout 1h;",
    `server { listen 127.0.0.1:${port}; location / { return 200 "first\\n"; } }`, "}",
  ];
  writeFileSync(`${dir}/nginx.conf`, conf.join("\n"));
  const child = start(["nginx", "-p", dir, "-c", `${dir}/nginx.conf`], dir);
  await opened(port, dir, child);
  return { port };
}

/**
 * Sluice's nginx, with what the controller of this checkout makes of the manifests. The controller itself is gone by then.
 * @param traces file for what LuaJIT's `jit.v` says of its compiler; undefined: none
 */
export async function startOurs(dir: string, backend: number, certificate: KeyPair, setting: Setting, traces?: string): Promise<Counted> {
  const sluice = await beginSluice({ files: manifestsOf(backend, certificate, setting), args: flagsOf(setting) });
  const [http, https] = await freePorts(2);
  try {
    prepare(dir);
    for (const name of readdirSync(sluice.runtimeDir)) {
      if (/\.(conf|log|crt|key)$/.test(name) || name === "temp") cpSync(`${sluice.runtimeDir}/${name}`, `${dir}/${name}`, { recursive: true });
    }
    const conf = readFileSync(`${dir}/nginx.conf`, "utf8")
      .replaceAll(sluice.runtimeDir, dir)
      .replaceAll(`127.0.0.1:${sluice.http}`, `127.0.0.1:${http}`)
      .replaceAll(`127.0.0.1:${sluice.https}`, `127.0.0.1:${https}`);
    writeFileSync(`${dir}/nginx.conf`, inOneProcess(traces === undefined ? conf : conf.replace("sluice.initWorker()", `require("jit.v").on("${traces}") $&`)));
  } finally {
    await stopSluice(sluice);
  }
  return await underCallgrind(dir, http, https);
}

/** nginx by hand. */
export async function startTheirs(dir: string, backend: number, certificate: KeyPair, setting: Setting): Promise<Counted> {
  const [http, https] = await freePorts(2);
  prepare(dir);
  writeFileSync(`${dir}/chain.pem`, certificate.chain);
  writeFileSync(`${dir}/key.pem`, certificate.key, { mode: 0o600 });
  const setup = { site: siteOf(backend), dir, http, https, accessLog: setting === "logging", account: "root" };
  const conf = (nginx.files(setup)["nginx.conf"] as string).replace(/^user .*$/m, "");
  writeFileSync(`${dir}/nginx.conf`, inOneProcess(conf));
  return await underCallgrind(dir, http, https);
}

/** The hosts of the workloads that are set beside nginx by hand. */
function siteOf(port: number): Site {
  const host = (name: string): SiteHost => ({ name, does: "plain", routes: [{ path: "/", pool: "first" }] });
  const hosts = [host("plain.bench"), { ...host("tls.bench"), https: true as const }];
  return { hosts, crowd: 0, pools: { first: [port], second: [port], both: [port], websocket: [port], grpc: [port] }, authentication: port };
}

function inOneProcess(conf: string): string {
  return conf.replace("daemon off;", "daemon off;\nmaster_process off;");
}

async function underCallgrind(dir: string, http: number, https: number): Promise<Counted> {
  const child = start(["valgrind", "--tool=callgrind", `--callgrind-out-file=${dir}/${OUTPUT}`, vgdbPrefix(dir), "nginx", "-p", dir, "-c", `${dir}/nginx.conf`], dir);
  await opened(http, dir, child);
  return { http, https, take: counting(child.pid as number, dir) };
}

function prepare(dir: string): void {
  mkdirSync(dir, { recursive: true });
  chmodSync(dir, 0o755);
}

function temporary(dir: string): string[] {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${dir}/${name};`);
}

function start(command: readonly string[], dir: string): ChildProcess {
  interrupted.throwIfAborted();
  const out = openSync(`${dir}/output`, "a");
  const child = spawn(command[0] as string, command.slice(1), { stdio: ["ignore", out, out] });
  STARTED.add(child);
  child.once("exit", () => STARTED.delete(child));
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

/** Resolves when a port is open. Rejects after half a minute, or when the process has ended. */
async function opened(port: number, dir: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, "127.0.0.1");
      socket.once("error", () => resolve(false)).once("connect", () => {
        socket.destroy();
        resolve(true);
      });
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`port ${port} did not open:\n${readFileSync(`${dir}/output`, "utf8")}`);
}
