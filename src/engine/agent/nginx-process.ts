/**
 * The master process of one nginx instance: started, reloaded, replaced when it dies, adopted when an earlier agent left
 * it running.
 *
 * The listening sockets are the agent's (it inherited them, see launch.ts). nginx inherits them in turn, in the way of
 * its own binary upgrade (environment variable NGINX). So a master that is killed is replaced while its orphaned workers
 * still serve, on the same sockets, and no connection that a client opened is lost.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../support/log.ts";
import { groupMembers, isAlive, signal, signalAll, type ProcessIdentity } from "../../support/process-identity.ts";
import type { Instance } from "../instances.ts";
import type { LeavingCounts } from "../leaving.ts";
import { NO_ENGINE, type EngineStatus, type Listen } from "../protocol.ts";
import { sweepConfFiles, writeConfFiles } from "./conf-files.ts";
import { endDeafWorker } from "./deaf-worker.ts";
import { FarewellWait } from "./farewell-wait.ts";
import { Loading } from "./loading.ts";
import { ENGINE_LOG } from "./log-rotation.ts";
import { testConfiguration } from "./nginx-test.ts";
import { EngineLog } from "./nginx-words.ts";
import type { NginxPatience } from "./patience.ts";
import { requireFree } from "./ports.ts";
import { LeavingWorkers, workersOf, type OldGeneration } from "./leaving-workers.ts";
import { distinct, loadedBy, orphansOfInstance, rememberedNginx, writeDown, type Loaded, type Running } from "./running.ts";
import { problemAtStart, spawnNginx } from "./spawn-nginx.ts";

export interface NginxOptions {
  readonly instance: Instance;
  readonly binary: string;
  readonly runtimeDir: string;
  /** File descriptors of the listening sockets; empty: nginx opens its own. */
  readonly listeners: readonly number[];
  /**
   * File descriptors of its unix sockets; empty: nginx opens its own. They are passed only where they are used, because
   * nginx removes the path of an inherited socket that its configuration does not name.
   */
  readonly sockets: readonly number[];
  readonly log: Log;
  /** How long nginx may take to read a configuration. */
  readonly patience: NginxPatience;
  /** A master took over from one that died. */
  readonly restarted: (status: EngineStatus) => void;
  /** nginx has loaded a configuration after all that it had seemed to refuse. */
  readonly loadedLate: (status: EngineStatus) => void;
  /**
   * A configuration was tested and will be loaded in a moment; nginx closes idle connections within so many seconds.
   * The farewell to clients has this number.
   */
  readonly reloading: (seconds: number, farewell: number) => void;
  /** Whether somebody hears what its workers say, and passes it on to `workerSays`. */
  readonly heard: () => boolean;
}

export interface Configuration {
  /** nginx.conf. */
  readonly text: string;
  readonly digest: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly profiles: EngineStatus["profiles"];
  /** Sockets that nginx opens itself, beside those it inherits. */
  readonly listens?: readonly Listen[];
  /** This instance has the https port, which otherwise the nginx of http has. */
  readonly ownsHttps?: true;
}

const WATCH_MS = 200;
/** How long orphaned workers serve on: they notice within a second, and then tell their clients with the next answers. */
const ORPHANS_MS = 4000;
/** A worker that is told to quit closes its listening sockets at the next turn of its event loop. */
export const QUIT_MS = 100;
/** Added to the time that loading takes. */
const FAREWELL_SECONDS = 4;

export class NginxProcess {
  readonly #options: NginxOptions;
  /** Workers that an earlier agent and its master left behind; the launcher told them to quit. */
  readonly #left: readonly ProcessIdentity[];
  readonly #log: EngineLog;
  readonly #leaving: LeavingWorkers;
  /** The wait before a reload; whoever hears from workers ends it here when no client is connected. */
  readonly farewell = new FarewellWait();
  #running: Running | undefined;
  /** The configuration that the master was told to load last. */
  #loading: Loading | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #stopping = false;
  #watching = false;
  #failures = 0;

