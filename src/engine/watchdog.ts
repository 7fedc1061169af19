/**
 * Sees the workers whose event loop does not turn, and has them replaced.
 *
 * A worker says a word on the channel every few seconds, from its event loop. One that is at a password for minutes says
 * none, and serves nobody. Guarantees: silence is counted in ticks of this process, so that it does not take its own
 * lateness for that of workers; one worker at a time is ended, and the next only when its successor is there, so there is
 * never a moment without those that answer; whether a silent one only waits for a processor is for the agent to see.
 */

/** Ticks are a second apart, or more on a busy machine. */
export const TICK_MS = 1000;
/** Ticks of silence after which a worker is told of, and after which it is ended. */
export const SILENT_TICKS = 10;
export const DEAF_TICKS = 30;
/** The agent let it live: asked again after so many. */
const AGAIN_TICKS = 10;
/** Ticks after one was ended before another is, at least; and at most, if no successor comes. */
const PAUSE_TICKS = 10;
const SUCCESSOR_TICKS = 60;

/** A worker that says a word every few seconds. */
export interface Watched {
  readonly slot: number;
  readonly pid: number;
  /** Processor time in seconds, as it said last. */
  cpu: number;
  /** Ticks since it said something. */
  silent: number;
}

export interface WatchdogOptions {
  /** Those that are connected. */
  readonly workers: () => readonly Watched[];
  /** Asks the agent to end this one; the answer comes to `answered`. False: there is no agent. */
  readonly end: (worker: Watched) => boolean;
  /** A worker has become silent, or is so no more. */
  readonly changed: () => void;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  /** The one that the agent was asked about last, and the ticks since. */
  #last: { readonly worker: Watched; ticks: number; ended: boolean } | undefined;
  #replaced = 0;
  #silent: readonly Watched[] = [];

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Workers that were ended. */
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

  /** The agent's word about the worker that it was asked about. */
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
