/** Clients that the operator blocks, whatever they ask for: by address, User-Agent or Referer. */
import { includes } from "./networks.ts";
import type { Networks } from "./networks.ts";
import { EVERYBODY } from "./search.ts";

export interface Blocks {
  addresses?: Networks;
  agents?: Texts;
  referers?: Texts;
}

export interface Texts {
  /** Whole values in lower case; they are compared without regard to case. */
  exact: Record<string, boolean>;
  /** PCRE, unanchored. */
  patterns: string[];
}

/** What a block may look at in a request. */
export interface BlockView {
  variable(name: string): string | undefined;
  address(): string | undefined;
  /** Undefined when the pattern cannot be run on this text. */
  matches(text: string, pattern: string, namespace: string): boolean | undefined;
  /** After `matches` gave undefined: the pattern is fine, but took too long on this text. */
  gaveUp(pattern: string, namespace: string): boolean;
}

export function isBlocked({ addresses, agents, referers }: Blocks, request: BlockView): boolean {
  if (addresses !== undefined && includes(addresses, request.address() ?? "")) return true;
  if (agents !== undefined && isAmong(agents, request.variable("http_user_agent") ?? "", request)) return true;
  return referers !== undefined && isAmong(referers, request.variable("http_referer") ?? "", request);
}

/** A text on which a pattern exceeds its limits counts as matched: nobody gets past a block with a text that is hard to match. */
function isAmong({ exact, patterns }: Texts, text: string, request: BlockView): boolean {
  if (exact[text.toLowerCase()] === true) return true;
  for (const pattern of patterns) {
    const found = request.matches(text, pattern, EVERYBODY);
    if (found === true || (found === undefined && request.gaveUp(pattern, EVERYBODY))) return true;
  }
  return false;
}
