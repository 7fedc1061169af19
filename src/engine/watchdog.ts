/**
 * Finds workers whose event loop does not turn, and has them replaced.
 *
 * A worker sends a beat on the channel every few seconds, from its event loop. A worker that hashes one password for
 * minutes sends none, and serves nobody. Guarantees: silence is counted in ticks of this process, so that a busy
 * controller does not take its own delays for those of workers. One worker at a time is ended, and the next only when its
 * successor is there, so that the workers that answer are never ended together. Whether a silent worker only waits for a
 * processor is for the agent to see.
 */

/** Milliseconds between two ticks; more on a busy machine. */
export const TICK_MS = 1000;
/** Ticks of silence after which a worker is reported as silent, and after which it is ended. */
export const SILENT_TICKS = 10;
export const DEAF_TICKS = 30;
/** Ticks after which the agent is asked again about a worker that it let live. */
const AGAIN_TICKS = 10;
/** Ticks between the ends of two workers: at least, and at most if no successor comes. */
const PAUSE_TICKS = 10;
const SUCCESSOR_TICKS = 60;

/** A worker that sends a beat every few seconds. */
export interface Watched {
  readonly slot: number;
  readonly pid: number;
  /** Processor time in seconds, from its last beat. */
  cpu: number;
  /** Ticks since it was last heard. */
  silent: number;
}

export interface WatchdogOptions {
  /** The workers that are connected. */
  readonly workers: () => readonly Watched[];
  /** Asks the agent to end this one; the answer comes to `answered`. False: there is no agent. */
  readonly end: (worker: Watched) => boolean;
  /** To be told when a worker has become silent, or is silent no more. */
  readonly changed: () => void;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  /** The worker that the agent was asked about last, and the ticks since then. */
  #last: { readonly worker: Watched; ticks: number; ended: boolean } | undefined;
  #replaced = 0;
  #silent: readonly Watched[] = [];

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Number of workers that were ended. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Workers that have not said a word for ten seconds. */
  get silent(): readonly Watched[] {
    return this.#silent;
  }

  tick(): void {
    const workers = this.#options.workers();
    for (const worker of workers) worker.silent++;
    if (this.#last) this.#last.ticks++;
    const silent = workers.filter((worker) => worker.silent >= SILENT_TICKS);
    const isNews = silent.length !== this.#silent.length || silent.some((worker) => !this.#silent.includes(worker));
    this.#silent = silent;
    if (isNews) this.#options.changed();
    const [deafest] = workers.filter((worker) => worker.silent >= DEAF_TICKS).sort((a, b) => b.silent - a.silent);
    if (deafest && this.#mayEnd(workers) && this.#options.end(deafest)) this.#last = { worker: deafest, ticks: 0, ended: false };
  }

  /** The agent's answer about the worker that it was asked to end. */
  answered(pid: number, ended: boolean): void {
    const last = this.#last;
    if (last?.worker.pid !== pid || last.ended) return;
    if (ended) {
      last.ended = true;
      this.#replaced++;
    } else {
      last.worker.silent -= AGAIN_TICKS;
      this.#last = undefined;
    }
  }

  #mayEnd(workers: readonly Watched[]): boolean {
    const last = this.#last;
    if (!last || last.ticks >= SUCCESSOR_TICKS) return true;
    const isSucceeded = workers.some(({ slot, pid, silent }) => slot === last.worker.slot && pid !== last.worker.pid && silent < SILENT_TICKS);
    return last.ended && last.ticks >= PAUSE_TICKS && isSucceeded;
  }
}
