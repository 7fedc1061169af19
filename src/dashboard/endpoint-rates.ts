/**
 * Requests by endpoint, from the requests that workers noted while somebody watched. Workers count by route alone: an
 * endpoint's numbers are those of the noted requests, raised by the share that found no room.
 */
import type { JournalRow } from "../../edge/src/journal.ts";
import { attemptList } from "../explain/log-line.ts";
import type { HostRates } from "./shapes.ts";

const MOST_ENDPOINTS = 1000;

export interface EndpointRates {
  /** @param dropped requests that ended, too, and of which nothing is known. */
  take(rows: readonly JournalRow[], dropped: number): void;
  /** What was taken since the last call, per second. */
  beat(): NonNullable<HostRates["endpoints"]>;
}

/** @param isAsked whether a request is one of those that count. @param now milliseconds. */
export function createEndpointRates(isAsked: (row: JournalRow) => boolean, now = (): number => performance.now()): EndpointRates {
  let since = now();
  let counts = new Map<string, { requests: number; failed: number }>();
  let noted = 0;
  let dropped = 0;
  return {
    take(rows, unnoted) {
      noted += rows.length;
      dropped += unnoted;
      for (const row of rows) {
        const { upstream, answers } = row;
        if (upstream === "" || !isAsked(row)) continue;
        const statuses = attemptList(answers);
        for (const [index, address] of attemptList(upstream).entries()) {
          const known = counts.get(address);
          const one = known ?? { requests: 0, failed: 0 };
          one.requests++;
          if (Number(statuses[index]) >= 500) one.failed++;
          if (!known && counts.size < MOST_ENDPOINTS) counts.set(address, one);
        }
      }
    },
    beat() {
      const seconds = (now() - since) / 1000;
      since = now();
      const raise = noted > 0 && seconds > 0 ? (noted + dropped) / noted / seconds : 0;
      const rates = Object.fromEntries([...counts].map(([address, { requests, failed }]) => [address, { requests: rounded(requests * raise), failed: rounded(failed * raise) }]));
      counts = new Map();
      noted = dropped = 0;
      return rates;
    },
  };
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}
