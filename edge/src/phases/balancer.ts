/** Balancer phase: gives nginx the next endpoint of the pool that was chosen. Runs again for every retry. */
import * as balancer from "ngx.balancer";
import { firstEndpoint, nextEndpoint } from "../balance.ts";
import type { Balance, Route } from "../program.ts";
import { chooseBy } from "./policy.ts";
import type { InFlight } from "./state.ts";
import { recall } from "./state.ts";

/** `proxy-next-upstream-tries: "0"` means no limit: it must not become an endless loop over dead endpoints. */
const MOST_TRIES = 16;

/** Of the side that was chosen; error pages are nobody's session. */
function policyOf({ canary, refused }: InFlight, route: Route): Balance | undefined {
  if (refused > 0) return undefined;
  return canary === undefined ? route.balance : canary.balance;
}

export function balance(): void {
  const state = recall();
  const pool = state?.pool;
  if (state === undefined || pool === undefined) return ngx.exit(500);
  const route = state.route as Route;
  const policy = route.plain === true ? undefined : policyOf(state, route);
  if (state.endpoint < 0) {
    state.endpoint = policy === undefined ? firstEndpoint(pool, math.random) : chooseBy(policy, pool, state);
    state.tries = 1;
    if (route.connect !== undefined) balancer.set_timeouts(route.connect, route.send, route.read);
  } else {
    state.endpoint = policy === undefined ? nextEndpoint(pool, state.endpoint) : chooseBy(policy, pool, state);
    state.tries++;
  }
  // One more try is armed each time; the limit is proxy_next_upstream_tries of the profile, or ours where that is none.
  if (state.tries < MOST_TRIES || state.tries < pool.endpoints.length) balancer.set_more_tries(1);
  const endpoint = pool.endpoints[state.endpoint];
  const [ok, problem] = balancer.set_current_peer(endpoint[0], endpoint[1]);
  if (ok === undefined || ok === false) {
    ngx.log(ngx.ERR, "endpoint ", endpoint[0], " of ", pool.name, " cannot be used: ", problem ?? "");
    ngx.exit(502);
  }
}
