/**
 * What this worker holds: its tables, and what was decided for each request in flight.
 *
 * A request's state is kept under the request's address in memory instead of in `ngx.ctx`: this costs a fifth as much,
 * and the state survives internal redirects. The state of an address is used again by each request that nginx puts
 * there, so that a request allocates nothing. nginx puts requests at ever new addresses, so states without a request
 * are dropped from time to time. A request that never reaches the log phase leaves its state in use, and the next
 * request at that address takes it over.
 */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";
import type { EdgeCanary, EdgePool, EdgeRoute } from "../program.ts";
import type { TraceContext } from "../trace.ts";
import { moveInto, type WholeRoom } from "../layout.ts";
import type { Tables } from "../tables.ts";
import { newTables } from "../tables.ts";
import type { Reason } from "../reasons.ts";
import type { AuthAnswer } from "../external-auth.ts";
import { countWeighed } from "./arms.ts";
import { leave } from "./connections.ts";
import { clearVariables } from "./leftovers.ts";

/** What was decided for the request at an address. `route` is undefined while there is no request at the address. */
export interface InFlight {
  route: EdgeRoute | undefined;
  /** Undefined for a request that is not proxied. In its profile it gets `refused`, or 404 after its checks let it pass. */
  pool: EdgePool | undefined;
  canary: EdgeCanary | undefined;
  /** The request counts for the releases of its route. */
  weighed: boolean;
  /**
   * 0, or the status of an answer that is not the backend's: a status for the access phase to give, or the status of
   * the error whose page is being asked for.
   */
  refused: number;
  /** Means something only where the route is traced, so that nobody has to reset it for other routes. */
  span: TraceContext | undefined;
  /** What the external authentication service said. Belongs to this request only if it entered a profile, where the field is reset. */
  auth: AuthAnswer | undefined;
  /** Index of the endpoint tried last; -1 before the first. */
  endpoint: number;
  /** Endpoints tried, the present one included. */
  tries: number;
  /** The key under which the request is counted until it ends, where requests at a time are limited. */
  held: string | undefined;
  /** Why a check of the access phase refuses the request. */
  why: Reason | undefined;
  /** The WWW-Authenticate header of a 401. */
  challenge: string | undefined;
  /** The user who passed by digest authentication. */
  user: string | undefined;
  /** The Authentication-Info header for that user. Like `auth`, it belongs to this request only if it entered a profile. */
  proof: string | undefined;
  /** For routes with a policy: the endpoints that failed, and the upstream key of a cookie to set. */
  tried: number[] | undefined;
  session: string | undefined;
  /** The endpoint was chosen by response times, so the response time of this request is measured, too. */
  scored: boolean;
  /**
   * How far the reading of the body is, where it is read before the request is passed on. Like `auth`, it belongs to this
   * request only if it entered a profile.
   */
  reading: number;
  /** The location that the request goes on to when its body has been read. */
  after: string;
  /** The request at hand was sent on by its backend (X-Accel-Redirect), and `$request_uri` is not what the next backend is to be asked for. */
  sentOn: boolean;
  /** Means something only where the route changes headers of the request: those that the client sent. */
  given: Record<string, string | string[]> | undefined;
  /** For requests that entered another location than `/`: nginx's `$uri` before the jump. */
  path: string;
}

export const tables: Tables = newTables();

/** The route that counts requests which were answered before a route was found. */
export const NOBODY: EdgeRoute = { path: "", pool: "", namespace: "", ingress: "", service: "", port: "", plain: true };

/** How many states without a request are kept. */
const SPARE = 256;

const byAddress = new LuaTable<number, InFlight>();
/** States that no address has yet. */
const unused: InFlight[] = [];
let count = 0;
let states = 0;

function address(): number {
  return tonumber(ffi.cast("uintptr_t", get_request())) as number;
}

/** @param refused 0 for a request that is proxied to `pool`. */
export function remember(route: EdgeRoute, pool: EdgePool | undefined, canary: EdgeCanary | undefined, refused: number): InFlight {
  const key = address();
  const state = byAddress.get(key) ?? newState(key);
  if (state.route !== undefined) leaveRoute(state, state.route, route);
  else count++;
  state.route = route;
  state.pool = pool;
  state.canary = canary;
  state.refused = refused;
  state.endpoint = -1;
  return state;
}

/**
 * The request at hand is sent on to another route (X-Accel-Redirect), or is the successor of one that never came to its end. What belongs to the
 * route before must not be left to the next, which does not look for it where it is plain.
 */
function leaveRoute(state: InFlight, before: EdgeRoute, next: EdgeRoute): void {
  if (before.plain !== true) {
    if (state.held !== undefined) leave(state.held);
    state.held = undefined;
    state.scored = false;
    // The answer that sends a request on is a good one. Were it not counted, who sends good answers on would have bad ones alone.
    if (state.weighed && ngx.req.is_internal()) countWeighed(state, before, 200);
    state.weighed = false;
    forget(state);
  }
  if (!ngx.req.is_internal()) return;
  if (before.filters !== undefined) clearVariables(before.filters);
  const vars = ngx.var;
  // Only where somebody looks: nobody would reset it.
  state.sentOn = next !== NOBODY && (next.plain !== true || vars.http_host !== vars.host);
  const hidden = vars.sluice_hidden;
  if (next.filters?.credentials !== undefined && hidden !== undefined && hidden !== "") ngx.req.set_header("Authorization", hidden);
}

/**
 * Compiled, unlike what makes the states: requests at new addresses come often, and each would break off the recording of what
 * other requests do at that point, too.
 */
function newState(key: number): InFlight {
  if (unused.length === 0) makeStates();
  const state = unused.pop() as InFlight;
  byAddress.set(key, state);
  states++;
  return state;
}

function makeStates(): void {
  for (let i = 0; i < SPARE; i++) unused.push(makeState());
}
jit.off(makeStates);
// What a table is moved by is done while frames come and states are made: LuaJIT would begin with its loops again and again, and give up.
jit.off(moveInto);

function makeState(): InFlight {
  const room: WholeRoom<InFlight> = {
    route: false, pool: false, canary: false, weighed: false, refused: false, span: false, auth: false, endpoint: false, tries: false,
    tried: false, session: false, scored: false, path: false, reading: false, after: false,
    held: false, why: false, challenge: false, user: false, proof: false, sentOn: false, given: false,
  };
  return moveInto<InFlight>(room, { weighed: false, refused: 0, endpoint: -1, tries: 0, scored: false, path: "", reading: 0, after: "", sentOn: false });
}

/** The state of the request at hand; one without a route, or none, when it was not remembered. */
export function recall(): InFlight | undefined {
  return byAddress.get(address());
}

/**
 * Clears what a request leaves in its state when its route is not `plain`. To be called before `release`. A plain request
 * may leave `path`, which is read only once nginx's `$uri` is a profile's name.
 */
export function forget(state: InFlight): void {
  state.span = undefined;
  state.auth = undefined;
  state.why = undefined;
  state.challenge = undefined;
  state.proof = undefined;
  state.user = undefined;
  state.tried = undefined;
  state.session = undefined;
  state.sentOn = false;
  state.path = "";
}

/** Drops states without a request beyond those that are kept. To be called once a second at least. */
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

/** To be called when the request at hand has ended: its state no longer holds route, pool and canary. */
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
