/**
 * What this worker holds: its tables, and what was decided for each request in flight.
 *
 * A request's state is kept under its address instead of in `ngx.ctx`: it costs a fifth, and it survives internal
 * jumps. The state of an address serves each request that nginx puts there, so that a request allocates nothing. nginx
 * puts requests at ever new addresses, so states without a request are dropped from time to time. A request that never
 * reaches the log phase leaves its state in use, and the next request at that address takes it over.
 */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";
import type { EdgeCanary, EdgePool, EdgeRoute } from "../program.ts";
import type { TraceContext } from "../trace.ts";
import type { Tables } from "../tables.ts";
import { newTables } from "../tables.ts";
import type { Reason } from "../reasons.ts";
import type { AuthAnswer } from "../external-auth.ts";

/** The decision for a request that has a location of nginx's; without a route for an address that has no request now. */
export interface InFlight {
  route: EdgeRoute | undefined;
  /** Undefined for a request that is refused inside its profile: with `refused`, or with 404 when its checks let it pass. */
  pool: EdgePool | undefined;
  canary: EdgeCanary | undefined;
  /**
   * 0, or the status of an answer that is not the backend's: one that the access phase gives, of a route whose profile
   * has error pages of its own, or the one whose page is being asked for.
   */
  refused: number;
  /** Of a request whose route is traced; of another route it says nothing, so that nobody has to reset it. */
  span: TraceContext | undefined;
  /** What the external authentication service said. Of this request only if it entered a profile, which begins anew. */
  auth: AuthAnswer | undefined;
  /** Index of the endpoint tried last; -1 before the first. */
  endpoint: number;
  /** Endpoints tried, the present one included. */
  tries: number;
  /** What it counts under while it lasts, where requests at a time are limited. */
  held: string | undefined;
  /** Of a request that a check refuses. */
  why: Reason | undefined;
  /** The WWW-Authenticate header of a 401. */
  challenge: string | undefined;
  /** Who passed by digest. */
  user: string | undefined;
  /** The Authentication-Info header of that. As `auth`, of this request only if it entered a profile. */
  proof: string | undefined;
  /** Of routes with a policy: endpoints that failed, and the upstream key of a cookie to set. */
  tried: number[] | undefined;
  session: string | undefined;
  /** Its endpoint was chosen by response times: that of its own answer counts. */
  scored: boolean;
  /** Of routes with a profile: nginx's `$uri` before the jump there. */
  path: string;
}

export const tables: Tables = newTables();

/** The route of requests that were answered before there was one. */
export const NOBODY: EdgeRoute = { path: "", pool: "", namespace: "", ingress: "", service: "", port: "", plain: true };

/** States without a request that are kept. */
const SPARE = 256;

const byAddress = new LuaTable<number, InFlight>();
let count = 0;
let states = 0;

function address(): number {
  return tonumber(ffi.cast("uintptr_t", get_request())) as number;
}

/** @param refused 0 for a request that is proxied to `pool`. */
export function remember(route: EdgeRoute, pool: EdgePool | undefined, canary: EdgeCanary | undefined, refused: number): InFlight {
  const key = address();
  const state = byAddress.get(key) ?? newState(key);
  if (state.route === undefined) count++;
  state.route = route;
  state.pool = pool;
  state.canary = canary;
  state.refused = refused;
  state.endpoint = -1;
  return state;
}

/**
 * Never compiled: a trace that is recorded here would be of the rare way, and leave the usual one to the interpreter.
 * As it is, LuaJIT gives up recording at this call and tries again later.
 */
function newState(key: number): InFlight {
  const state: InFlight = {
    route: undefined, pool: undefined, canary: undefined, refused: 0, span: undefined, auth: undefined, endpoint: -1, tries: 0,
    tried: undefined, session: undefined, scored: false, path: "",
    held: undefined, why: undefined, challenge: undefined, user: undefined, proof: undefined,
  };
  byAddress.set(key, state);
  states++;
  return state;
}
jit.off(newState);

/** The state of the request at hand; one without a route, or none, when it was not remembered. */
export function recall(): InFlight | undefined {
  return byAddress.get(address());
}

/** What a request of a route that is more than a pool leaves in its state. To be called before `release`. */
export function forget(state: InFlight): void {
  state.span = undefined;
  state.auth = undefined;
  state.why = undefined;
  state.challenge = undefined;
  state.proof = undefined;
  state.user = undefined;
  state.tried = undefined;
  state.session = undefined;
  state.path = "";
}

/** To be called once a second at least. */
export function dropIdleStates(): void {
  if (states <= count + 2 * SPARE) return;
  let spare = SPARE;
  for (const [key, state] of pairs(byAddress)) {
    if (state.route !== undefined) continue;
    if (spare > 0) spare--;
    else {
      byAddress.delete(key);
      states--;
    }
  }
}

/** The request at hand has ended: its state holds on to nothing. */
export function release(state: InFlight): void {
  state.route = undefined;
  state.pool = undefined;
  state.canary = undefined;
  count--;
}

/** Requests between their decision and their end. */
export function requestsInFlight(): number {
  return count;
}
