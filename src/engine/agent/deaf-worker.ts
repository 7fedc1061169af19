/**
 * Ends a worker that has said nothing for a long time, unless the machine is to blame: a worker that is ready to run,
 * and has hardly got processor time since, could not finish a turn of its event loop.
 */
import { signal, stat, type ProcessIdentity } from "../../support/process-identity.ts";
import { cpuSecondsOf } from "./process-measures.ts";

/** More than any turn of an event loop takes, commits of tens of thousands of routes included. */
const LONGEST_TURN_SECONDS = 10;

/**
 * @param cpuThen processor time, in seconds, that the worker had used when it was last heard. Answers whether it was
 * ended. It is killed, because a worker whose event loop stands still does not handle other signals.
 */
export function endDeafWorker(worker: ProcessIdentity, cpuThen: number): boolean {
  const isRunnable = stat(worker.pid)?.state === "R";
  if (isRunnable && cpuSecondsOf(worker.pid) - cpuThen < LONGEST_TURN_SECONDS) return false;
  return signal(worker, "SIGKILL");
}
