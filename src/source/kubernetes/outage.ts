/**
 * One API server, many collections: when it cannot be reached, all of them wait together.
 *
 * Guarantee: one back-off and one log line per failed round, however many collections fail in it.
 */
import { createBackoff, inSeconds, pause } from "../../support/backoff.ts";
import type { Log } from "../../support/log.ts";
import type { Timing } from "./timing.ts";

export interface Outage {
  /** The server gave no answer, for `reason`. Resolves when it is time to try again, or when the signal aborts. */
  failed(reason: string): Promise<void>;
  /** The server answered, whatever it said. */
  answered(): void;
}

export function watchForOutage(server: string, log: Log, timing: Timing, signal: AbortSignal, counts = { outages: 0 }): Outage {
  const backoff = createBackoff(timing.backoffBase, timing.backoffCap);
  let round: Promise<void> | undefined;
  let out = false;
  return {
    failed(reason) {
      if (round) return round;
      const wait = backoff.next();
      out = true;
      counts.outages++;
      log("warn", `cannot reach ${server}: ${reason}; trying again in ${inSeconds(wait)}`, { server });
      round = pause(wait, signal).then(() => {
        round = undefined;
      });
      return round;
    },
    answered() {
      backoff.reset();
      if (out) log("info", `${server} answers again`, { server });
      out = false;
    },
  };
}
