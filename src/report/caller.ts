/** Who asks the health port, as far as a connection and its request tell. */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** What proxies add to a request that they pass on (RFC 7239; RFC 9110, 7.6.3; and what was usual before). */
const OF_PROXIES = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/**
 * Whether the request comes from this machine. What a proxy of this machine passes on comes from whoever asked the proxy,
 * and is recognised if the proxy says so. One that adds nothing is recognised by the Host header alone, if it leaves it.
 */
export function isFromThisMachine({ socket, headers }: IncomingMessage): boolean {
  const address = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  return (address === "::1" || address.startsWith("127.")) && OF_PROXIES.every((name) => headers[name] === undefined);
}

/**
 * Whether the Host header names this machine. A web page can make a name of its own resolve to this machine (DNS
 * rebinding), so only addresses, `localhost` and --healthz-host are accepted.
 */
export function namesThisMachine(own: string, { headers }: IncomingMessage): boolean {
  const name = (headers.host ?? "").replace(/:[0-9]+$/, "").replace(/^\[|\]$/g, "");
  return name === "localhost" || name === own || isIP(name) !== 0;
}

/**
 * Whether a browser sends the request for a web page. A page that may not read an answer can still send a request.
 * Browsers set both headers themselves (Fetch, "Origin header"; Fetch Metadata); `none` stands for an address that a
 * person typed.
 */
export function isFromPage({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  return headers.origin !== undefined || (site !== undefined && site !== "none");
}
