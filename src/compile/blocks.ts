/** block-cidrs, block-user-agents and block-referers as the edge reads them. */
import type { Blocks, Texts } from "../../edge/src/blocks.ts";
import type { Config } from "../model/config/config.ts";
import { compileNetworks } from "../model/grammar/networks.ts";

export function blocksAnybody({ blockCidrs, blockUserAgents, blockReferers }: Config): boolean {
  return blockCidrs.length > 0 || blockUserAgents.length > 0 || blockReferers.length > 0;
}

/** Undefined: nobody is blocked, and requests are not checked. */
export function blocksOf(config: Config): Blocks | undefined {
  const { blockCidrs, blockUserAgents, blockReferers } = config;
  if (!blocksAnybody(config)) return undefined;
  return {
    ...(blockCidrs.length > 0 ? { addresses: compileNetworks(blockCidrs) } : {}),
    ...(blockUserAgents.length > 0 ? { agents: textsOf(blockUserAgents) } : {}),
    ...(blockReferers.length > 0 ? { referers: textsOf(blockReferers) } : {}),
  };
}

/** As in nginx's `map`: `~` begins a pattern, `~*` one that does not care about case, anything else is a whole value in any case. */
function textsOf(items: readonly string[]): Texts {
  const patterns = items.filter((item) => item.startsWith("~")).map((item) => (item.startsWith("~*") ? `(?i)${item.slice(2)}` : item.slice(1)));
  const exact = items.filter((item) => !item.startsWith("~")).map((item) => [lower(item), true] as const);
  return { exact: Object.fromEntries(exact), patterns };
}

/** Changes ASCII letters alone, as nginx and Lua do. */
function lower(text: string): string {
  return text.replace(/[A-Z]/g, (c) => c.toLowerCase());
}
