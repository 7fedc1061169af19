/** A clock that the test moves: `setTimeout` and `performance.now()` follow it, and random numbers are always the same one. */
import { mock } from "node:test";

/** Milliseconds by which the clock moves at a time. */
export const STEP = 100;

let now = 0;

/** To be called before what uses the clock begins. @param random what `Math.random()` gives. */
export function mockTime(random: number): void {
  now = 50_000;
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => now);
  mock.method(Math, "random", () => random);
}

export function unmockTime(): void {
  mock.reset();
  mock.timers.reset();
}

/** Lets `ms` milliseconds pass in small steps, with all that follows from each; `look` is called after each step. */
export async function pass(ms: number, look: () => void = () => undefined): Promise<void> {
  for (let passed = 0; passed <= ms; passed += STEP) {
    if (passed > 0) {
      now += STEP;
      mock.timers.tick(STEP);
    }
    // Promises that wait for each other are all settled before this one.
    await new Promise((resolve) => setImmediate(resolve));
    look();
  }
}
