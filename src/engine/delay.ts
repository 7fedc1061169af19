/** The wait for the time of the next reload: one at a time, given up when another may come sooner. */
import type { Program } from "../compile/program.ts";

type Config = Program["config"];

export class Delay {
  readonly #elapsed: () => void;
  #timer: { readonly handle: NodeJS.Timeout; readonly due: number; readonly config: Config } | undefined;

  constructor(elapsed: () => void) {
    this.#elapsed = elapsed;
  }

  /** A reload waits for its time. */
  get waits(): boolean {
    return this.#timer !== undefined;
  }

  /** Waits for so many milliseconds, with these settings of the operator's. */
  start(ms: number, config: Config): void {
    const handle = setTimeout(() => {
      this.#timer = undefined;
      this.#elapsed();
    }, ms);
    this.#timer = { handle, due: Date.now() + ms, config };
  }

  /** Ends the wait where somebody who came since may go within `ms`, or the operator's settings are others; answers whether there is none. */
  isOver(ms: () => number, config: Config): boolean {
    const timer = this.#timer;
    if (timer?.config === config && Date.now() + ms() >= timer.due) return false;
    this.stop();
    return true;
  }

  stop(): void {
    clearTimeout(this.#timer?.handle);
    this.#timer = undefined;
  }
}
