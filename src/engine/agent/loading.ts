/**
 * A configuration that a running master was told to load, until it is known whether the master did.
 *
 * A signal gets no answer, and nginx says only in its error log what it refuses. The proof that nginx took a configuration
 * is a worker's hello that names it, which the controller passes on. Where nobody listens to workers, as below http or
 * while the controller is away, the mere presence of new workers counts as proof. Without a proof nothing is known,
 * because it may still come.
 *
 * The master tells its old workers to quit a moment after it has started new ones. Until then they accept connections,
 * under the old configuration. So a configuration counts as loaded only when the old workers are shutting down.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, title, type ProcessIdentity } from "../../support/process-identity.ts";
import type { EngineLog } from "./nginx-words.ts";
import type { NginxPatience } from "./patience.ts";
import type { Loaded } from "./running.ts";

const LOOK_MS = 20;
/** How long a complaint has to stand before it counts: after it, nginx goes on trying to open its ports for two and a half seconds. */
const COMPLAINT_MS = 3500;
const LOG_LOOKS = 10;
/** How long old workers are waited for: one whose event loop stands still for longer accepts no connections either. */
const QUITTING_MS = 2000;
/** The title that nginx gives a worker (ngx_worker_process_cycle) just before it closes its listening sockets. */
const QUITTING = "worker process is shutting down";

export interface LoadingOptions {
  /** nginx.conf. */
  readonly text: string;
  readonly loaded: Loaded;
  readonly master: ProcessIdentity;
  /** The master and its workers now. */
  readonly group: () => readonly ProcessIdentity[];
  /** Whether somebody listens to workers, and passes on what they say. */
  readonly heard: () => boolean;
}

export class Loading {
  readonly text: string;
  readonly loaded: Loaded;
  readonly #options: LoadingOptions;
  /** The processes that were there when the master was told. */
  readonly before: readonly ProcessIdentity[];
  readonly #known: ReadonlySet<string>;
  #proven = false;

  /** To be made before the master is told. */
  constructor(options: LoadingOptions) {
    this.text = options.text;
    this.loaded = options.loaded;
    this.#options = options;
    this.before = options.group();
    this.#known = new Set(this.before.map(nameOf));
  }

  /** A worker with this process id says that it runs the configuration with this digest. Answers whether that is the proof. */
  heard(config: string, pid: number): boolean {
    const worker = identify(pid);
    if (config !== this.loaded.config || !worker || this.#known.has(nameOf(worker))) return false;
    this.#proven = true;
    return true;
  }

  /**
   * Resolves to true with the proof, and to false when the master ends before. Rejects with nginx's own words when
   * nginx refuses, and when it takes too long.
   */
  async proof(log: EngineLog, since: number, patience: NginxPatience): Promise<boolean> {
    const { master } = this.#options;
    const begun = performance.now();
    const limit = patience.ms;
    let complained: number | undefined;
    for (let look = 1; isAlive(master); look++) {
      const waited = performance.now() - begun;
      if (this.#isProven()) {
        patience.took(waited);
        return true;
      }
      if (look % LOG_LOOKS === 0 && log.refusalSince(since, master.pid) !== "") complained ??= waited;
      if (complained !== undefined && waited - complained > COMPLAINT_MS) throw new Error(log.refusalSince(since, master.pid));
      if (waited > limit) {
        patience.ranOut();
        throw new Error(`no worker ran it within ${Math.round(limit / 1000)} seconds; it is still taken when one does`);
      }
      await sleep(LOOK_MS);
    }
    return false;
  }

  /** To be called once there is proof. Resolves when no worker accepts connections under the previous configuration any more. */
  async takenOver(): Promise<void> {
    const old = this.before.filter(({ pid }) => pid !== this.#options.master.pid);
    const accepts = (worker: ProcessIdentity): boolean => isAlive(worker) && !title(worker).includes(QUITTING);
    for (const deadline = performance.now() + QUITTING_MS; old.some(accepts) && performance.now() < deadline; ) await sleep(LOOK_MS);
  }

  #isProven(): boolean {
    const { group, heard } = this.#options;
    return this.#proven || (!heard() && group().some((one) => !this.#known.has(nameOf(one))));
  }
}

function nameOf({ pid, started }: ProcessIdentity): string {
  return `${pid} ${started}`;
}
