/** Log phase: counts the request and lets go of its state. Runs before nginx writes the access log. */
import type { EdgePool, EdgeRoute, EdgeCanary } from "../program.ts";
import { countWeighed } from "./arms.ts";
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
  if (state === undefined) return countLeft();
  const { pool, route, canary } = state;
  if (route === undefined) return countLeft();
  if (route.plain !== true) finish(state, route, canary);
  release(state);
  if (options.accessLog) fillVariables(pool, route, canary);
  countRequest(route, canary, ngx.status);
}

function countLeft(): void {
  leftToNginx();
  countRequest(NOBODY, undefined, ngx.status);
}

/** For a request that nginx refused itself, before the edge decided it. */
function leftToNginx(): void {
  noteFailure(ngx.status);
  if (options.accessLog) ngx.var.proxy_upstream_name = "-";
}

/** What the log phase does for a route that is not `plain`. */
function finish(state: InFlight, route: EdgeRoute, canary: EdgeCanary | undefined): void {
  if (state.held !== undefined) leaveConnections(state);
  if (state.scored) measureAnswer(state);
  if (state.weighed) countWeighed(state, route, ngx.status);
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

// Exported here and not where they are declared: calls of a function that is exported at its declaration look it up in a table each time.
export { leftToNginx, fillVariables, finish };
