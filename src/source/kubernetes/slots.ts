/** Lets a few tasks run at a time, in the order of arrival. */

export interface Slots {
  /** Resolves with the function that gives the slot back; calling it again does nothing. */
  take(): Promise<() => void>;
}

export function createSlots(count: number): Slots {
  const queue: (() => void)[] = [];
  let free = count;
  return {
    async take() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => queue.push(resolve));
      let taken = true;
      return () => {
        if (!taken) return;
        taken = false;
        const next = queue.shift();
        if (next) next();
        else free++;
      };
    },
  };
}
