/** The log phase with `--enable-metrics`: what `log` does, and the request is measured where `log` counts it. */
import { fillNothing, fillVariables, finish } from "./log.ts";
import { options } from "./options.ts";
import { NOBODY, recall, release } from "./state.ts";
import { measure } from "./tallies.ts";

export function logMeasured(): void {
  const state = recall();
  if (state === undefined || state.route === undefined) {
    fillNothing();
    return measure(NOBODY, undefined, ngx.status);
  }
  const { pool, route, canary } = state;
  if (route.plain !== true) finish(state, route, canary);
  release(state);
  if (options.accessLog) fillVariables(pool, route, canary);
  measure(route, canary, ngx.status);
}
