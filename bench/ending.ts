/** How a run ends: whether it was interrupted, after which nothing is started or said any more, and what is to be stopped then. */
const interruption = new AbortController();

/** Aborted by Ctrl-C, SIGTERM and the end of the terminal. */
export const interrupted: AbortSignal = interruption.signal;

/** npm passes on a signal that the terminal has sent already: what comes within that time is the same one. */
const SAME_MS = 2000;

/** Resolves when the run is interrupted. Who interrupts it again has no patience left: the process exits. */
export function interruptedOnce(): Promise<"interrupted"> {
  return new Promise((resolve) => {
    let first = 0;
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(name, () => {
        if (first !== 0 && performance.now() - first > SAME_MS) process.exit(130);
        if (first !== 0) return;
        first = performance.now();
        interruption.abort();
        resolve("interrupted");
      });
    }
  });
}

interface Stoppable {
  stop(): Promise<unknown>;
}

const STARTED: Promise<Stoppable>[] = [];

/** Gives what a start gives. It is stopped when the run ends, also when that is while it starts. */
export async function untilEnd<T extends Stoppable>(starting: Promise<T>): Promise<T> {
  STARTED.push(starting);
  return await starting;
}

/** Stops all that `untilEnd` was told of, what was started last first. */
export async function stopStarted(): Promise<void> {
  for (const starting of STARTED.splice(0).reverse()) {
    const one = await starting.catch(() => undefined);
    await one?.stop();
  }
}
