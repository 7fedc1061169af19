/** A timer that can be set to a moment any distance away, and set anew. */

/** The longest single wait; Node's timers take at most 2³¹ - 1 ms. */
const LONGEST = 24 * 3600 * 1000;

export interface Wake {
  /** Sets the moment (milliseconds since 1970), in place of the one before; undefined: none. */
  at(moment: number | undefined): void;
}

/** @param call called once when the moment has come, and not after `ending` aborts. The timer keeps no process alive. */
export function wake(call: () => void, ending: AbortSignal): Wake {
  let timer: NodeJS.Timeout | undefined;
  const at = (moment: number | undefined): void => {
    clearTimeout(timer);
    if (moment === undefined || ending.aborted) return;
    const left = moment - Date.now();
    timer = setTimeout(() => (moment <= Date.now() ? call() : at(moment)), Math.min(Math.max(left, 0), LONGEST)).unref();
  };
  ending.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return { at };
}
