/**
 * Lets questions be answered one after the other, in at most a quarter of this process's time. So a client that floods
 * the webhook has to wait, and the rest of the controller does not.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds. Work this short needs no rest after it. */
const SHORT = 5;
const REST_FACTOR = 3;

/**
 * Gives a function that runs `work` in its turn. It resolves when the work is done, or rejects with what the work throws.
 * @param hindrance gives what work has to wait for; undefined: nothing.
 */
export function takeTurns(hindrance: () => Promise<void> | undefined = () => undefined): (work: () => void) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  const rest = async (spent: number): Promise<void> => {
    if (spent > SHORT) await sleep(REST_FACTOR * spent, undefined, { ref: false });
  };
  return (work) => {
    let spent = 0;
    const done = last.then(async () => {
      // Looked at again each time, because another may have come.
      for (let wait = hindrance(); wait; wait = hindrance()) await wait;
      const begun = performance.now();
      try {
        work();
      } finally {
        spent = performance.now() - begun;
      }
    });
    last = done.catch(() => {}).then(() => rest(spent));
    return done;
  };
}
