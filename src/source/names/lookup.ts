/**
 * One look-up of a DNS name: its addresses, how long they hold, or why there are none.
 *
 * Guarantee: "the name does not exist" and "nobody answered" are never mistaken for each other.
 */
import type { Resolver } from "node:dns/promises";
import { isIP } from "node:net";

export type NameAnswer =
  | { readonly kind: "addresses"; readonly addresses: readonly string[]; readonly ttl: number }
  /** The server says that there is no such name, or no address for it. */
  | { readonly kind: "none" }
  /** No answer, or the server could not find out: what was known before may still hold. */
  | { readonly kind: "failed"; readonly reason: string };

/** Codes of node:dns with which a server says "no". */
const DEFINITE: readonly string[] = ["ENOTFOUND", "ENODATA", "EBADNAME"];

/**
 * Tries the names in order; the first that has addresses wins. A failure ends the search: a later name must not stand
 * in for one that merely got no answer. Asks for AAAA records only where there are no A records (ingress-nginx
 * behaviour: the same), and only with `ipv6`.
 */
export async function lookUp(resolver: Resolver, names: readonly string[], ipv6 = true): Promise<NameAnswer> {
  for (const name of names) {
    if (isIP(name) !== 0) continue; // ingress-nginx behaviour: an address is no name and leads nowhere.
    const six = ipv6 ? [() => resolver.resolve6(name, { ttl: true })] : [];
    for (const ask of [() => resolver.resolve4(name, { ttl: true }), ...six]) {
      const answer = await oneAnswer(ask);
      if (answer.kind !== "none") return answer;
    }
  }
  return { kind: "none" };
}

async function oneAnswer(ask: () => Promise<readonly { address: string; ttl: number }[]>): Promise<NameAnswer> {
  try {
    const records = await ask();
    if (records.length === 0) return { kind: "none" };
    const addresses = [...new Set(records.map(({ address }) => address))].sort();
    return { kind: "addresses", addresses, ttl: Math.min(...records.map(({ ttl }) => ttl)) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return DEFINITE.includes(code) ? { kind: "none" } : { kind: "failed", reason: code };
  }
}
