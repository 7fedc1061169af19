/** The log phase with `--enable-metrics`: does what `log` does, but measures the request where `log` only counts it. */
import { leftToNginx, fillVariables, finish } from "./log.ts";
import { options } from "./options.ts";
import { noteFailure } from "./reasons.ts";
import { NOBODY, recall, release } from "./state.ts";
import { tallyRequest } from "./tallies.ts";

export function logMeasured(): void {
  const state = recall();
  if (state === undefined || state.route === undefined) {
    leftToNginx();
    return tallyRequest(NOBODY, undefined, ngx.status);
  }
  const { pool, route, canary, refused } = state;
  const { status } = ngx;
  if (status >= 400 && refused === 0) noteFailure(status);
  if (route.plain !== true) finish(state, route, canary);
  release(state);
  if (options.accessLog) fillVariables(pool, route, canary);
  tallyRequest(route, canary, status);
}
