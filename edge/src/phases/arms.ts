/**
 * Counts what both arms of a release do, as their requests end. Only for routes of which some canary has a rollout; others do not come here.
 *
 * A request counts by how its answer began: by its status, and by the time until its header came, which the speed of the client has no part in. So a
 * WebSocket, an event stream or a download counts like any other request.
 */
import { ARMS_PER_MESSAGE, bucketOfTime, type Arm, type ArmCells, type ArmsRow } from "../arms.ts";
import type { EdgeCanary, EdgeRoute } from "../program.ts";
import { send } from "./sending.ts";

interface Arms {
  readonly canary: Arm;
  readonly primary: Arm;
}

let counting: Record<string, Arms> = {};
let some = false;

/** nginx's status when the client went away before the answer. */
const CLIENT_LEFT = 499;
/** gRPC's statuses that are 5xx in HTTP (google/rpc/code.proto): UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const GRPC_FAULTS: Record<string, boolean | undefined> = { "2": true, "4": true, "12": true, "13": true, "14": true, "15": true };

/** A request that may count: what state.ts knows of it. */
interface MayCount {
  canary: EdgeCanary | undefined;
  weighed: boolean;
  refused: number;
  endpoint: number;
}

/** Counts the request at hand once, if the weights assigned it and a backend was asked: what Sluice answered itself says nothing of a backend. */
export function countWeighed(state: MayCount, route: EdgeRoute, status: number): void {
  if (state.weighed && state.refused === 0 && state.endpoint >= 0) countArm(route, state.canary, status);
  state.weighed = false;
}

/** @param canary that it went to; undefined: to the primary */
function countArm(route: EdgeRoute, canary: EdgeCanary | undefined, status: number): void {
  const failed = status >= 500 || (isGrpc(route) && failedInGrpc());
  const took = failed ? undefined : timeToHeader(status);
  if (canary !== undefined) {
    if (canary.rollout !== undefined) add(armsOf(canary.rollout).canary, failed, took);
    return;
  }
  for (const one of route.canaries as EdgeCanary[]) if (one.rollout !== undefined) add(armsOf(one.rollout).primary, failed, took);
}

function armsOf(rollout: string): Arms {
  let arms = counting[rollout] as Arms | undefined;
  if (arms === undefined) {
    arms = { canary: newArm(), primary: newArm() };
    counting[rollout] = arms;
    some = true;
  }
  return arms;
}

function newArm(): Arm {
  return { requests: 0, errors: 0, times: {} };
}

function add(arm: Arm, failed: boolean, took: number | undefined): void {
  arm.requests++;
  if (failed) arm.errors++;
  if (took === undefined) return;
  const bucket = bucketOfTime(took);
  arm.times[bucket] = ((arm.times[bucket] as number | undefined) ?? 0) + 1;
}

function isGrpc(route: EdgeRoute): boolean {
  return (route.canaries as EdgeCanary[])[0]?.rolling === "grpc";
}

/** The status is in the trailer, or in the header of an answer without a body. */
function failedInGrpc(): boolean {
  const vars = ngx.var;
  const status = vars.upstream_trailer_grpc_status ?? vars.upstream_http_grpc_status;
  return status !== undefined && GRPC_FAULTS[status] === true;
}

/**
 * Milliseconds until the header of the answer, over all endpoints that were tried. Of a client that went away before there was one, as long as it
 * waited: the answer took no less. Undefined: not known.
 */
function timeToHeader(status: number): number | undefined {
  const said = ngx.var.upstream_header_time;
  const seconds = said === undefined ? undefined : (tonumber(said) ?? sumOf(said));
  if (seconds !== undefined) return seconds * 1000;
  return status === CLIENT_LEFT ? Math.max(0, ngx.now() - ngx.req.start_time()) * 1000 : undefined;
}

/** Of `0.001, 0.003 : -`: one for each endpoint, `-` where no answer came. Undefined: none came. */
function sumOf(list: string): number | undefined {
  let seconds: number | undefined;
  for (const [text] of string.gmatch(list, "[%d.]+")) seconds = (seconds ?? 0) + (tonumber(text) ?? 0);
  return seconds;
}
// LuaJIT cannot compile it, and a recording stops where it is called.
jit.off(sumOf);

/** Tells the controller what was counted since the last time. False: the connection is broken. */
export function tellArms(socket: ngx.TcpSocket): boolean {
  if (!some) return true;
  const told = counting;
  counting = {};
  some = false;
  let rows: ArmsRow[] = [];
  for (const rollout in told) {
    const { canary, primary } = told[rollout] as Arms;
    rows.push({ rollout, canary: cellsOf(canary), primary: cellsOf(primary) });
    if (rows.length < ARMS_PER_MESSAGE) continue;
    if (!send(socket, { op: "arms", rows })) return false;
    rows = [];
  }
  return rows.length === 0 || send(socket, { op: "arms", rows });
}

function cellsOf({ requests, errors, times }: Arm): ArmCells {
  const cells: number[] = [];
  for (const [bucket, count] of pairs(times)) cells.push(bucket, count);
  return { requests, errors, times: cells };
}
