/**
 * Lets questions be answered one after the other, in at most a quarter of this process's time. So a client that floods
 * the webhook has to wait, and the rest of the controller does not.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds. Work this short needs no rest after it. */
const SHORT = 5;
const REST_FACTOR = 3;

/** Gives a function that runs `work` in its turn. It resolves when the work is done, or rejects with what the work throws. */
export function takeTurns(): (work: () => void) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  const rest = async (spent: number): Promise<void> => {
    if (spent > SHORT) await sleep(REST_FACTOR * spent, undefined, { ref: false });
  };
  return (work) => {
    let spent = 0;
    const done = last.then(() => {
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
