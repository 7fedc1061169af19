/**
 * The master process of one nginx instance: started, reloaded, replaced when it dies, adopted when an earlier agent left
 * it running.
 *
 * The listening sockets are the agent's (it inherited them, see launch.ts) and nginx inherits them in turn, in the
 * way nginx's own binary upgrade does (environment variable NGINX). So a master that is killed is replaced while its
 * orphaned workers still serve, on the same sockets, and no connection that a client opened is lost.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../support/log.ts";
import { groupMembers, identify, isAlive, signal, type ProcessIdentity } from "../../support/process-identity.ts";
import { INSTANCES, type Instance } from "../instances.ts";
import { NO_ENGINE, type EngineStatus, type Listen } from "../protocol.ts";
import { requireFree } from "./ports.ts";
import { sweepTrust, writeTrust } from "./trust-files.ts";

export interface NginxOptions {
  readonly instance: Instance;
  readonly binary: string;
  readonly runtimeDir: string;
  /** File descriptors of the listening sockets; empty: nginx opens its own. */
  readonly listeners: readonly number[];
  /** The same of its unix sockets; empty: nginx opens its own. An nginx that inherits one without need removes its path. */
  readonly sockets: readonly number[];
  readonly log: Log;
  /** A master took over from one that died. */
  readonly restarted: (status: EngineStatus) => void;
}

/** What the file of an instance remembers: which process runs which configuration. */
interface Running extends ProcessIdentity {
  readonly config: string;
  readonly profiles: EngineStatus["profiles"];
  /** Sockets that it opened itself. */
  readonly listens: readonly Listen[];
  readonly ownsHttps?: true;
  /** Workers of masters that died; they finish what they have. */
  readonly orphans: readonly ProcessIdentity[];
}

export interface Configuration {
  /** nginx.conf. */
  readonly text: string;
  readonly digest: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly profiles: EngineStatus["profiles"];
  /** Sockets that it opens itself, other than those it inherits. */
  readonly listens?: readonly Listen[];
  /** The https port is this instance's, which else is http's. */
  readonly ownsHttps?: true;
}

const WATCH_MS = 200;
/** Orphaned workers notice within a second, and need answers to say it with. */
const ORPHANS_MS = 4000;
/** A worker that is told to quit closes its listening sockets at the next turn of its event loop. */
export const QUIT_MS = 100;
/** How long nginx may take to show new workers after a reload. */
const RELOAD_MS = 10_000;
/** Where the launcher lets the agent and nginx write (see supervise.ts). */
const ENGINE_LOG = "engine.log";

export class NginxProcess {
  readonly #options: NginxOptions;
  /** Workers that an earlier agent and its master left behind; the launcher told them to quit. */
  readonly #left: readonly ProcessIdentity[];
  #running: Running | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #stopping = false;
  #watching = false;
  #failures = 0;

  constructor(options: NginxOptions) {
    this.#options = options;
    this.#running = this.#adopt();
    this.#left = orphansOfInstance(options.instance, options.runtimeDir, options.binary);
    this.#dismissOrphans();
    if (this.#running) void this.#watch();
  }

  get status(): EngineStatus {
    const running = this.#running;
    return running ? { master: running.pid, config: running.config, profiles: running.profiles } : NO_ENGINE;
  }

  /** What runs has the https port. */
  get ownsHttps(): boolean {
    return this.#running?.ownsHttps === true;
  }

  /**
   * Makes nginx run this configuration. Answers "started" or "reloaded"; rejects with nginx's own words when it
   * refuses the text, and with PortsTaken when others have its ports; whatever ran then goes on running.
   */
  configure(configuration: Configuration): Promise<"started" | "reloaded"> {
    return this.#oneAtATime(() => this.#configure(configuration));
  }

  /**
   * Starts what ran here last, when all of it is gone and the folder outlived it, as a container's volume does: workers
   * then serve from the snapshot files. Where that is not possible, nginx waits for a configuration.
   */
  async resume(): Promise<void> {
    const { instance, runtimeDir } = this.#options;
    const file = this.#path(instance.conf);
    const last = rememberedNginx(instance, runtimeDir);
    if (this.#running || this.#left.length > 0 || !last || !existsSync(file)) return;
    await this.#oneAtATime(async () => {
      if (instance.tested) await this.#test(file);
      await this.#start({ ...loadedBy(last), orphans: [] });
    }).then(
      () => this.#options.log("info", "nginx serves what it served before; the controller's word is awaited"),
      (error: Error) => this.#options.log("warn", `what nginx served before cannot be started: ${error.message}`),
    );
  }

