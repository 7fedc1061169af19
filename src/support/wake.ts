/** One timer for the next of many moments. */

/** Node's timers take no longer wait than 2³¹ - 1 ms. */
const LONGEST = 24 * 3600 * 1000;

export interface Wake {
  /** The moment now is this one (milliseconds since 1970); undefined: none. */
  at(moment: number | undefined): void;
}

/** @param call called once when the moment has come, and not after `ending` aborts. It keeps no process alive. */
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