  constructor(options: NginxOptions) {
    this.#options = options;
    this.#log = new EngineLog(this.#path(ENGINE_LOG));
    this.#leaving = new LeavingWorkers(options.log);
    this.#running = this.#adopt();
    this.#left = orphansOfInstance(options.instance, options.runtimeDir, options.binary);
    this.#dismissOrphans();
    if (this.#running) void this.#watch();
  }

  get name(): Instance["name"] {
    return this.#options.instance.name;
  }

  get status(): EngineStatus {
    const running = this.#running;
    if (!running) return NO_ENGINE;
    const { pid: master, config, profiles, listens } = running;
    return { master, config, profiles, ...(listens.length > 0 ? { listens } : {}) };
  }

  /** Old workers that are still there. */
  get leaving(): LeavingCounts {
    return this.#leaving.counts(this.#running?.leaving ?? []);
  }

  /** Whether the nginx that runs has the https port. */
  get ownsHttps(): boolean {
    return this.#running?.ownsHttps === true;
  }

  /**
   * Makes nginx run this configuration. Answers "started" or "reloaded". Rejects with nginx's own words when it refuses
   * the text, and with PortsTaken when others have its ports; what ran before then goes on running.
   */
  async configure(configuration: Configuration): Promise<"started" | "reloaded"> {
    const { text, listens = [], files = {} } = configuration;
    const file = this.#path(this.#options.instance.conf);
    await requireFree(listens, this.#running?.listens ?? []);
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    writeConfFiles(this.#options.runtimeDir, files);
    // Outside of `#oneAtATime`, so that a master that dies meanwhile can be replaced.
    const testMs = this.#options.instance.tested ? await this.#test(`${file}.new`) : 0;
    return this.#oneAtATime(() => this.#load(configuration, testMs));
  }

  /** A worker with this process id says that it runs the configuration with this digest. */
  workerSays(config: string, pid: number): void {
    const loading = this.#loading;
    if (!loading?.heard(config, pid)) return;
    void this.#oneAtATime(() => this.#takeLate(loading));
  }

  /** Ends a worker that says nothing any more, so that the master starts another. Answers whether it was ended. */
  endWorker(pid: number, cpuThen: number): boolean {
    const running = this.#running;
    const worker = pid === running?.pid ? undefined : this.#members().find((one) => one.pid === pid);
    if (!running || !isAlive(running) || !worker || !endDeafWorker(worker, cpuThen)) return false;
    this.#options.log("error", "a worker has not answered for half a minute and is ended; nginx starts another", { pid });
    return true;
  }

  /**
   * Starts what ran here last, when all its processes are gone and the runtime folder is still there, as a container's
   * volume is. Workers then serve from the snapshot files. Where that is not possible, no nginx runs until a
   * configuration comes.
   */
  async resume(): Promise<void> {
    const { instance, runtimeDir } = this.#options;
    const file = this.#path(instance.conf);
    const last = rememberedNginx(instance, runtimeDir);
    if (this.#running || this.#left.length > 0 || !last || !existsSync(file)) return;
    await this.#oneAtATime(async () => {
      if (instance.tested) await this.#test(file);
      await this.#start({ ...loadedBy(last), leaving: [] });
    }).then(
      () => this.#options.log("info", "nginx serves what it served before; the controller's word is awaited"),
      (error: Error) => this.#options.log("warn", `what nginx served before cannot be started: ${error.message}`),
    );
  }

  /** All processes of this nginx, among them old workers, and workers of masters that died. */
  get processes(): readonly ProcessIdentity[] {
    return this.#members();
  }

  /** Resolves when nginx would take this text with these files; rejects with nginx's own words. The text is never used. */
  async check(text: string, files: Readonly<Record<string, string>>): Promise<void> {
    const { runtimeDir } = this.#options;
    const file = `${this.#path(this.#options.instance.conf)}.try`;
    writeFileSync(file, text, { mode: 0o600 });
    const written = writeConfFiles(runtimeDir, files);
    try {
      await this.#test(file);
    } finally {
      for (const path of [file, ...written.map((name) => join(runtimeDir, name))]) rmSync(path, { force: true });
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

  async #load(configuration: Configuration, testMs: number): Promise<"started" | "reloaded"> {
    const { text, digest, files, profiles, listens = [], ownsHttps } = configuration;
    const { instance, runtimeDir } = this.#options;
    const loaded = loadedBy({ config: digest, profiles, listens, ...(ownsHttps ? { ownsHttps } : {}) });
    const file = this.#path(instance.conf);
    const before = existsSync(file) ? readFileSync(file, "utf8") : "";
    renameSync(`${file}.new`, file);
    try {
      const reloaded = await this.#reload(text, loaded, testMs);
      if (!reloaded) {
        const leaving = this.#running ? this.#leftBy(this.#running) : this.#leaving.replaced(this.#left, []);
        await this.#start({ ...loaded, leaving });
        this.#dismissOrphans();
      }
      if (files) sweepConfFiles(runtimeDir, text);
      return reloaded ? "reloaded" : "started";
    } catch (error) {
      // Should the master have to be replaced, the new one must find the configuration that runs.
      writeFileSync(file, before, { mode: 0o600 });
      throw error;
    }
  }

  /** False: there is no master that could load it. */
  async #reload(text: string, loaded: Loaded, testMs: number): Promise<boolean> {
    if (this.#running && isAlive(this.#running)) await this.#sayFarewell(testMs);
    const running = this.#running;
    if (!running || !isAlive(running)) return false;
    const loading = new Loading({ text, loaded, master: running, group: () => this.#group(running.pid), heard: this.#options.heard });
    this.#loading = loading;
    const said = this.#log.size;
    signal(running, "SIGHUP");
    if (!(await loading.proof(this.#log, said, this.#options.patience))) return false;
    await loading.takenOver();
    this.#runs(running, loading);
    return true;
  }

  /** Notes that this master has loaded another configuration, and that the workers from before will leave. */
  #runs({ pid, started, leaving }: Running, { loaded, before }: Loading): void {
    const known = new Set([pid, ...workersOf(leaving).map((one) => one.pid)]);
    const replaced = before.filter((one) => !known.has(one.pid));
    this.#remember({ pid, started, ...loaded, leaving: this.#leaving.replaced(replaced, leaving) });
  }

  /**
   * Lets workers tell their clients, and waits. How long connections may be closed is estimated from the test, because
   * loading takes about as long.
   */
  async #sayFarewell(testMs: number): Promise<void> {
    const { farewellMs } = this.#options.instance;
    if (farewellMs === 0) return;
    const seconds = Math.ceil((farewellMs + 4 * testMs) / 1000) + FAREWELL_SECONDS;
    const early = await this.farewell.wait(farewellMs, (farewell) => this.#options.reloading(seconds, farewell));
    if (early) this.#options.log("debug", "no client is connected: nginx is reloaded at once");
  }

  /** Takes note of a configuration whose proof came after it had counted as refused, unless another was loaded since. */
  async #takeLate(loading: Loading): Promise<void> {
    const running = this.#running;
    if (this.#loading !== loading || !running || !isAlive(running) || running.config === loading.loaded.config) return;
    await loading.takenOver();
    writeFileSync(this.#path(this.#options.instance.conf), loading.text, { mode: 0o600 });
    this.#runs(running, loading);
    this.#options.loadedLate(this.status);
  }

  /** Makes nginx open its log files anew, after they were renamed. */
  reopenLogs(): void {
    if (this.#running) signal(this.#running, "SIGUSR1");
  }

  /** Ends nginx, orphaned workers included: gracefully within `graceMs` milliseconds, and then at once. */
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
    const known = running ? distinct([...this.#group(running.pid), ...workersOf(running.leaving)]) : this.#left;
    return known.filter(isAlive);
  }

  #group(master: number): ProcessIdentity[] {
    return groupMembers(master, basename(this.#options.binary));
  }

  /** The workers that serve on after this master: its own, and those that were leaving before. */
  #leftBy({ pid, leaving }: Running): readonly OldGeneration[] {
    const known = new Set(workersOf(leaving).map((one) => one.pid));
    return this.#leaving.replaced(this.#group(pid).filter((one) => !known.has(one.pid)), leaving);
  }

  #test(file: string): Promise<number> {
    return testConfiguration(file, this.#options);
  }

  async #start(loaded: Omit<Running, keyof ProcessIdentity>): Promise<void> {
    const { binary, runtimeDir, listeners, sockets, instance } = this.#options;
    const opensItsOwn = listeners.length === 0 || loaded.listens.length > 0;
    if (opensItsOwn && loaded.leaving.length > 0) await this.#freePorts(workersOf(loaded.leaving));
    const opened = [...instance.ownSockets, ...(sockets.length === 0 ? instance.sockets : [])];
    for (const socket of opened) rmSync(this.#path(socket), { force: true });
    const said = this.#log.size;
    const { identity, exited } = spawnNginx({ binary, runtimeDir, conf: this.#path(instance.conf), inherits: [...listeners, ...sockets] });
    if (!identity) throw new Error(`nginx could not be started: ${await exited}`);
    // Written down first, because without the file no other agent could find this nginx if we ended now.
    const before = this.#running;
    this.#remember({ ...identity, ...loaded });
    const problem = await problemAtStart(identity, exited, () => this.#group(identity.pid).length > 1);
    if (problem) {
      if (before) this.#remember(before);
      else this.#forget();
      throw new Error(`nginx could not be started: ${this.#log.complaintSince(said) || problem}`);
    }
    void this.#watch();
  }

  /**
   * Makes orphaned workers let go of their ports. Needed where nobody can hand the sockets on, because the agent has
   * adopted its nginx, or nginx has opened them itself.
   */
  async #freePorts(orphans: readonly ProcessIdentity[]): Promise<void> {
    this.#options.log("warn", "listening sockets are lost with the process that opened them: connections to these ports are refused for a moment", { nginx: this.#options.instance.name });
    signalAll(orphans, "SIGQUIT");
    await sleep(QUIT_MS);
  }

  /** Looks whether the master lives. An adopted master is not our child, so we get no notice of its end. */
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

  /** Starts a new master that takes over the sockets; then the workers of the dead one finish their requests and leave. */
  async #replace(dead: Running): Promise<void> {
    const { log } = this.#options;
    if (this.#stopping || this.#running !== dead) return;
    log("warn", "nginx's master process ended; its workers serve on while a new one takes over", { pid: dead.pid, nginx: this.#options.instance.name });
    try {
      await this.#start({ ...loadedBy(dead), leaving: this.#leftBy(dead) });
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
    const orphans = workersOf(this.#running?.leaving ?? []);
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

  #remember(running: Running): void {
    this.#running = running;
    try {
      writeDown(running, this.#path(this.#options.instance.master));
    } catch (error) {
      this.#options.log("error", `which nginx runs cannot be written down (${(error as Error).message}): a later agent could not adopt it`);
    }
  }

  #path(file: string): string {
    return `${this.#options.runtimeDir}/${file}`;
  }
}
