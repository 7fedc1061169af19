/** Log phase: counts the request and lets go of its state. Runs before nginx writes the access log. */
import type { EdgePool, EdgeRoute, EdgeCanary } from "../program.ts";
import { countRequest } from "./counters.ts";
import { labelRequest } from "./labels.ts";
import { options } from "./options.ts";
import { leaveConnections } from "./limits.ts";
import { noteFailure } from "./reasons.ts";
import { scoreEndpoint } from "./scores.ts";
import type { InFlight } from "./state.ts";
import { forget, NOBODY, recall, release } from "./state.ts";
import { endSpan } from "./trace.ts";

export function log(): void {
  const state = recall();
  if (state === undefined || state.route === undefined) {
    leftToNginx();
    return countRequest(NOBODY, undefined, ngx.status);
  }
  const { pool, route, canary } = state;
  if (route.plain !== true) finish(state, route, canary);
  release(state);
  if (options.accessLog) fillVariables(pool, route, canary);
  countRequest(route, canary, ngx.status);
}

/** Of a request that nginx itself refused, before it was decided. */
function leftToNginx(): void {
  noteFailure(ngx.status);
  if (options.accessLog) ngx.var.proxy_upstream_name = "-";
}

/** What is left to do for routes that are more than a pool. */
function finish(state: InFlight, route: EdgeRoute, canary: EdgeCanary | undefined): void {
  if (state.held !== undefined) leaveConnections(state);
  if (state.scored) measureAnswer(state);
  if (route.trace !== undefined) endSpan(state.span, route, canary, ngx.status);
  forget(state);
}

function measureAnswer(state: InFlight): void {
  state.scored = false;
  if (state.pool !== undefined) scoreEndpoint(state.pool, state.endpoint);
}

function fillVariables(pool: EdgePool | undefined, route: EdgeRoute, canary: EdgeCanary | undefined): void {
  const vars = ngx.var;
  vars.proxy_upstream_name = pool === undefined ? "-" : pool.name;
  if (canary !== undefined) vars.proxy_alternative_upstream_name = canary.name;
  if (options.logLabels) labelRequest(route);
}

// Not where they stand: a function that is exported there is looked up in a table by every call.
export { leftToNginx, fillVariables, finish };
