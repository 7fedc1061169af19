/** Log phase: counts the request and lets go of its state. Runs before nginx writes the access log. */
import type { Pool, Route, Canary } from "../program.ts";
import { count } from "./counters.ts";
import { labelRequest } from "./labels.ts";
import { options } from "./options.ts";
import { recall, release } from "./state.ts";

export function log(): void {
  const state = recall();
  if (state === undefined || state.route === undefined) {
    if (options.accessLog) ngx.var.proxy_upstream_name = "-";
    return;
  }
  const { pool, route, canary } = state;
  release(state);
  if (options.accessLog) fillVariables(pool, route, canary);
  count(route, canary, ngx.status);
}

function fillVariables(pool: Pool | undefined, route: Route, canary: Canary | undefined): void {
  const vars = ngx.var;
  vars.proxy_upstream_name = pool === undefined ? "-" : pool.name;
  if (canary !== undefined) vars.proxy_alternative_upstream_name = canary.name;
  if (options.logLabels) labelRequest(route);
}
