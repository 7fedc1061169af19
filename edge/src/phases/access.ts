/**
 * Access phase of the routes with filters: lets the request pass, or ends it inside its profile, so that the profile's
 * error pages hold for the refusal.
 */
import { admit, checkExternalAuth, refuse } from "./external-auth.ts";
import { recall } from "./state.ts";

export function access(): void {
  const state = recall();
  if (state === undefined || state.route === undefined) return ngx.exit(500);
  if (state.refused > 0) return ngx.exit(state.refused);
  const { filters } = state.route;
  if (filters === undefined) return;
  const verdict = checkExternalAuth(state, filters);
  if (verdict >= 300) return refuse(state, verdict);
  admit(state, filters);
}
