/**
 * Limits of requests per client: the leaky bucket of nginx's limit_req with `burst` and `nodelay`, number by number.
 *
 * A bucket is two numbers of a record: `last` (milliseconds; when a request was counted) and `excess` (thousandths of
 * requests above the rate at that time). All zero: nobody was counted yet.
 */
import type { Networks } from "./networks.ts";

/** What the requests of one Ingress's clients are held to. */
export interface Limits {
  /** Names what is counted together: the paths of an Ingress, or one path of it. */
  zone: string;
  /** limit-rps, limit-rpm. */
  second?: Rate;
  minute?: Rate;
  /** limit-connections: requests at a time. */
  connections?: number;
  /** Clients that are not limited. */
  except?: Networks;
}

/** In thousandths: of requests per second, and of requests. */
export interface Rate {
  rate: number;
  burst: number;
}

/** Four numbers, from 0: last and excess of the bucket per second, then of the one per minute. Memory of C in nginx. */
export type RateRecord = Record<0 | 1 | 2 | 3, number>;
type Bucket = typeof SECOND | typeof MINUTE;

const SECOND = 0;
const MINUTE = 2;
/** Milliseconds. A clock that was set back by more than this counts as running on. */
const CLOCK_JUMP = 60_000;

/** Counts a request at `now` (milliseconds) in both buckets; false, and neither counts it, when one is over its burst. */
export function countWithinLimits(limits: Limits, record: RateRecord, now: number): boolean {
  const { second, minute } = limits;
  const perSecond = second === undefined ? 0 : excessAt(second, record, SECOND, now);
  if (second !== undefined && perSecond > second.burst) return false;
  const perMinute = minute === undefined ? 0 : excessAt(minute, record, MINUTE, now);
  if (minute !== undefined && perMinute > minute.burst) return false;
  if (second !== undefined) count(record, SECOND, perSecond, now);
  if (minute !== undefined) count(record, MINUTE, perMinute, now);
  return true;
}

/** Milliseconds after which the record is as good as no record. */
export function recordLifetime({ second, minute }: Limits, record: RateRecord): number {
  return Math.max(
    second === undefined ? 0 : drained(second, record[1]),
    minute === undefined ? 0 : drained(minute, record[3]),
  );
}

function drained({ rate }: Rate, excess: number): number {
  return Math.ceil(((excess + 1000) * 1000) / rate) + 1000;
}

function excessAt({ rate }: Rate, record: RateRecord, at: Bucket, now: number): number {
  const last = record[at];
  if (last === 0) return 0;
  const excess = record[at === SECOND ? 1 : 3] - Math.floor((rate * elapsed(last, now)) / 1000) + 1000;
  return excess < 0 ? 0 : excess;
}

function elapsed(last: number, now: number): number {
  const ms = now - last;
  if (ms >= 0) return ms;
  return ms < -CLOCK_JUMP ? 1 : 0;
}

function count(record: RateRecord, at: Bucket, excess: number, now: number): void {
  if (record[at] === 0 || elapsed(record[at], now) !== 0) record[at] = now;
  record[at === SECOND ? 1 : 3] = excess;
}