  /** Its processes, old workers and those of masters that died among them. */
  get processes(): readonly ProcessIdentity[] {
    return this.#members();
  }

  /** Resolves when nginx would take this text, which it never runs; rejects with its own words. */
  async check(text: string): Promise<void> {
    const file = `${this.#path(this.#options.instance.conf)}.try`;
    writeFileSync(file, text, { mode: 0o600 });
    try {
      await this.#test(file);
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** Starting, reloading and replacing exclude each other: there is never more than one master. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  async #configure({ text, digest, files, profiles, listens = [], ownsHttps }: Configuration): Promise<"started" | "reloaded"> {
    const loaded = loadedBy({ config: digest, profiles, listens, ...(ownsHttps ? { ownsHttps } : {}) });
    const file = this.#path(this.#options.instance.conf);
    const before = existsSync(file) ? readFileSync(file, "utf8") : "";
    await requireFree(listens, this.#running?.listens ?? []);
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    writeTrust(this.#options.runtimeDir, files ?? {});
    if (this.#options.instance.tested) await this.#test(`${file}.new`);
    renameSync(`${file}.new`, file);
    const running = this.#running;
    if (running && isAlive(running)) await sleep(this.#options.instance.farewellMs);
    if (!running || !isAlive(running)) {
      await this.#start({ ...loaded, orphans: running ? this.#orphansOf(running) : this.#left.filter(isAlive) });
      this.#dismissOrphans();
      if (files) sweepTrust(this.#options.runtimeDir, text);
      return "started";
    }
    try {
      await this.#reload(running);
    } catch (error) {
      // A master that has to be replaced must find the configuration that runs.
      writeFileSync(file, before, { mode: 0o600 });
      throw error;
    }
    this.#remember({ pid: running.pid, started: running.started, orphans: running.orphans, ...loaded });
    if (files) sweepTrust(this.#options.runtimeDir, text);
    return "reloaded";
  }

  /**
   * Some mistakes show only now: `nginx -t` does not care whether a port is taken. nginx says so in its error log and
   * starts no workers, so new workers are the proof that it took the configuration.
   */
  async #reload(running: Running): Promise<void> {
    const before = new Set(this.#group(running.pid).map(({ pid }) => pid));
    const said = this.#logSize();
    signal(running, "SIGHUP");
    const deadline = Date.now() + RELOAD_MS;
    while (isAlive(running) && Date.now() < deadline) {
      if (this.#group(running.pid).some(({ pid }) => !before.has(pid))) return;
      await sleep(10);
    }
    throw new Error(this.#complaintSince(said) || "it started no new workers; see its error log");
  }

  #logSize(): number {
    return statSync(this.#path(ENGINE_LOG), { throwIfNoEntry: false })?.size ?? 0;
  }

  #complaintSince(size: number): string {
    const log = this.#path(ENGINE_LOG);
    return existsSync(log) ? firstComplaint(readFileSync(log).subarray(size).toString("utf8")) : "";
  }

  /** Lets nginx open its log files anew, after they were renamed. */
  reopenLogs(): void {
    if (this.#running) signal(this.#running, "SIGUSR1");
  }

  /** Ends nginx, orphaned workers included: gracefully for as long as `graceMs`, then at once. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    signalAll(this.#members(), "SIGQUIT");
    await this.#gone(graceMs);
    signalAll(this.#members(), "SIGTERM");
    await this.#gone(2000);
    signalAll(this.#members(), "SIGKILL");
    this.#forget();
  }

  async #gone(withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (this.#members().length > 0 && Date.now() < deadline) await sleep(20);
  }

  #members(): ProcessIdentity[] {
    const running = this.#running;
    const known = running ? [...this.#group(running.pid), ...running.orphans] : this.#left;
    return known.filter(isAlive);
  }

  #group(master: number): ProcessIdentity[] {
    return groupMembers(master, basename(this.#options.binary));
  }

  /** Who serves on after this master: its workers, and those of masters before it. */
  #orphansOf(dead: Running): ProcessIdentity[] {
    return [...this.#group(dead.pid), ...dead.orphans.filter(isAlive)];
  }

  /** `nginx -t`, with the standard output that nginx will have: a log may be written there. */
  async #test(file: string): Promise<void> {
    const { binary, runtimeDir } = this.#options;
    const child = spawn(binary, ["-t", "-q", "-p", runtimeDir, "-c", file], { stdio: ["ignore", "inherit", "pipe"], timeout: 10_000 });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    const code = await new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (status, by) => resolve(by === null ? status : `${by}, after at most ten seconds`));
    });
    if (code !== 0) throw new Error(firstComplaint(complaint) || `"nginx -t" ended with ${String(code)}`);
  }

  async #start(loaded: Omit<Running, keyof ProcessIdentity>): Promise<void> {
    const { binary, runtimeDir, listeners, sockets, instance } = this.#options;
    const opensItsOwn = listeners.length === 0 || loaded.listens.length > 0;
    if (opensItsOwn && loaded.orphans.length > 0) await this.#freePorts(loaded.orphans);
    const inherits = [...listeners, ...sockets];
    if (sockets.length === 0) for (const socket of instance.sockets) rmSync(this.#path(socket), { force: true });
    const said = this.#logSize();
    // Descriptors 3… of the child are the listening sockets, which nginx learns from NGINX="3;4;".
    const inherited = inherits.map((_, i) => `${i + 3};`).join("");
    const child = spawn(binary, ["-p", runtimeDir, "-c", this.#path(this.#options.instance.conf)], {
      detached: true,
      stdio: ["ignore", "inherit", "inherit", ...inherits],
      env: { PATH: process.env["PATH"] ?? "", ...(inherited ? { NGINX: inherited } : {}) },
    });
    child.unref();
    const exited = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, by) => resolve(`it ended with ${by ?? `code ${code}`}; see its error log`));
    });
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (!identity) throw new Error(`nginx could not be started: ${await exited}`);
    // Remembered before anything can go wrong with us: nobody else could find this nginx.
    const before = this.#running;
    this.#remember({ ...identity, ...loaded });
    const problem = await Promise.race([exited, this.#workersOf(identity)]);
    if (problem) {
      if (before) this.#remember(before);
      else this.#forget();
      throw new Error(`nginx could not be started: ${this.#complaintSince(said) || problem}`);
    }
    void this.#watch();
  }

  /** Sockets that nobody can hand on, the agent having adopted its nginx or nginx having opened them: the orphans let go of theirs first. */
  async #freePorts(orphans: readonly ProcessIdentity[]): Promise<void> {
    this.#options.log("warn", "listening sockets are lost with the process that opened them: connections to these ports are refused for a moment", { nginx: this.#options.instance.name });
    signalAll(orphans, "SIGQUIT");
    await sleep(QUIT_MS);
  }

  /** Resolves when the master has a worker: it has read its configuration and holds the sockets. */
  async #workersOf(master: ProcessIdentity): Promise<undefined> {
    while (isAlive(master) && this.#group(master.pid).length < 2) await sleep(10);
    return undefined;
  }

  /** An adopted master is not our child, so its end is noticed by looking. */
  async #watch(): Promise<void> {
    if (this.#watching) return;
    this.#watching = true;
    while (!this.#stopping) {
      await sleep(WATCH_MS, undefined, { ref: true });
      const running = this.#running;
      if (running && !isAlive(running)) await this.#oneAtATime(() => this.#replace(running));
    }
    this.#watching = false;
  }

  /** A new master takes over the sockets; then the dead one's workers finish what they have and leave. */
  async #replace(dead: Running): Promise<void> {
    const { log } = this.#options;
    if (this.#stopping || this.#running !== dead) return;
    log("warn", "nginx's master process ended; its workers serve on while a new one takes over", { pid: dead.pid, nginx: this.#options.instance.name });
    try {
      await this.#start({ ...loadedBy(dead), orphans: this.#orphansOf(dead) });
    } catch (error) {
      const waitMs = Math.min(10_000, 200 * 2 ** this.#failures++);
      log("error", `${(error as Error).message}; trying again in ${waitMs} ms`);
      await sleep(waitMs);
      return;
    }
    this.#failures = 0;
    this.#options.restarted(this.status);
    this.#dismissOrphans();
  }

  #dismissOrphans(): void {
    const orphans = this.#running?.orphans ?? [];
    if (orphans.length > 0) setTimeout(() => signalAll(orphans, "SIGQUIT"), ORPHANS_MS).unref();
  }

  #adopt(): Running | undefined {
    const remembered = rememberedNginx(this.#options.instance, this.#options.runtimeDir);
    return remembered && isAlive(remembered) ? remembered : undefined;
  }

  #forget(): void {
    this.#running = undefined;
    rmSync(this.#path(this.#options.instance.master), { force: true });
  }

  /** Swapped by rename: whoever reads the file meanwhile must not take a living nginx for a dead one. */
  #remember(running: Running): void {
    this.#running = running;
    const file = this.#path(this.#options.instance.master);
    try {
      writeFileSync(`${file}.new`, JSON.stringify(running), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      this.#options.log("error", `which nginx runs cannot be written down (${(error as Error).message}): a later agent could not adopt it`);
    }
  }

  #path(file: string): string {
    return `${this.#options.runtimeDir}/${file}`;
  }
}

type Loaded = Pick<Running, "config" | "profiles" | "listens" | "ownsHttps">;

function loadedBy({ config, profiles, listens, ownsHttps }: Loaded): Loaded {
  return { config, profiles, listens, ...(ownsHttps ? { ownsHttps } : {}) };
}

/** What an agent left in the runtime folder about its nginx, dead or alive. */
function rememberedNginx({ master }: Instance, runtimeDir: string): Running | undefined {
  try {
    // An earlier version remembered no sockets: it opened none.
    return { listens: [], ...(JSON.parse(readFileSync(join(runtimeDir, master), "utf8")) as Omit<Running, "listens">) };
  } catch {
    return undefined;
  }
}

/**
 * Workers that lost their master and their agent: they serve on, and hold the ports. Told to quit they let go of the
 * ports at once and finish what they have.
 */
export function findOrphans(runtimeDir: string, binary: string): ProcessIdentity[] {
  return INSTANCES.flatMap((instance) => orphansOfInstance(instance, runtimeDir, binary));
}

function orphansOfInstance(instance: Instance, runtimeDir: string, binary: string): ProcessIdentity[] {
  const remembered = rememberedNginx(instance, runtimeDir);
  if (!remembered || isAlive(remembered)) return [];
  return [...groupMembers(remembered.pid, basename(binary)), ...(remembered.orphans ?? []).filter(isAlive)];
}

function signalAll(processes: readonly ProcessIdentity[], name: NodeJS.Signals): void {
  for (const one of processes) signal(one, name);
}

/** nginx's first complaint, without its prefix. */
function firstComplaint(output: string): string {
  const line = output.split("\n").find((one) => /\[(emerg|crit|error)\]/.test(one)) ?? output.split("\n")[0] ?? "";
  return line.replace(/^.*?\[(emerg|crit|error)\] (\d+#\d+: )?/, "").trim();
}
