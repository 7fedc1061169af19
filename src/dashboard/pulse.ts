/**
 * What happens on all routes, interval by interval; and what happened before, so that a page that is opened begins with a
 * quarter of an hour. Routes are compared only while somebody looks: with thousands of them that takes milliseconds.
 */
import type { TrafficAnswer, TrafficHead } from "../report/traffic.ts";
import { createRateMeter, difference, quantilesOf, ratesOf, type Interval } from "../get/rates.ts";
import type { TrafficSample } from "./shapes.ts";

/** So many intervals are one while nobody looks. */
const UNWATCHED = 5;
const KEPT_MS = 15 * 60_000;

export interface Beat {
  readonly sample: TrafficSample;
  /** Absent: nobody looked when the interval began. */
  readonly interval?: Interval;
}

export interface Pulse {
  /** To be called every `INTERVAL_MS`. @param watched whether somebody looks. Gives the interval that ended, if one did. */
  beat(watched: boolean): Beat | undefined;
  /** Oldest first. */
  history(): readonly TrafficSample[];
}

/** @param now milliseconds of Unix time. */
export function createPulse(traffic: (cursor: string) => TrafficAnswer, now = (): number => Date.now()): Pulse {
  const meter = createRateMeter({ selection: { namespace: "", hosts: [], ingresses: [] }, sort: "requests" });
  /** Of the routes; "": they are told anew. */
  let cursor = "";
  let before: { readonly head: TrafficHead; readonly at: number } | undefined;
  let history: TrafficSample[] = [];
  let skipped = 0;
  return {
    beat(watched) {
      if (!watched && ++skipped < UNWATCHED) return undefined;
      skipped = 0;
      const at = now();
      const { head, rows } = traffic(watched ? cursor : "");
      cursor = watched ? head.cursor : "";
      const interval = watched ? meter.take(head, [...rows], at) : undefined;
      const sample = before && sampleBetween(before.head, head, at, (at - before.at) / 1000);
      before = { head, at };
      if (!sample) return undefined;
      // What lies ahead of now was before the clock was set back.
      history = [...history.filter(({ time }) => time > at - KEPT_MS && time < at), sample];
      return { sample, ...(interval ? { interval } : {}) };
    },
    history: () => history,
  };
}

function sampleBetween(before: TrafficHead, { total, bounds, connections }: TrafficHead, time: number, seconds: number): TrafficSample {
  const counted = difference(total, before.total);
  const { requestsPerSecond, clientErrorsPerSecond, serverErrorsPerSecond } = ratesOf(counted, seconds);
  return {
    time, requests: requestsPerSecond, clientErrors: clientErrorsPerSecond, serverErrors: serverErrorsPerSecond,
    ...quantilesOf(counted.took, bounds), ...(connections === undefined ? {} : { connections }),
  };
}
