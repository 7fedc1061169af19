/**
 * A real Sluice for tests: the command line as a process, real nginx, free ports on 127.0.0.1, a runtime folder in
 * memory. Everything ends with `stop`, or with the test process.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = join(ROOT, "src/main.ts");
const READY_MS = 30_000;

export interface Generation {
  readonly observed: number;
  readonly programmed: number;
  readonly workers: number;
  readonly reloads: number;
}

export interface SluiceOptions {
  /** Files of the manifests folder: name → YAML. */
  readonly files?: Readonly<Record<string, string>>;
  /** More flags. With `--manifests` or `--kubeconfig` among them no folder of its own is used. */
  readonly args?: readonly string[];
  /** A Sluice that was killed, whose folders and ports are taken over. */
  readonly successorOf?: Sluice;
  /** An empty folder to take as the runtime folder; absent: one of its own. */
  readonly runtimeDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The file that Node runs; absent: the sources' main.ts. */
  readonly main?: string;
  /** The command of `sluice`; absent: `run`. */
  readonly command?: string;
  /** The probe that must succeed before `startSluice` resolves; absent: `/readyz`. */
  readonly until?: "/readyz" | "/healthz";
  /** How long the start may take; absent: half a minute. */
  readonly readyMs?: number;
}

export interface Sluice {
  readonly http: number;
  readonly https: number;
  readonly health: number;
  readonly runtimeDir: string;
  readonly manifests: string;
  readonly process: ChildProcess;
  /** Writes files of the manifests folder (undefined removes one) without waiting. */
  write(files: Readonly<Record<string, string | undefined>>): void;
  /** Writes the files, then waits until every worker runs what they say. */
  apply(files: Readonly<Record<string, string | undefined>>): Promise<Generation>;
  sync(): Promise<Generation>;
  generation(): Promise<Generation>;
  /** GET on the health port: status and body. */
  ask(path: string, method?: string): Promise<{ status: number; text: string }>;
  /** What the controller has printed, and what the agent and nginx have. */
  log(): string;
  engineLog(): string;
  /** SIGTERM, wait, remove the folders unless a successor has them. Fails when it does not end in time. */
  stop(): Promise<void>;
}

/** Starts a Sluice and waits until it is ready. Rejects with its log when it does not come up. */
export async function startSluice(options: SluiceOptions = {}): Promise<Sluice> {
  const before = options.successorOf;
  const runtimeDir = before?.runtimeDir ?? options.runtimeDir ?? mkdtempSync("/dev/shm/sluice-test-");
  const manifests = before?.manifests ?? mkdtempSync(join(tmpdir(), "sluice-manifests-"));
  const [http, https, health] = before ? [before.http, before.https, before.health] : await freePorts(3);
  const logFile = join(runtimeDir, "controller.log");
  writeFiles(manifests, options.files ?? {});
  const args = options.args ?? [];
  const ownSource = args.some((arg) => /^--(manifests|kubeconfig)\b/.test(arg));
  const child = spawn(
    process.execPath,
    [options.main ?? MAIN, options.command ?? "run", ...(ownSource ? [] : [`--manifests=${manifests}`]), "--bind-address=127.0.0.1", `--http-port=${http}`,
      `--https-port=${https}`, `--healthz-port=${health}`, "--healthz-host=127.0.0.1", `--runtime-dir=${runtimeDir}`,
      "--shutdown-timeout=2", "--reload-interval=0", ...args],
    { stdio: ["ignore", openSync(logFile, "a"), openSync(logFile, "a")], env: { ...process.env, ...options.env } },
  );
  const sluice = describe({ http, https, health, runtimeDir, manifests, child, logFile });
  RUNNING.add(sluice);
  await untilOk(sluice, options.until ?? "/readyz", options.readyMs ?? READY_MS);
  if (before) SUCCEEDED.add(before);
  return sluice;
}

/** Those whose folders, agent and nginx are a successor's now: what they leave behind is not theirs to remove. */
const SUCCEEDED = new WeakSet<Sluice>();
const RUNNING = new Set<Sluice>();
process.on("exit", () => {
  for (const { process: child } of RUNNING) child.kill("SIGTERM");
});

