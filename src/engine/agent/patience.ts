/**
 * How long nginx may take to read a configuration before it is taken for stuck.
 *
 * What it takes depends on the machine and on what is loaded (ModSecurity's rules are megabytes), so it is a multiple of
 * the longest time that it has taken. Where that was too short after all, the next try has twice as long: no
 * configuration that nginx would take is kept out for ever by a limit.
 */
const LEAST_MS = 60_000;
const MOST_MS = 3_600_000;
const TIMES = 4;

export class NginxPatience {
  #ms: number;

  /** @param leastMs however fast nginx was. */
  constructor(leastMs = LEAST_MS) {
    this.#ms = leastMs;
  }

  /** Milliseconds for the next time. */
  get ms(): number {
    return this.#ms;
  }

  /** nginx has read a configuration in so many milliseconds. */
  took(ms: number): void {
    this.#ms = Math.min(Math.max(this.#ms, TIMES * ms), MOST_MS);
  }

  /** It had not in all the time that it was given. */
  ranOut(): void {
    this.took((2 * this.#ms) / TIMES);
  }
}
