/**
 * One question after the other, and never more than a quarter of this process's time for all of them: whoever floods
 * the webhook waits, the rest of the controller does not.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Work this short is no burden. Milliseconds. */
const SHORT = 5;
const REST_FACTOR = 3;

/** Gives a function that resolves once `work` was done in its turn, or rejects with what it throws. */
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
