/**
 * Readiness in the log, for people who look there why a pod gets no traffic: a line when everything is served, for the
 * first time or again, and a line with the reason when Sluice is not ready for longer than a start takes.
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
    // During the start each reason is a step of its own and is logged. Later reasons differ in the generation only: one is enough.
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
