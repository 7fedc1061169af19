/**
 * Where nginx speaks the PROXY protocol and believes a header as well: gives nginx the client's address before nginx
 * looks for it.
 *
 * nginx's realip module looks twice: before any phase of ours, and again before the access phase. The header that it
 * reads has a name that no client can send: nginx drops headers with `%` in their names.
 */
import { options } from "./options.ts";
import { addressBytes, clientOf } from "../proxies.ts";
import type { Proxies } from "../proxies.ts";

/** The same name as in src/compile/forwarding.ts. */
const HEADER = "sluice%3aclient";

/** Sets the header for nginx. Gives the value that `$binary_remote_addr` will have; undefined: it stays as it is. */
export function findClient({ header, trusted }: Proxies): string | undefined {
  if (!options.followsBoth) return undefined;
  const vars = ngx.var;
  const peer = vars.proxy_protocol_addr ?? "";
  const client = peer === "" ? "" : clientOf(peer, vars[header], trusted);
  const bytes = client === "" ? undefined : addressBytes(client);
  ngx.req.set_header(HEADER, bytes === undefined ? undefined : client);
  return bytes;
}
