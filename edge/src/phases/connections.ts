/**
 * Requests at a time per client (limit-connections), over all workers.
 *
 * Each worker counts its own under a key that only it writes, so no count is ever lost between two workers; a worker
 * that was killed takes its counts with it, within a second (see workers.ts). A request is counted first, and the sum
 * is read then, so there are never more requests than the limit. The error is on the other side: when w workers each
 * get a request of one client within the same microseconds, all may see the limit exceeded, and refuse up to w requests
 * of which some would have found a place one after the other.
 */
import { otherPrefixes, ownPrefix } from "./workers.ts";

const dict = (): ngx.SharedMemory => ngx.shared.sluice_connections;
const counts = new LuaTable<string, number>();

/** Counts one more request of `key`; false: there are `most` already, or memory for counting is full (as in nginx). */
export function enter(key: string, most: number): boolean {
  const mine = (counts.get(key) ?? 0) + 1;
  if (mine > most) return false;
  if (!publish(key, mine)) return false;
  let total = mine;
  for (const prefix of otherPrefixes()) total += (dict().get(prefix + key) as number | undefined) ?? 0;
  if (total > most) {
    publish(key, mine - 1);
    return false;
  }
  return true;
}

/** To be called once for each request that entered. */
export function leave(key: string): void {
  publish(key, (counts.get(key) ?? 1) - 1);
}

function publish(key: string, count: number): boolean {
  if (count <= 0) {
    counts.delete(key);
    dict().delete(ownPrefix() + key);
    return true;
  }
  const [stored] = dict().safe_set(ownPrefix() + key, count);
  if (stored) counts.set(key, count);
  return stored === true;
}
