/**
 * Access phase of the routes with filters: lets the request pass, or ends it inside its profile, so that the profile's
 * error pages hold for the refusal. Routes that are `early` are checked in the server rewrite phase, and come here only
 * to be refused.
 *
 * Order (ingress-nginx behaviour): limits; networks; passwords; external authentication; then, where nobody declared
 * the path and there is no default backend, 404. The 404 comes last so that a client that may not pass does not learn
 * which paths are declared.
 */
import { passServiceHeaders, checkExternalAuth, refuse } from "./external-auth.ts";
import type { Check } from "../access.ts";
import { ABSTAIN, FORBIDDEN, judge, PASS } from "../access.ts";
import { includes } from "../networks.ts";
import { READ, sendToReader, TO_READ } from "./body.ts";
import type { EdgeFilters } from "../program.ts";
import { checkCredentials, hideCredentials } from "./credentials.ts";
import { limit } from "./limits.ts";
import { sendHeaders } from "./operator-headers.ts";
import type { InFlight } from "./state.ts";
import { deny, because } from "./reasons.ts";
import { recall, tables } from "./state.ts";

/** The checks that `satisfy` combines, in order. A new check is added here. */
const CHECKS: readonly Check<InFlight, EdgeFilters>[] = [checkAddress, checkCredentials, checkExternalAuth];

const NOT_FOUND = 404;

export function checkAccess(): void {
  const state = recall();
  if (state === undefined || state.route === undefined) return ngx.exit(500);
  if (state.refused > 0) return refuse(state, state.refused);
  const { filters } = state.route;
  // The request comes back from the location that has read its body.
  if (filters === undefined || state.reading === READ) return;
  state.refused = refusalOf(state, filters);
  if (state.refused > 0) return refuse(state, state.refused);
  if (state.pool === undefined) {
    because("no-route");
    state.refused = NOT_FOUND;
    return ngx.exit(NOT_FOUND);
  }
  const { requestHeaders } = tables.settings;
  if (requestHeaders !== undefined) sendHeaders(requestHeaders, state.route, state.pool);
  // After `hideCredentials`: the service may have set an Authorization header of its own for the backend.
  passServiceHeaders(state, filters);
  if (filters.speed !== undefined) setSpeed(filters.speed);
  if (filters.snippet === true) followSnippet();
  if (state.reading === TO_READ) sendToReader(state);
}

/**
 * 0: the request may pass, and has lost the credentials that its backend is not to see. Otherwise the status that refuses
 * it, whose reason is noted. May wait, while other requests run.
 */
export function refusalOf(state: InFlight, filters: EdgeFilters): number {
  state.challenge = undefined;
  state.user = undefined;
  state.why = undefined;
  const status = filters.limits === undefined ? 0 : limit(state, filters.limits);
  if (status > 0) return status;
  const verdict = judge(CHECKS, state, filters, filters.any === true);
  if (verdict !== PASS) {
    because(state.why ?? "internal-error");
    return verdict;
  }
  if (filters.credentials !== undefined && state.pool !== undefined) hideCredentials(state);
  return 0;
}

function checkAddress(this: void, state: InFlight, { addresses }: EdgeFilters): number {
  if (addresses === undefined) return ABSTAIN;
  const address = ngx.var.binary_remote_addr ?? "";
  if (addresses.deny !== undefined && includes(addresses.deny, address)) return deny(state, FORBIDDEN, "denied-by-network");
  if (addresses.allow === undefined) return ABSTAIN;
  return includes(addresses.allow, address) ? PASS : deny(state, FORBIDDEN, "denied-by-network");
}

function setSpeed([rate, after]: [number, number]): void {
  ngx.var.limit_rate = tostring(rate);
  ngx.var.sluice_limit_rate_after = tostring(after);
}

/** Where a snippet has rewritten the URI, the backend gets the new one; otherwise it gets what the client wrote. */
function followSnippet(): void {
  const vars = ngx.var;
  const uri = vars.uri as string;
  if (uri === vars.sluice_path) return;
  const query = vars.args;
  vars.sluice_uri = ngx.escape_uri(uri, 0) + (query === undefined || query === "" ? "" : "?" + query);
}
