/** Balancer phase: gives nginx the next endpoint of the pool that was chosen. Runs again for every retry. */
import * as balancer from "ngx.balancer";
import { carryOver, firstEndpoint, nextEndpoint } from "../balance.ts";
import type { Balance, EdgePool, EdgeRoute } from "../program.ts";
import { chooseBy } from "./policy.ts";
import type { InFlight } from "./state.ts";
import { recall, tables } from "./state.ts";

/**
 * Stands for "any number", which must not become an endless loop over dead endpoints: sixteen, or as many as there are
 * endpoints. It is no number that a route can ask for.
 */
const ANY = 15.5;

/** Endpoints that may be tried for one request where its route does not say. A local, because every request reads it. */
let usualTries = ANY;

/** @param tries 0: any number */
export function startBalancer(tries: number): void {
  usualTries = tries > 0 ? tries : ANY;
}

/** nginx's NGX_BUSY: in this phase it means that there is no endpoint to ask, and the client gets 502. Exiting with a status would give 500. */
const NO_PEER = -3;

/** The policy of the primary or the canary that was chosen; none for error pages, which belong to no session. */
function policyOf({ canary, refused }: InFlight, route: EdgeRoute): Balance | undefined {
  if (refused > 0) return undefined;
  return canary === undefined ? route.balance : canary.balance;
}

/** The pool that took the place of this one since the last try; undefined: it has no endpoint any more. */
function poolNow(state: InFlight, before: EdgePool): EdgePool | undefined {
  const now = tables.pools[before.id as string];
  if (now === before) return before;
  if (now === undefined || now.endpoints.length === 0) return undefined;
  carryOver(state, before, now);
  state.pool = now;
  return now;
}

export function setNextPeer(): void {
  const state = recall();
  let pool = state?.pool;
  if (state === undefined || pool === undefined) return ngx.exit(500);
  const route = state.route as EdgeRoute;
  let policy: Balance | undefined;
  let most = usualTries;
  if (route.plain !== true) {
    policy = policyOf(state, route);
    if (route.tries !== undefined) most = route.tries > 0 ? route.tries : ANY;
  }
  let tries = 1;
  if (state.endpoint < 0) {
    state.endpoint = policy === undefined ? firstEndpoint(pool, math.random) : chooseBy(policy, pool, state);
    if (route.connect !== undefined) balancer.set_timeouts(route.connect, route.send, route.read);
  } else {
    // Without a policy nobody resets `tried`: it is what an earlier request left.
    if (policy === undefined) state.tried = undefined;
    pool = poolNow(state, pool);
    if (pool === undefined) return ngx.exit(NO_PEER);
    if (policy !== undefined) state.endpoint = chooseBy(policy, pool, state);
    else state.endpoint = state.endpoint < 0 ? firstEndpoint(pool, math.random) : nextEndpoint(pool, state.endpoint);
    tries = state.tries + 1;
  }
  state.tries = tries;
  // Each try allows one more.
  if (tries < most || (most === ANY && tries < pool.endpoints.length)) balancer.set_more_tries(1);
  const endpoint = pool.endpoints[state.endpoint];
  const [ok, problem] = balancer.set_current_peer(endpoint[0], endpoint[1]);
  if (ok !== true) {
    ngx.log(ngx.ERR, "endpoint ", endpoint[0], " of ", pool.name, " cannot be used: ", problem ?? "");
    ngx.exit(NO_PEER);
  }
}
