/** Long work in slices, between which whatever else waits for the event loop has its turn. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { keepHeapTight } from "./heap.ts";

/** How long work may keep the event loop, in milliseconds. */
const SLICE_MS = 10;
/** The clock is read once in so many steps. */
const STEPS = 16;

/** Work that may be left off at each step, and gone on with later. */
export type Steps<T> = Generator<void, T>;

/** Does the work, in slices where it takes long. Short work is done before this returns. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (let until = performance.now() + SLICE_MS; ; until = performance.now() + SLICE_MS) {
    const outcome = slice(steps, until);
    if (outcome) return outcome.value;
    keepHeapTight();
    await nextTurn();
  }
}

function slice<T>(steps: Steps<T>, until: number): { readonly value: T } | undefined {
  for (let step = 1; ; step++) {
    const { done, value } = steps.next();
    if (done) return { value };
    if (step % STEPS === 0 && performance.now() >= until) return undefined;
  }
}

/** Does the work at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
