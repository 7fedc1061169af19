/**
 * Keeps requests out of the access log that the operator does not want there. nginx.conf calls these functions in the
 * log phase, before `log`, and only where there is something to mute.
 */
import { CATCH_ALL } from "../program.ts";
import { EVERYBODY } from "../search.ts";
import { matches } from "./pattern.ts";
import { recall, tables } from "./state.ts";

/** ConfigMap `skip-access-log-urls`. */
export function muteUris(): void {
  const { quiet } = tables.settings;
  if (quiet === undefined) return;
  const vars = ngx.var;
  const uri = vars.request_uri;
  if (uri === undefined) return;
  if (quiet.exact[uri] === true) return mute();
  for (const pattern of quiet.patterns) if (matches(uri, pattern, EVERYBODY) === true) return mute();
}

/** ConfigMap `enable-access-log-for-default-backend: "false"`: requests that no declared path takes, of a host that nobody declared. */
export function muteUndeclared(): void {
  const route = recall()?.route;
  if (route !== undefined && route.host === CATCH_ALL && route.path === "/" && route.ingress === "") mute();
}

function mute(): void {
  ngx.var.sluice_quiet = "1";
}
