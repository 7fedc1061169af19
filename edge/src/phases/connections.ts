/**
 * Requests at a time per client (limit-connections), over all workers.
 *
 * Each worker counts its own under a key that only it writes, so no count is ever lost between two workers; a worker
 * that was killed takes its counts with it (see workers.ts). A request is counted first, then the sum is read: never are more
 * admitted than the limit. The other way round: of w workers that admit requests of one client within the same microseconds, each
 * sees the others', so up to w refusals may be of requests that one after the other would have found a place.
 */
import { otherPrefixes, ownPrefix } from "./workers.ts";

const dict = (): ngx.SharedDict => ngx.shared.sluice_connections as ngx.SharedDict;
const counts = new LuaTable<string, number>();

/** Counts one more request of `key`; false: there are `most` already, or memory for counting is full (as in nginx). */
export function enter(key: string, most: number): boolean {
  const mine = (counts.get(key) ?? 0) + 1;
  if (mine > most || !publish(key, mine)) return false;
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
