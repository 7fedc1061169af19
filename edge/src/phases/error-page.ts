/**
 * Rewrite phase of the location that asks for the page of an error: sends the request, of which only method and headers
 * are left, to the backend that makes error pages. The backend that the request was refused or failed at never gets it:
 * the status stays, whatever page comes back.
 */
import { errorPool } from "../match.ts";
import { countWeighed } from "./arms.ts";
import { labelRequest } from "./labels.ts";
import { giveBackHeaders } from "./leftovers.ts";
import { noteFailure } from "./reasons.ts";
import { recall, tables } from "./state.ts";

/** @param code the status of the error; the answer without a page when no backend can make one. */
export function serveErrorPage(code: number): void {
  const state = recall();
  if (state === undefined || state.route === undefined) return ngx.exit(code);
  if (state.refused === 0) noteFailure(code);
  // What follows is asked of another backend.
  countWeighed(state, state.route, code);
  state.refused = code;
  giveBackHeaders(state);
  const pool = errorPool(tables, state.route);
  if (pool === undefined) return ngx.exit(code);
  ngx.req.discard_body();
  state.pool = pool;
  state.endpoint = -1;
  labelRequest(state.route);
  ngx.req.set_uri("/", false);
}
