/**
 * Round robin over the endpoints of a pool, with retries on the next one.
 *
 * A retry looks at the pool as it is by then: the endpoint that failed has most likely left it, and others with it.
 *
 * Each worker takes its own turns. A pool starts at a random endpoint when it is created or its endpoints change, so
 * that workers do not all begin with the same one.
 */
import { isListed } from "./ewma.ts";
import type { Attempt } from "./policy.ts";
import type { EdgePool } from "./program.ts";

/** Index of the endpoint for a new request. @param random draws a whole number in `1..count`. */
export function firstEndpoint(pool: EdgePool, random: (count: number) => number): number {
  const count = pool.endpoints.length;
  const turn = pool.turn === undefined ? random(count) - 1 : pool.turn;
  // The remainder avoids a branch: LuaJIT compiles one side of a branch and leaves the other to the interpreter.
  pool.turn = (turn + 1) % count;
  return turn;
}

/** Index of the endpoint for a retry: the one after the last, so that every endpoint is tried before any again. */
export function nextEndpoint(pool: EdgePool, last: number): number {
  return (last + 1) % pool.endpoints.length;
}

/**
 * Turns the attempt's indexes into the pool `before` into indexes into the pool `now` that took its place. Endpoints
 * that have left the pool are forgotten. If no endpoint of `now` was tried, the attempt is afterwards like one before
 * its first endpoint.
 */
export function carryOver(attempt: Attempt, before: EdgePool, now: EdgePool): void {
  const tried: number[] = [];
  if (attempt.tried !== undefined) for (const index of attempt.tried) addTried(tried, before, index, now);
  const last = addTried(tried, before, attempt.endpoint, now);
  // Any endpoint that was tried marks the attempt as begun, so that none is tried twice.
  attempt.endpoint = last < 0 && tried.length > 0 ? (tried[0] as number) : last;
  attempt.tried = tried.length > 0 ? tried : undefined;
}

/** Adds the endpoint at `index` of `before` to `tried`. Answers its index in `now`; -1 if it is not there. */
function addTried(tried: number[], before: EdgePool, index: number, now: EdgePool): number {
  const [address, port] = before.endpoints[index] as [string, number];
  for (let i = 0; i < now.endpoints.length; i++) {
    const [other, otherPort] = now.endpoints[i] as [string, number];
    if (other !== address || otherPort !== port) continue;
    if (!isListed(tried, i)) tried.push(i);
    return i;
  }
  return -1;
}
