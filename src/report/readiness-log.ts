/**
 * Readiness in the log, for whoever looks there why a pod gets no traffic: a line when everything is served for the
 * first time or again, and one with the reason when that takes longer than a start does.
 */
import type { Log } from "../support/log.ts";

const LOOK_MS = 5000;

export interface ReadinessLog {
  /** Something may have become ready. */
  touch(): void;
}

/**
 * @param problem why no traffic should come; undefined when it may.
 * @param ending when it is aborted, nothing is said any more.
 */
export function logReadiness(problem: () => string | undefined, log: Log, ending: AbortSignal): ReadinessLog {
  let ever = false;
  let ready = false;
  let said: string | undefined;
  const look = (): void => {
    const reason = problem();
    // The first time each reason is a step; later ones count generations up.
    if (reason === undefined ? ready : !ready && (ever || reason === said)) return;
    ready = reason === undefined;
    ever ||= ready;
    said = reason;
    if (reason === undefined) log("info", "ready: every worker serves what was read");
    else log("warn", `not ready: ${reason}`);
  };
  const timer = setInterval(look, LOOK_MS).unref();
  ending.addEventListener("abort", () => clearInterval(timer), { once: true });
  return {
    touch() {
      if (!ready && !ending.aborted && problem() === undefined) look();
    },
  };
}
