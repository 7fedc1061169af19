/** Who asks the health port, as far as a connection and its request tell. */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** Whether the request comes from this machine. */
export function isFromThisMachine({ socket }: IncomingMessage): boolean {
  const address = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  return address === "::1" || address.startsWith("127.");
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
