/**
 * Where nginx speaks the PROXY protocol and believes a header as well: tells it the client's address before it looks.
 *
 * nginx's realip module looks twice, first before any phase of ours, then before the access phase. The header that it
 * looks at has a name that no client can send: `%` is no letter of a header name to nginx, which drops such headers.
 */
import { options } from "./options.ts";
import { addressBytes, clientOf } from "../proxies.ts";
import type { Proxies } from "../proxies.ts";

/** As in src/compile/forwarding.ts. */
const HEADER = "sluice%3aclient";

/** Gives `$binary_remote_addr` as it will be; undefined: it stays as it is. */
export function findClient({ header, trusted }: Proxies): string | undefined {
  if (!options.followsBoth) return undefined;
  const vars = ngx.var;
  const peer = vars.proxy_protocol_addr ?? "";
  const client = peer === "" ? "" : clientOf(peer, vars[header], trusted);
  const bytes = client === "" ? undefined : addressBytes(client);
  ngx.req.set_header(HEADER, bytes === undefined ? undefined : client);
  return bytes;
}
