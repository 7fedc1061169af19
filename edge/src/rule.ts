/**
 * Decides for the rule of a Gateway's route that takes a request. Pure.
 *
 * Contract: that of `decide` (match.ts), whose Decision it fills.
 */
import { blocked, decision, endWithReason, proxyTo, reasonOfStatus, redirectBy, type Decision } from "./match.ts";
import { isPreflightRequest } from "./cross-origin.ts";
import type { Detour, EdgeCanary, EdgeRoute, Redirect } from "./program.ts";
import { changePath, type PathChange } from "./path-change.ts";
import type { RequestView } from "./request-view.ts";
import type { Tables } from "./tables.ts";

/** @param path decoded */
export function decideRule(tables: Tables, request: RequestView, route: EdgeRoute, path: string): Decision {
  decision.route = route;
  const { detour, canaries, filters } = route;
  const refused = blocked(tables, request);
  if (refused !== undefined) return refused;
  if (filters?.crossOrigin !== undefined && isPreflightRequest(request)) return endWithReason(204, "preflight");
  if (route.respond !== undefined) return endWithReason(route.respond, reasonOfStatus(route.respond));
  if (detour?.redirect !== undefined) return redirectTo(detour.redirect, path);
  return canaries === undefined ? sendTo(tables, route, route.pool, undefined, path) : chooseShare(tables, request, route, canaries, path);
}

function redirectTo({ status, origin }: Redirect, path: string): Decision {
  const change = origin?.path;
  if (change !== undefined) {
    const changed = changePath(change, path);
    if (typeof changed === "number") return endWithReason(changed, "rewrite-unsafe");
    decision.url = changed;
  }
  return redirectBy("origin", status);
}

/** Whoever is drawn for a share stays with it: the others are not to get more than theirs. */
function chooseShare(tables: Tables, request: RequestView, route: EdgeRoute, shares: EdgeCanary[], path: string): Decision {
  decision.weighed = false;
  const drawn = request.draw(route.total ?? 0);
  for (const share of shares) {
    if (drawn <= share.from || drawn > share.to) continue;
    if (share.route !== undefined) return decideRule(tables, request, decision.host?.routes[share.route] as EdgeRoute, path);
    return share.respond === undefined ? sendTo(tables, route, share.pool, share, path) : endWithReason(share.respond, "no-backend");
  }
  return endWithReason(500, "no-backend");
}

function sendTo({ pools }: Tables, { detour }: EdgeRoute, id: string, share: EdgeCanary | undefined, path: string): Decision {
  const pool = pools[id];
  if (pool === undefined || pool.endpoints.length === 0) return endWithReason(503, "no-endpoints");
  return detour?.rewrite === undefined ? proxyTo(pool, share) : rewrite(detour, proxyTo(pool, share), path);
}

function rewrite({ rewrite: how }: Detour, proxied: Decision, path: string): Decision {
  const changed = changePath(how as PathChange, path);
  if (typeof changed === "number") return endWithReason(changed, "rewrite-unsafe");
  proxied.uri = changed;
  return proxied;
}
