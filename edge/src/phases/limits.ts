/**
 * Limits per client: rates, then requests at a time, as nginx's limit_req and limit_conn come one after the other. They
 * come before every check of who the client is, so refused requests count too.
 *
 * Rates: one record per client and Ingress in shared memory. A worker reads it, steps it, writes it back; workers that
 * do so within the same microsecond count one request where there were several. The largest error: of w workers that do
 * so at once, w - 1 requests go uncounted. So a client that aims for it gets at most w times its rate, and any other
 * client its rate.
 */
import * as ffi from "ffi";
import { includes } from "../networks.ts";
import type { Limits, RateRecord } from "../rate-limit.ts";
import { countWithinLimits, recordLifetime } from "../rate-limit.ts";
import { enter, leave } from "./connections.ts";
import { because } from "./reasons.ts";
import type { InFlight } from "./state.ts";
import { tables } from "./state.ts";
import { variable } from "./variables.ts";

const RECORD_BYTES = 32;
/** A longer key is counted by its digest. */
const LONGEST_KEY = 64;
const record = ffi.create("double[4]") as ffi.Memory & RateRecord;

/** 0, or the status that refuses the request. */
export function limit(state: InFlight, limits: Limits): number {
  if (limits.except !== undefined && includes(limits.except, ngx.var.binary_remote_addr ?? "")) return 0;
  const client = clientKey();
  // As in nginx: a client without a key is not limited.
  if (client === "") return 0;
  // No name, path or header holds a line end.
  const key = limits.zone + "\n" + client;
  if ((limits.second !== undefined || limits.minute !== undefined) && !admitRate(limits, key)) {
    because("rate-limited");
    return tables.settings.limitRateStatus;
  }
  if (limits.connections !== undefined) {
    // `held` may be from an earlier request at this address that never came to its log phase.
    leaveConnections(state);
    if (!enter(key, limits.connections)) {
      because("connections-limited");
      return tables.settings.limitConnectionsStatus;
    }
    state.held = key;
  }
  return 0;
}

/** Counts the request out of its client's requests at a time, if it was counted. */
export function leaveConnections(state: InFlight): void {
  const key = state.held;
  if (key === undefined) return;
  state.held = undefined;
  leave(key);
}

/**
 * The key of a counter in shared memory that evicts what was used longest ago. All keys have one length, because nginx
 * allocates memory in classes of size: evicting an entry of one class makes no room for another, and a full table would
 * take no new key.
 */
export function countedAs(name: string): string {
  return ngx.md5_bin(name);
}

function admitRate(limits: Limits, name: string): boolean {
  const dict = ngx.shared.sluice_limits;
  const key = countedAs(name);
  const stored = dict.get(key) as string | undefined;
  if (stored === undefined) ffi.fill(record, RECORD_BYTES);
  else ffi.copy(record, stored, RECORD_BYTES);
  if (!countWithinLimits(limits, record, Math.floor(ngx.now() * 1000 + 0.5))) return false;
  const [kept] = dict.set(key, ffi.text(record, RECORD_BYTES), recordLifetime(limits, record) / 1000);
  return kept === true;
}

/** limit-conn-zone-variable: texts and names of variables in turn. */
function clientKey(): string {
  const parts = tables.settings.limitKey;
  let key = "";
  for (let i = 0; i < parts.length; i++) key += i % 2 === 0 ? parts[i] : (variable(parts[i]) ?? "");
  return key.length > LONGEST_KEY ? ngx.md5(key) : key;
}
