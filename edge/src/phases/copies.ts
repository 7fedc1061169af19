/**
 * Copies of requests to rules of Gateways' routes. nginx makes as many as the profile says (src/compile/copies.ts); for each one a variable says who gets
 * it, and where the variable is empty, nobody does.
 */
import * as balancer from "ngx.balancer";
import { firstEndpoint } from "../balance.ts";
import type { RequestCopy } from "../program.ts";
import { tables } from "./state.ts";

/** Server rewrite phase. Each copy is drawn for itself. */
export function aimCopies(copies: RequestCopy[]): void {
  for (let i = 0; i < copies.length; i++) ngx.var["sluice_copy_" + i] = poolOf(copies[i] as RequestCopy);
}

function poolOf({ pool, taking, of }: RequestCopy): string {
  if (taking < of && math.random(of) > taking) return "";
  const found = tables.pools[pool];
  return found === undefined || found.endpoints.length === 0 ? "" : pool;
}

/** Length of the name of a copy's location, without its number. */
const NAME = "copy:".length;

/** Balancer phase of a copy: a subrequest, with the variables of its request and no state of its own. Its URI is its location. */
export function balanceCopy(): void {
  const pool = tables.pools[ngx.var["sluice_copy_" + (ngx.var.uri as string).slice(NAME)] ?? ""];
  if (pool === undefined || pool.endpoints.length === 0) return ngx.exit(502);
  const [address, port] = pool.endpoints[firstEndpoint(pool, math.random)] as [string, number];
  const [ok] = balancer.set_current_peer(address, port);
  if (ok === undefined || ok === false) ngx.exit(502);
}