interface Parts {
  readonly http: number;
  readonly https: number;
  readonly health: number;
  readonly runtimeDir: string;
  readonly manifests: string;
  readonly child: ChildProcess;
  readonly logFile: string;
}

function describe({ child, logFile, ...rest }: Parts): Sluice {
  const { runtimeDir, manifests, health } = rest;
  const ask = async (path: string, method = "GET"): Promise<{ status: number; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${health}${path}`, { method });
    return { status: response.status, text: await response.text() };
  };
  const generation = async (path: string, method: string): Promise<Generation> => {
    const { status, text } = await ask(path, method);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}\n${readFileSync(logFile, "utf8")}`);
    return JSON.parse(text) as Generation;
  };
  const sluice: Sluice = {
    ...rest,
    process: child,
    write: (files) => writeFiles(manifests, files),
    async apply(files) {
      writeFiles(manifests, files);
      return await sluice.sync();
    },
    sync: () => generation("/api/v1/sync", "POST"),
    generation: () => generation("/api/v1/generation", "GET"),
    ask,
    log: () => readFileSync(logFile, "utf8"),
    engineLog: () => readFileSync(join(runtimeDir, "engine.log"), "utf8"),
    async stop() {
      RUNNING.delete(sluice);
      await endProcess(child);
      if (SUCCEEDED.has(sluice)) return;
      rmSync(runtimeDir, { recursive: true, force: true });
      rmSync(manifests, { recursive: true, force: true });
    },
  };
  return sluice;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const late = sleep(20_000, "late" as const, { ref: false });
  if ((await Promise.race([ended, late])) === "late") {
    child.kill("SIGKILL");
    throw new Error("sluice did not end within 20 s of SIGTERM");
  }
}

async function untilOk(sluice: Sluice, path: string, readyMs: number): Promise<void> {
  const deadline = Date.now() + readyMs;
  for (;;) {
    const state = await sluice.ask(path).catch(() => undefined);
    if (state?.status === 200) return;
    const { exitCode } = sluice.process;
    if (exitCode !== null || Date.now() > deadline) {
      const why = exitCode === null ? `${path} not ok in ${readyMs} ms (${state?.text.trim() ?? "no answer"})` : `exit code ${exitCode}`;
      const log = sluice.log();
      await sluice.stop().catch(() => undefined);
      throw new Error(`sluice did not come up: ${why}\n${log}`);
    }
    await sleep(20);
  }
}

/** Writes each file whole under another name and renames it, as editors and ConfigMap mounts do. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | undefined>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    if (text === undefined) rmSync(file, { force: true });
    else {
      mkdirSync(dirname(file), { recursive: true });
      // A file whose name begins with a dot is not read as a manifest.
      const whole = join(dirname(file), `.${basename(file)}.new`);
      writeFileSync(whole, text);
      renameSync(whole, file);
    }
  }
}

/** Below it are the ports that people and Sluice's defaults use. */
const FIRST_TEST_PORT = 12_000;
/** Linux gives ports from here on away, unless net.ipv4.ip_local_port_range says otherwise. An API server's node ports end there, too. */
const FIRST_OF_KERNEL = 32_768;
/** The first port that an API server takes for a Service's nodePort, unless its --service-node-port-range says otherwise. */
export const FIRST_NODE_PORT = 30_000;

/**
 * Ports that are free, all different, of 127.0.0.1, `from` or above. They stay free until they are used: the kernel gives none of them to
 * a connection, or to a server that takes any port, because they are below its own range, and no other test file of this
 * machine gets them as long as this process runs.
 */
export async function freePorts(count: number, from = FIRST_TEST_PORT): Promise<[number, number, number, ...number[]]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > 1000) throw new Error(`no ${count} free ports between ${from} and ${FIRST_OF_KERNEL}`);
    const port = randomInt(from, FIRST_OF_KERNEL);
    if ((await reserve(port)) && (await isFree(port))) ports.push(port);
  }
  return ports as [number, number, number, ...number[]];
}

/** Reserves a port among test files by a name that ends with the process. False: another file, or this one, has it. */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const holder = createServer().unref();
    holder.once("error", () => resolve(false));
    holder.listen(`\0sluice-test-port-${port}`, () => resolve(true));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
