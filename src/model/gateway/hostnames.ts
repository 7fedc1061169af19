/** Host names of listeners and routes. A wildcard stands for any number of labels, one at least. */
import { CATCH_ALL } from "../../../edge/src/program.ts";

/** Whether a request may ask for a name that both take. `_` takes every name. */
export function intersect(a: string, b: string): boolean {
  return covers(a, b) || covers(b, a);
}

/** Whether `wide` takes every name that `narrow` takes. */
function covers(wide: string, narrow: string): boolean {
  if (wide === CATCH_ALL || wide === narrow) return true;
  return wide.startsWith("*.") && narrow !== CATCH_ALL && narrow.endsWith(wide.slice(1));
}
