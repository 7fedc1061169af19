/** The durations of the Kubernetes source in one place, so that tests need not wait. Milliseconds unless said. */
export interface Timing {
  /** Limit of the first wait after a failure; it doubles up to `backoffCap`. */
  readonly backoffBase: number;
  readonly backoffCap: number;
  /** Seconds after which the server shall end a watch. Random, so that watches do not all end at once. */
  watchSeconds(): number;
  /** How long beyond `watchSeconds` a watch may stay silent before we take the connection for dead. */
  readonly silence: number;
  /** How long a watch-list may be silent before its initial state is complete. */
  readonly initialSilence: number;
  /** A watch that ends sooner than this without one event has failed. */
  readonly shortWatch: number;
}

export const TIMING: Timing = {
  backoffBase: 800,
  // client-go waits up to 30 s; one controller that asks every 10 s is no burden, and its changes are live sooner.
  backoffCap: 10_000,
  watchSeconds: () => Math.round(300 + Math.random() * 300),
  silence: 30_000,
  initialSilence: 60_000,
  shortWatch: 1000,
};
