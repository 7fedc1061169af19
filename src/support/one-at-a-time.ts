/** Work that is asked for again and again, and that must not overlap with itself. */
import { setImmediate as nextTurn } from "node:timers/promises";

export interface OneAtATime {
  /** Asks for the work. Resolves when it was done once from its beginning after this call; calls meanwhile share one more run. */
  run(): Promise<void>;
  /** Undefined: no run is under way. Otherwise it resolves when this one has ended, and others may look before the next one begins. */
  underWay(): Promise<void> | undefined;
}

export function oneAtATime(work: () => Promise<void>): OneAtATime {
  let running = false;
  let now: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    running = true;
    const run = async (): Promise<void> => {
      try {
        await work();
      } finally {
        running = false;
      }
    };
    return (now = run());
  };
  const startLater = async (): Promise<void> => {
    await now.catch(() => {});
    // Whoever waited for the run has its turn first.
    await nextTurn();
    next = undefined;
    // Another one that began meanwhile began after this one was asked for.
    await (running ? now : start());
  };
  return {
    run: () => (running ? (next ??= startLater()) : start()),
    underWay: () => (running ? now : undefined),
  };
}
