/**
 * Finds the client's address as nginx does behind proxies (real_ip_recursive): the last address of the header that is
 * not a trusted proxy's.
 */
import type { Config } from "../model/config/config.ts";
import { compileNetworks, isNetwork } from "../model/grammar/networks.ts";
import { isIn } from "./networks.ts";
import { lower, type ExplainedRequest } from "./request.ts";

export type ClientConfig = Pick<Config, "useForwardedHeaders" | "enableRealIp" | "forwardedForHeader" | "proxyRealIpCidr">;

/**
 * The client's address; undefined: neither given nor in the header. Where the address of the connection is not given,
 * it counts as a trusted proxy's.
 */
export function explainedClient(request: ExplainedRequest, config: ClientConfig): string | undefined {
  if (!config.useForwardedHeaders && !config.enableRealIp) return request.client;
  const trusted = compileNetworks(config.proxyRealIpCidr);
  const name = lower(config.forwardedForHeader);
  const chain = request.headers.filter((header) => header.name === name).flatMap(({ value }) => value.split(/[\s,]+/)).filter(Boolean);
  let client = request.client;
  while (chain.length > 0 && (client === undefined || isIn(trusted, client))) {
    const address = addressOf(chain.pop() ?? "");
    if (address === undefined) break;
    client = address;
  }
  return client;
}

/** The address in a text that may have a port or brackets; undefined: there is none. */
function addressOf(text: string): string | undefined {
  const address = /^\[([^\]]+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+)(?::[0-9]+)?$/.exec(text)?.[1] ?? text;
  return isNetwork(address) && !address.includes("/") ? address : undefined;
}
