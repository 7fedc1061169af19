/** nginx's variables as a tenant's template names them. */
import { schemeOf } from "../asked-origin.ts";
import { request } from "./request.ts";
import { recall, tables } from "./state.ts";

/**
 * The value of `$name`; undefined when there is none. `$uri` is the client's: nginx's own is the name of the profile
 * once the request has entered one. `$http_host` is the routed host, whatever the header says, and
 * `$pass_access_scheme` is always a scheme.
 */
export function variable(this: void, name: string): string | undefined {
  if (name === "http_host") return ngx.var.own_http_host;
  if (name === "pass_access_scheme") return schemeOf(tables.settings, request);
  if (name === "uri" || name === "document_uri") {
    const state = recall();
    // Names of locations sort behind "0", paths before it. A profile may give nginx a path of its own (gRPC), so the name alone does not tell.
    if (state !== undefined && state.route !== undefined && (state.route.profile !== undefined || (ngx.var.uri as string) >= "0")) return state.path;
  }
  // Variables of Sluice's own may hold what belongs to others, private keys among them.
  return name.startsWith("sluice_") ? undefined : ngx.var[name];
}
