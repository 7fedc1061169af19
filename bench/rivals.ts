/** Starts the backend, and the proxies that Sluice is compared with: nginx and HAProxy, with the conf files beside this file. */
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { KeyPair } from "../test/support/openssl.ts";
import { freePorts } from "../test/support/sluice.ts";
import { LOAD_CORE, nginxWorkers, PROXY_CORE, startPinned } from "./processes.ts";

/** A proxy that takes load. */
export interface Target {
  readonly name: "Sluice" | "nginx" | "HAProxy";
  readonly http: number;
  readonly https: number;
  /** The processes whose processor time counts. */
  readonly workers: readonly number[];
}

export interface Backend {
  /** The port that answers `first`. */
  readonly first: number;
  /** The port that answers `second`. */
  readonly second: number;
}

export interface RivalInput {
  /** An empty folder in memory. */
  readonly dir: string;
  readonly backend: number;
  readonly certificate: KeyPair;
  readonly accessLog: boolean;
}

const TEMPLATES = new URL("./", import.meta.url);

export async function startBackend(dir: string): Promise<Backend> {
  const [first, second] = await freePorts(2);
  prepare(dir);
  const conf = fill("backend.conf", dir, { dir, first, second });
  startPinned(LOAD_CORE, ["nginx", "-p", dir, "-c", conf], `${dir}/log`);
  await answers(second, `${dir}/log`);
  return { first, second };
}

export async function startNginx({ dir, backend, certificate, accessLog }: RivalInput): Promise<Target> {
  const [http, https] = await freePorts(2);
  prepare(dir);
  writeFileSync(`${dir}/chain.pem`, certificate.chain);
  writeFileSync(`${dir}/key.pem`, certificate.key, { mode: 0o600 });
  const log = accessLog ? `${dir}/access.log full` : "off";
  const conf = fill("nginx.conf", dir, { dir, http, https, backend, log, user: workersAccount() });
  startPinned(PROXY_CORE, ["nginx", "-p", dir, "-c", conf], `${dir}/log`);
  await answers(http, `${dir}/log`);
  return { name: "nginx", http, https, workers: await nginxWorkers(`${dir}/nginx.pid`, 1) };
}

export async function startHaproxy({ dir, backend, certificate, accessLog }: RivalInput): Promise<Target> {
  const [http, https] = await freePorts(2);
  prepare(dir);
  writeFileSync(`${dir}/both.pem`, certificate.chain + certificate.key, { mode: 0o600 });
  writeFileSync(`${dir}/hosts.map`, "plain.bench shop\ntls.bench shop\n");
  const conf = fill("haproxy.cfg", dir, { dir, http, https, backend, log: accessLog ? "log global\n    option httplog" : "no log" });
  const child = startPinned(PROXY_CORE, ["haproxy", "-db", "-f", conf], `${dir}/log`);
  await answers(http, `${dir}/log`);
  return { name: "HAProxy", http, https, workers: [child.pid as number] };
}

/** Makes the folder, open to workers that run under another account. */
function prepare(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  if (process.getuid?.() === 0) chownSync(dir, Number(execFileSync("id", ["-u", workersAccount()]).toString()), -1);
}

function workersAccount(): string {
  return process.getuid?.() === 0 ? "www-data" : "nobody";
}

/** Writes a conf file with its `@words@` filled in; gives its path. */
function fill(template: string, dir: string, words: Readonly<Record<string, string | number>>): string {
  const text = readFileSync(new URL(template, TEMPLATES), "utf8").replace(/@(\w+)@/g, (_, word: string) => {
    const value = words[word];
    if (value === undefined) throw new Error(`${template} names @${word}@, which nobody fills in`);
    return String(value);
  });
  const path = `${dir}/${template}`;
  writeFileSync(path, text);
  return path;
}

/** Resolves when a port is open. */
async function answers(port: number, log: string): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    await sleep(20);
  }
  throw new Error(`port ${port} did not open:\n${readFileSync(log, "utf8")}`);
}
