/**
 * A configuration that a running master was told to load, until it is known whether it did.
 *
 * Signals answer nothing, and nginx says what it refuses in its error log alone. The proof that it took a configuration is
 * the word of a worker that runs it, which the controller passes on. Where nobody listens to workers, as below http or
 * while the controller is away, new workers have to do. Without a proof nothing is known: the proof may still come.
 *
 * The master tells its old workers to quit a moment after it has started new ones. Until then they accept connections,
 * under the old configuration. So a configuration is loaded when they have heard it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, title, type ProcessIdentity } from "../../support/process-identity.ts";
import type { EngineLog } from "./nginx-words.ts";
import type { NginxPatience } from "./patience.ts";
import type { Loaded } from "./running.ts";

const LOOK_MS = 20;
/** nginx complains, and tries the ports that it wants for two and a half seconds more. */
const COMPLAINT_MS = 3500;
const LOG_LOOKS = 10;
/** A worker whose event loop stands still for longer accepts nothing either. */
const QUITTING_MS = 2000;
/** nginx's own words (ngx_worker_process_cycle), a few instructions before it closes its listening sockets. */
const QUITTING = "worker process is shutting down";

export interface LoadingOptions {
  /** nginx.conf. */
  readonly text: string;
  readonly loaded: Loaded;
  readonly master: ProcessIdentity;
  /** The master and its workers now. */
  readonly group: () => readonly ProcessIdentity[];
  /** Somebody listens to workers, and would pass on what they say. */
  readonly heard: () => boolean;
}

export class Loading {
  readonly text: string;
  readonly loaded: Loaded;
  readonly #options: LoadingOptions;
  /** Who was there when the master was told. */
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

  /** A worker with this process id says that it runs this configuration; answers whether that is the proof. */
  heard(config: string, pid: number): boolean {
    const worker = identify(pid);
    if (config !== this.loaded.config || !worker || this.#known.has(nameOf(worker))) return false;
    this.#proven = true;
    return true;
  }

  /** Resolves with the proof; false: the master ended before. Rejects with nginx's own words when it refuses, and when it takes too long. */
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

  /** To be called with the proof. Resolves when nobody accepts connections under the configuration before. */
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
