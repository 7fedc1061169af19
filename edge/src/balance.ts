/**
 * Round robin over the endpoints of a pool, with retries on the next one.
 *
 * Each worker has its own turn. A pool starts at a random endpoint when it is created or its endpoints change, so
 * that workers do not all begin with the same one.
 */
import type { Pool } from "./program.ts";

/** Index of the endpoint for a new request. */
export function firstEndpoint(pool: Pool, random: (count: number) => number): number {
  const count = pool.endpoints.length;
  const turn = pool.turn === undefined ? random(count) - 1 : pool.turn;
  // Without a branch: LuaJIT compiles one way of each and leaves the other to the interpreter.
  pool.turn = (turn + 1) % count;
  return turn;
}

/** Index of the endpoint for a retry: the one after the last, so that every endpoint is tried before any again. */
export function nextEndpoint(pool: Pool, last: number): number {
  return (last + 1) % pool.endpoints.length;
}
