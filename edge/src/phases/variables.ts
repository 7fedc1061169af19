/** nginx's variables as a tenant's template names them. */
import { recall } from "./state.ts";

/**
 * The value of `$name`; undefined when there is none. `$uri` is the client's: nginx's own is the name of the profile
 * once the request has entered one.
 */
export function variable(name: string): string | undefined {
  if (name === "uri" || name === "document_uri") {
    const state = recall();
    if (state !== undefined && state.route !== undefined && state.route.profile !== undefined) return state.path;
  }
  // Sluice's own hold other people's things, private keys among them.
  return name.startsWith("sluice_") ? undefined : ngx.var[name];
}
