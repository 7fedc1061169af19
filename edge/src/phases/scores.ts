/**
 * What the policy `ewma` knows of endpoints: the average of their response times, shared by all workers.
 *
 * One entry per `address:port`: the average, and in its flags the time in milliseconds (31 bits of it) at which it was
 * written. Two workers that write at once lose one measurement, which an average can bear; a lock would cost more.
 */
import { decayed, lastOf } from "../ewma.ts";
import type { Peers } from "../policy.ts";
import { derivedOf } from "../policy.ts";

/** `lua_shared_dict` of nginx.conf. */
const dict = ngx.shared["sluice_ewma"];
/** Seconds after which nothing is left of an average. */
const FORGOTTEN = 600;
const WRAP = 2147483648;

function clock(): number {
  return Math.floor(ngx.now() * 1000) % WRAP;
}

/** The average of a peer as of now; 0 for a peer that was not measured yet. */
export function score(peer: string): number {
  if (dict === undefined) return 0;
  const [average, at] = dict.get(peer);
  if (average === undefined) return 0;
  return decayed(average, elapsed(at ?? 0), 0);
}

/** Seconds since a clock reading. */
function elapsed(at: number): number {
  return ((clock() - at + WRAP) % WRAP) / 1000;
}

/** The request that the endpoint answered has ended: connect and response time of its last try go into the average. */
export function scoreEndpoint(pool: Peers, endpoint: number): void {
  const peer = derivedOf(pool).texts[endpoint];
  if (dict === undefined || peer === undefined) return;
  const vars = ngx.var;
  const took = seconds(vars.upstream_connect_time) + seconds(vars.upstream_response_time);
  const [average, at] = dict.get(peer);
  dict.set(peer, decayed(average ?? 0, average === undefined ? FORGOTTEN : elapsed(at ?? 0), took), FORGOTTEN, clock());
}

function seconds(values: string | undefined): number {
  return values === undefined ? 0 : (tonumber(lastOf(values)) ?? 0);
}

/** New endpoints start with the mean of the known ones, so that they are not flooded. Done once per pool. */
export function welcome(pool: Peers): void {
  const derived = derivedOf(pool);
  if (derived.scored === true || dict === undefined) return;
  derived.scored = true;
  let sum = 0;
  let known = 0;
  for (const peer of derived.texts) {
    const [average] = dict.get(peer);
    if (average !== undefined) {
      sum += average;
      known++;
    }
  }
  if (known === 0) return;
  for (const peer of derived.texts) dict.add(peer, sum / known, FORGOTTEN, clock());
}
