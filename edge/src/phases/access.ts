/**
 * Access phase of the routes with filters: lets the request pass, or ends it inside its profile, so that the profile's
 * error pages hold for the refusal.
 */
import { recall } from "./state.ts";

export function access(): void {
  const state = recall();
  if (state === undefined || state.route === undefined) return ngx.exit(500);
  if (state.refused > 0) return ngx.exit(state.refused);
  const filters = state.route.filters;
  if (filters !== undefined && filters.snippet === true) followSnippet();
}

/** A snippet that rewrote the URI decides what the backend gets; else it gets what the client wrote. */
function followSnippet(): void {
  const vars = ngx.var;
  const uri = vars.uri as string;
  if (uri === vars.sluice_path) return;
  const query = vars.args;
  vars.sluice_uri = ngx.escape_uri(uri, 0) + (query === undefined || query === "" ? "" : "?" + query);
}
