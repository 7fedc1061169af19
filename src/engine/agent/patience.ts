/**
 * How long nginx may take to read a configuration before it counts as stuck.
 *
 * The time depends on the machine and on what is loaded (ModSecurity's rules are megabytes), so the limit is a multiple
 * of the longest time that was measured. Where a limit was too short after all, the next one is twice as long, so that
 * no limit keeps out a configuration for ever that nginx would take.
 */
const LEAST_MS = 60_000;
const MOST_MS = 3_600_000;
const TIMES = 4;

export class NginxPatience {
  #ms: number;

  /** @param leastMs the limit is never shorter, however fast nginx was. */
  constructor(leastMs = LEAST_MS) {
    this.#ms = leastMs;
  }

  /** The limit for the next time, in milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** nginx has read a configuration in so many milliseconds. */
  took(ms: number): void {
    this.#ms = Math.min(Math.max(this.#ms, TIMES * ms), MOST_MS);
  }

  /** nginx has not read a configuration within the limit. */
  ranOut(): void {
    this.took((2 * this.#ms) / TIMES);
  }
}
