/**
 * The client's address, as nginx makes it out where proxies stand in front (real_ip_recursive): the last address of the
 * header that is none of a trusted proxy's.
 */
import type { Config } from "../model/config/config.ts";
import { compileNetworks, isNetwork } from "../model/grammar/networks.ts";
import { isIn } from "./networks.ts";
import { lower, type ExplainedRequest } from "./request.ts";

export type ClientConfig = Pick<Config, "useForwardedHeaders" | "enableRealIp" | "forwardedForHeader" | "proxyRealIpCidr">;

/** Undefined: not given. An address that is not given, of who connects, counts as a trusted proxy's. */
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

/** With a port, in brackets, or alone. */
function addressOf(text: string): string | undefined {
  const address = /^\[([^\]]+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+)(?::[0-9]+)?$/.exec(text)?.[1] ?? text;
  return isNetwork(address) && !address.includes("/") ? address : undefined;
}
