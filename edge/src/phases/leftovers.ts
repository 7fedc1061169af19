/** What the filters of a route left in a request, taken back where the request goes on to another one (X-Accel-Redirect, error pages). */
import type { EdgeFilters } from "../program.ts";

/** Clears the variables that such filters set, because the next route sets those alone that it has something for. */
export function clearVariables({ vhost, changes, quiet, upstream }: EdgeFilters): void {
  const vars = ngx.var;
  if (vhost !== undefined) vars.sluice_vhost = "";
  if (quiet === true) vars.sluice_quiet = "";
  for (const { sent } of changes ?? []) if (sent !== undefined) vars[sent] = "";
  if (upstream?.mirror !== undefined) vars.sluice_mirror_pool = "";
  if (upstream?.tls?.certificate === undefined) return;
  vars.sluice_tls_certificate = "";
  vars.sluice_tls_key = "";
}

interface Changed {
  readonly route: { readonly filters?: EdgeFilters } | undefined;
  given: Record<string, string | string[]> | undefined;
}

/** Gives the request the headers back that the client sent. */
export function giveBackHeaders(state: Changed): void {
  const { given, route } = state;
  const changes = route?.filters?.changes;
  if (changes === undefined || given === undefined) return;
  state.given = undefined;
  for (const { name, sent } of changes) if (sent === undefined) ngx.req.set_header(name, given[name]);
}
