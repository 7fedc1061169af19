/**
 * What happens on all routes, interval by interval, for whoever looks; and what happened before, so that a page that is
 * opened begins with a quarter of an hour.
 */
import type { TrafficAnswer } from "../report/traffic.ts";
import { createRateMeter, type Interval } from "../get/rates.ts";
import type { TrafficSample } from "./shapes.ts";

/** The length of an interval while somebody looks; a longer one while nobody does, because comparing costs. */
export const INTERVAL_MS = 2000;
const UNWATCHED = 5;
const KEPT_MS = 15 * 60_000;

export interface Pulse {
  /** To be called every `INTERVAL_MS`. @param watched whether somebody looks. Gives the interval that ended, if one did. */
  beat(watched: boolean): Interval | undefined;
  /** Oldest first. */
  history(): readonly TrafficSample[];
}

/** @param now milliseconds of Unix time. */
export function createPulse(traffic: (cursor: string) => TrafficAnswer, now = (): number => Date.now()): Pulse {
  const meter = createRateMeter({ selection: { namespace: "", hosts: [], ingresses: [] }, sort: "requests" });
  let cursor = "";
  let history: TrafficSample[] = [];
  let skipped = 0;
  return {
    beat(watched) {
      if (!watched && ++skipped < UNWATCHED) return undefined;
      skipped = 0;
      const { head, rows } = traffic(cursor);
      cursor = head.cursor;
      const interval = meter.take(head, [...rows], now());
      // What lies ahead of now was before the clock was set back.
      if (interval) history = [...history.filter(({ time }) => time > now() - KEPT_MS && time < now()), sampleOf(interval, now())];
      return interval;
    },
    history: () => history,
  };
}

export function sampleOf({ total }: Interval, time: number): TrafficSample {
  const { requestsPerSecond, clientErrorsPerSecond, serverErrorsPerSecond, p50, p99, connections } = total;
  return {
    time, requests: requestsPerSecond, clientErrors: clientErrorsPerSecond, serverErrors: serverErrorsPerSecond,
    ...(p50 === undefined ? {} : { p50 }), ...(p99 === undefined ? {} : { p99 }), ...(connections === undefined ? {} : { connections }),
  };
}
