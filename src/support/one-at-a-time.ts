/** Work that is asked for again and again, and that must not overlap with itself. */

export interface OneAtATime {
  /** Asks for the work. Resolves when it was done once from its beginning after this call; calls meanwhile share one more run. */
  run(): Promise<void>;
  /** Undefined: nothing is under way. Otherwise it resolves when all that was asked for is done. */
  underWay(): Promise<void> | undefined;
}

export function oneAtATime(work: () => Promise<void>): OneAtATime {
  let running: Promise<void> | undefined;
  let again = false;
  const loop = async (): Promise<void> => {
    try {
      while (again) {
        again = false;
        await work();
      }
    } finally {
      running = undefined;
    }
  };
  return {
    run() {
      again = true;
      return (running ??= loop());
    },
    underWay: () => running,
  };
}
